"""Gridded population of cities by land class, 2001-2020, in persons (pop_grid).

LandScan on MODIS land cover. Persons on urban land are not the urban residents
of the statistics: their share is no urbanization rate. Chen, Y. (PhD replication
data).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "pop_grid"
CITY, YEAR = "city_id", "year"

COLUMNS = (
    Column("total_population", "population_grid"),
    Column("urban_population", "population_grid_urban"),
    Column("agriculture_population", "population_grid_cropland"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the observations; cities are matched by 6-digit code."""
    return read_columns(
        read_table(path, source=SOURCE), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
