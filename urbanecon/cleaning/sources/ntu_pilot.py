"""First year of the national new-type urbanization pilot, 2003-2021 (ntu_pilot).

86 whole prefectures; parents of county and town pilots count as untreated. The
file has one row a city-year; what is read from it is the first year of `did`.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import resolve, unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import make_observations
from urbanecon.cleaning.tables import read_table
from urbanecon.errors import DataError

SOURCE = "ntu_pilot"
VARIABLE = "pilot_first_year"
CITY, YEAR, PILOT = "city", "year", "did"


def read(path: Path) -> pd.DataFrame:
    """Read the file as observations.

    Parameters
    ----------
    path
        ``did.dta``.

    Returns
    -------
    DataFrame
        One observation a treated city, in the year in which it became a pilot;
        `value` is that year, `raw` the first cell of `did` that is 1.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If `did` holds anything but 0 and 1, a city has two rows in a year, or a
        pilot ends again.
    """
    table = read_table(path, source=SOURCE, columns=[YEAR, CITY, PILOT])
    rows = pd.DataFrame(
        {
            "name": table.text(CITY),
            "year": table.years(YEAR),
            "pilot": table.numbers(PILOT, where=[CITY, YEAR]),
            "raw": table.raw(PILOT),
        }
    )
    strange = rows[~rows["pilot"].isin([0, 1])]
    if len(strange):
        row = strange.iloc[0]
        raise DataError(
            f"{table.place}: row {strange.index[0]}, column {PILOT}, {row['name']}, "
            f"{row['year']}: expected 0 or 1, found {row['pilot']}."
        )
    twice = rows[rows.duplicated(["name", "year"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(
            f"{table.place}: row {twice.index[0]} is a second one for {row['name']} in "
            f"{row['year']}; expected one row a city and year. Remove one of them."
        )
    rows = rows.sort_values(["name", "year"], kind="stable")
    ended = rows[rows.groupby("name")["pilot"].diff() < 0]
    if len(ended):
        row = ended.iloc[0]
        raise DataError(
            f"{table.place}: row {ended.index[0]}: the pilot of {row['name']} ends in "
            f"{row['year']}. A pilot once begun is expected to last; correct the file."
        )
    first = rows[rows["pilot"] == 1].drop_duplicates("name").sort_index()
    city = resolve(first["name"], source=SOURCE)
    observations = make_observations(
        city=city,
        year=first["year"],
        variable=VARIABLE,
        value=first["year"],
        source=SOURCE,
        raw=first["raw"],
    )
    return finish(
        observations, source=SOURCE, unmatched=unmatched(first["name"], city, first["raw"])
    )
