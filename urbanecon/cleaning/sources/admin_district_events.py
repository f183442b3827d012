"""Changes of counties and districts inside prefectures, 1987-2026 (admin_district_events).

FIERsity, China prefecture crosswalk. One row an event; here the number of events
of a kind by city and year. They change what 市辖区 covers, never the city's
boundary.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import resolve, unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import (
    Flag,
    RawCell,
    concat_observations,
    make_observations,
)
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError, did_you_mean

SOURCE = "admin_district_events"
CITY, YEAR, CATEGORY = "prefecture_name", "year", "event_category"

VARIABLES = {
    "county_to_district": "county_to_district_events",
    "district_merge": "district_merge_events",
    "district_transfer": "district_transfer_events",
    "district_other": "district_other_events",
}


def read(path: Path) -> pd.DataFrame:
    """Read the number of events by city, year and category as observations.

    Parameters
    ----------
    path
        ``fixed_boundary_district_events_1987_2026.csv``.

    Returns
    -------
    DataFrame
        Counts, flagged derived; `raw` lists the cells of the category.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If a category is unknown.
    """
    table = read_table(path, source=SOURCE, columns=[YEAR, CITY, CATEGORY])
    kinds = table.text(CATEGORY)
    strange = kinds[~kinds.isin(list(VARIABLES))]
    if len(strange):
        raise DataError(
            f"{table.place}: row {strange.index[0]}: unknown category {strange.iloc[0]!r}."
            f"{did_you_mean(strange.iloc[0], VARIABLES)} Known are {sorted(VARIABLES)}."
        )
    names = table.text(CITY)
    city = resolve(names, source=SOURCE)
    events = pd.DataFrame({"city": city, "year": table.years(YEAR), "kind": kinds})
    observations = concat_observations(
        _counts(table, events[events["kind"] == kind], variable)
        for kind, variable in VARIABLES.items()
    )
    return finish(observations, source=SOURCE, unmatched=unmatched(names, city, table.raw(CITY)))


def _counts(table: RawTable, events: pd.DataFrame, variable: str) -> pd.DataFrame:
    rows = events.assign(row=events.index).groupby(["city", "year"])["row"].agg(list)
    column = table.letters[CATEGORY]
    return make_observations(
        city=rows.index.get_level_values("city"),
        year=rows.index.get_level_values("year"),
        variable=variable,
        value=rows.map(len),
        source=SOURCE,
        raw=[str(RawCell(table.file, "", found[0], column, tuple(found[1:]))) for found in rows],
        flag=Flag.DERIVED,
    )
