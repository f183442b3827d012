"""Sum of night lights by city and land class, 2001-2020 (ntl_sum).

VIIRS-like series. The sum of all rows rises by 46% from 2012 to 2013, where the
sensor changes, and by 45% from 2010 to 2011: year effects are essential.
Chen, Y. (PhD replication data).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "ntl_sum"
CITY, YEAR = "city_id", "year"

COLUMNS = (
    Column("total_sol", "night_lights"),
    Column("urban_sol", "night_lights_urban"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the file as observations.

    Parameters
    ----------
    path
        ``sol_by_year_by_class_by_city.csv``.

    Returns
    -------
    DataFrame
        Observations; Hong Kong, Macao and Taiwan are listed as unmatched.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If the file is no such table or a number cell holds text.
    """
    table = read_table(path, source=SOURCE)
    return read_columns(table, COLUMNS, source=SOURCE, city=CITY, year=YEAR)
