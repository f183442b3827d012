"""CO2 emissions of EDGAR v8.0 by city, 2000-2023, in tonnes.

Plants are placed by grid cell, so that a city with large plants near its border
can carry a neighbour's emissions.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "co2_edgar"
CITY, YEAR = "城市代码", "年份"
COLUMNS = (Column("碳排放量_吨", "co2"),)


def read(path: Path) -> pd.DataFrame:
    """Read the observations of CO2; cities are matched by 6-digit code."""
    return read_columns(
        read_table(path, source=SOURCE), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
