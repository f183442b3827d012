"""Employees by industry: the sheet with gaps, never the interpolated one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.sources import employment_industry
from urbanecon.errors import DataError, DataWarning

CULTURE = "文化、体育和娱乐业从业人员数(万人)"


def written(tmp_path: Path, sheet: str = employment_industry.SHEET, **cells: object) -> Path:
    """A synthetic workbook with one row, in which every number is 2 unless told otherwise."""
    row: dict[str, object] = {"年份": 2010, "行政区划代码": 420100, "地区": "武汉"}
    row |= {column.header: 2 for column in employment_industry.COLUMNS}
    path = tmp_path / "employment.xlsx"
    pd.DataFrame([row | cells]).to_excel(path, sheet_name=sheet, index=False)
    return path


def test_employees_are_in_units_of_ten_thousand_and_private_workers_are_not(tmp_path):
    table = employment_industry.read(written(tmp_path)).set_index("variable")["value"]
    assert table["employees_culture"] == 20_000
    assert table["employees_private"] == 2
    assert table["unemployed"] == 2


def test_the_unit_in_each_header_is_the_one_declared():
    for column in employment_industry.COLUMNS:
        assert column.factor == (1e4 if column.header.endswith("(万人)") else 1), column
        assert column.header.endswith(("(万人)", "(人)"))


def test_nineteen_industries_are_read():
    sectors = {"primary", "secondary", "tertiary", "private"}
    industries = [
        column.variable
        for column in employment_industry.COLUMNS
        if column.variable.startswith("employees_")
        and column.variable.removeprefix("employees_") not in sectors
    ]
    assert len(industries) == len(set(industries)) == 19


def test_a_workbook_without_the_sheet_with_gaps_is_refused(tmp_path):
    with pytest.raises(DataError, match="no sheet '原始数据（有缺失）'"):
        employment_industry.read(written(tmp_path, sheet="线性插值数据"))


def test_text_in_a_number_cell_is_named(tmp_path):
    with pytest.raises(DataError, match="420100, 2010: expected a finite number, found '约2'"):
        employment_industry.read(written(tmp_path, **{CULTURE: "约2"}))


@pytest.mark.mirror
def test_the_file_holds_25_variables_of_300_cities_and_an_advertisement(raw_file):
    with pytest.warns(DataWarning, match="a note, not a row of the table"):
        table = employment_industry.read(raw_file("employment_industry"))
    assert table["variable"].nunique() == 25
    assert table["city"].nunique() == 300
    assert set(table["raw"].str.split("|").str[1]) == {employment_industry.SHEET}
    culture = table[table["variable"] == "employees_culture"]
    assert (culture["year"].min(), culture["year"].max()) == (2003, 2019)
    assert len(culture) == 4919
