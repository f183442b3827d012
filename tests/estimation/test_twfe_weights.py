"""Weights of two-way fixed effects: the theorem holds cell by cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.twfe_weights import twfe_weights


@pytest.fixture
def panel():
    """Synthetic staggered panel without never treated units, so that weights turn negative."""
    rng = np.random.default_rng(4)
    index = pd.MultiIndex.from_product([range(40), range(2005, 2015)], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    data = pd.DataFrame({"d": year >= np.choose(city % 3, [2006, 2010, 2013])}, index=index)
    data = data.astype(float)
    data["dose"] = data["d"] * rng.uniform(0.5, 2, len(data))
    data["x"], data["w"] = rng.normal(size=len(data)), rng.uniform(0.5, 2, len(data))
    data["effect"] = rng.normal(size=len(data))
    return data


@pytest.mark.parametrize("treatment", ["d", "dose"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("controls", [(), ("x",)])
def test_the_estimate_is_the_weighted_sum_of_the_effects(panel, treatment, weights, controls):
    panel = panel.sample(frac=0.9, random_state=1)
    panel["y"] = panel[treatment] * panel["effect"]  # nothing else moves the outcome
    fit = twfe_weights(panel, "y", treatment, controls=controls, weights=weights)
    table = fit.extra["weights"].set_index(["city", "year"])
    assert table["weight"].sum() == pytest.approx(1, abs=1e-12)
    total = (table["weight"] * panel.loc[table.index, "effect"]).sum()
    assert fit.params[treatment] == pytest.approx(total, abs=1e-10)


def test_negative_weights_fall_on_late_years_of_early_cohorts(panel):
    panel["y"] = panel["effect"]
    fit = twfe_weights(panel, "y", "d")
    table = fit.extra["weights"]
    negative = table[table["weight"] < 0]
    assert set(negative["city"] % 3) == {0}
    assert fit.stats["negative"] == len(negative)
    assert fit.stats["negative_share"] == len(negative) / len(table)
    assert fit.stats["negative_sum"] == pytest.approx(negative["weight"].sum())


def test_a_block_design_has_equal_weights_and_no_limit_to_its_robustness(panel):
    city, year = (panel.index.get_level_values(k) for k in ("city", "year"))
    panel["d"] = ((city < 20) & (year >= 2010)).astype(float)
    panel["y"] = panel["d"] + panel["effect"]
    fit = twfe_weights(panel, "y", "d")
    np.testing.assert_allclose(fit.extra["weights"]["weight"], 1 / 100)
    assert fit.stats["negative"] == 0
    assert fit.stats["sigma_fe"] > 1e6
    assert fit.stats["sigma_fe_sign"] == np.inf


def test_sigma_fe_is_the_least_spread_that_cancels_the_mean_effect(panel):
    panel["y"] = panel["d"] + panel["effect"]
    fit = twfe_weights(panel, "y", "d")
    share = fit.extra["weights"]["weight"].to_numpy()
    n = len(share)
    # least sum of squares subject to mean zero and the weighted sum equal to the estimate
    constraints = np.vstack([np.full(n, 1 / n), share])
    effects = np.linalg.pinv(constraints) @ [0, fit.params["d"]]
    assert fit.stats["sigma_fe"] == pytest.approx(effects.std(), rel=1e-10)


def test_sigma_fe_sign_is_the_least_spread_with_all_effects_of_the_other_sign(panel):
    from scipy.optimize import minimize

    panel["y"] = 2 * panel["d"] + panel["effect"]
    fit = twfe_weights(panel, "y", "d")
    # cells of one cohort and year share a weight, so one effect each is enough
    groups = fit.extra["weights"].assign(kind=lambda t: t["city"] % 3).groupby(["kind", "year"])
    total, count = groups["weight"].sum().to_numpy(), groups.size().to_numpy()
    p = count / count.sum()
    found = minimize(
        lambda e: p @ (e - p @ e) ** 2,
        np.where(total < 0, -5.0, 0.0),
        jac=lambda e: 2 * p * (e - p @ e),
        bounds=[(None, 0)] * len(p),
        constraints={
            "type": "eq",
            "fun": lambda e: total @ e - fit.params["d"],
            "jac": lambda e: total,
        },
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    assert found.success
    assert fit.stats["sigma_fe_sign"] == pytest.approx(np.sqrt(found.fun), rel=1e-4)
    assert fit.stats["sigma_fe_sign"] > fit.stats["sigma_fe"]


def test_row_order_does_not_touch_a_digit(panel):
    panel["y"] = panel["d"] + panel["effect"]
    one = twfe_weights(panel, "y", "d", controls=["x"])
    other = twfe_weights(panel.sample(frac=1, random_state=5), "y", "d", controls=["x"])
    pd.testing.assert_frame_equal(one.extra["weights"], other.extra["weights"], check_exact=True)


def test_collinear_controls_leave_the_weights_alone(panel):
    panel["y"] = panel["d"] + panel["effect"]
    panel["copy"] = 2 * panel["x"]
    with pytest.warns(EstimationWarning, match="'copy' was dropped"):
        fit = twfe_weights(panel, "y", "d", controls=["x", "copy"])
    expected = twfe_weights(panel, "y", "d", controls=["x"])
    pd.testing.assert_frame_equal(fit.extra["weights"], expected.extra["weights"])


def test_wrong_treatments_are_refused(panel):
    panel["y"] = panel["effect"]
    with pytest.raises(EstimationError, match="'d' is negative in"):
        twfe_weights(panel.assign(d=panel["d"] - 0.5), "y", "d")
    with pytest.raises(NotEstimableError, match="'d' does not vary"):
        twfe_weights(panel.assign(d=1.0), "y", "d")
    with pytest.raises(EstimationError, match="infinite"):
        twfe_weights(panel.assign(d=np.inf), "y", "d")
