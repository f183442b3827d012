"""Inequality of night lights between the counties of a city, 2001-2020 (light_inequality).

Light per person, weighted by population. Chen, Y. (PhD replication data).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "light_inequality"
CITY, YEAR = "city_id", "year"

COLUMNS = (
    Column("GINIW_light_pc", "light_gini"),
    Column("GE_1W_light_pc", "light_theil"),
    Column("GE_0W_light_pc", "light_mld"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the file as observations.

    Parameters
    ----------
    path
        ``City_Inequality_Data.dta``.

    Returns
    -------
    DataFrame
        Observations of the Gini index, Theil's T (GE(1)) and the mean
        logarithmic deviation (GE(0), Theil's L).

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If the file is no such table or a cell is infinite.
    """
    table = read_table(
        path, source=SOURCE, columns=[CITY, YEAR, *(column.header for column in COLUMNS)]
    )
    return read_columns(table, COLUMNS, source=SOURCE, city=CITY, year=YEAR)
