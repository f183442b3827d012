"""City macro data, 2000-2024 (city_macro): 300 cities, one row a city-year.

Read as published: what is pasted, extrapolated or impossible in it is found by
the audit, not here. The shares of sectors are fractions although their headers
say percent.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "city_macro"
CITY, YEAR = "城市代码", "年份"

TEN_THOUSAND = 1e4
MILLION = 1e6

COLUMNS = (
    Column("地区生产总值(万元)", "gdp", TEN_THOUSAND),
    Column("常住人口(万人)", "population", TEN_THOUSAND),
    Column("户籍人口数(万人)", "population_hukou", TEN_THOUSAND),
    Column("行政区域土地面积(平方公里)", "area"),
    Column("进出口总额（百万人民币）", "trade", MILLION),
    Column("出口总额(百万人民币)", "exports", MILLION),
    Column("进口总额(百万人民币)", "imports", MILLION),
    Column("第一产业增加值(万元)", "va_primary", TEN_THOUSAND),
    Column("第二产业增加值(万元)", "va_secondary", TEN_THOUSAND),
    Column("第三产业增加值(万元)", "va_tertiary", TEN_THOUSAND),
    Column("第一产业增加值占GDP比重(%)", "share_primary"),
    Column("第二产业增加值占GDP比重(%)", "share_secondary"),
    Column("第三产业增加值占GDP比重(%)", "share_tertiary"),
    Column("普通高等学校在校学生数(万人)", "students", TEN_THOUSAND),
    Column("互联网宽带接入用户(万人）)", "broadband", TEN_THOUSAND),
    Column("年末金融机构各项贷款余额(万元)", "loans", TEN_THOUSAND),
    Column("年末金融机构存款余额(万元)", "deposits", TEN_THOUSAND),
    Column("一般公共预算支出_教育(万元)", "fiscal_education", TEN_THOUSAND),
    Column("一般公共预算支出_科学技术(万元)", "fiscal_science", TEN_THOUSAND),
    Column("一般公共预算支出(万元)", "fiscal_expenditure", TEN_THOUSAND),
    Column("一般公共预算收入(万元)", "fiscal_revenue", TEN_THOUSAND),
    Column("移动电话年末用户数(万户)", "mobile", TEN_THOUSAND),
)


def read(path: Path) -> pd.DataFrame:
    """Read the file as observations.

    Parameters
    ----------
    path
        ``city_macro.csv`` of the package city-macro-data.

    Returns
    -------
    DataFrame
        Observations of 22 variables (see `urbanecon.cleaning.observations`).

    Raises
    ------
    MissingColumnError
        If a header is absent.
    DataError
        If the file is no such table or a number cell holds text.
    """
    table = read_table(path, source=SOURCE)
    return read_columns(table, COLUMNS, source=SOURCE, city=CITY, year=YEAR)
