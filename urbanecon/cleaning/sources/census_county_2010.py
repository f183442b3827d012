"""Census of 2010, yearbook tables by county and city (census_county_2010).

Only the rows of cities are read, as printed; the rows of their counties sum to
them. Three headers of the employment table are cut at the wrong commas
(交通运输 stands over information services, 信息传输 over trade): the columns read
here are not among them.

Employment is of the long form, which one household in ten filled in: it counts
persons of 16 and over in the sample and is not grossed up. Shares and densities
relative to each other are estimates of the population's; levels are a tenth.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.cross_sections import read_cross_section
from urbanecon.cleaning.longform import Column
from urbanecon.cleaning.spellings import MUNICIPALITIES, match
from urbanecon.cleaning.tables import RawTable, read_table

SOURCE = "census_county_2010"
CENSUS = 2010
CODE, NAME = "区划代码", "地区"

IN_BOTH = (
    Column("城镇人口", "population_urban_census_yearbook"),
    Column("乡村人口", "population_rural_census_yearbook"),
    Column("各种行业人口总计", "employees_census"),
)
"""Columns that the tables of both censuses head alike."""

COLUMNS = (
    *IN_BOTH,
    Column("合计", "population_census_yearbook"),
    Column("户籍人口", "population_hukou_census"),
    Column("平均受教育年限（年）-合计", "schooling"),
    Column("文化、体育和娱乐业", "employees_culture_census"),
    Column("人均住房建筑面积（平方米/人）", "housing_area_census"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the rows of cities as observations.

    Parameters
    ----------
    path
        ``census_county_2010_v1.xlsx``.

    Returns
    -------
    DataFrame
        Observations of eight variables in 2010.

    Raises
    ------
    MissingColumnError
        If a header is absent.
    DataError
        If the file is no such table or a number cell holds text.
    """
    return read_cities(path, SOURCE, COLUMNS, name=NAME, year=CENSUS)


def read_cities(
    path: Path, source: str, columns: tuple[Column, ...], *, name: str, year: int
) -> pd.DataFrame:
    """Read the rows of cities of one census, whose column of names is headed `name`."""
    table = read_table(path, source=source)
    table.require([CODE, name])
    return read_cross_section(
        city_rows(table, CODE), columns, source=source, city=CODE, name=name, year=year
    )


def city_rows(table: RawTable, code: str) -> RawTable:
    """Return the rows of municipalities, prefectures and counties without a prefecture.

    A code that is a prefecture's by its form stays, known or not: what no city
    of the panel matches is to be listed, not lost.
    The other rows are those of the nation, provinces, counties, and of the
    groups 市辖区 and 县, which are parts of a municipality (110100) or have no
    code.
    """
    codes = table.text(code)
    is_city = codes.map(lambda text: match(text, "")[0] is not None).astype("bool")
    is_city |= codes.str.fullmatch(r"\d{4}00") & ~codes.str.endswith("0000")
    in_municipality = codes.str[:2].isin([key[:2] for key in MUNICIPALITIES])
    whole = ~in_municipality | codes.isin(MUNICIPALITIES)
    return replace(table, frame=table.frame[is_city & whole])
