"""Employees by industry, 2000-2022 (employment_industry).

China City Statistical Yearbook. Only the first sheet is read, the one with
gaps; the second is a linear interpolation of it. Employees are in units of
10,000 persons, private and unemployed workers in persons.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "employment_industry"
SHEET = "原始数据（有缺失）"
CITY, YEAR = "行政区划代码", "年份"

TEN_THOUSAND = 1e4

COLUMNS = (
    Column("年末单位从业人员数(万人)", "employees", TEN_THOUSAND),
    Column("城镇私营和个体从业人员数(人)", "employees_private"),
    Column("年末城镇登记失业人员数(人)", "unemployed"),
    Column("第一产业从业人员数(万人)", "employees_primary", TEN_THOUSAND),
    Column("第二产业从业人员数(万人)", "employees_secondary", TEN_THOUSAND),
    Column("第三产业从业人员数(万人)", "employees_tertiary", TEN_THOUSAND),
    Column("农林牧渔业从业人员数(万人)", "employees_agriculture", TEN_THOUSAND),
    Column("采掘业从业人员数(万人)", "employees_mining", TEN_THOUSAND),
    Column("制造业从业人员数(万人)", "employees_manufacturing", TEN_THOUSAND),
    Column("电力煤气及水生产供应业从业人员数(万人)", "employees_utilities", TEN_THOUSAND),
    Column("建筑业从业人员数(万人)", "employees_construction", TEN_THOUSAND),
    Column("交通仓储邮电业从业人员数(万人)", "employees_transport", TEN_THOUSAND),
    Column("信息传输、计算机服务和软件业从业人员数(万人)", "employees_information", TEN_THOUSAND),
    Column("批发零售贸易业从业人员数(万人)", "employees_trade", TEN_THOUSAND),
    Column("住宿餐饮业从业人员数(万人)", "employees_hospitality", TEN_THOUSAND),
    Column("金融业从业人员数(万人)", "employees_finance", TEN_THOUSAND),
    Column("房地产业从业人员数(万人)", "employees_real_estate", TEN_THOUSAND),
    Column("租赁和商业服务业从业人员数(万人)", "employees_business", TEN_THOUSAND),
    Column("科研、技术服务和地质勘查业从业人员数(万人)", "employees_research", TEN_THOUSAND),
    Column("水利、环境和公共设施管理业从业人员数(万人)", "employees_environment", TEN_THOUSAND),
    Column("居民服务和其他服务业从业人员数(万人)", "employees_households", TEN_THOUSAND),
    Column("教育业从业人员数(万人)", "employees_education", TEN_THOUSAND),
    Column("卫生、社会保险和社会福利业从业人员数(万人)", "employees_health", TEN_THOUSAND),
    Column("文化、体育和娱乐业从业人员数(万人)", "employees_culture", TEN_THOUSAND),
    Column("公共管理和社会组织从业人员数(万人)", "employees_public", TEN_THOUSAND),
)


def read(path: Path) -> pd.DataFrame:
    """Read the first sheet as observations.

    Parameters
    ----------
    path
        ``city_employment_2000_2022.xlsx``.

    Returns
    -------
    DataFrame
        Observations of 25 variables, 19 of them industries (2003-2019).

    Raises
    ------
    MissingColumnError
        If a header is absent.
    DataError
        If the sheet is absent or a number cell holds text.
    """
    table = read_table(path, source=SOURCE, sheet=SHEET)
    return read_columns(table, COLUMNS, source=SOURCE, city=CITY, year=YEAR)
