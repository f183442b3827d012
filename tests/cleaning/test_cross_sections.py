"""Tables with one row a city and no year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.cross_sections import read_cross_section, read_first_years
from urbanecon.cleaning.longform import Column
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError, DataWarning, MissingColumnError, UnknownNameError


def table(tmp_path: Path, *lines: str) -> RawTable:
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_table(path, source="low_carbon_pilot")


def first_years(raw: RawTable, year: str = "year") -> pd.DataFrame:
    return read_first_years(
        raw, source="low_carbon_pilot", city="city", year=year, variable="low_carbon_first_year"
    )


def heights(raw: RawTable, header: str = "height") -> pd.DataFrame:
    return read_cross_section(
        raw,
        [Column(header, "elevation", 1e3)],
        source="facts_coordinates",
        city="city",
        name="city",
        year=2000,
    )


def test_a_first_year_is_one_observation_dated_to_itself(tmp_path):
    listed = first_years(table(tmp_path, "city,year", "武汉市,2010", "宜昌,2012"))
    assert listed[["city", "year", "value", "raw"]].to_numpy().tolist() == [
        ["420100", 2010, 2010.0, "low_carbon_pilot/list.csv||2|B"],
        ["420500", 2012, 2012.0, "low_carbon_pilot/list.csv||3|B"],
    ]


def test_a_county_on_the_list_is_set_aside_and_its_city_stays_untreated(tmp_path):
    with pytest.warns(DataWarning, match="昆山市"):
        listed = first_years(table(tmp_path, "city,year", "武汉市,2014", "昆山市,2014"))
    assert listed["city"].tolist() == ["420100"]
    assert listed.attrs["unmatched"] == [
        ("昆山市", "low_carbon_pilot/list.csv||3|A", "no unit of this name")
    ]


def test_a_list_of_unknown_names_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="none of 1 rows names a known city"):
        first_years(table(tmp_path, "city,year", "Atlantis,2014"))


def test_a_first_year_that_is_no_year_names_the_cell(tmp_path):
    with pytest.raises(DataError, match=r"row 3, column B \(year\).*1900 to 2100"):
        first_years(table(tmp_path, "city,year", "武汉市,2010", "宜昌市,0"))


def test_a_missing_header_is_named_with_the_closest(tmp_path):
    raw = table(tmp_path, "city,height", "武汉市,1")
    with pytest.raises(MissingColumnError, match=r"'heigth' is missing\. Did you mean 'height'"):
        heights(raw, "heigth")


def test_an_attribute_is_converted_and_dated_to_the_year_given(tmp_path):
    cells = heights(table(tmp_path, "city,height", "420100,0.5", "420500,"))
    assert cells[["city", "year", "value"]].to_numpy().tolist() == [["420100", 2000, 500.0]]


def test_two_values_of_one_city_are_a_conflict(tmp_path):
    with pytest.warns(DataWarning, match="1 cells are given twice"):
        cells = heights(table(tmp_path, "city,height", "420100,1", "武汉市,2"))
    assert set(cells["flag"]) == {"conflict"}


def test_text_in_a_number_cell_names_the_city(tmp_path):
    with pytest.raises(DataError, match=r"row 2, column B \(height\), 武汉市.*'high'"):
        heights(table(tmp_path, "city,height", "武汉市,high"))
