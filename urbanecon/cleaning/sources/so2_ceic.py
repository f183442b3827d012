"""Industrial SO2 emissions, 2003-2017, in 1000 t; the definition changed in 2016.

Before 2003 the file holds one or two municipalities, in 2018 two cities. The
SO2 of gpi_prefecture equals it in 97 of 100 common cells: it is the same series,
not a second witness.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "so2_ceic"
CITY, YEAR = "prefcode", "year"
COLUMNS = (Column("so2", "so2", 1e3),)


def read(path: Path) -> pd.DataFrame:
    """Read the observations of SO2; cities are matched by 4-digit code."""
    return read_columns(
        read_table(path, source=SOURCE), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
