"""Names of cities as scanners and typesetters leave them."""

from __future__ import annotations

import pytest

from urbanecon.intake.cities import edit_distance, match_city


@pytest.mark.parametrize(
    ("written", "city"),
    [
        ("武 汉 市", "420100"),
        ("武汉市 Wuhan", "420100"),
        ("武汉市\nWuhan", "420100"),
        ("武汉①", "420100"),
        ("Wuhan", "420100"),
        ("420100.0", "420100"),
    ],
)
def test_spaces_translations_and_marks_leave_a_name_certain(written: str, city: str) -> None:
    match = match_city(written)
    assert (match.city, match.confidence) == (city, 1.0)


@pytest.mark.parametrize(
    ("written", "province", "city"),
    [
        ("n武汉市", "", "420100"),
        ("毫州市", "", "341600"),
        ("石家压市", "", "130100"),
        ("武议市", "湖北省", "420100"),
        ("直昌市", "湖北省", "420500"),
        ("恩施土家族苗族自冶州", "", "422800"),
    ],
)
def test_a_damaged_name_is_matched_below_certainty(written: str, province: str, city: str) -> None:
    match = match_city(written, province)
    assert match.city == city
    assert 0.7 <= match.confidence < 1


def test_a_name_as_near_to_two_cities_is_not_matched_and_both_are_named() -> None:
    match = match_city("武议市")
    assert match.city == ""
    assert "武汉市" in match.why
    assert "武威市" in match.why


def test_a_city_that_the_table_names_elsewhere_is_no_candidate() -> None:
    assert match_city("黄岩市", "湖北省").city == ""
    assert match_city("黄岩市", "湖北省", {"421100"}).city == "420200"


def test_another_place_is_not_taken_for_the_nearest_city() -> None:
    assert match_city("江阴市").city == ""


@pytest.mark.parametrize(("written", "why"), [("河北省", "a province"), ("香港", "outside")])
def test_provinces_and_places_outside_say_so(written: str, why: str) -> None:
    match = match_city(written)
    assert match.city == ""
    assert match.why.startswith(why)


@pytest.mark.parametrize("written", ["宜城市", "宜都市", "昆山", "江山市", "恩施市"])
def test_county_level_cities_are_no_damaged_prefectures(written: str) -> None:
    match = match_city(written, "湖北省")
    assert (match.city, match.why) == ("", "a county-level city")


@pytest.mark.parametrize("written", ["合计", "合 计", "全国", "地级市", "城市合计 National Total"])
def test_totals_are_no_cities(written: str) -> None:
    match = match_city(written, "安徽省")
    assert (match.city, match.why) == ("", "a total")


@pytest.mark.parametrize(
    ("written", "city"),
    [
        ("襄樊市", "420600"), ("思茅市", "530800"), ("毕节地区", "520500"), ("巢湖市", "341400"),
        ("莱芜市①", "371200"), ("石 家 庄", "130100"), ("大理白族自治州", "532900"),
        ("Xiangyang", "420600"),
    ],
)  # fmt: skip
def test_former_names_and_marks_leave_a_name_certain(written: str, city: str) -> None:
    assert match_city(written).city == city


def test_a_slip_of_the_scanner_counts_half() -> None:
    assert edit_distance("毫州市", "亳州市") == 0.5
    assert edit_distance("杭州市", "亳州市") == 1
    assert edit_distance("", "亳州市") == 3
