"""Event studies on synthetic adoption."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.event_study import event_study, relative_years
from urbanecon.estimation.fixed_effects import fixed_effects

YEARS = range(2005, 2020)


@pytest.fixture
def panel():
    """Synthetic panel of 90 cities: a third adopts in 2010, a third in 2013, a third never."""
    rng = np.random.default_rng(6)
    index = pd.MultiIndex.from_product([range(90), YEARS], names=["city", "year"])
    data = pd.DataFrame(index=index)
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    data["first"] = np.choose(city % 3, [2010.0, 2013.0, np.nan])
    data["since"] = year - data["first"]
    data["x"] = rng.normal(size=len(data))
    data["base"] = rng.normal(size=90)[city] + 0.1 * (year - 2005) + data["x"]
    # the effect grows by 0.2 a year and stays at 1.2 from the fifth on
    data["effect"] = (0.2 * (data["since"].clip(upper=5) + 1)).where(data["since"] >= 0, 0.0)
    data["y"] = data["base"] + data["effect"]
    data["noisy"] = data["y"] + rng.normal(scale=0.3, size=len(data))
    return data


def test_without_noise_the_path_is_the_truth(panel):
    fit = event_study(panel, "y", "first", controls=["x"])
    path = fit.extra["path"].set_index("relative_year")
    assert list(path.index) == list(range(-5, 6))
    truth = [0.0] * 5 + [0.2 * (r + 1) for r in range(6)]
    np.testing.assert_allclose(path["estimate"], truth, atol=1e-10)
    assert fit.params["x"] == pytest.approx(1)
    assert fit.stats["mean_post"] == pytest.approx(np.mean(truth[5:]))


def test_terms_are_named_by_relative_year_and_the_base_is_a_row_of_zeros(panel):
    fit = event_study(panel, "noisy", "first", window=(-3, 2))
    assert list(fit.params.index) == ["t-3", "t-2", "t+0", "t+1", "t+2"]
    path = fit.extra["path"].set_index("relative_year")
    assert (path.loc[-1, ["estimate", "se", "low", "high"]] == 0).all()
    assert path.loc[1, "estimate"] == fit.params["t+1"]
    assert path.loc[-3, "se"] == fit.se["t-3"]
    assert path.loc[2, "high"] == fit.conf_int().loc["t+2", "high"]
    assert path.index[path["binned"]].tolist() == [-3, 2]
    # 30 cities from 2010 and 30 from 2013, all years from the second on
    assert path.loc[2, "rows"] == 30 * 8 + 30 * 5


def test_endpoints_gather_all_years_beyond(panel):
    fit = event_study(panel, "noisy", "first", window=(-2, 1), vcov="hetero")
    bins = panel["since"].clip(-2, 1)
    by_hand = panel.assign(**{f"d{r}": (bins == r).astype(float) for r in (-2, 0, 1)})
    expected = fixed_effects(by_hand, "noisy", ["d-2", "d0", "d1"], vcov="hetero")
    np.testing.assert_allclose(fit.params, expected.params, rtol=1e-12)
    np.testing.assert_allclose(fit.vcov, expected.vcov, rtol=1e-12)


def test_joint_tests_and_mean_effect_come_with_the_path(panel):
    fit = event_study(panel, "noisy", "first", controls=["x"])
    leads, lags, mean = fit.diagnostics
    assert leads.name == "joint test of leads"
    assert leads.df == (4, 89)
    assert leads.p > 0.01
    assert lags.df == (6, 89)
    assert lags.p < 1e-10
    terms = [f"t+{r}" for r in range(6)]
    weights = np.full(6, 1 / 6)
    se = np.sqrt(weights @ fit.vcov.loc[terms, terms].to_numpy() @ weights)
    assert fit.stats["mean_post_se"] == pytest.approx(se)
    assert mean.statistic == pytest.approx(fit.stats["mean_post"] / se)


def test_a_pre_trend_is_found(panel):
    drift = 0.15 * panel["since"].fillna(0)
    data = panel.assign(noisy=panel["noisy"] + drift)
    fit = event_study(data, "noisy", "first", controls=["x"])
    assert fit.diagnostics[0].p < 1e-6


def test_relative_years_without_a_row_are_named_and_left_out(panel):
    since = panel["since"]
    panel["noisy"] = panel["noisy"].mask(since.isin([-3, 2]))
    with pytest.warns(EstimationWarning, match=r"relative year -3, \+2: left out"):
        fit = event_study(panel, "noisy", "first")
    assert {-3, 2}.isdisjoint(fit.extra["path"]["relative_year"])
    assert any("-3, +2" in note for note in fit.warnings)
    assert fit.diagnostics[0].df[0] == 3


def test_an_outcome_observed_every_other_year_still_has_its_path(panel):
    odd = panel.index.get_level_values("year") % 2 == 1
    fit = event_study(panel.assign(y=panel["y"].where(odd)), "y", "first", controls=["x"])
    path = fit.extra["path"].set_index("relative_year")
    np.testing.assert_allclose(path.loc[4, "estimate"], 1.0, atol=1e-10)


def test_a_base_year_that_nobody_has_is_not_estimable(panel):
    panel["noisy"] = panel["noisy"].mask(panel["since"] == -1)
    with pytest.raises(NotEstimableError, match="observed in the relative year -1"):
        event_study(panel, "noisy", "first")


def test_a_continuous_treatment_has_no_event_study(panel):
    panel["share"] = np.linspace(0.2, 0.9, len(panel))
    with pytest.raises(NotEstimableError, match=r"'share' holds 0\.2, not a year; .*continuous"):
        event_study(panel, "noisy", "share")
    panel["pilot"] = (panel["since"] >= 0).astype(float)
    with pytest.raises(NotEstimableError, match="'pilot' changes within city 0"):
        event_study(panel, "noisy", "pilot")


def test_text_in_place_of_a_first_year_is_never_taken_for_never_treated(panel):
    panel["first"] = panel["first"].astype(object).where(panel["first"].notna(), "none")
    with pytest.raises(NotEstimableError, match="'first' holds 'none', not a year"):
        event_study(panel, "noisy", "first")


def test_a_treatment_that_nobody_gets_is_not_estimable(panel):
    with pytest.raises(NotEstimableError, match="'first' is missing everywhere"):
        event_study(panel.assign(first=np.nan), "noisy", "first")


def test_a_first_year_missing_in_some_rows_of_a_city_is_refused(panel):
    panel.iloc[3, panel.columns.get_loc("first")] = np.nan
    with pytest.raises(NotEstimableError, match="'first' changes within city 0"):
        event_study(panel, "noisy", "first")


def test_never_treated_cities_have_no_relative_year(panel):
    relative = relative_years(panel, "first")
    assert relative.loc[2].isna().all()
    assert relative.loc[(0, 2012)] == 2


def test_wrong_names_and_windows_are_refused(panel):
    with pytest.raises(MissingColumnError, match="Did you mean 'first'"):
        event_study(panel, "noisy", "frist")
    with pytest.raises(MissingColumnError, match="Did you mean 'noisy'"):
        event_study(panel, "nosy", "first")
    with pytest.raises(EstimationError, match="hold the base -9"):
        event_study(panel, "noisy", "first", base=-9)
    with pytest.raises(EstimationError, match="already have columns named t-3"):
        event_study(panel.assign(**{"t-3": 0.0}), "noisy", "first")
