"""Cities that exchanged territory become one unit with constant borders."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.boundaries import (
    GROUP_COLUMNS,
    constant_boundary,
    groups,
    join_links,
)
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.joins import joining
from urbanecon.cleaning.observations import concat_observations, make_observations
from urbanecon.cleaning.panel import Derivation, Panel, build_panel
from urbanecon.cleaning.territory import LINK_COLUMNS, SOURCES
from urbanecon.errors import DataError, DataWarning

HEFEI, WUHU, CHAOHU, JINAN, WUHAN = "340100", "340200", "341400", "370100", "420100"
YEARS = (2009, 2010, 2011, 2012)


def links(*pairs: tuple[str, str, int]) -> pd.DataFrame:
    rows = [(*pair, "event", f"event {number}") for number, pair in enumerate(pairs)]
    return pd.DataFrame(rows, columns=list(LINK_COLUMNS))


CHAOHU_ENDS = links((CHAOHU, HEFEI, 2011), (CHAOHU, WUHU, 2011))
HEADS = pd.Series({HEFEI: 9e6, WUHU: 3e6, JINAN: 9e6})


def cells(variable: str, source: str, values: dict[str, list[float]]) -> pd.DataFrame:
    """Synthetic cells, one list of the four years a city."""
    return make_observations(
        city=[city for city in values for _ in YEARS],
        year=[year for _ in values for year in YEARS],
        variable=variable,
        value=[value for given in values.values() for value in given],
        source=source,
        raw=[f"{source}/{variable}.csv||{year}|{city}" for city in values for year in YEARS],
    )


nan = float("nan")
POPULATION = {HEFEI: [4e6, 4e6, 6e6, 6e6], WUHU: [1e6, 1e6, 3e6, 3e6],
              CHAOHU: [4e6, 4e6, 4e6, nan], WUHAN: [8e6] * 4}  # fmt: skip
GDP = {HEFEI: [1.0e11, 1.1e11, 1.3e11, 1.4e11], WUHU: [1.0e10, 1.1e10, 2.0e10, 2.2e10],
       CHAOHU: [2.0e10, 2.1e10, 9.0e9, nan], WUHAN: [1e12] * 4}  # fmt: skip


def panel(*more: pd.DataFrame, gdp: dict[str, list[float]] = GDP) -> Panel:
    tables = [cells("population", "city_macro", POPULATION), cells("gdp", "city_macro", gdp)]
    return build_panel(concat_observations([*tables, *more]))


def joined(*more: pd.DataFrame, gdp: dict[str, list[float]] = GDP) -> pd.DataFrame:
    made = constant_boundary(panel(*more, gdp=gdp), join_links(CHAOHU_ENDS, HEADS))
    return made.data.loc[HEFEI].loc[list(YEARS)]


# --- groups -------------------------------------------------------------------------------


def test_cities_linked_through_a_third_are_one_group_under_the_largest():
    table = join_links(CHAOHU_ENDS, HEADS)
    assert set(table["city"]) == {HEFEI, WUHU, CHAOHU}
    assert set(table["group"]) == {HEFEI}
    assert set(table["label_zh"]) == {"合肥市·芜湖市·巢湖市"}


def test_a_member_that_ended_is_asked_for_until_the_year_before():
    until = join_links(CHAOHU_ENDS, HEADS).set_index("city")["needed_until"]
    assert until[CHAOHU] == 2010
    assert until[[HEFEI, WUHU]].isna().all()


def test_a_member_founded_by_the_change_is_asked_for_from_then_on():
    table = join_links(links(("640300", "640500", 2004)), pd.Series({"640300": 1.4e6}))
    first = table.set_index("city")["needed_from"]
    assert first["640500"] == 2004
    assert pd.isna(first["640300"])


def test_a_member_founded_long_before_is_always_asked_for():
    table = join_links(links(("512000", "510100", 2016)), pd.Series({"510100": 2e7}))
    assert table["needed_from"].isna().all()


def test_each_member_names_the_events_that_touch_it():
    evidence = join_links(CHAOHU_ENDS, HEADS).set_index("city")["evidence"]
    assert evidence.to_dict() == {
        HEFEI: "event 0",
        WUHU: "event 1",
        CHAOHU: "event 0; event 1",
    }


def test_no_links_make_no_groups():
    assert join_links(links(), HEADS).columns.tolist() == list(GROUP_COLUMNS)
    assert join_links(links(), HEADS).empty


# --- joining ------------------------------------------------------------------------------


def test_stocks_and_flows_are_summed_and_an_ended_member_is_not_counted_twice():
    data = joined()
    assert data["population"].tolist() == [9e6, 9e6, 9e6, 9e6]
    assert data["gdp"].tolist() == [1.3e11, 1.42e11, 1.5e11, 1.62e11]


def test_a_missing_member_makes_the_sum_missing():
    without = {city: values for city, values in GDP.items() if city != CHAOHU}
    assert joined(gdp=without)["gdp"].isna().tolist() == [True, True, False, False]


def test_a_member_that_is_not_in_the_panel_at_all_makes_the_sum_missing():
    some = {city: values for city, values in GDP.items() if city != CHAOHU}
    heads = {city: values for city, values in POPULATION.items() if city != CHAOHU}
    tables = [cells("population", "city_macro", heads), cells("gdp", "city_macro", some)]
    made = constant_boundary(
        build_panel(concat_observations(tables)), join_links(CHAOHU_ENDS, HEADS)
    )
    assert made.data.loc[HEFEI].loc[list(YEARS), "gdp"].isna().tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_a_source_measured_on_one_map_does_not_need_a_member_the_map_lacks():
    co2 = cells("co2", "co2_edgar", {HEFEI: [1e6] * 4, WUHU: [2e6] * 4})
    assert joined(co2)["co2"].tolist() == [3e6] * 4


def test_shares_and_concentrations_are_averaged_over_residents():
    share = cells("share_primary", "city_macro",
                  {HEFEI: [0.1] * 4, WUHU: [0.4] * 4, CHAOHU: [0.4, 0.4, 0.9, nan]})  # fmt: skip
    assert joined(share)["share_primary"].tolist() == pytest.approx(
        [(4 * 0.1 + 0.4 + 4 * 0.4) / 9] * 2 + [(6 * 0.1 + 3 * 0.4) / 9] * 2, rel=1e-14
    )


def test_an_index_of_inequality_of_members_is_none_of_the_group():
    gini = cells("light_gini", "light_inequality", {HEFEI: [0.3] * 4, WUHU: [0.3] * 4})
    assert joined(gini)["light_gini"].isna().all()


def test_a_computed_column_is_computed_from_the_joined_ones():
    ratio = Derivation("gdp_pc_real", ("gdp", "population"), lambda money, heads: money / heads)
    published = panel().with_derived([ratio])
    made = constant_boundary(published, join_links(CHAOHU_ENDS, HEADS))
    assert made.data.at[(HEFEI, 2012), "gdp_pc_real"] == 1.62e11 / 9e6
    assert list(made.derivations) == ["gdp_pc_real"]


def test_an_attribute_is_the_largest_member_s_and_a_difference_is_told():
    pilots = make_observations(
        city=[WUHU], year=[2015], variable="pilot_first_year", value=[2015.0],
        source="ntu_pilot", raw=["ntu_pilot/did.dta||1|year"],
    )  # fmt: skip
    with pytest.warns(DataWarning, match="pilot_first_year differ between cities"):
        data = joined(pilots)
    assert data["pilot_first_year"].isna().all()


def test_the_lineage_of_a_joined_cell_lists_the_cells_of_all_members():
    made = constant_boundary(panel(), join_links(CHAOHU_ENDS, HEADS))
    for asked in ("合肥", "芜湖"):
        tree = made.lineage("gdp", asked, 2010)
        assert tree.value == sum(parent.value for parent in tree.inputs)
        assert [str(raw) for raw in tree.raw_cells] == [
            f"city_macro/gdp.csv||2010|{city}" for city in (HEFEI, WUHU, CHAOHU)
        ]
        assert "合肥市·芜湖市·巢湖市 (340100), 2010" in str(tree)
        assert "sum over members" in str(tree)


def test_the_lineage_of_an_average_lists_the_weights_of_all_members():
    share = cells("share_primary", "city_macro", {HEFEI: [0.1] * 4, WUHU: [0.4] * 4})
    made = constant_boundary(panel(share), join_links(CHAOHU_ENDS, HEADS))
    tree = made.lineage("share_primary", "合肥", 2012)
    assert [(parent.variable, parent.place) for parent in tree.inputs] == [
        ("share_primary", HEFEI), ("population", HEFEI),
        ("share_primary", WUHU), ("population", WUHU),
    ]  # fmt: skip


def test_the_lineage_of_a_missing_sum_names_the_member_without_a_cell():
    without = {city: values for city, values in GDP.items() if city != CHAOHU}
    made = constant_boundary(panel(gdp=without), join_links(CHAOHU_ENDS, HEADS))
    assert "missing: 巢湖市 Chaohu (341400) has none" in str(made.lineage("gdp", HEFEI, 2010))


def test_cities_that_exchanged_nothing_and_the_published_panel_are_not_touched():
    published = panel()
    before = published.data.copy()
    made = constant_boundary(published, join_links(CHAOHU_ENDS, HEADS))
    pd.testing.assert_frame_equal(made.data.loc[[WUHAN]], before.loc[[WUHAN]])
    pd.testing.assert_frame_equal(published.data, before)
    assert set(made.data.index.get_level_values("city")) == {HEFEI, WUHAN}


def test_a_panel_without_population_is_refused():
    bare = build_panel(cells("gdp", "city_macro", GDP))
    with pytest.raises(DataError, match="'population'"):
        constant_boundary(bare, join_links(CHAOHU_ENDS, HEADS))


def test_every_variable_of_the_codebook_has_a_way_of_joining_that_fits_its_kind():
    codebook = load_codebook()
    ways = {name: joining(entry) for name, entry in codebook.items() if entry.sources}
    assert {ways[name] for name in ("gdp", "population", "area", "co2", "night_lights")} == {"sum"}
    assert {ways[name] for name in ("share_primary", "pm25_chap", "wage",
                                    "education_private_urban")} == {"mean"}  # fmt: skip
    assert {ways[name] for name in ("atkinson", "light_gini")} == {"none"}
    assert {ways[name] for name in ("pilot_first_year", "price_index")} == {"largest"}


# --- on the real tables -------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(raw_file) -> pd.DataFrame:
    return groups({source: raw_file(source) for source in SOURCES})


@pytest.mark.mirror
def test_nine_groups_are_found(real):
    assert dict(real.groupby("group")["label_zh"].first()) == {
        "220100": "长春市·四平市",
        "340100": "合肥市·芜湖市·马鞍山市·巢湖市",
        "340800": "安庆市·铜陵市",
        "341500": "六安市·淮南市",
        "370100": "济南市·莱芜市",
        "450100": "南宁市·崇左市·南宁地区",
        "450200": "柳州市·来宾市·柳州地区",
        "510100": "成都市·资阳市",
        "640300": "吴忠市·固原市·中卫市",
    }


@pytest.mark.mirror
def test_the_area_of_a_joined_unit_holds_still_where_that_of_its_members_jumps(real, raw_file):
    from urbanecon.cleaning.sources import city_macro

    read = city_macro.read(raw_file("city_macro"))
    read.attrs = {}
    read = read[read["variable"].isin(["area", "population"])]
    published = build_panel(read)
    made = constant_boundary(published, real)
    for key, change in (("340100", 2011), ("340800", 2016), ("341500", 2016), ("510100", 2016)):
        before, after = (change - 1, change)
        alone = published.data.loc[key, "area"]
        whole = made.data.loc[key, "area"]
        assert abs(np.log(alone[after] / alone[before])) > 0.1
        assert abs(np.log(whole[after] / whole[before])) < 0.01


@pytest.mark.mirror
def test_residents_that_the_table_gives_laiwu_are_not_its_own_and_end_the_joined_series(
    real, raw_file
):
    from urbanecon.cleaning.sources import city_macro

    read = city_macro.read(raw_file("city_macro"))
    read.attrs = {}
    published = build_panel(read[read["variable"] == "population"])
    assert published.data.at[("371200", 2018), "population"] > 5e6
    with pytest.warns(DataWarning, match="370100: population"):
        made = constant_boundary(published, real)
    jinan = made.data.loc["370100", "population"]
    assert jinan.first_valid_index() == 2019
