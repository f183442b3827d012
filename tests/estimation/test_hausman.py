"""Hausman's test: parity with plm, size, power and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import NotEstimableError
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
    from urbanecon.estimation.classical_panel import random_effects

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


@pytest.mark.slow
def test_both_tests_have_their_size():
    p = np.array(
        [[t(panel(s), "y", ["x"]).p for t in (hausman, hausman_robust)] for s in range(1000)]
    )
    rates = (p < 0.05).mean(axis=0)
    assert ((rates > 0.035) & (rates < 0.07)).all(), rates


@pytest.mark.slow
def test_with_heteroskedastic_errors_only_the_robust_test_keeps_its_size():
    p = np.array(
        [
            [t(panel(s, clustered=2.0), "y", ["x"]).p for t in (hausman, hausman_robust)]
            for s in range(400)
        ]
    )
    classical, robust = (p < 0.05).mean(axis=0)
    assert classical > 0.10 and robust < 0.09, (classical, robust)


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
