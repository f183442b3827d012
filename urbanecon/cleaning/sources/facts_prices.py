"""The national consumer price index, typed from official publications."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import NATION
from urbanecon.cleaning.observations import Flag, RawCell, check_observations, make_observations
from urbanecon.cleaning.prices import chain
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError

SOURCE = "facts_prices"
YEAR, CHANGE = "year", "cpi_previous_year_100"
BASE_YEAR = 2000


def read(path: Path) -> pd.DataFrame:
    """Read `price_index`, 1 in 2000, chained from the year-on-year changes.

    The level of a year rests on the changes of all years between it and the
    base, hence the flag derived; that of the base, on its own row.

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
        raw=_chained_rows(table, years),
        flag=Flag.DERIVED,
    )
    return check_observations(observations, source=SOURCE)


def _chained_rows(table: RawTable, years: pd.Series) -> list[str]:
    """Addresses of the changes that lie between each year and the base."""
    raw = []
    for year in years:
        low, high = sorted((int(year), BASE_YEAR))
        chained = years.between(low + 1, high) if low < high else years == year
        first, *more = (int(row) for row in years.index[chained])
        raw.append(str(RawCell(table.file, "", first, table.letters[CHANGE], tuple(more))))
    return raw
