"""PM2.5 of CHAP version 4 at city centres, 2010-2019, in ug/m3.

The level is half above that of pm25_wiebe, a mean over the area (median ratio
1.5); the two are never spliced. The economic columns of the file are not read.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "pm25_chap"
CITY, YEAR, PROVINCE = "geo_name", "year", "province"
COLUMNS = (Column("pm25", "pm25_chap"),)


def read(path: Path) -> pd.DataFrame:
    """Read the observations of PM2.5; cities are matched by Chinese name and province."""
    return read_columns(
        read_table(path, source=SOURCE),
        COLUMNS,
        source=SOURCE,
        city=CITY,
        year=YEAR,
        province=PROVINCE,
    )
