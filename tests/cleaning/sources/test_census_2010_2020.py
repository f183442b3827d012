"""Residents by city in the censuses of 2010 and 2020."""

from __future__ import annotations

from pathlib import Path

import pytest

from urbanecon.cleaning.sources import census_2010_2020
from urbanecon.errors import DataError, DataWarning, MissingColumnError

HEADER = (
    "city,city_code,popu_2020,popu_urban_2020,popu_rural_2020,"
    "popu_2010,popu_urban_2010,popu_rural_2010,coord"
)


def written(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "census.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def test_one_row_becomes_an_observation_for_each_census_and_part(tmp_path):
    table = census_2010_2020.read(written(tmp_path, "北京市,110100,10,6,4,8,5,3,POLYGON"))
    assert table.pivot(index="year", columns="variable", values="value").to_dict() == {
        "population_census": {2010: 8, 2020: 10},
        "population_urban_census": {2010: 5, 2020: 6},
        "population_rural_census": {2010: 3, 2020: 4},
    }
    assert set(table["city"]) == {"110000"}
    assert "census_2010_2020/census.csv||2|F" in set(table["raw"])


def test_the_urban_share_of_the_sum_uses_the_rows_that_hold_both_parts(tmp_path):
    path = written(
        tmp_path,
        "北京市,110100,10,6,4,8,5,3,P",
        "武汉市,420100,20,,15,9,,,P",
        "香港特别行政区,810000,10,9,1,,,,P",
    )
    assert census_2010_2020.urban_share_of_sum(path, 2020) == (15 / 20, 2)
    assert census_2010_2020.urban_share_of_sum(path, 2010) == (5 / 8, 1)


def test_a_census_without_both_parts_and_a_year_without_census_are_refused(tmp_path):
    path = written(tmp_path, "北京市,110100,10,6,,8,,,P")
    with pytest.raises(DataError, match="no row holds both"):
        census_2010_2020.urban_share_of_sum(path, 2020)
    with pytest.raises(DataError, match="no census of 2015"):
        census_2010_2020.urban_share_of_sum(path, 2015)


def test_a_missing_column_and_a_text_are_named(tmp_path):
    path = written(tmp_path, "北京市,110100,ten,6,4,8,5,3,P")
    with pytest.raises(DataError, match=r"row 2, column C \(popu_2020\), 北京市.*'ten'"):
        census_2010_2020.read(path)
    path.write_text(path.read_text(encoding="utf-8").replace("popu_2010", "pop_2010"))
    with pytest.raises(MissingColumnError, match="Did you mean 'pop_2010'"):
        census_2010_2020.read(path)


@pytest.mark.mirror
@pytest.mark.parametrize(("year", "share", "rows"), [(2010, 0.5022, 355), (2020, 0.6419, 335)])
def test_urban_share_of_the_rows_that_hold_both_parts(raw_file, year, share, rows):
    found, count = census_2010_2020.urban_share_of_sum(raw_file("census_2010_2020"), year)
    assert round(found, 4) == share
    assert count == rows


@pytest.mark.mirror
def test_all_units_but_hong_kong_and_macao_are_matched(raw_file):
    with pytest.warns(DataWarning, match="2 rows match no city"):
        table = census_2010_2020.read(raw_file("census_2010_2020"))
    assert table["city"].nunique() == 357
    assert {name for name, _, _ in table.attrs["unmatched"]} == {
        "香港特别行政区",
        "澳门特别行政区",
    }
    wuhan = table[(table["city"] == "420100") & (table["variable"] == "population_census")]
    assert dict(zip(wuhan["year"], wuhan["value"], strict=True)) == {
        2010: 9_785_388, 2020: 12_326_518,
    }  # fmt: skip
