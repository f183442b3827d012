"""Quantiles via moments: identities, known truth, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.quantile_moments import (
    ScaleEquation,
    clustered_covariance,
    estimate_moments,
    influence_functions,
    quantile_of_errors,
)
from urbanecon.estimation.quantile_panel import quantile_panel
from urbanecon.estimation.quantile_solver import regression_quantile

TAUS = (0.1, 0.5, 0.9)
QUIET = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


def drawn(rng, units=60, periods=20, slope=0.5):
    """Synthetic x and y = a + x + (1 + d + slope x) u, effects in location and scale."""
    effect = rng.normal(size=(units, 1))
    x = rng.uniform(0, 2, (units, periods)) + 0.3 * np.abs(effect)
    scale = 1 + 0.2 * np.abs(effect) + slope * x
    y = effect + x + scale * rng.normal(size=(units, periods))
    return x.ravel(), y.ravel()


def synthetic(rng, units=60, periods=20, slope=0.5):
    """What is drawn, as a panel."""
    index = pd.MultiIndex.from_product(
        [range(units), range(2000, 2000 + periods)], names=["city", "year"]
    )
    x, y = drawn(rng, units, periods, slope)
    return pd.DataFrame({"x": x, "y": y}, index=index)


@pytest.fixture
def panel():
    return synthetic(np.random.default_rng(31))


def test_location_and_scale_are_fixed_effects_regressions(panel):
    fit = quantile_panel(panel, "y", ["x"], TAUS)
    mean = fixed_effects(panel, "y", ["x"], ["city"])
    b = mean.params["x"]
    residual = panel["y"] - b * panel["x"]
    residual -= residual.groupby(level="city").transform("mean")
    size = fixed_effects(panel.assign(size=residual.abs()), "size", ["x"], ["city"])
    table = fit.extra["location_scale"].iloc[0]
    assert table["location"] == pytest.approx(b, rel=1e-12)
    assert table["scale"] == pytest.approx(size.params["x"], rel=1e-12)
    # the location's standard error is the clustered one up to its factor
    assert table["location_se"] == pytest.approx(mean.se["x"], rel=2e-3)
    for tau in TAUS:
        slope = table["location"] + fit.stats[f"q@{tau}"] * table["scale"]
        assert fit.params[f"x@{tau}"] == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("tau", [0.2, 0.5, 0.83])
def test_the_quantile_of_errors_is_a_regression_quantile_on_the_scale(tau):
    rng = np.random.default_rng(2)
    spread = rng.normal(1, 0.7, 151)  # some negative
    r = rng.normal(size=151)
    w = rng.integers(1, 4, 151).astype(float)
    expected = regression_quantile(w * r, np.asfortranarray((w * spread)[:, None]), tau)
    assert quantile_of_errors(r, spread, w, tau) == pytest.approx(expected.params[0], rel=1e-12)


def simulation(seed, draws=1000, units=80, periods=40):
    """Mean estimate and coverage at each quantile; steps and errors are the estimator's."""
    rng, taus = np.random.default_rng(seed), (0.1, 0.25, 0.5, 0.75, 0.9)
    truth = 1 + 0.5 * stats.norm.ppf(taus)
    city = np.repeat(np.arange(units), periods)
    estimates, hits = np.empty((draws, 5)), np.empty((draws, 5))
    for r in range(draws):
        x, y = drawn(rng, units, periods)
        equation = ScaleEquation(y, np.asfortranarray(x[:, None]), [city])
        found = estimate_moments(equation, taus, None)
        joint = clustered_covariance(influence_functions(equation, found, taus), city)
        estimates[r] = found.slopes.ravel()
        reach = stats.t.ppf(0.975, units - 1) * np.sqrt(np.diag(joint)[2:])
        hits[r] = np.abs(estimates[r] - truth) <= reach
    return estimates.mean(axis=0) - truth, hits.mean(axis=0)


@pytest.mark.slow
def test_40_periods_draw_the_quantiles_together_and_the_outer_ones_are_covered_too_rarely():
    bias, covered = simulation(0)
    np.testing.assert_allclose(bias, [0.03, 0.01, 0, -0.01, -0.03], atol=0.008)
    assert ((covered[1:4] >= 0.93) & (covered[1:4] <= 0.97)).all(), covered
    # two binomial standard errors
    np.testing.assert_allclose(covered[[0, 4]], 0.93, atol=0.016)


