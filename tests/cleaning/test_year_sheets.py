"""Sheets with a row a unit and a column a year: units, blocks and orders are checked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.year_sheets import YearSheet, read_year_sheets
from urbanecon.errors import DataError

UNITS = pd.Series({"Suzhou": "320500", "Wuhan": "420100"})
UNITS = pd.concat([UNITS, pd.Series({"Suzhou": "341300"})])
GOOD = [
    ["10k person", 2006.0, 2007.0, "note"],
    ["Suzhou", 1.0, 2.0, "x"],
    ["Wuhan", 3.0, "", "x"],
    ["Suzhou", 5.0, "    6.5", "x"],
]
POPULATION = {"population": YearSheet("population_gpi", "10k person", 1e4)}


@pytest.fixture
def read(tmp_path: Path):
    def _read(rows: list[list[object]], sheet: str = "population", sheets=None) -> pd.DataFrame:
        from openpyxl import Workbook

        book = Workbook()
        book.active.title = sheet
        for row in rows:
            book.active.append([None if cell == "" else cell for cell in row])
        book.save(tmp_path / "book.xlsx")
        return read_year_sheets(
            tmp_path / "book.xlsx", source="synthetic", sheets=sheets or POPULATION, units=UNITS
        )

    return _read


def replaced(row: int, column: int, cell: object) -> list[list[object]]:
    rows = [list(cells) for cells in GOOD]
    rows[row][column] = cell
    return rows


def test_each_number_becomes_an_observation_in_the_codebook_s_unit(read):
    table = read(GOOD).sort_values(["city", "year"])
    assert table[["city", "year", "value"]].to_numpy().tolist() == [
        ["320500", 2006, 10000.0],
        ["320500", 2007, 20000.0],
        ["341300", 2006, 50000.0],
        ["341300", 2007, 65000.0],
        ["420100", 2006, 30000.0],
    ]


def test_the_address_is_the_cell_as_the_spreadsheet_shows_it(read):
    table = read(GOOD).set_index(["city", "year"])
    assert table.loc[("341300", 2007), "raw"] == "synthetic/book.xlsx|population|4|C"


def test_only_the_first_block_is_read(read):
    table = read([*GOOD, ["", "", "", ""], ["dust", 2006, 2007, ""], ["Suzhou", 9.0, 9.0, ""]])
    assert len(table) == 5


def test_a_block_ends_at_a_row_without_a_name_even_if_the_row_is_not_empty(read):
    table = read([*GOOD, ["", 8.0, 8.0, ""], ["Suzhou", 9.0, 9.0, ""]])
    assert len(table) == 5


def test_a_declared_flag_goes_to_every_cell(read):
    sheets = {"population": YearSheet("population_gpi", "10k person", 1, Flag.DERIVED)}
    assert read(GOOD, sheets=sheets)["flag"].unique().tolist() == ["derived"]


def test_another_unit_in_the_corner_is_refused(read):
    with pytest.raises(
        DataError, match=r"sheet 'population': cell A1 states '1 person'; expected"
    ):
        read(replaced(0, 0, "1 person"))


def test_units_in_another_order_are_refused_because_names_are_shared(read):
    with pytest.raises(DataError, match=r"row 2 is 'Wuhan'; expected 'Suzhou'"):
        read([GOOD[0], GOOD[2], GOOD[1], GOOD[3]])


def test_a_misspelt_unit_is_named_with_the_closest_match(read):
    with pytest.raises(DataError, match=r"row 3 is 'Wuhann'; expected 'Wuhan'\. Did you mean"):
        read(replaced(2, 0, "Wuhann"))


@pytest.mark.parametrize("rows", [GOOD[:3], [*GOOD, ["Xi'an", 1.0, 2.0, ""]]])
def test_a_missing_or_further_unit_is_refused(read, rows):
    with pytest.raises(DataError, match=r"units in the first block; expected 3"):
        read(rows)


def test_a_text_in_a_number_cell_is_named_with_its_row_column_and_city(read):
    with pytest.raises(DataError, match=r"row 3, column B \(2006\), Wuhan: .* found 'about 3'"):
        read(replaced(2, 1, "about 3"))


def test_a_sheet_without_years_is_refused(read):
    with pytest.raises(DataError, match="expected one column a year"):
        read([["10k person", "value"], ["Suzhou", 1], ["Wuhan", 2], ["Suzhou", 3]])


def test_a_missing_sheet_is_named_with_the_closest_one(read):
    with pytest.raises(DataError, match=r"no sheet 'population'\. Did you mean 'population '"):
        read(GOOD, sheet="population ")


def test_a_year_in_two_columns_is_refused(read):
    rows = [[*cells[:3], cells[1]] for cells in GOOD]
    with pytest.raises(DataError, match=r"'2006 \[B\]', '2006 \[D\]'\], more than one a year"):
        read(rows)
