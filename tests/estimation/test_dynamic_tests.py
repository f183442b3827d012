"""Serial correlation, overidentification and caveats of dynamic panels."""

from __future__ import annotations

import numpy as np
import pytest
from dynamic_cases import (
    AB91,
    AB91_A,
    BB98,
    CASES,
    SPEC,
    diagnostic,
    estimate,
    log_firms,
    synthetic,
)

from urbanecon.errors import EstimationWarning
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle, IvStyle
from urbanecon.estimation.dynamic_moments import second_step, take_step, windmeijer
from urbanecon.estimation.dynamic_stacking import Choices, stack


@pytest.fixture(scope="module")
def firms(reference_data):
    return log_firms(reference_data)


@pytest.fixture(scope="module")
def plm(reference):
    return reference("gmm_empluk_plm")["results"]


# -- serial correlation ---------------------------------------------------------------


def test_serial_correlation_after_conventional_two_steps_is_that_of_plm(firms, plm):
    fit = estimate(firms, **CASES["AB91_diff_twostep_nonrobust"])
    for order in (1, 2):
        expected = plm["AB91_diff_twostep_nonrobust"][f"m{order}"]
        found = diagnostic(fit, f"Arellano-Bond AR({order})")
        assert found.statistic == pytest.approx(expected["stat"][0][0], rel=1e-9)
        assert found.p == pytest.approx(expected["p"][0][0], rel=1e-9)


def m_as_in_plm(firms, spec, order):
    """The m statistic as plm 2.6-2 has it.

    The covariance V of the estimate stands where the bread belongs, one-step
    weights are multiplied by the number of units, and level residuals left out.
    """
    choices = Choices(spec.get("system", False), "difference", spec["steps"], True, True, True, 3)
    lagged = {"emp": tuple(range(1, spec.get("lags", 1) + 1))} | spec["regressors"]
    own = {"emp", *(style.variable for style in spec["gmm"])}
    iv = [IvStyle(name, lags) for name, lags in lagged.items() if name not in own]
    s = stack(firms, lagged, spec["gmm"], iv, choices)
    first = take_step(s.moments, s.half)
    second = second_step(s.moments, first)
    step, units = (first, 140) if spec["steps"] == 1 else (second, 1)
    if spec.get("robust", True):
        v = first.sandwich() if units > 1 else windmeijer(s.moments, first, second)
    else:
        v = step.bread / units
    w = s.changes.y - s.changes.x @ step.params
    lagged_w = np.zeros_like(w)
    lagged_w[:, order:] = w[:, :-order]
    a = (w * lagged_w).sum(axis=1)
    g = np.einsum("ntk,nt->k", s.changes.x, lagged_w)
    e = step.residuals.copy()
    e[:, w.shape[1] :] = 0
    weights = units * step.half.T @ step.half
    middle = g @ v @ s.moments.zx.T @ weights @ (s.moments.by_unit(e).T @ a)
    variance = np.sum(a**2) - 2 * middle + g @ v @ g
    return a.sum() / np.sqrt(variance) if variance > 0 else None


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_plms_other_serial_correlation_tests_are_explained_by_its_matrices(
    firms, plm, case, order
):
    expected = plm[case][f"m{order}"]["stat"][0][0]
    found = m_as_in_plm(firms, CASES[case], order)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-7))


@pytest.mark.parametrize(
    ("spec", "m"),
    [
        (AB91_A | {"steps": 1, "robust": False}, (-3.9394, -0.54239)),  # Stata xtabond, example 1
        (AB91_A | {"steps": 1}, (-3.5996, -0.51603)),  # the same, example 2
        (AB91 | {"steps": 1, "robust": False}, (-3.409, -0.3695)),  # DPD for Ox, abest1.out
        (AB91 | {"steps": 1}, (-2.493, -0.3594)),  # the same, and Windmeijer (2005), table 2
        (AB91 | {"steps": 2, "robust": False}, (-2.428, -0.3325)),  # DPD for Ox, abest1.out
        (BB98 | {"steps": 1}, (-5.46, -0.25)),  # xtabond2, Roodman (2009), section 3.4
    ],
)
def test_serial_correlation_is_that_of_stata_and_dpd(firms, spec, m):
    fit = estimate(firms, **spec)
    found = [diagnostic(fit, f"Arellano-Bond AR({order})").statistic for order in (1, 2)]
    np.testing.assert_allclose(found, m, atol=5e-3 if spec.get("system") else 5.1e-4)


