"""Components of the genuine progress indicator by province, 1985-2018.

One sheet a variable; the provinces are keyed by their own 6-digit code. Hainan
begins in 1988, Chongqing in 1997. The sheet of price indices repeats the
national series for every province (three cells differ and cannot be right:
Henan 1985, Gansu 1987, Qinghai 1990): it is no provincial index, and the audit
flags it as pasted.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.year_sheets import YearSheet, read_year_sheets

SOURCE = "gpi_province"

TEN_THOUSAND = "10k person"
HUNDRED_MILLION = "hundred million CNY( at current price)"
PER_PERSON = "CNY per person ( at current price)"

SHEETS = {
    "population-total": YearSheet("population_province", TEN_THOUSAND, 1e4),
    "population-urban": YearSheet("population_urban_province", TEN_THOUSAND, 1e4),
    "population-rural": YearSheet("population_rural_province", TEN_THOUSAND, 1e4),
    "atkinson": YearSheet("atkinson_province", "", 1),
    "per. consum. exps": YearSheet("consumption_province", HUNDRED_MILLION, 1e8),
    "pri. exps. on education-urban": YearSheet("education_private_urban_province", PER_PERSON, 1),
    "pri. exps. on education-rural": YearSheet("education_private_rural_province", PER_PERSON, 1),
    "GDP": YearSheet("gdp_province", HUNDRED_MILLION, 1e8),
    "price indexes": YearSheet(
        "price_index_province", "price index (CPI, 1997 as the base year)", 1
    ),
}

PROVINCES = pd.Series(
    {
        "Beijing": "110000", "Tianjin": "120000", "Hebei": "130000", "Shanxi": "140000",
        "Inner Mongolia": "150000", "Liaoning": "210000", "Jilin": "220000",
        "Heilongjiang": "230000", "Shanghai": "310000", "Jiangsu": "320000",
        "Zhejiang": "330000", "Anhui": "340000", "Fujian": "350000", "Jiangxi": "360000",
        "Shandong": "370000", "Henan": "410000", "Hubei": "420000", "Hunan": "430000",
        "Guangdong": "440000", "Guangxi": "450000", "Hainan": "460000", "Chongqing": "500000",
        "Sichuan": "510000", "Guizhou": "520000", "Yunan": "530000", "Tibet": "540000",
        "Shaanxi": "610000", "Gansu": "620000", "Qinghai": "630000", "Ningxia": "640000",
        "Xinjiang": "650000",
    }
)  # fmt: skip
"""Key of each province in the order of the sheets, by the name they use (Yunan is Yunnan)."""


def read(path: Path) -> pd.DataFrame:
    """Read the observations of the provinces.

    Raises
    ------
    DataError
        If a sheet is absent, changed or unreadable; the message names the cell.
    """
    return read_year_sheets(path, source=SOURCE, sheets=SHEETS, units=PROVINCES)
