"""PM2.5 averaged over the area of prefectures, 1998-2016, in ug/m3.

The municipalities have two rows a year, the districts (1101) and the counties
(1102). The districts stand for the municipality; the counties, and the codes
that gather counties under a province's direct rule (4190 and the like), are set
aside.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "pm25_wiebe"
CITY, YEAR = "prefcode", "year"
COLUMNS = (Column("pm", "pm25_wiebe"),)


def read(path: Path) -> pd.DataFrame:
    """Read the observations of PM2.5; cities are matched by 4-digit code."""
    return read_columns(
        read_table(path, source=SOURCE), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