def test_the_bootstrap_is_near_the_analytic_errors(panel):
    analytic = quantile_panel(panel, "y", ["x"], TAUS)
    drawn = quantile_panel(panel, "y", ["x"], TAUS, draws=300, seed=1)
    np.testing.assert_allclose(drawn.se, analytic.se, rtol=0.2)
    np.testing.assert_array_equal(drawn.params, analytic.params)
    assert drawn.inference == "bootstrap of city, 300 draws"


def test_without_scale_effects_all_quantiles_have_one_slope():
    data = synthetic(np.random.default_rng(33), slope=0.0)
    assert quantile_panel(data, "y", ["x"], TAUS).diagnostics[0].p > 0.05
    strong = synthetic(np.random.default_rng(33), slope=1.0)
    assert quantile_panel(strong, "y", ["x"], TAUS).diagnostics[0].p < 1e-6


@QUIET
def test_year_effects_and_gaps_are_allowed(panel):
    rng = np.random.default_rng(3)
    shift = panel.index.get_level_values("year").to_numpy() % 7
    shifted = panel.assign(y=panel["y"] + 2.0 * shift)[rng.random(len(panel)) < 0.8]
    fit = quantile_panel(shifted, "y", ["x"], TAUS, effects=["city", "year"])
    plain = quantile_panel(panel.loc[shifted.index], "y", ["x"], TAUS, effects=["city", "year"])
    np.testing.assert_allclose(fit.params, plain.params, rtol=1e-9)
    assert fit.fixed_effects == ("city", "year")
    pooled = quantile_panel(panel, "y", ["x"], TAUS, effects=[])
    assert pooled.fixed_effects == ()


def test_neither_the_order_of_rows_nor_units_of_measurement_matter(panel):
    fit = quantile_panel(panel, "y", ["x"], TAUS, draws=50)
    again = quantile_panel(panel.sample(frac=1, random_state=1), "y", ["x"], TAUS, draws=50)
    pd.testing.assert_series_equal(fit.params, again.params, check_exact=True)
    pd.testing.assert_frame_equal(fit.vcov, again.vcov, check_exact=True)
    plain = quantile_panel(panel, "y", ["x"], TAUS)
    scaled = quantile_panel(panel * [1e6, 1e-6], "y", ["x"], TAUS)
    np.testing.assert_allclose(scaled.params * 1e12, plain.params, rtol=1e-8)
    np.testing.assert_allclose(scaled.se * 1e12, plain.se, rtol=1e-6)


@QUIET
def test_singletons_short_panels_and_dropped_columns_are_told_of(panel):
    alone = panel.iloc[[0]].rename(index={0: 999})
    data = pd.concat([panel, alone])
    data["fixed"] = 1.0 * data.index.get_level_values("city")
    with pytest.warns(EstimationWarning, match="1 rows are alone in a level of city"):
        fit = quantile_panel(data, "y", ["x", "fixed"])
    assert "'fixed' was dropped: it does not vary within the effects" in fit.warnings
    without = quantile_panel(panel, "y", ["x"])
    assert fit.params["x"] == pytest.approx(without.params["x"], rel=1e-9)
    assert fit.se["x"] == pytest.approx(without.se["x"], rel=0.01)
    short = panel[panel.index.get_level_values("year") < 2004]
    with pytest.warns(EstimationWarning, match="only 4.0 rows a level"):
        quantile_panel(short, "y", ["x"])


def test_bad_data_and_options_are_refused(panel):
    with pytest.raises(MissingColumnError, match="Did you mean 'x'"):
        quantile_panel(panel, "y", ["xx"])
    with pytest.raises(EstimationError, match="infinite"):
        quantile_panel(panel.assign(x=np.inf), "y", ["x"])
    with pytest.raises(NotEstimableError, match="'x' has no value"):
        quantile_panel(panel.assign(x=np.nan), "y", ["x"])
    with pytest.raises(NotEstimableError, match="none of 'x' varies"):
        quantile_panel(panel.assign(x=1.0), "y", ["x"])
    with pytest.raises(NotEstimableError, match="'y' does not vary"):
        quantile_panel(panel.assign(y=1.0), "y", ["x"])
    with pytest.raises(EstimationError, match="one city"):
        quantile_panel(panel.loc[[1]], "y", ["x"])
    with pytest.raises(EstimationError, match="quantiles must be distinct"):
        quantile_panel(panel, "y", ["x"], 1.0)
    with pytest.raises(EstimationError, match="name at least one regressor"):
        quantile_panel(panel, "y", [])
    with pytest.raises(DataError, match="indexed by unit and year"):
        quantile_panel(panel.reset_index(), "y", ["x"])
