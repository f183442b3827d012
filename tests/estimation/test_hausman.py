"""Hausman's test: parity with plm, size, power and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.classical_panel import random_effects
from urbanecon.estimation.hausman import hausman, hausman_robust

EQUATION = ("inv", ["value", "capital"])


@pytest.fixture
def grunfeld(reference_data):
    return reference_data("grunfeld_plm").set_index(["firm", "year"])


def panel(seed, correlated=0.0, units=80, periods=5, clustered=0.0):
    """Synthetic panel, slope 1; errors may be larger where x varies more."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["city", "year"])
    effect = rng.normal(size=(units, 1))
    x = rng.normal(size=(units, 1)) + rng.normal(size=(units, periods)).cumsum(1)
    x = x + correlated * effect
    shocks = rng.normal(size=(units, periods))
    if clustered:
        shocks = shocks * x.std(1, keepdims=True) ** clustered
    y = x + effect + shocks
    return pd.DataFrame({"x": x.ravel(), "y": y.ravel()}, index=index)


def test_the_classical_test_agrees_with_plm(grunfeld, reference):
    expected = reference("panel_tests_grunfeld_plm")["results"]["hausman"]
    found = hausman(grunfeld, *EQUATION)
    assert found.statistic == pytest.approx(expected["stat"], rel=1e-9)
    assert found.p == pytest.approx(expected["p"], rel=1e-9)
    assert found.df == (expected["df"],)


def test_units_of_measurement_do_not_matter(grunfeld):
    scaled = grunfeld.assign(value=grunfeld["value"] * 1e6, inv=grunfeld["inv"] / 1e3)
    for test in (hausman, hausman_robust):
        expected = test(grunfeld, *EQUATION).statistic
        assert test(scaled, *EQUATION).statistic == pytest.approx(expected, rel=1e-8)


def test_the_auxiliary_regression_in_balanced_panels_is_that_of_mundlak(grunfeld):
    # unit means added to the quasi-demeaned equation span the same columns
    means = grunfeld.groupby("firm")[["value", "capital"]].transform("mean").add_suffix("_mean")
    theta = random_effects(grunfeld, *EQUATION, "iid").stats["theta_min"]
    swept = grunfeld[["inv", "value", "capital"]]
    swept = swept - theta * swept.groupby("firm").transform("mean")
    x = np.column_stack([swept[["value", "capital"]], np.ones(200), (1 - theta) * means])
    b = np.linalg.lstsq(x, swept["inv"], rcond=None)[0]
    e = swept["inv"].to_numpy() - x @ b
    v = e @ e / (200 - 5) * np.linalg.inv(x.T @ x)
    wald = b[3:] @ np.linalg.solve(v[3:, 3:], b[3:])
    found = hausman_robust(grunfeld, *EQUATION, "iid").statistic
    assert found == pytest.approx(wald, rel=1e-8)


@pytest.fixture
def holed(grunfeld):
    """Grunfeld with 35 of 200 rows gone, firms of different length."""
    return grunfeld.drop(grunfeld.index[np.random.default_rng(5).choice(200, 35, replace=False)])


def generalised(data, fit):
    """Random-effects slopes and covariance at given variances, by full matrices."""
    firm = data.index.get_level_values(0).to_numpy()
    omega = fit.stats["sigma2_e"] * np.eye(len(data))
    omega += fit.stats["sigma2_u"] * (firm[:, None] == firm)
    inverse = np.linalg.inv(omega)
    x = np.column_stack([data[["value", "capital"]], np.ones(len(data))])
    v = np.linalg.inv(x.T @ inverse @ x)
    b = v @ x.T @ inverse @ data["inv"].to_numpy()
    e = data["inv"].to_numpy() - x @ b
    s2 = e @ inverse @ e / (len(data) - 3)  # s2 of the transformed rows, in units of sigma2_e
    return b[:2], s2 * v[:2, :2]


def test_in_an_unbalanced_panel_the_classical_test_is_its_formula_with_full_matrices(holed):
    within = holed - holed.groupby("firm").transform("mean")
    x, y = within[["value", "capital"]].to_numpy(), within["inv"].to_numpy()
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    df = len(y) - holed.index.get_level_values("firm").nunique() - 2
    v = np.sum((y - x @ b) ** 2) / df * np.linalg.inv(x.T @ x)
    gls, v_gls = generalised(holed, random_effects(holed, *EQUATION, "iid"))
    gap = b - gls
    expected = gap @ np.linalg.solve(v - v_gls, gap)
    assert hausman(holed, *EQUATION).statistic == pytest.approx(expected, rel=1e-7)


def test_in_an_unbalanced_panel_the_robust_test_is_an_ordinary_regression(holed):
    fit = random_effects(holed, *EQUATION, "iid")
    size = holed.groupby("firm")["inv"].transform("size")
    theta = 1 - np.sqrt(
        fit.stats["sigma2_e"] / (fit.stats["sigma2_e"] + size * fit.stats["sigma2_u"])
    )
    columns = holed[["inv", "value", "capital"]].assign(one=1.0)
    means = columns.groupby("firm").transform("mean")
    swept = columns.sub(means.mul(theta, axis=0))
    own = (columns - means)[["value", "capital"]]
    x = np.column_stack([swept[["value", "capital", "one"]], own])
    b = np.linalg.lstsq(x, swept["inv"], rcond=None)[0]
    scores = pd.DataFrame(x * (swept["inv"].to_numpy() - x @ b)[:, None], index=holed.index)
    sums = scores.groupby("firm").sum().to_numpy()
    bread = np.linalg.inv(x.T @ x)
    firms, n = len(sums), len(x)
    v = firms / (firms - 1) * (n - 1) / (n - 5) * bread @ sums.T @ sums @ bread
    expected = b[3:] @ np.linalg.solve(v[3:, 3:], b[3:])
    assert hausman_robust(holed, *EQUATION).statistic == pytest.approx(expected, rel=1e-6)


