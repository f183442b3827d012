"""First year of the Broadband China demonstration cities, 2014-2016 (broadband_china).

Typed from the three notices. County-level cities (Kunshan, Yongcheng) and
districts of Chongqing are listed as unmatched: the city around them is not
treated. 2014 names the group Changsha-Zhuzhou-Xiangtan, three rows here.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.cross_sections import read_first_years
from urbanecon.cleaning.tables import read_table

SOURCE = "broadband_china"
VARIABLE = "broadband_first_year"
CITY, YEAR = "listed_name", "year"


def read(path: Path) -> pd.DataFrame:
    """Read one observation a treated city; cities are matched by Chinese name."""
    return read_first_years(
        read_table(path, source=SOURCE), source=SOURCE, city=CITY, year=YEAR, variable=VARIABLE
    )
