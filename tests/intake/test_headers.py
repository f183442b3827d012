"""Headers taken apart, and what they are taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.intake.headers import read_header
from urbanecon.intake.vocabulary import match_variable


@pytest.mark.parametrize(
    ("levels", "variable", "unit", "caliber"),
    [
        (["年末总人口\n（万人）", "全市\nTotal City"], "population_hukou", "万人", "city"),
        (
            ["Year-end total population (10 000 persons) 年末总人口(万人)", "市辖区"],
            "population_hukou",
            "10 000 persons",
            "districts",
        ),
        (["地区生产总值", "（亿元）"], "gdp", "亿元", ""),
        (["地区生产总值（万元）", "#第一产业"], "va_primary", "万元", ""),
        (["第三产业", "Tertiary", "Industry", "(100 million", "yuan)"], "va_tertiary",
         "100 million yuan", ""),
        (["第二产业占ＧＤＰ的比重（％）"], "share_secondary", "%", ""),
        (["第一产业从业人员(人)"], "employees_primary", "人", ""),
        (["第一产业（人）"], "employees_primary", "人", ""),
        (["Gross Regional Product (10 000 yuan)"], "gdp", "10 000 yuan", ""),
        (["一般公共\r\n预算收入\r\n(万元)"], "fiscal_revenue", "万元", ""),
        (["互联网宽带接入用户(万人）)"], "broadband", "万人", ""),
        (["行政区域土地面积（平方公里）"], "area", "平方公里", ""),
    ],
)  # fmt: skip
def test_a_header_gives_variable_unit_and_caliber(
    levels: list[str], variable: str, unit: str, caliber: str
) -> None:
    header = read_header(levels)
    assert (header.unit, header.caliber) == (unit, caliber)
    assert match_variable(header, header.unit).variable == variable


@pytest.mark.parametrize(
    "levels",
    [
        ["年平均人口（万人）"],
        ["自然增长率（‰）"],
        ["地区生产总值（亿元）", "增长%"],
        ["人均地区生产总值（元）"],
        ["建成区面积（平方公里）"],
        ["地区生产总值（2010年价）（亿元）"],
        ["城乡居民储蓄存款余额（万元）"],
        ["财政收入占GDP比重（%）"],
        ["年末总人口（万元）"],
        ["x"],
        [""],
    ],
)
def test_what_only_resembles_a_variable_is_no_match(levels: list[str]) -> None:
    header = read_header(levels)
    assert match_variable(header, header.unit).variable == ""


def test_the_lowest_level_decides_on_unit_and_year() -> None:
    header = read_header(["地区生产总值（万元）2014年", "2015年（亿元）"])
    assert (header.unit, header.year) == ("亿元", 2015)


def test_two_units_that_contradict_each_other_are_no_unit() -> None:
    assert read_header(["总人口（万人）Total Population (persons)"]).unit == ""


def test_a_slightly_misspelt_name_is_matched_with_less_confidence() -> None:
    exact = match_variable(read_header(["普通高等学校在校学生数（人）"]), "人")
    loose = match_variable(read_header(["普通高等学较在校学生数（人）"]), "人")
    assert exact.variable == loose.variable == "students"
    assert loose.confidence < exact.confidence


def test_the_base_year_of_prices_is_not_the_year_of_the_data() -> None:
    assert read_header(["实际人均GDP（2000年价）"]).year is None
    assert read_header(["居民消费价格指数（2000年=1）"]).year is None


@given(st.lists(st.text(max_size=30), max_size=4))
def test_no_header_makes_the_reader_fail(levels: list[str]) -> None:
    header = read_header(levels)
    match_variable(header, header.unit)
