"""Census of 2020, yearbook tables by county and city (census_county_2020).

As census_county_2010: only the rows of cities are read. The registered
population is not in these tables. Employment is of the long form, one household
in ten, persons of 16 and over in the sample, not grossed up. Years of schooling
are 9.50 for the nation, below the 9.91 of persons of 15 and over in the census
bulletin, so that they are of a wider age group.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column
from urbanecon.cleaning.sources.census_county_2010 import IN_BOTH, read_cities

SOURCE = "census_county_2020"
CENSUS = 2020
NAME = "市"

COLUMNS = (
    *IN_BOTH,
    Column("人口数_合计", "population_census_yearbook"),
    Column("平均受教育年限_合计", "schooling"),
    Column("文化体育和娱乐业", "employees_culture_census"),
    Column("人均住房建筑面积", "housing_area_census"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the rows of cities as observations.

    Parameters
    ----------
    path
        ``census_county_2020_v1.xlsx``.

    Returns
    -------
    DataFrame
        Observations of seven variables in 2020.

    Raises
    ------
    MissingColumnError
        If a header is absent.
    DataError
        If the file is no such table or a number cell holds text.
    """
    return read_cities(path, SOURCE, COLUMNS, name=NAME, year=CENSUS)
