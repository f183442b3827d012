"""One key for every way in which a source may spell a city."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.divisions import (
    alive,
    city_key,
    label,
    load_divisions,
    note_unmatched,
    province_key,
    province_of,
    region_of,
    resolve,
    unmatched,
)
from urbanecon.cleaning.observations import concat_observations, make_observations
from urbanecon.errors import DataWarning, UnknownNameError

WUHAN, BEIJING = "420100", "110000"


def resolved(*keys: object, province: list[object] | None = None) -> list[object]:
    """Keys of some spellings; 武汉 comes last so that one always matches."""
    given_keys = pd.Series([*keys, "武汉"], dtype="object")
    homes = None if province is None else pd.Series([*province, "湖北"], dtype="object")
    found = resolve(given_keys, source="synthetic", province=homes)
    assert found.iloc[-1] == WUHAN
    return [None if missing else key for key, missing in zip(found, found.isna(), strict=True)][
        :-1
    ]


def reasons(*keys: object) -> list[str]:
    series = pd.Series([*keys, "武汉"], dtype="object")
    city = resolve(series, source="synthetic")
    listed = unmatched(
        series, city, [f"synthetic/a.csv||{row}|A" for row in range(2, 3 + len(keys))]
    )
    return [reason for _, _, reason in listed]


@pytest.mark.parametrize(
    "code", [110000, 110000.0, "110000", "110000.0", 110100, "110100", 1101, "1101", 1100]
)
def test_every_code_of_beijing_is_one_key(code):
    assert resolved(code) == [BEIJING]


@pytest.mark.parametrize(
    "name", ["武汉", "武汉市", " 武 汉　市", "Wuhan", "WUHAN", 4201, "４２０１００"]
)
def test_suffix_spaces_full_width_and_case_do_not_matter(name):
    assert resolved(name) == [WUHAN]


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("襄樊", "襄阳市"), ("襄樊市", "襄阳市"), ("思茅", "普洱市"), ("思茅地区", "普洱市"),
        ("淮阴市", "淮安市"), ("哲里木盟", "通辽市"), ("毕节地区", "毕节市"),
        ("昌都地区", "昌都市"), (522400, "毕节市"), (632100, "海东市"), ("4690", None),
    ],
)  # fmt: skip
def test_former_names_and_codes_lead_to_the_city_of_today(former, today):
    (key,) = resolved(former)
    assert (load_divisions()["name_zh"][key] if key else None) == today


@pytest.mark.parametrize(
    "name", ["恩施", "恩施州", "恩施自治州", "恩施土家族苗族自治州", "鄂西土家族苗族自治州"]
)
def test_an_autonomous_prefecture_may_drop_its_peoples(name):
    assert resolved(name) == ["422800"]


@pytest.mark.parametrize("name", ["恩施市", "喀什市", "武汉市江夏区", 420102, "420115"])
def test_a_county_level_row_is_not_its_prefecture(name):
    assert resolved(name) == [None]


def test_a_province_is_no_city_and_a_city_named_like_its_province_is():
    assert resolved("湖北", "湖北省", 420000, "海南", "吉林省") == [None] * 5
    assert reasons("湖北", 420000, "海南") == ["a province"] * 3
    assert resolved("吉林", "北京", "吉林市") == ["220200", BEIJING, "220200"]
    assert resolved("海南", province=["青海省"]) == ["632500"]


def test_an_abolished_prefecture_keeps_its_full_name_and_its_city_the_short_one():
    assert resolved("柳州地区", "柳州", "柳州市") == ["452200", "450200", "450200"]
    assert resolved("巢湖", "莱芜") == ["341400", "371200"]


def test_an_ambiguous_name_needs_its_province():
    assert resolved("Suzhou") == [None]
    assert reasons("Suzhou") == ["one of 320500, 341300: a province is needed"]
    assert resolved("Suzhou", "Suzhou", province=["安徽", "320000"]) == ["341300", "320500"]


def test_a_name_in_the_wrong_province_is_unmatched():
    assert resolved("武汉", "武汉", province=["湖南省", "湖北省"]) == [None, WUHAN]


def test_hong_kong_macao_and_taiwan_are_known_to_be_outside_the_panel():
    assert reasons("香港特别行政区", 820000, "台湾省") == ["outside the panel"] * 3


def test_unmatched_rows_are_listed_with_name_address_and_reason():
    keys = pd.Series(["武汉市", "武林市", None])
    raw = ["f|s|2|A", "f|s|3|A", "f|s|4|A"]
    city = resolve(keys, source="synthetic")
    assert unmatched(keys, city, raw) == [
        ("武林市", "f|s|3|A", "no unit of this name"),
        (str(keys[2]), "f|s|4|A", "no name"),
    ]


def test_a_column_without_any_city_is_refused():
    with pytest.raises(UnknownNameError, match="synthetic: none of 2 rows names a known city"):
        resolve(pd.Series([2010, 2011]), source="synthetic")


def test_an_empty_column_resolves_to_an_empty_one():
    assert resolve(pd.Series([], dtype="object"), source="synthetic").empty


def observations() -> pd.DataFrame:
    return make_observations(
        city=[WUHAN], year=[2020], variable="gdp", value=[1.0], source="s", raw=["s/a.csv||2|B"]
    )


def test_noted_rows_are_kept_in_attrs_and_named_in_a_warning():
    rows = [(f"name {i}", f"s/a.csv||{i}|A", "no unit of this name") for i in range(7)]
    with pytest.warns(DataWarning, match=r"s/a\.csv: 7 rows.*name 0 .*name 4 .*and 2 more"):
        noted = note_unmatched(observations(), rows)
    assert noted.attrs["unmatched"] == rows
    with pytest.warns(DataWarning, match="1 rows"):
        again = note_unmatched(noted, rows[:1])
    assert again.attrs["unmatched"] == [*rows, rows[0]]


def test_tables_that_list_unmatched_rows_can_be_stacked():
    with pytest.warns(DataWarning):
        noted = note_unmatched(observations(), [("x", "s/a.csv||3|A", "no unit of this name")])
    assert len(concat_observations([noted, observations()])) == 2


@pytest.mark.parametrize("name", ["武汉", "Wuhan", 420100, "420100", "湖北武汉"[2:]])
def test_a_user_may_name_a_city_in_chinese_in_english_or_by_code(name):
    assert city_key(name) == WUHAN


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Wuhn", "Did you mean 'Wuhan'"),
        ("武汗", "Did you mean '武汉'"),
        ("Suzhou", "one of 320500, 341300"),
        ("香港", "outside the panel"),
        ("", "no name"),
    ],
)
def test_a_name_that_is_not_one_city_is_refused_with_a_hint(name, hint):
    with pytest.raises(UnknownNameError, match=hint):
        city_key(name)


def test_labels_are_short_and_english_homonyms_carry_their_province():
    assert label(WUHAN) == "Wuhan"
    assert label(WUHAN, "zh") == "武汉"
    assert label("341300") == "Suzhou (Anhui)"
    assert label("320500") == "Suzhou (Jiangsu)"


def test_province_and_region_of_a_city_and_the_refusal_of_an_unknown_key():
    assert (province_of(WUHAN), region_of(WUHAN)) == ("420000", "central")
    with pytest.raises(UnknownNameError, match="No city has the key '999999'"):
        province_of("999999")


@pytest.mark.parametrize(
    ("city", "first", "last"),
    [
        ("460300", 2012, None), ("451300", 2002, None), ("451400", 2002, None),
        ("640500", 2003, None), ("341400", None, 2011), ("371200", None, 2018),
    ],
)  # fmt: skip
def test_a_city_lives_from_its_founding_to_its_end_both_included(city, first, last):
    years = pd.Series(range(2000, 2025))
    living = alive(pd.Series([city] * 25), years)
    assert list(years[living]) == list(range(first or 2000, (last or 2024) + 1))


def test_provinces_and_the_nation_are_always_alive():
    assert alive(pd.Series(["420000", "000000"]), pd.Series([1900, 2100])).all()


def test_the_table_is_a_copy_that_callers_may_change():
    table = load_divisions()
    table["name_en"] = "changed"
    assert label(WUHAN) == "Wuhan"


def test_the_table_is_complete_and_contradicts_itself_nowhere():
    table = load_divisions()
    assert table.index.is_unique
    assert table["name_zh"].is_unique
    assert table.index.str.fullmatch(r"\d{6}").all()
    described = table.drop(columns=["first_year", "last_year", "former_names", "former_codes"])
    assert (described != "").all(axis=None)
    assert (table["province"].str[:2] == table.index.str[:2]).all()
    assert set(table["region"]) == {"east", "central", "west", "northeast"}
    former = [code for listed in table["former_codes"] for code in listed.split(";") if code]
    assert len(former) == len(set(former))
    assert not set(former) & set(table.index)


def test_every_unit_is_found_by_its_own_key_full_name_and_short_name_in_its_province():
    table = load_divisions()
    for column in ("name_zh", "name_short"):
        living = table[table["last_year"].isna()]
        names = pd.Series(living[column].to_numpy())
        homes = pd.Series(living["province"].to_numpy())
        found = resolve(names, source="divisions", province=homes)
        assert found.to_list() == living.index.to_list()
    keys = pd.Series(table.index.astype("int64"))
    assert resolve(keys, source="divisions").to_list() == table.index.to_list()


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.floats()), max_size=8))
def test_no_spelling_crashes_and_what_is_found_is_a_known_key(keys):
    found = resolve(pd.Series([*keys, "武汉"], dtype="object"), source="synthetic")
    assert len(found) == len(keys) + 1
    assert set(found.dropna()) <= set(load_divisions().index)


def test_a_numeric_code_that_matches_nothing_is_listed_as_it_is_printed():
    keys = pd.Series([420100.0, 999900.0])
    city = resolve(keys, source="synthetic")
    listed = unmatched(keys, city, ["a.csv||2|A", "a.csv||3|A"])
    assert listed == [("999900", "a.csv||3|A", "no unit of this code")]


@pytest.mark.parametrize("name", ["湖北", "湖北省", "Hubei", "420000", "42"])
def test_a_province_is_known_by_name_and_code(name):
    assert province_key(name) == "420000"


def test_a_city_is_no_province_and_its_province_is_named():
    with pytest.raises(UnknownNameError, match="lies in 湖北省"):
        province_key("武汉")
    with pytest.raises(UnknownNameError, match="Did you mean 'Hubei'"):
        province_key("Hubeii")
