"""Cells, their addresses and their numbers (urbanecon.cleaning.tables)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError, MissingColumnError


def csv(tmp_path: Path, text: str) -> RawTable:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read_table(path, source="s")


def cells(*values: object) -> RawTable:
    """A synthetic table of one column of numbers."""
    frame = pd.DataFrame(
        {"city": ["武汉市"] * len(values), "year": [2020] * len(values), "gdp": list(values)},
        index=pd.RangeIndex(2, len(values) + 2),
        dtype="object",
    )
    return RawTable("s/a.xlsx", "sheet", frame, {"city": "A", "year": "B", "gdp": "C"})


def test_rows_count_the_header_and_line_breaks_inside_quotes_are_no_rows(tmp_path):
    table = csv(tmp_path, '年份,"常住人口\r\n(万人)"\r\n2000,1\r\n2001,2\r\n')
    assert list(table.frame.index) == [2, 3]
    assert table.raw("常住人口(万人)") == ["s/a.csv||2|B", "s/a.csv||3|B"]


def test_blank_rows_are_left_out_and_the_others_keep_their_number(tmp_path):
    table = csv(tmp_path, "city,year\n武汉,2000\n\n,\n宜昌,2001\n")
    assert list(table.frame.index) == [2, 5]


def test_a_sheet_that_starts_below_its_corner_keeps_the_addresses_of_the_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    frame = pd.DataFrame({"city": ["武汉"], "2006": [1.0]})
    frame.to_excel(path, index=False, startcol=2, sheet_name="x")
    table = read_table(path, source="s")
    assert table.raw("2006") == ["s/a.xlsx|x|2|D"]


def test_headers_that_are_years_lose_their_decimals(tmp_path):
    path = tmp_path / "a.xlsx"
    pd.DataFrame([["武汉", 1.0]], columns=["city", 2006.0]).to_excel(path, index=False)
    assert list(read_table(path, source="s").frame.columns) == ["city", "2006"]


def test_headers_that_are_empty_or_occur_twice_carry_their_letter(tmp_path):
    table = csv(tmp_path, "city,gdp,,gdp\n武汉,1,2,3\n")
    assert list(table.frame.columns) == ["city", "gdp [B]", "[C]", "gdp [D]"]


def test_in_a_stata_file_an_address_is_observation_and_variable(tmp_path):
    path = tmp_path / "a.dta"
    pd.DataFrame({"year": [2000, 2001], "gdp": [1.0, np.nan]}).to_stata(path, write_index=False)
    table = read_table(path, source="s", columns=["gdp"])
    assert table.raw("gdp") == ["s/a.dta||1|gdp", "s/a.dta||2|gdp"]
    assert table.numbers("gdp").isna().tolist() == [False, True]


def test_only_the_columns_asked_for_are_kept_with_the_letters_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("city,polygon,gdp\n武汉,long,1\n", encoding="utf-8")
    table = read_table(path, source="s", columns=["city", "gdp"])
    assert list(table.frame.columns) == ["city", "gdp"]
    assert table.raw("gdp") == ["s/a.csv||2|C"]


def test_a_missing_column_suggests_the_closest(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("city,gdp_2020\n武汉,1\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match=r"s/a\.csv.*'gdp'.*Did you mean 'gdp_2020'"):
        read_table(path, source="s", columns=["gdp"])
    with pytest.raises(MissingColumnError, match="'gdp'"):
        read_table(path, source="s").numbers("gdp")


@pytest.mark.parametrize(
    "mark", ["", " ", "-", "—", "——", "…", "……", "NA", "n.a.", "N/A", "NaN", None, np.nan, pd.NA]
)
def test_known_marks_of_a_missing_number_are_missing(mark):
    assert cells(mark, 1).numbers("gdp").isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234", 1234), ("12,345,678.5", 12345678.5), (" 12.5 ", 12.5), ("１２．５", 12.5),
        ("-3", -3), ("1e-3", 0.001), (".5", 0.5), (7, 7), (np.float32(0.5), 0.5), ("1，234", 1234),
    ],
)  # fmt: skip
def test_numbers_are_read_as_written(cell, value):
    assert cells(cell).numbers("gdp").tolist() == [value]


@pytest.mark.parametrize(
    "cell", ["12.3*", "1,23", "约12", "12万", "1_000", "0x10", "inf", np.inf, "1e999", True]
)
def test_anything_else_in_a_number_cell_is_an_error_that_names_the_cell(cell):
    with pytest.raises(
        DataError,
        match=r"s/a\.xlsx, sheet 'sheet': row 3, column C \(gdp\), 武汉市, 2020: expected",
    ):
        cells(1, cell).numbers("gdp", where=["city", "year"])


def test_text_cells_lose_their_spaces_and_the_decimals_of_whole_numbers():
    table = cells(" a ", 420100.0, None, 1.5)
    assert table.text("gdp").tolist() == ["a", "420100", "", "1.5"]


@pytest.mark.parametrize("cell", [None, "2020.5", 20200, "两千", 0])
def test_a_year_must_be_one(cell):
    with pytest.raises(DataError, match="row 2, column C"):
        cells(cell).years("gdp")


def test_years_are_whole_numbers():
    assert cells("2000", 2001.0).years("gdp").tolist() == [2000, 2001]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_survives_being_written_as_text(number):
    assert cells(repr(number)).numbers("gdp").tolist() == [number]


@given(st.text())
def test_a_text_is_a_number_missing_or_an_error_and_nothing_else(text):
    try:
        (value,) = cells(text).numbers("gdp")
    except DataError:
        return
    assert np.isnan(value) or np.isfinite(value)
