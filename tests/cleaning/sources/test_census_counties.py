"""City rows of the census yearbooks by county (census_county_2010, census_county_2020)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.sources import census_county_2010, census_county_2020
from urbanecon.cleaning.tables import read_table
from urbanecon.errors import DataError, MissingColumnError

ROWS_2020 = [
    ("NA", "全国", 100),
    ("110000", "北京市", 30),
    ("110100", "市辖区", 20),
    ("420000", "湖北省", 50),
    ("420100", "武汉市", 12),
    ("420102", "武汉市", 5),
    ("429004", "仙桃市", 3),
]


def written(tmp_path: Path, **changed: object) -> Path:
    headers = [column.header for column in census_county_2020.COLUMNS]
    frame = pd.DataFrame(
        [(code, name, *[number] * len(headers)) for code, name, number in ROWS_2020],
        columns=["区划代码", "市", *headers],
    ).assign(**changed)
    path = tmp_path / "census.xlsx"
    frame.to_excel(path, index=False, engine="openpyxl")
    return path


def value(cells: pd.DataFrame, variable: str, city: str) -> float:
    (found,) = cells.loc[(cells["variable"] == variable) & (cells["city"] == city), "value"]
    return float(found)


def test_rows_of_municipalities_cities_and_directly_governed_counties_are_read(tmp_path):
    cells = census_county_2020.read(written(tmp_path))
    schooling = cells[cells["variable"] == "schooling"].set_index("city")["value"]
    assert schooling.to_dict() == {"110000": 30, "420100": 12, "429004": 3}
    assert set(cells["year"]) == {2020}


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "census.xlsx"
    pd.DataFrame({"区划代码": [420100], "城市": ["武汉市"]}).to_excel(path, index=False)
    with pytest.raises(MissingColumnError, match="'市' is missing"):
        census_county_2020.read(path)


def test_text_in_a_number_cell_names_the_city(tmp_path):
    numbers = [1, 1, 1, 1, "约12", 1, 1]
    with pytest.raises(DataError, match=r"row 6.*\(城镇人口\), 武汉市.*'约12'"):
        census_county_2020.read(written(tmp_path, 城镇人口=numbers))


@pytest.mark.mirror
def test_the_census_of_2010_has_362_units_and_the_employment_of_wuhan(raw_file):
    cells = census_county_2010.read(raw_file("census_county_2010"))
    assert cells["city"].nunique() == 362
    assert value(cells, "employees_census", "420100") == 442_761
    assert value(cells, "employees_culture_census", "420100") == 4_856
    assert value(cells, "schooling", "110000") == 11.71
    assert value(cells, "population_hukou_census", "420100") == 8_383_650


@pytest.mark.mirror
def test_cities_of_2020_sum_to_the_nation(raw_file):
    cells = census_county_2020.read(raw_file("census_county_2020"))
    sums = cells.groupby("variable")["value"].sum()
    assert cells["city"].nunique() == 367
    assert sums["population_census_yearbook"] == 1_409_778_724
    assert sums["population_urban_census_yearbook"] == 899_991_162
    assert sums["employees_census"] == 65_631_786
    assert sums["employees_culture_census"] == 472_194


@pytest.mark.mirror
@pytest.mark.parametrize("year", [2010, 2020])
def test_employment_is_that_of_one_person_in_ten(raw_file, year):
    reader = {2010: census_county_2010, 2020: census_county_2020}[year]
    sums = reader.read(raw_file(f"census_county_{year}")).groupby("variable")["value"].sum()
    share = sums["employees_census"] / sums["population_census_yearbook"]
    assert 0.045 < share < 0.055


@pytest.mark.mirror
def test_counties_of_2010_sum_to_their_city_but_where_a_part_has_no_code(raw_file):
    table = read_table(raw_file("census_county_2010"), source="census_county_2010")
    codes = table.text("区划代码")
    culture = table.numbers("文化、体育和娱乐业")
    is_county = codes.str.fullmatch(r"\d{6}") & ~codes.str.endswith("00")
    sums = culture[is_county].groupby(codes[is_county].str[:4]).sum()
    is_city = codes.str.fullmatch(r"\d{4}00") & ~codes.str.endswith("0000")
    cities = culture[is_city].set_axis(codes[is_city].str[:4])
    both = cities.index.intersection(sums.index)
    differing = set(both[sums[both] != cities[both]])
    assert len(both) == 329
    assert differing == {"2327", "4511", "6328"}
