"""City statistics of 2004-2012 from statistical yearbooks (city_sustainability).

286 cities, unbalanced; the file name says 1999-2018. Four columns are read:
GDP, retail sales, hospital beds and industrial SO2. The columns of foreign
investment, green space and public toilets look misaligned. The SO2 of Wuhan in
2011 (268,458 t between 87,256 and 100,072) cannot be right and is read as it
stands, for the audit to find.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "city_sustainability"
CITY, YEAR = "城市", "年份"

TEN_THOUSAND = 1e4

COLUMNS = (
    Column("地区生产总值_当年价格_全市_万元", "gdp_sustainability", TEN_THOUSAND),
    Column("社会消费品零售额_全市_万元", "retail_sales_sustainability", TEN_THOUSAND),
    Column("医院、卫生院床位数_全市_张", "hospital_beds"),
    Column("工业二氧化硫排放量_全市_吨", "so2_sustainability"),
)

MISSPELT = {"毫州市": "亳州市"}
"""Names the file misspells in some rows only."""


def read(path: Path) -> pd.DataFrame:
    """Read the observations; cities are matched by Chinese name."""
    table = read_table(path, source=SOURCE)
    table.require([CITY])
    corrected = table.frame.assign(**{CITY: table.text(CITY).replace(MISSPELT)})
    return read_columns(
        replace(table, frame=corrected), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
