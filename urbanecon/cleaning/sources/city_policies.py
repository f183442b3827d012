"""City statistics and policies, 1990-2023, of unclear provenance (city_policies, tier C).

For robustness only. Its GDP differs from that of city_macro (ratio 0.91-1.33), so
every statistic has a name of its own, ending in _policies, and none is mixed
with another source's.

First years are repeated in every row of a city and 0 where it is untreated. Of
the smart cities they are 2013 for the first batch (announced January 2013), 2014
for the second (August 2013) and 2015 for the third (April 2015); only pilots that
are whole prefectures count, so that Shanghai and Chongqing, where districts were
pilots, are untreated. The low-carbon years leave out the provinces of 2010 and
put Xiamen (2010) in 2017: low_carbon_pilot is to be preferred.

The rows of 海南藏族自治州 (632500, Qinghai) are not of it but of Hainan province: to
2014 their GDP is that of Haikou and Sanya together, 10 to 13 times city_macro's. They
are read as they stand, for the comparison of sources to show.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.cross_sections import read_first_years
from urbanecon.cleaning.divisions import note_unmatched
from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.observations import concat_observations
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError

SOURCE = "city_policies"
CITY, NAME, YEAR = "city_code", "city", "year"

TEN_THOUSAND = 1e4

COLUMNS = (
    Column("gdp", "gdp_policies", TEN_THOUSAND),
    Column("pop_hukou", "population_hukou_policies", TEN_THOUSAND),
    Column("retail_sales", "retail_sales_policies", TEN_THOUSAND),
    Column("fixed_asset_inv", "investment_policies", TEN_THOUSAND),
    Column("real_estate_inv", "real_estate_investment_policies", TEN_THOUSAND),
    Column("fdi", "fdi_policies", TEN_THOUSAND),
    Column("so2_emission", "so2_policies"),
    Column("pm25", "pm25_policies"),
)

FIRST_YEARS = {
    "lccp_first_year": "low_carbon_first_year_policies",
    "sponge_first_year": "sponge_first_year_policies",
    "cbec_first_year": "ecommerce_first_year_policies",
    "ltci_first_year": "care_insurance_first_year_policies",
    "smart_first_year": "smart_first_year_policies",
}


def read(path: Path) -> pd.DataFrame:
    """Read the file as observations.

    Parameters
    ----------
    path
        ``china_city_panel_with_policies.csv``.

    Returns
    -------
    DataFrame
        Observations of eight statistics by year and of five first years, the
        latter once a treated city; their `raw` is the city's first row.

    Raises
    ------
    MissingColumnError
        If a header is absent.
    DataError
        If a number cell holds text, or a first year is not the same in all rows
        of a city.
    """
    table = read_table(path, source=SOURCE)
    table.require([CITY, NAME, YEAR, *FIRST_YEARS])
    statistics = read_columns(table, COLUMNS, source=SOURCE, city=CITY, year=YEAR)
    policies = [
        read_first_years(
            _treated(table, header), source=SOURCE, city=CITY, year=header, variable=variable
        )
        for header, variable in FIRST_YEARS.items()
        if len(_treated(table, header).frame)
    ]
    observations = concat_observations([statistics, *policies])
    observations.attrs = {"repeated": statistics.attrs["repeated"]}
    return note_unmatched(observations, statistics.attrs["unmatched"])


def _treated(table: RawTable, header: str) -> RawTable:
    """First row of each city that has a first year."""
    first_year = table.numbers(header, where=[NAME, YEAR]).fillna(0)
    codes = table.text(CITY)
    differing = first_year.groupby(codes).transform("nunique") > 1
    if differing.any():
        code, name = codes[differing].iloc[0], table.text(NAME)[differing].iloc[0]
        raise DataError(
            f"{table.place}: column {table.letters[header]} ({header}), {name}: expected one "
            f"first year in all rows of a city, found {sorted(set(first_year[codes == code]))}. "
            "Correct the file."
        )
    return replace(table, frame=table.frame[(first_year > 0) & ~codes.duplicated()])
