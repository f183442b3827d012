"""Where the tables of a sheet are."""

from __future__ import annotations

import pytest
from yearbook_sheets import gdp_pages, half_pages, population_rows

from urbanecon.intake.dates import table_year
from urbanecon.intake.layout import find_blocks, title_unit
from urbanecon.intake.workbook import Grid


def grid(rows: list[list[object]]) -> Grid:
    width = max(map(len, rows))
    return Grid(
        "s", [[*(cell or None for cell in row), *[None] * (width - len(row))] for row in rows]
    )


def test_titles_headers_body_and_notes_are_told_apart() -> None:
    (block,) = find_blocks(grid(population_rows()))
    assert block.titles == ("2-1 人口状况 (2016年)", "Population")
    assert block.rows == (4, 16)
    assert [header.caliber for header in block.headers.values()][:2] == ["city", "districts"]


def test_group_names_that_are_not_merged_reach_over_their_group() -> None:
    first, second = find_blocks(grid(gdp_pages()))
    assert [header.zh for header in first.headers.values()] == [
        ("地区生产总值",), ("地区生产总值", "第一产业"), ("地区生产总值", "第二产业"),
    ]  # fmt: skip
    assert second.continues[0] == "2-15 地区生产总值"


def test_a_translation_beside_the_names_is_no_column_of_values() -> None:
    rows = [["城市", "City", "GDP"], ["武汉", "Wuhan", 1], ["黄石", "Huangshi", 2]]
    (block,) = find_blocks(grid(rows))
    assert list(block.headers) == [2]


def test_half_pages_are_separate_blocks() -> None:
    assert [block.city for block in find_blocks(grid(half_pages()))] == [0, 2]


@pytest.mark.parametrize("rows", [[[None]], [["武汉"]], [["城市", "GDP"]], [[1, 2], [3, 4]]])
def test_a_sheet_without_a_table_has_no_blocks(rows: list[list[object]]) -> None:
    assert find_blocks(grid(rows)) == []


def test_units_above_the_table_count_if_they_agree() -> None:
    assert title_unit(["2-1 人口", "单位：万人"]) == "万人"
    assert title_unit(["2-1 人口（万人）"]) == "万人"
    assert title_unit(["单位：万人", "Unit: 10 000 persons"]) == "万人"
    assert title_unit(["单位：人 Unit: person"]) == "人"
    assert title_unit(["计量单位：个 Unit: unit"]) == "个"
    assert title_unit(["单位：万人、万元"]) == ""
    assert title_unit(["单位：万人", "单位：人"]) == ""


@pytest.mark.parametrize(
    ("titles", "sheet", "file", "year"),
    [
        (["2-1 人口 (2016年)"], "2015", "2014", 2016),
        (["2-1 人口"], "2015年", "x2014", 2015),
        ([], "2-1", "gdp_2014", 2014),
        ([], "2-1", "中国城市统计年鉴2014", 2013),
        (["China City Statistical Yearbook 2014"], "", "", 2013),
        (["2015-2016年人口"], "", "2014", None),
        ([], "", "", None),
    ],
)
def test_the_nearest_place_that_names_one_year_decides(
    titles: list[str], sheet: str, file: str, year: int | None
) -> None:
    assert table_year(titles, sheet, file)[0] == year


@pytest.mark.parametrize(
    ("sheet", "file", "folder", "year"),
    [
        ("2-1", "2-1", "中国城市统计年鉴2016", 2015),
        ("2-1", "2016 2-1", "中国城市统计年鉴2016", 2015),
        ("2-1", "2015 2-1", "中国城市统计年鉴2016", 2015),
        ("2016", "中国城市统计年鉴2016", "", 2015),
        ("2-1", "2-1", "2016", None),
    ],
)
def test_the_edition_of_a_yearbook_is_no_year_of_data(
    sheet: str, file: str, folder: str, year: int | None
) -> None:
    assert table_year([], sheet, file, folder)[0] == year
