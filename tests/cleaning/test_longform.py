"""From the columns of a raw table to observations."""

from __future__ import annotations

from pathlib import Path

import pytest

from urbanecon.cleaning.longform import Column, read_columns, settle_duplicates
from urbanecon.cleaning.observations import concat_observations, make_observations
from urbanecon.cleaning.tables import read_table
from urbanecon.errors import DataWarning, MissingColumnError

COLUMNS = (Column("gdp", "gdp", 1e4), Column("area", "area"))


def read(tmp_path: Path, text: str):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_columns(
        read_table(path, source="s"), COLUMNS, source="s", city="city", year="year"
    )


def test_a_cell_becomes_an_observation_in_canonical_units_with_its_address(tmp_path):
    table = read(tmp_path, "city,year,gdp,area\n武汉,2020,2.5,8569\n")
    assert table.to_dict("records") == [
        {
            "city": "420100", "year": 2020, "variable": variable, "value": value,
            "source": "s", "raw": f"s/a.csv||2|{column}", "flag": "ok",
        }
        for variable, value, column in (("gdp", 25_000.0, "C"), ("area", 8569.0, "D"))
    ]  # fmt: skip


def test_an_empty_cell_is_no_observation(tmp_path):
    table = read(tmp_path, "city,year,gdp,area\n武汉,2020,,8569\n宜昌,2020,—,\n")
    assert table[["city", "variable"]].to_numpy().tolist() == [["420100", "area"]]


def test_a_column_without_any_value_gives_an_empty_table_with_the_columns(tmp_path):
    table = read(tmp_path, "city,year,gdp,area\n武汉,2020,,\n")
    assert table.empty
    assert "variable" in table


def test_unmatched_rows_are_listed_and_the_others_read(tmp_path):
    text = "city,year,gdp,area\n武汉,2020,1,1\n湖北省,2020,9,9\n"
    with pytest.warns(DataWarning, match=r"1 rows match no city.*湖北省 \(a province\)"):
        table = read(tmp_path, text)
    assert set(table["city"]) == {"420100"}
    assert table.attrs["unmatched"] == [("湖北省", "s/a.csv||3|A", "a province")]


def test_a_note_below_the_table_is_listed_and_no_error(tmp_path):
    text = "city,year,gdp,area\n武汉,2020,1,1\n资料来源：年鉴,,,\n"
    with pytest.warns(DataWarning, match="资料来源"):
        table = read(tmp_path, text)
    assert len(table) == 2
    assert table.attrs["unmatched"] == [
        ("资料来源：年鉴", "s/a.csv||3|A", "a note, not a row of the table")
    ]


def test_a_missing_header_is_named_with_the_closest_match(tmp_path):
    with pytest.raises(MissingColumnError, match=r"'area' is missing\. Did you mean 'areas'"):
        read(tmp_path, "city,year,gdp,areas\n武汉,2020,1,1\n")


def twice(first: float, second: float):
    return concat_observations(
        make_observations(
            city=["420100"], year=[2020], variable="gdp", value=[value], source="s",
            raw=[f"s/a.csv||{row}|C"],
        )
        for row, value in ((2, first), (3, second))
    )  # fmt: skip


def test_of_two_cells_that_agree_the_first_stays_and_the_other_is_noted():
    settled = settle_duplicates(twice(1, 1), source="s")
    assert settled["raw"].tolist() == ["s/a.csv||2|C"]
    assert settled["flag"].tolist() == ["ok"]
    assert settled.attrs["repeated"] == [("s/a.csv||2|C", "s/a.csv||3|C")]


def test_two_cells_that_differ_both_stay_flagged_conflict():
    with pytest.warns(DataWarning, match="given twice.*gdp of 420100 in 2020"):
        settled = settle_duplicates(twice(1, 2), source="s")
    assert settled["value"].tolist() == [1, 2]
    assert settled["flag"].tolist() == ["conflict", "conflict"]


def test_a_source_with_rows_for_one_city_year_twice_reports_each_variable(tmp_path):
    text = "city,year,gdp,area\n武汉,2020,1,5\n武汉市,2020,2,5\n"
    with pytest.warns(DataWarning, match="1 cells are given twice"):
        table = read(tmp_path, text)
    assert table.groupby("variable")["flag"].agg(list).to_dict() == {
        "gdp": ["conflict", "conflict"],
        "area": ["ok"],
    }
