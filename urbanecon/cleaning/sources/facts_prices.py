"""The national consumer price index, typed from official publications."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.observations import Flag, check_observations, make_observations
from urbanecon.cleaning.prices import chain
from urbanecon.cleaning.tables import read_table
from urbanecon.errors import DataError

SOURCE = "facts_prices"
NATION = "000000"
YEAR, CHANGE = "year", "cpi_previous_year_100"
BASE_YEAR = 2000


def read(path: Path) -> pd.DataFrame:
    """Read `price_index`, 1 in 2000, chained from the year-on-year changes.

    The raw cell of a year holds its change; the level rests on it and on those
    of all years back to the base, hence the flag derived.

    Raises
    ------
    DataError
        If a year is missing, repeated, or without a positive number.
    """
    table = read_table(path, source=SOURCE, columns=[YEAR, CHANGE, "source"])
    years = table.years(YEAR)
    changes = table.numbers(CHANGE, where=[YEAR]).set_axis(years)
    try:
        level = chain(changes, BASE_YEAR).loc[years]
    except DataError as error:
        raise DataError(f"{table.place}, column {CHANGE}: {error}") from error
    observations = make_observations(
        city=[NATION] * len(years),
        year=years,
        variable="price_index",
        value=level,
        source=SOURCE,
        raw=table.raw(CHANGE),
        flag=Flag.DERIVED,
    )
    return check_observations(observations, source=SOURCE)
