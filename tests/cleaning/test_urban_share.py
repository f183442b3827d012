"""The benchmarked urban share keeps the yearly movement and the census levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.observations import Flag, concat_observations, make_observations
from urbanecon.cleaning.panel import Panel, build_panel
from urbanecon.cleaning.urban_share import (
    BOUND,
    VARIABLE,
    annual_share,
    benchmark,
    borrowed,
    residuals,
    suspicious,
    with_benchmarked_share,
)

WUHAN, XIANGYANG, JINGZHOU, YICHANG, BEIJING = "420100", "420600", "421000", "420500", "110000"


def shares(values: dict[int, float], city: str = WUHAN) -> pd.Series:
    index = pd.MultiIndex.from_product([[city], values], names=["city", "year"])
    return pd.Series(list(values.values()), index, dtype="float64")


def steady(start: float = 0.40, step: float = 0.01, city: str = WUHAN) -> pd.Series:
    """A synthetic share that rises by one step a year from 2006 to 2018."""
    return shares({year: start + step * (year - 2006) for year in range(2006, 2019)}, city)


def logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


# --- the method ---------------------------------------------------------------------------


def test_the_series_meets_the_census_of_2010():
    table = benchmark(steady(), shares({2010: 0.50, 2020: 0.62}))
    assert table["benchmarked"][WUHAN, 2010] == pytest.approx(0.50, rel=1e-14)


def test_before_2010_the_distance_on_the_logit_scale_is_constant():
    table = benchmark(steady(), shares({2010: 0.50, 2020: 0.62}))
    early = table[table.index.get_level_values("year") <= 2010]
    distance = early["benchmarked"].map(logit) - early["share"].map(logit)
    assert distance.to_numpy() == pytest.approx(np.full(5, logit(0.50) - logit(0.44)), rel=1e-12)


def test_after_2010_the_correction_grows_by_the_same_step_each_year():
    table = benchmark(steady(), shares({2010: 0.50, 2020: 0.70})).loc[WUHAN].loc[2010:]
    correction = table["benchmarked"].map(logit) - table["share"].map(logit)
    steps = correction.diff().dropna()
    assert steps.max() - steps.min() < 1e-12
    assert steps.iloc[0] > 0


def test_continued_by_its_usual_change_and_correction_the_series_meets_the_census_of_2020():
    census = shares({2010: 0.50, 2020: 0.70})
    share = steady()
    series = benchmark(share, census)["benchmarked"].map(logit).loc[WUHAN]
    changes = share.map(logit).diff()
    yearly = series.loc[2018] - series.loc[2017] - changes[WUHAN, 2018]
    ahead = series.loc[2018] + 2 * (changes.median() + yearly)
    assert ahead == pytest.approx(logit(0.70), rel=1e-12)


def test_yearly_figures_that_agree_with_both_censuses_are_not_changed():
    growth = {year: 1 / (1 + np.exp(-(-0.4 + 0.05 * (year - 2006)))) for year in range(2006, 2021)}
    given_years = {year: value for year, value in growth.items() if year <= 2018}
    table = benchmark(shares(given_years), shares({2010: growth[2010], 2020: growth[2020]}))
    assert table["benchmarked"].to_numpy() == pytest.approx(table["share"].to_numpy(), rel=1e-12)


def test_a_jump_is_replaced_by_the_usual_change_and_flagged():
    broken = steady()
    broken[broken.index.get_level_values("year") >= 2014] += 0.30
    table = benchmark(broken, shares({2010: 0.44, 2020: 0.54})).loc[WUHAN]
    assert table["flag"].to_dict()[2014] == Flag.OUTLIER
    assert (table["flag"] == Flag.OUTLIER).sum() == 1
    assert table["benchmarked"].diff().abs().max() < 0.03


def test_a_city_without_the_census_of_2020_is_extrapolated_after_2010_and_says_so():
    table = benchmark(steady(), shares({2010: 0.50})).loc[WUHAN]
    assert set(table["flag"].loc[:2010]) == {Flag.DERIVED}
    assert set(table["flag"].loc[2011:]) == {Flag.EXTRAPOLATED}
    assert table["benchmarked"].notna().all()


def test_a_city_without_the_census_of_2010_has_no_series():
    assert benchmark(steady(), shares({2020: 0.6}))["benchmarked"].isna().all()


def test_a_city_without_a_yearly_figure_of_2010_has_no_series():
    share = steady().drop((WUHAN, 2010))
    assert benchmark(share, shares({2010: 0.5, 2020: 0.6}))["benchmarked"].isna().all()


def test_nothing_is_made_for_a_year_without_a_figure():
    share = steady().drop((WUHAN, 2015))
    table = benchmark(share, shares({2010: 0.5, 2020: 0.6}))
    assert (WUHAN, 2015) not in table.index
    assert len(table) == 12


def test_a_wholly_urban_city_stays_next_to_one():
    whole = shares(dict.fromkeys(range(2006, 2019), 1.0))
    made = benchmark(whole, shares({2010: 1.0, 2020: 1.0}))["benchmarked"]
    assert made.to_numpy() == pytest.approx(np.full(13, 1 - BOUND), rel=1e-12)


@given(
    st.lists(st.floats(0, 1), min_size=13, max_size=13), st.floats(0.01, 0.99), st.floats(0.01, 1)
)
def test_no_share_leaves_zero_to_one_whatever_is_given(values, first, last):
    share = shares(dict(zip(range(2006, 2019), values, strict=True)))
    table = benchmark(share, shares({2010: first, 2020: last}))
    assert table["benchmarked"].between(0, 1).all()
    assert table["share"].tolist() == values


def test_cities_do_not_disturb_one_another_and_rows_may_come_in_any_order():
    both = pd.concat([steady(), steady(0.6, 0.005, XIANGYANG)])
    census = pd.concat([shares({2010: 0.5, 2020: 0.6}),
                        shares({2010: 0.6, 2020: 0.65}, XIANGYANG)])  # fmt: skip
    together = benchmark(both.iloc[::-1], census)["benchmarked"].loc[WUHAN]
    alone = benchmark(steady(), census)["benchmarked"].loc[WUHAN]
    assert together.tolist() == alone.tolist()


# --- what is suspicious -------------------------------------------------------------------


def test_a_change_is_judged_by_the_year():
    share = shares({2006: 0.40, 2008: 0.47, 2009: 0.52})
    assert suspicious(share).tolist() == [False, False, True]


def test_three_equal_shares_of_a_province_are_borrowed_and_two_are_not():
    three = pd.concat([shares({2006: 0.511}, city) for city in (WUHAN, XIANGYANG, JINGZHOU)])
    assert borrowed(three).all()
    assert not borrowed(three.iloc[:2]).any()
    assert not borrowed(pd.concat([three.iloc[:2], shares({2006: 0.511}, BEIJING)])).any()


def test_borrowed_movement_is_flagged_as_not_the_city_s_own():
    cities = (WUHAN, XIANGYANG, JINGZHOU)
    census = pd.concat([shares({2010: 0.5, 2020: 0.6}, city) for city in cities])
    table = benchmark(pd.concat([steady(city=city) for city in cities]), census)
    assert set(table["flag"]) == {Flag.INTERPOLATED}


def test_the_residuals_tell_what_the_yearly_figures_missed():
    row = residuals(steady(), shares({2010: 0.50, 2020: 0.50})).loc[WUHAN]
    assert row["residual_2010"] == pytest.approx(0.44 - 0.50, rel=1e-12)
    assert 0.07 < row["residual_2020"] < 0.12
    assert row["jumps"] == 0


# --- in the panel -------------------------------------------------------------------------


def cells(variable: str, source: str, values: dict[tuple[str, int], float]) -> pd.DataFrame:
    return make_observations(
        city=[city for city, _ in values],
        year=[year for _, year in values],
        variable=variable,
        value=values.values(),
        source=source,
        raw=[f"{source}/{variable}||{year}|{city}" for city, year in values],
    )


def panel(urban_2015: float = 5e6) -> Panel:
    years = range(2006, 2019)
    urban = {(WUHAN, year): 4e6 + 1e5 * (year - 2006) for year in years}
    urban[WUHAN, 2015] = urban_2015
    rural = {key: 1e7 - value if value < 1e7 else -1e6 for key, value in urban.items()}
    tables = [
        cells("population_urban", "gpi_prefecture", urban),
        cells("population_rural", "gpi_prefecture", rural),
    ]
    for kind, counts in (("urban", (5e6, 6.5e6)), ("rural", (5e6, 3.5e6))):
        census = {
            (city, year): count
            for city in (WUHAN, BEIJING)
            for year, count in zip((2010, 2020), counts, strict=True)
        }
        tables.append(cells(f"population_{kind}_census", "census_2010_2020", census))
        beijing = {(BEIJING, year): 5e6 for year in range(1990, 2019)}
        tables.append(cells(f"population_{kind}_province", "gpi_province", beijing))
    return build_panel(concat_observations(tables))


def test_municipalities_come_from_the_table_of_provinces_within_the_window():
    share = annual_share(panel())
    assert share.loc[BEIJING].index.tolist() == list(range(2006, 2019))
    assert (share.loc[BEIJING] == 0.5).all()


def test_a_share_above_one_is_impossible_and_missing():
    assert (WUHAN, 2015) not in annual_share(panel(urban_2015=1.2e7)).index


def test_the_panel_gets_the_column_and_lineage_names_yearly_and_census_cells():
    made = with_benchmarked_share(panel())
    assert made.data.at[(WUHAN, 2010), VARIABLE] == pytest.approx(0.5, rel=1e-12)
    raw = [str(cell) for cell in made.lineage(VARIABLE, WUHAN, 2012).raw_cells]
    for cell in (
        f"gpi_prefecture/population_urban||2012|{WUHAN}",
        f"gpi_prefecture/population_rural||2012|{WUHAN}",
        f"census_2010_2020/population_urban_census||2010|{WUHAN}",
        f"census_2010_2020/population_rural_census||2020|{WUHAN}",
        f"gpi_prefecture/population_urban||2018|{WUHAN}",
    ):
        assert cell in raw
    assert made.lineage(VARIABLE, BEIJING, 2012).cells["source"].tolist() == ["gpi_province"]


def test_the_raw_share_stands_beside_it_unchanged():
    before = panel()
    after = with_benchmarked_share(before)
    pd.testing.assert_frame_equal(after.data.drop(columns=VARIABLE), before.data)


def test_doing_it_twice_changes_nothing():
    once = with_benchmarked_share(panel())
    twice = with_benchmarked_share(once)
    pd.testing.assert_frame_equal(twice.data, once.data)
    assert len(twice.cells) == len(once.cells)


def test_a_panel_without_censuses_is_left_as_it_is():
    bare = build_panel(cells("population_urban", "gpi_prefecture", {(WUHAN, 2010): 5e6}))
    assert VARIABLE not in with_benchmarked_share(bare).data


# --- on the real tables -------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(raw_file) -> Panel:
    from urbanecon.cleaning.audit import apply_findings, impossible
    from urbanecon.cleaning.sources import census_2010_2020, gpi_prefecture, gpi_province

    tables = [
        module.read(raw_file(name))
        for name, module in (
            ("census_2010_2020", census_2010_2020),
            ("gpi_prefecture", gpi_prefecture),
            ("gpi_province", gpi_province),
        )
    ]
    table = concat_observations([table.assign() for table in tables])
    table.attrs = {}
    return with_benchmarked_share(build_panel(apply_findings(table, impossible(table))))


@pytest.mark.mirror
def test_288_cities_have_a_series_and_its_aggregate_is_the_revised_national_one(real):
    series = real.data[VARIABLE].dropna()
    assert series.index.get_level_values("city").nunique() == 288
    heads = real.data["population_gpi"].combine_first(
        real.provinces["population_province"].rename_axis(["city", "year"])
    )
    year = series.xs(2018, level="year")
    aggregate = np.average(year, weights=heads.xs(2018, level="year").reindex(year.index))
    # The national share of 2018 was revised from 59.6 to 61.5 percent after 2020.
    assert aggregate == pytest.approx(0.615, abs=0.005)


@pytest.mark.mirror
def test_in_2010_every_series_equals_its_census(real):
    table = real.data.xs(2010, level="year")
    urban, rural = table["population_urban_census"], table["population_rural_census"]
    apart = (table[VARIABLE] - urban / (urban + rural)).abs().dropna()
    assert len(apart) == 288
    assert apart.max() <= BOUND + 1e-12


@pytest.mark.mirror
def test_the_jumps_of_the_yearly_table_are_gone(real):
    share = annual_share(real)
    jumps = suspicious(share)
    assert jumps.sum() == 75
    assert jumps["220800", 2014]
    steps = real.data[VARIABLE].dropna().groupby(level="city").diff()
    assert steps.abs().max() < 0.07
    assert (share.groupby(level=0).diff().abs().max()) > 0.4


@pytest.mark.mirror
def test_cities_of_jilin_repeat_the_province_s_share_until_2013(real):
    found = borrowed(annual_share(real))
    jilin = found[found & found.index.get_level_values(0).str.startswith("22")]
    assert set(jilin.index.get_level_values(1)) == set(range(2006, 2014))
    assert len(jilin) == 64
