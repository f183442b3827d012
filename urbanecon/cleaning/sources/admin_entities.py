"""Prefecture-level units followed through codes and names (admin_entities).

FIERsity, China prefecture crosswalk. The number of a unit is what joins the
units of other files of the crosswalk.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import resolve, unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import make_observations
from urbanecon.cleaning.tables import read_table
from urbanecon.errors import DataError

SOURCE = "admin_entities"
VARIABLE = "admin_entity"
FIRST_YEAR = 1987
"""First year of the crosswalk; a unit's number does not change."""

ENTITY, NAME, PROVINCE = "entity_id", "canonical_name_zh", "province_name_zh"
PREFIX = "CNUR-"


def read(path: Path) -> pd.DataFrame:
    """Read the units as observations.

    Parameters
    ----------
    path
        ``entities.csv``.

    Returns
    -------
    DataFrame
        One observation a unit: its number, in the first year of the crosswalk.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If an identifier is not ``CNUR-`` and six digits.
    """
    table = read_table(path, source=SOURCE, columns=[ENTITY, NAME, PROVINCE])
    identifiers = table.text(ENTITY)
    strange = identifiers[~identifiers.str.fullmatch(PREFIX + r"\d{6}")]
    if len(strange):
        raise DataError(
            f"{table.place}: row {strange.index[0]}, column {table.letters[ENTITY]}: expected an "
            f"identifier like CNUR-000001, found {strange.iloc[0]!r}."
        )
    names, provinces = table.text(NAME), table.text(PROVINCE)
    city = resolve(names, source=SOURCE, province=provinces)
    observations = make_observations(
        city=city,
        year=[FIRST_YEAR] * len(city),
        variable=VARIABLE,
        value=identifiers.str.removeprefix(PREFIX).astype("float64"),
        source=SOURCE,
        raw=table.raw(ENTITY),
    )
    missed = unmatched(names, city, table.raw(NAME), provinces)
    return finish(observations, source=SOURCE, unmatched=missed)
