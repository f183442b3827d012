"""`urbanecon import` on synthetic yearbook workbooks."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from yearbook_sheets import (
    HEBEI,
    HUBEI,
    gdp_pages,
    half_pages,
    population_workbook,
    save,
)

from urbanecon.cleaning.observations import RawCell, check_observations
from urbanecon.errors import DataError
from urbanecon.intake.mapping import read_mapping, write_mapping
from urbanecon.intake.observe import Imported, import_file

Urbanecon = Callable[..., Any]
"""Calls the command line; gives code, out, err."""


def value_of(done: Imported, variable: str, city: str, year: int) -> float:
    cells = done.observations.query("variable == @variable and city == @city and year == @year")
    (value,) = cells["value"]
    return float(value)


def sheet(path: Path, rows: list[list[Any]], name: str = "Sheet1") -> Path:
    return save(path, {name: rows}, {})


# -- layouts -------------------------------------------------------------------


def test_three_header_rows_with_merged_cells_two_calibers_and_thousands(tmp_path: Path) -> None:
    done = import_file(population_workbook(tmp_path / "2-1.xlsx"))
    assert value_of(done, "population_hukou", "130200", 2016) == 1018.5e4 + 0
    assert value_of(done, "population_hukou_districts", "130200", 2016) == 401e4
    assert set(done.observations["variable"]) == {
        "population_hukou", "population_hukou_districts", "population_average",
        "population_average_districts", "natural_growth",
    }  # fmt: skip
    check_observations(done.observations, source="2-1")


def test_every_observation_points_at_its_cell(tmp_path: Path) -> None:
    done = import_file(population_workbook(tmp_path / "2-1.xlsx"))
    row = done.observations.query("city == '420100' and variable == 'population_hukou'").iloc[0]
    assert RawCell.parse(row["raw"]) == RawCell("2-1.xlsx", "2-1", 13, "B")


def test_dashes_and_dots_are_missing_and_provinces_are_listed(tmp_path: Path) -> None:
    done = import_file(population_workbook(tmp_path / "2-1.xlsx"))
    districts = done.observations.query("variable == 'population_hukou_districts'")
    assert set(districts["city"]) == {"130100", "130200", "130300", "130400", "130500", "130600",
                                      "420100"}  # fmt: skip
    assert [(name, reason) for name, _, reason in done.unmatched] == [
        ("河北省 Hebei", "a province"), ("湖北省", "a province"),
    ]  # fmt: skip


def test_damaged_names_are_matched_within_their_province_and_shown(tmp_path: Path) -> None:
    done = import_file(population_workbook(tmp_path / "2-1.xlsx"))
    shown = {plan.written: (plan.city, plan.confidence) for plan in done.mapping.cities}
    assert shown["n武汉市"] == ("420100", 0.9)
    assert shown["直昌市"][0] == "420500"
    assert 0.7 <= shown["直昌市"][1] < 1


def test_pages_below_each_other_repeat_the_header_and_share_the_year(tmp_path: Path) -> None:
    done = import_file(sheet(tmp_path / "中国城市统计年鉴2020.xlsx", gdp_pages()))
    assert [table.year for table in done.mapping.tables] == [2018, 2018]
    assert value_of(done, "gdp", "130100", 2018) == 100_000e4
    assert value_of(done, "va_secondary", "420100", 2018) == 90_000e4
    assert done.observations["city"].nunique() == len(HEBEI) + len(HUBEI)


def test_half_pages_beside_each_other_are_two_tables(tmp_path: Path) -> None:
    done = import_file(sheet(tmp_path / "area_2015.xlsx", half_pages()))
    assert value_of(done, "area", "420100", 2015) == 8_500
    assert value_of(done, "area", "130600", 2015) == 16_000
    assert len(done.observations) == len(HEBEI) + len(HUBEI)


def test_each_sheet_may_be_a_year(tmp_path: Path) -> None:
    rows = [["城市", "GDP（亿元）"], ["武汉", 1.0], ["黄石", "２，３４５．６"]]
    done = import_file(save(tmp_path / "gdp.xlsx", {"2015年": rows, "2016年": rows}, {}))
    assert value_of(done, "gdp", "420200", 2016) == pytest.approx(2345.6e8)
    assert set(done.observations["year"]) == {2015, 2016}


def test_years_may_be_columns_under_a_common_title(tmp_path: Path) -> None:
    rows = [
        ["年末总人口(万人)"],
        ["", "2015年", "2016年"],
        ["武汉市", 829, 834],
        ["黄石市", 267, 269],
    ]
    done = import_file(sheet(tmp_path / "x.xlsx", rows))
    assert value_of(done, "population_hukou", "420200", 2016) == 269e4


def test_a_long_csv_in_gb18030_with_years_and_provinces_in_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    text = "年份,省份,城市,一般公共预算支出(万元)\n2015,湖北省,武汉市,5\n2016,湖北省,黄石市,6\n"
    path.write_bytes(text.encode("gb18030"))
    done = import_file(path)
    assert value_of(done, "fiscal_expenditure", "420200", 2016) == 6e4


def test_the_title_names_the_variable_where_the_header_has_calibers_only(tmp_path: Path) -> None:
    rows = [["2-9 行政区域土地面积 (平方公里)"], ["", "全市", "市辖区"],
            ["石家庄市\nShijiazhuang", 15_848, 2_206],
            ["唐山市\nTangshan", 13_472, 5_478]]  # fmt: skip
    done = import_file(sheet(tmp_path / "y2017.xlsx", rows))
    assert value_of(done, "area", "130100", 2017) == 15_848
    assert value_of(done, "area_districts", "130100", 2017) == 2_206


def test_a_yearbook_reports_the_year_before_its_own(tmp_path: Path) -> None:
    rows = [["城市", "土地面积（平方公里）"], ["武汉", 8569], ["黄石", 4583]]
    done = import_file(sheet(tmp_path / "中国城市统计年鉴2017.xlsx", rows))
    assert done.mapping.tables[0].year == 2016
    assert "yearbook of 2017" in done.mapping.tables[0].year_from


def test_old_xls_workbooks_are_read() -> None:
    from importlib.resources import files

    from urbanecon.intake.workbook import read_grids

    folder = files("statsmodels.datasets.macrodata") / "src"
    path = next(path for path in Path(str(folder)).rglob("*.xls") if path.is_file())
    starts = {grid.sheet: grid.rows[0][:2] for grid in read_grids(path)}
    assert starts["Monthly"] == ["DATE", "CPIAUCSL"]


# -- units and years are asked for, not guessed --------------------------------


def test_without_a_unit_the_mapping_asks_and_nothing_is_converted(
    tmp_path: Path, urbanecon: Urbanecon
) -> None:
    path = sheet(
        tmp_path / "gdp_2015.xlsx", [["城市", "地区生产总值"], ["武汉", 1e4], ["黄石", 1e3]]
    )
    out = tmp_path / "out"
    asked = urbanecon("import", path, "--out", out)
    assert asked.code == 3
    assert "unit" in asked.err
    assert pd.read_parquet(out / "observations.parquet").empty
    text = (out / "mapping.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["table"][0]["column"][0]["unit"] == "?"

    (out / "mapping.toml").write_text(
        text.replace('unit = "?"', 'unit = "亿元"'), encoding="utf-8"
    )
    told = urbanecon("import", path, "--out", out, "--mapping", out / "mapping.toml")
    assert told.code == 0, told.err
    values = pd.read_parquet(out / "observations.parquet")["value"]
    assert list(values) == [1e12, 1e11]


@pytest.mark.parametrize(
    ("header", "values", "why"),
    [
        ("常住人口（亿元）", (800, 200, 300), None),
        ("年末总人口（亿人）", (829, 267, 300), "cannot be"),
        ("第一产业增加值占GDP比重（%）", (0.1, 0.2, 0.3), "fractions"),
    ],
)
def test_a_unit_that_cannot_be_right_is_asked_for(
    tmp_path: Path, header: str, values: tuple[float, ...], why: str | None
) -> None:
    rows = [["城市", header], *zip(("武汉", "黄石", "十堰"), values, strict=True)]
    done = import_file(sheet(tmp_path / "x_2015.xlsx", [list(row) for row in rows]))
    assert done.observations.empty
    questions = done.mapping.questions()
    assert (why is None and questions == []) or (why is not None and why in questions[0])


def test_without_a_year_the_mapping_asks(tmp_path: Path, urbanecon: Urbanecon) -> None:
    path = sheet(tmp_path / "x.xlsx", [["城市", "GDP(亿元)"], ["武汉", 1e4], ["黄石", 1e3]])
    outcome = urbanecon("import", path, "--out", tmp_path / "out")
    assert outcome.code == 3
    assert "year" in outcome.err
    mapping = tmp_path / "out" / "mapping.toml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace('year = "?"', "year = 2015"),
                       encoding="utf-8")  # fmt: skip
    assert set(import_file(path, mapping).observations["year"]) == {2015}


# -- the mapping file ----------------------------------------------------------


def test_a_mapping_reads_back_as_it_was_written_and_gives_the_same(tmp_path: Path) -> None:
    path = population_workbook(tmp_path / "2-1.xlsx")
    done = import_file(path)
    write_mapping(done.mapping, tmp_path / "m.toml")
    assert read_mapping(tmp_path / "m.toml") == done.mapping
    pd.testing.assert_frame_equal(
        import_file(path, tmp_path / "m.toml").observations, done.observations
    )


def test_a_city_that_the_user_corrects_is_taken(tmp_path: Path) -> None:
    path = population_workbook(tmp_path / "2-1.xlsx")
    mapping = tmp_path / "m.toml"
    write_mapping(import_file(path).mapping, mapping)
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace('city = "420500"', 'city = "420700"'), encoding="utf-8")
    assert "420700" in set(import_file(path, mapping).observations["city"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"population_hukou"', '"population_huko"', "Did you mean 'population_hukou'"),
        ('"万人"', '"万元"', "no unit of population_hukou"),
        ("first_row = 5", 'first_row = "five"', "whole numbers"),
        ('city_column = "A"', "", "city_column"),
        ('city = "420500"', 'city = "999999"', "no city key"),
        ('sheet = "2-1"', 'sheet = "2-2"', "no sheet '2-2'"),
        ("[[table]]", "[[table", "cannot be read"),
    ],
)
def test_a_mistake_in_the_mapping_is_named(
    tmp_path: Path, urbanecon: Urbanecon, old: str, new: str, said: str
) -> None:
    path = population_workbook(tmp_path / "2-1.xlsx")
    mapping = tmp_path / "m.toml"
    write_mapping(import_file(path).mapping, mapping)
    text = mapping.read_text(encoding="utf-8")
    assert old in text
    mapping.write_text(text.replace(old, new), encoding="utf-8")
    outcome = urbanecon("import", path, "--mapping", mapping, "--out", tmp_path / "out")
    assert outcome.code == 1
    assert said in outcome.err


def test_a_mapping_of_other_content_is_refused(tmp_path: Path) -> None:
    first = population_workbook(tmp_path / "a.xlsx")
    write_mapping(import_file(first).mapping, tmp_path / "m.toml")
    other = sheet(tmp_path / "b_2015.xlsx", half_pages())
    with pytest.raises(DataError, match="other content"):
        import_file(other, tmp_path / "m.toml")


# -- bad input -----------------------------------------------------------------


def test_text_in_a_number_cell_is_listed_with_its_address(tmp_path: Path) -> None:
    rows = [
        ["城市", "GDP(亿元)"],
        ["武汉", "abc"],
        ["黄石", 5],
        ["十堰", "inf"],
        ["襄阳", "320*"],
    ]
    done = import_file(sheet(tmp_path / "x_2015.xlsx", rows))
    assert ("abc", "x_2015.xlsx|Sheet1|2|B", "expected a finite number") in done.unmatched
    assert ("inf", "x_2015.xlsx|Sheet1|4|B", "expected a finite number") in done.unmatched
    assert set(done.observations["city"]) == {"420200", "420600"}


def test_two_rows_for_one_city_are_flagged_and_said(tmp_path: Path, urbanecon: Urbanecon) -> None:
    rows = [["城市", "GDP(亿元)"], ["武汉", 4], ["武汉市", 5], ["黄石", 3]]
    path = sheet(tmp_path / "x_2015.xlsx", rows)
    outcome = urbanecon("import", path, "--out", tmp_path / "out")
    assert outcome.code == 0
    assert "given twice" in outcome.err
    flags = pd.read_parquet(tmp_path / "out" / "observations.parquet").set_index("city")["flag"]
    assert list(flags["420100"]) == ["conflict", "conflict"]


def test_unknown_cities_are_listed(tmp_path: Path) -> None:
    rows = [["城市", "GDP(亿元)"], ["武汉", 4], ["黄石", 5], ["洛圣都", 3]]
    done = import_file(sheet(tmp_path / "x_2015.xlsx", rows))
    assert [(name, raw) for name, raw, _ in done.unmatched] == [
        ("洛圣都", "x_2015.xlsx|Sheet1|4|A")
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.xlsx", None, "no file"),
        ("empty.xlsx", b"", "0 bytes"),
        ("cut.xlsx", b"PK\x03\x04 cut", "cannot be opened"),
        ("cut.xls", b"\xd0\xcf\x11\xe0 cut", "cannot be opened"),
        ("x.csv", b"\xff\xff\xfa\x00\x81", "neither UTF-8"),
        ("x.csv", b"<html>", "web page"),
        ("x.csv", b"a,b\n1,2\n", "no table found"),
        ("x.csv", b" \n \n", "no cell with content"),
        ("x.pdf", b"%PDF", "not read"),
    ],
)
def test_a_file_that_is_no_table_is_one_clear_message(
    tmp_path: Path, urbanecon: Urbanecon, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    outcome = urbanecon("import", path, "--out", tmp_path / "out")
    assert outcome.code == 1
    assert said in outcome.err
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_one_clear_message(tmp_path: Path, urbanecon: Urbanecon) -> None:
    path = population_workbook(tmp_path / "2-1.xlsx")
    (tmp_path / "file").write_text("", encoding="utf-8")
    outcome = urbanecon("import", path, "--out", tmp_path / "file")
    assert outcome.code == 1
    assert "Cannot write" in outcome.err
