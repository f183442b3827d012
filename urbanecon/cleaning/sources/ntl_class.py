"""Mean night light of cities, all land and by land class, 2001-2020 (ntl_class).

VIIRS-like series. Like ntl_sum it rises where the sensor changes, from 2012 to
2013, and from 2010 to 2011: year effects are essential. Where a city has no land
of a class the file says 0. Chen, Y. (PhD replication data).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "ntl_class"
CITY, YEAR = "city_id", "year"

COLUMNS = (
    Column("total_meanlight", "night_light_mean"),
    Column("urban_meanlight", "night_light_mean_urban"),
    Column("agriculture_meanlight", "night_light_mean_cropland"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the observations; cities are matched by 6-digit code."""
    return read_columns(
        read_table(path, source=SOURCE), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
