"""Variants of the panel: flags admitted, outcomes and treatments in each definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.choices import FLAGS, MEASURES, space_of
from urbanecon.effects.controls import CONTROLS, baseline, since, trend
from urbanecon.effects.variants import panel_variants, winsorised, with_flags
from urbanecon.errors import NotEstimableError


@pytest.fixture(scope="module")
def panel(whole_panel: Panel) -> Panel:
    return whole_panel


@pytest.fixture(scope="module")
def frames(variants: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return variants


def test_what_is_admitted_in_the_panel_is_the_panel(
    panel: Panel, frames: dict[str, pd.DataFrame]
) -> None:
    frame = frames["admitted, published"]
    for name in ("ln_gdp_pc_real", "ln_so2", "light_gini", "pilot", "urban_share_benchmarked"):
        pd.testing.assert_series_equal(frame[name], panel.data[name])
    for name in ("coupling_culture", "ln_retail_sales_pc", "rationalisation"):
        np.testing.assert_allclose(frame[name], panel.data[name], rtol=1e-12)
    for dimension in ("economy", "services", "ecology", "integration"):
        name = f"ntu_index_without_{dimension}"
        np.testing.assert_allclose(frame[f"{name}_entropy"], panel.data[name], rtol=1e-12)


def test_cells_that_are_not_admitted_leave_and_take_what_rests_on_them(panel: Panel) -> None:
    clean = with_flags(panel, FLAGS["clean"])
    own = panel.cells[(panel.cells["variable"] == "gdp") & (panel.cells["flag"] != "ok")]
    flagged = panel.data.index.isin(pd.MultiIndex.from_frame(own[["city", "year"]]))
    assert clean.data.loc[flagged, ["gdp", "ln_gdp_pc_real"]].isna().all(axis=None)
    assert clean.data.loc[~flagged, "ln_gdp_pc_real"].notna().all()
    filled = with_flags(panel, FLAGS["no_filled"]).data["gdp"].isna().sum()
    assert 0 < filled < flagged.sum()


def test_all_lets_pasted_cells_in(panel: Panel) -> None:
    pasted = panel.cells["variable"].eq("students") & panel.cells["year"].eq(2011)
    cells = panel.cells.assign(flag=panel.cells["flag"].mask(pasted, "pasted"))
    years = panel.data.index.get_level_values("year")
    data = panel.data.assign(students=panel.data["students"].mask(years == 2011))
    held = Panel(data, panel.provinces, cells, panel.derivations)
    assert with_flags(held, FLAGS["all"]).data["students"].equals(panel.data["students"])
    assert with_flags(held, FLAGS["admitted"]).data["students"].equals(data["students"])


def test_the_later_first_year_moves_the_first_batch_alone(
    frames: dict[str, pd.DataFrame],
) -> None:
    frame = frames["admitted, published"]
    moved = frame["pilot"] != frame["pilot_2015"]
    years = frame.index.get_level_values("year")
    assert (years[moved] == 2014).all()
    assert moved.sum() == frame.loc[years == 2014, "pilot"].sum() > 0


def test_without_a_deflator_money_is_at_current_prices(
    panel: Panel, frames: dict[str, pd.DataFrame]
) -> None:
    nominal = np.log(panel.data["gdp"] / panel.data["population"])
    found = frames["admitted, published"]["ln_gdp_pc_real_nominal"]
    np.testing.assert_allclose(found, nominal, rtol=1e-12)


def test_every_column_that_a_world_may_ask_for_is_there(frames: dict[str, pd.DataFrame]) -> None:
    for effect in MEASURES:
        space = space_of(effect, contested=True).only(boundary="published")
        for number in np.random.default_rng(0).choice(space.worlds, 300):
            asked = space.equation(space.world(int(number)))
            wanted = {asked.outcome, asked.treatment, *space.controls}
            assert wanted | ({asked.sample} - {""}) <= set(frames[asked.frame])


def test_a_coupling_is_another_under_other_weights(frames: dict[str, pd.DataFrame]) -> None:
    frame = frames["admitted, published"]
    equal, entropy = frame["coupling_culture_equal"], frame["coupling_culture"]
    assert equal.notna().equals(entropy.notna())
    assert 0.2 < equal.corr(entropy) < 1.0
    assert (equal - entropy).abs().max() > 0.01


def test_size_bands_are_thirds_and_a_province_can_be_left_out(
    frames: dict[str, pd.DataFrame],
) -> None:
    frame = frames["admitted, published"]
    assert set(frame[["small", "medium", "large"]].sum()) == {24 * 20}
    assert (frame[["small", "medium", "large"]].sum(axis=1) == 1).all()
    some = frame["province"].iloc[0]
    assert frame[f"without_{some}"].equals(frame["province"] != some)


def test_extremes_are_set_to_the_quantiles_of_their_year() -> None:
    index = pd.MultiIndex.from_product([range(101), [2001, 2002]], names=["city", "year"])
    values = pd.Series(np.repeat(np.arange(101.0), 2), index).where(lambda v: v != 50)
    values += 1000 * (index.get_level_values("year") == 2002)
    found = winsorised(values, 0.02)
    assert (found.xs(2001, level=1).min(), found.xs(2001, level=1).max()) == pytest.approx(
        (1.98, 98.02)
    )
    assert found.xs(2002, level=1).min() == pytest.approx(1001.98)
    assert found.isna().equals(values.isna())
    assert winsorised(values, 0.0).equals(values)


def test_a_baseline_control_does_not_move_with_later_years(panel: Panel) -> None:
    column = panel.data["ln_gdp_pc_real"]
    years = column.index.get_level_values("year")
    later = column.where(years <= 2005, 99.0)
    assert baseline(column).equals(baseline(later))
    assert set(trend(column.index)[years == 2013]) == {0.0}


def test_a_programme_starts_in_its_first_year_and_never_without_one() -> None:
    index = pd.MultiIndex.from_product([["1", "2"], [2009, 2010]], names=["city", "year"])
    first = pd.Series([2010.0, 2010.0, np.nan, np.nan], index)
    assert since(first).tolist() == [0.0, 1.0, 0.0, 0.0]


def test_controls_that_are_not_contested_do_not_read_the_years_of_treatment(
    panel: Panel,
) -> None:
    years = panel.data.index.get_level_values("year")
    for control in CONTROLS:
        if control.contested or control.variable.endswith("_first_year"):
            continue
        column = panel.data[control.variable]
        by_city = control.make(column) / trend(column.index).where(years != 2013)
        spread = by_city.groupby(level="city").agg(lambda v: v.max() - v.min())
        assert (spread.abs() < 1e-9 * by_city.abs().max()).all()


def test_an_absent_column_is_named(panel: Panel) -> None:
    without = Panel(
        panel.data.drop(columns="npp"), panel.provinces, panel.cells, panel.derivations
    )
    with pytest.raises(NotEstimableError, match="needs npp"):
        panel_variants(without)