def statistics(seed, draws, units=280, periods=5, clustered=0.0):
    """Both statistics for many panels at once, balanced and with one regressor.

    They are the estimators' own numbers in the panels where both are computed.
    The robust one is the difference of within and between slopes, clustered.
    """
    frames = [
        panel((seed, r), units=units, periods=periods, clustered=clustered) for r in range(2)
    ]
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(draws, units, 1)) + rng.normal(size=(draws, units, periods)).cumsum(2)
    shocks = rng.normal(size=x.shape)
    if clustered:
        shocks = shocks * x.std(axis=2, keepdims=True) ** clustered
    y = x + rng.normal(size=(draws, units, 1)) + shocks
    for r, frame in enumerate(frames):
        x[r], y[r] = (frame[name].to_numpy().reshape(units, periods) for name in ("x", "y"))
    classical, robust = _hausman(x, y)
    found = [hausman_robust(frame, "y", ["x"]).statistic for frame in frames]
    factor = found[0] / robust[0]
    assert found[1] == pytest.approx(factor * robust[1], rel=1e-7)
    for r, frame in enumerate(frames):
        assert hausman(frame, "y", ["x"]).statistic == pytest.approx(classical[r], rel=1e-6)
    return classical, factor * robust


def _hausman(x, y):
    _, units, periods = x.shape
    rows = units * periods
    mx, my = x.mean(axis=2), y.mean(axis=2)
    wx, wy = x - mx[:, :, None], y - my[:, :, None]
    sw = np.sum(wx**2, axis=(1, 2))
    bw = np.sum(wx * wy, axis=(1, 2)) / sw
    ew = wy - bw[:, None, None] * wx
    s2 = np.sum(ew**2, axis=(1, 2)) / (rows - units - 1)
    cx, cy = mx - mx.mean(axis=1, keepdims=True), my - my.mean(axis=1, keepdims=True)
    sb = np.sum(cx**2, axis=1)
    bb = np.sum(cx * cy, axis=1) / sb
    eb = cy - bb[:, None] * cx
    own = np.sum(wx * ew, axis=2) / sw[:, None] - cx * eb / sb[:, None]
    robust = (bw - bb) ** 2 / np.sum(own**2, axis=1)
    effect = np.maximum(np.sum(eb**2, axis=1) / (units - 2) - s2 / periods, 0)
    left = s2 / (s2 + periods * effect)  # (1 - theta)^2
    sq = sw + left * periods * sb
    br = (sw * bw + left * periods * sb * bb) / sq
    errors = wy - br[:, None, None] * wx
    errors = errors + np.sqrt(left)[:, None, None] * (cy - br[:, None] * cx)[:, :, None]
    vr = np.sum(errors**2, axis=(1, 2)) / (rows - 2) / sq
    return (bw - br) ** 2 / (s2 / sw - vr), robust


CRITICAL = stats.chi2.ppf(0.95, 1)


@pytest.mark.slow
def test_both_tests_reject_one_time_in_twenty_with_as_many_units_as_cities():
    for found in statistics(0, 4000):
        assert 0.04 <= np.mean(found > CRITICAL) <= 0.06


@pytest.mark.slow
def test_with_heteroskedastic_errors_only_the_robust_test_keeps_its_size():
    classical, robust = (np.mean(v > CRITICAL) for v in statistics(0, 4000, clustered=2.0))
    assert classical > 0.14
    assert 0.04 <= robust <= 0.06


def test_correlated_effects_are_found():
    data = panel(1, correlated=1.0, units=200)
    assert hausman(data, "y", ["x"]).p < 1e-6
    assert hausman_robust(data, "y", ["x"]).p < 1e-6


def test_regressors_constant_within_units_are_not_compared():
    data = panel(2)
    data["z"] = np.repeat(np.random.default_rng(0).normal(size=80), 5)
    found = hausman(data, "y", ["x", "z"])
    assert found.df == (1.0,) and found.note == "compared: x"


@pytest.mark.parametrize("test", [hausman, hausman_robust])
def test_nothing_to_compare_is_said(test):
    data = panel(3)
    data["z"] = np.repeat(np.random.default_rng(0).normal(size=80), 5)
    with pytest.raises(NotEstimableError, match="nothing varies within units"):
        test(data, "y", ["z"])
    with pytest.raises(NotEstimableError, match="too few"):
        test(panel(4, units=2), "y", ["x"])


def test_row_order_does_not_matter():
    data = panel(5)
    mixed = data.sample(frac=1, random_state=1)
    assert hausman(data, "y", ["x"]) == hausman(mixed, "y", ["x"])
    assert hausman_robust(data, "y", ["x"]) == hausman_robust(mixed, "y", ["x"])