# -- overidentification and caveats ----------------------------------------------------


def test_a_group_of_invalid_instruments_is_found_by_difference_in_hansen():
    data = synthetic(n=400, t=6)
    effect = data.groupby(level=0)["y"].transform("mean")
    rng = np.random.default_rng(0)
    data["bad"] = rng.normal(size=len(data)) + effect  # not free of a_i in levels
    spec = SPEC | {"iv": [IvStyle("bad")], "system": True}
    fit = estimate(data, **spec)
    assert diagnostic(fit, "difference-in-Hansen: IV bad, level equation").p < 1e-6
    assert diagnostic(fit, "difference-in-Hansen: IV bad, transformed equation").p > 0.01


def test_hansen_statistics_of_a_group_and_of_the_others_add_up(firms):
    fit = estimate(firms, **BB98)
    whole = diagnostic(fit, "Hansen J")
    for name in ("GMM wage, level equation", "GMM, level equation"):
        rest = diagnostic(fit, f"Hansen J without {name}")
        own = diagnostic(fit, f"difference-in-Hansen: {name}")
        assert own.statistic >= 0
        assert own.statistic + rest.statistic == pytest.approx(whole.statistic, rel=1e-9)
        assert own.df[0] + rest.df[0] == whole.df[0]


@pytest.mark.parametrize("group", ["GMM wage, level equation", "GMM emp, transformed equation"])
def test_without_a_group_hansen_is_that_of_the_others_with_their_block_of_the_covariance(group):
    # re-estimated on the other moments, weights the inverse of their block
    data = synthetic(n=300, t=6).rename(columns={"y": "emp", "x": "wage"})
    gmm = [GmmStyle("emp"), GmmStyle("wage")]
    fit = estimate(data, outcome="emp", regressors=["wage"], gmm=gmm, system=True)
    choices = Choices(True, "difference", 2, True, True, True, 3)
    s = stack(data, {"emp": (1,), "wage": (0,)}, gmm, [], choices)
    scores = take_step(s.moments, s.half).scores
    rest = [j for j, name in enumerate(s.groups) if name != group]
    zx, zy = s.moments.zx[rest], s.moments.zy[rest]
    weights = np.linalg.inv((scores.T @ scores)[np.ix_(rest, rest)])
    b = np.linalg.solve(zx.T @ weights @ zx, zx.T @ weights @ zy)
    expected = (zy - zx @ b) @ weights @ (zy - zx @ b)
    found = diagnostic(fit, f"Hansen J without {group}")
    assert found.statistic == pytest.approx(expected, rel=1e-8)
    assert found.df == (len(rest) - len(b),)


def test_a_group_without_which_nothing_is_identified_has_no_test(firms):
    one = diagnostic(
        estimate(firms, **AB91), "difference-in-Hansen: GMM emp, transformed equation"
    )
    assert np.isnan(one.statistic)
    assert "identify" in one.note


def test_more_instruments_than_units_are_said_and_their_singular_weights():
    with pytest.warns(EstimationWarning, match="more instruments than units"):
        fit = dynamic_panel(synthetic(n=15), **SPEC, system=True)
    assert fit.stats["instruments"] > fit.stats["units"]
    assert any("generalised inverse" in w for w in fit.warnings)
    assert any("rule of thumb" in w for w in fit.warnings)


def test_serially_correlated_errors_are_warned_of():
    data = synthetic(n=400)
    shocks = np.random.default_rng(3).normal(size=(400, 8))
    data["y"] += 2 * (shocks[:, 1:] + shocks[:, :-1]).ravel()
    with pytest.warns(EstimationWarning, match="second lags are not valid"):
        dynamic_panel(data, **SPEC)
