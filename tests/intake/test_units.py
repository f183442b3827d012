"""Units as tables write them."""

from __future__ import annotations

import pytest

from urbanecon.intake.units import conversion, parse


@pytest.mark.parametrize(
    ("unit", "target", "factor"),
    [
        ("万元", "yuan", 1e4),
        ("亿元", "yuan", 1e8),
        ("10 000 yuan", "yuan", 1e4),
        ("100 million yuan", "yuan", 1e8),
        ("百万人民币", "yuan", 1e6),
        ("万人", "persons", 1e4),
        ("10,000 persons", "persons", 1e4),
        ("万户", "subscribers", 1e4),
        ("％", "share", 0.01),
        ("‰", "share", 0.001),
        ("平方公里", "km2", 1),
        ("sq.km", "km2", 1),
        ("公顷", "km2", 0.01),
        ("元/人", "yuan per person", 1),
        ("万吨", "t", 1e4),
        ("单位：万元", "yuan", 1e4),
        ("USD 10 000", "US dollars", 1e4),
        ("千册、件", "volumes", 1e3),
        ("个", "firms", 1),
        ("个", "persons", 1),
        ("万立方米", "m3", 1e4),
        ("万千瓦时", "kWh", 1e4),
        ("万平方米", "km2", 0.01),
        ("人/平方公里", "persons per km2", 1),
    ],
)
def test_units_in_two_languages_convert_to_the_codebooks(
    unit: str, target: str, factor: float
) -> None:
    assert conversion(unit, target) == pytest.approx(factor)


@pytest.mark.parametrize("unit", ["", "?", "万", "现价", "百分点", "万元、人", "元/人/年"])
def test_what_is_no_unit_is_not_taken_for_one(unit: str) -> None:
    assert parse(unit) is None


@pytest.mark.parametrize(
    ("unit", "target"), [("万美元", "yuan"), ("万人", "yuan"), ("个", "km2"), ("所", "persons")]
)
def test_units_of_different_things_do_not_convert(unit: str, target: str) -> None:
    assert conversion(unit, target) is None
