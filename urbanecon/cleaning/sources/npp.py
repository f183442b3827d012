"""Net primary productivity of land by city, 2001-2020, in g C per m2 and year (npp).

MODIS product, means over the productive land of a class. A zero says that the
class has none, not that nothing grows: it is below the range of the codebook, so
that the audit sets it aside (905 cells of urban land, 15 of cropland). The file
states no unit; the mean over cities, 526, fits grams of carbon per m2 and year.
Chen, Y. (PhD replication data).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "npp"
CITY, YEAR = "city_id", "year"

COLUMNS = (
    Column("overall_anpp", "npp"),
    Column("urban_anpp", "npp_urban"),
    Column("agriculture_anpp", "npp_cropland"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the observations; cities are matched by 6-digit code."""
    return read_columns(
        read_table(path, source=SOURCE), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
