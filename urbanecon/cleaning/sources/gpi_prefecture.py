"""Components of the genuine progress indicator by prefecture, 2006-2018.

One sheet a variable. Two groups of sheets are no observations of a city but
scaled provincial figures, and are flagged derived: household consumption is the
city's GDP times one ratio a province and year, and private spending on
education, health and transport is the city's average wage times one ratio a
province and year. So they say nothing about differences within a province that
GDP and wages do not, and their urban-rural ratios are the province's own. The
corner cell of the spending sheets says hundred million yuan; the cells are yuan
per person.

Employment of most cities grows from 2014 on at one rate a province and year; the
audit tells these cells by rule (`common_growth`).

The urban population of some cities jumps (Baicheng and Changchun 2014, Lhasa
2010 and 2018) or exceeds the total (Tongling 2015); it is read as it stands.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import note_unmatched, resolve, unmatched
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.tables import read_table
from urbanecon.cleaning.year_sheets import YearSheet, read_year_sheets

SOURCE = "gpi_prefecture"

LIST = "list of prefectures included"
NAME, NAME_ZH, PROVINCE_ZH = "Prefecture", "地级市", "省份"

TEN_THOUSAND = "10k person"
HUNDRED_MILLION = "hundred million CNY( at current price)"

SHEETS = {
    "population-total": YearSheet("population_gpi", TEN_THOUSAND, 1e4),
    "population-urban": YearSheet("population_urban", TEN_THOUSAND, 1e4),
    "population-rural": YearSheet("population_rural", TEN_THOUSAND, 1e4),
    "Atkinson": YearSheet("atkinson", "", 1),
    "per. consum. exps": YearSheet("consumption", HUNDRED_MILLION, 1e8, Flag.DERIVED),
    "wage-average": YearSheet("wage", "CNY(at current price)", 1),
    "employment ": YearSheet("employment", TEN_THOUSAND, 1e4),
    "capital growth": YearSheet(
        "gfcf", "gross fixed capital formation (hundred million CNY, at current price)", 1e8
    ),
    "cost of air pollution": YearSheet("so2_gpi", "emission of sulfur dioxide (ton)", 1),
} | {
    f"pri. exps. on {purpose}-{area}": YearSheet(
        f"{purpose}_private_{area}", HUNDRED_MILLION, 1, Flag.DERIVED
    )
    for purpose in ("education", "health", "transport")
    for area in ("urban", "rural")
}


def read(path: Path) -> pd.DataFrame:
    """Read the observations of the prefectures.

    The rows of a sheet carry English names, which five pairs of cities share;
    the sheet that lists the prefectures gives the Chinese name and province of
    each. A sheet whose names are not those of the list, in its order, is an
    error.

    Raises
    ------
    DataError
        If a sheet is absent, changed or unreadable; the message names the cell.
    """
    listed = read_table(
        path, source=SOURCE, sheet=LIST, columns=[NAME, NAME_ZH, "Province", PROVINCE_ZH]
    )
    names, provinces = listed.text(NAME_ZH), listed.text(PROVINCE_ZH)
    city = resolve(names, source=SOURCE, province=provinces)
    units = pd.Series(city.to_numpy(), index=listed.text(NAME).to_list(), dtype="str")
    observations = read_year_sheets(path, source=SOURCE, sheets=SHEETS, units=units)
    return note_unmatched(observations, unmatched(names, city, listed.raw(NAME_ZH), provinces))
