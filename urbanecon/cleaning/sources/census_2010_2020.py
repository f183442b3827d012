"""Residents by city in the censuses of 2010 and 2020 (census_2010_2020).

Dong, L. et al., China Census. One row a unit in the boundaries of 2020, both
censuses side by side; here one observation a unit and census. Where a unit lost
territory after 2010 its total of 2010 is of the new boundaries but its urban and
rural parts may be of the old ones, so shares are taken of the sum of the parts.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import resolve, unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import concat_observations, make_observations
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError

SOURCE = "census_2010_2020"
CITY, NAME = "city_code", "city"
YEARS = (2010, 2020)

VARIABLES = {
    "popu": "population_census",
    "popu_urban": "population_urban_census",
    "popu_rural": "population_rural_census",
}
"""Variable by the stem of its headers, which end in the year of the census."""


def read(path: Path) -> pd.DataFrame:
    """Read the file as observations.

    Parameters
    ----------
    path
        ``census_city_2010-2020_v1.csv``; its column of polygons is not used.

    Returns
    -------
    DataFrame
        Observations of total, urban and rural residents, in persons. Hong Kong
        and Macao are listed as unmatched.

    Raises
    ------
    MissingColumnError
        If a header is absent.
    DataError
        If the file is no such table or a number cell holds text.
    """
    table = _table(path)
    city = resolve(table.frame[CITY], source=SOURCE)
    observations = concat_observations(
        make_observations(
            city=city,
            year=[year] * len(city),
            variable=variable,
            value=table.numbers(f"{stem}_{year}", where=[NAME]),
            source=SOURCE,
            raw=table.raw(f"{stem}_{year}"),
        )
        for stem, variable in VARIABLES.items()
        for year in YEARS
    )
    missed = unmatched(table.frame[NAME], city, table.raw(NAME))
    return finish(observations, source=SOURCE, unmatched=missed)


def urban_share_of_sum(path: Path, year: int) -> tuple[float, int]:
    """Return the urban share in the sum of all rows that hold both parts, and their number.

    Sum of urban over sum of urban and rural residents, over all rows of the
    file, whether or not they belong to the panel.

    Raises
    ------
    DataError
        If `year` is not one of the two censuses, or no row holds both parts.
    """
    if year not in YEARS:
        raise DataError(f"{SOURCE} has no census of {year}; it has {YEARS}.")
    table = _table(path)
    parts = pd.DataFrame(
        {stem: table.numbers(f"{stem}_{year}", where=[NAME]) for stem in VARIABLES}
    ).dropna(subset=["popu_urban", "popu_rural"])
    if parts.empty:
        raise DataError(f"{table.place}: no row holds both urban and rural residents of {year}.")
    urban, rural = float(parts["popu_urban"].sum()), float(parts["popu_rural"].sum())
    return urban / (urban + rural), len(parts)


def _table(path: Path) -> RawTable:
    headers = [f"{stem}_{year}" for stem in VARIABLES for year in YEARS]
    return read_table(path, source=SOURCE, columns=[CITY, NAME, *headers])
