"""Sensitivity to violations of parallel trends, against the HonestDiD package and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.event_study import event_study
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.honest import honest_did
from urbanecon.estimation.honest_conditional import moments, truncated_normal_quantile
from urbanecon.estimation.honest_flci import affine_frontier, folded_normal_quantile
from urbanecon.estimation.honest_path import event_path
from urbanecon.estimation.honest_restrictions import relative_magnitudes, smoothness


def study(beta, vcov, leads):
    """A fit of an event study with these coefficients, leads first, base -1."""
    names = [f"t{r:+d}" for r in range(-leads - 1, len(beta) - leads) if r != -1]
    return Fit(
        params=pd.Series(beta, index=names, dtype=float),
        vcov=pd.DataFrame(vcov, index=names, columns=names),
        nobs=0,
        df=np.inf,
        sample=pd.Index([]),
        outcome="y",
        estimator="event study",
        inference="given",
    )


def random_study(seed, leads, lags):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(leads + lags, 4 * (leads + lags)))
    beta = rng.normal(size=leads + lags) * 0.1 + np.repeat([0, 0.5], [leads, lags])
    return study(beta, root @ root.T * 0.01 / root.shape[1], leads)


@pytest.fixture
def bc(reference):
    """Benzarti and Carloni's event study, as the package ships it, and its results."""
    found = reference("honestdid_bc")["results"]
    return study(found["betahat"], found["sigma"], found["numPre"]), found


def test_fixed_length_intervals_agree_with_honestdid(bc):
    fit, found = bc
    sets = honest_did(fit, "smoothness", [row["M"] for row in found["flci"]]).extra["sets"]
    original = found["original"][0]
    np.testing.assert_allclose(
        sets.loc[0, ["low", "high"]].astype(float),
        [original["lb"][0], original["ub"][0]],
        atol=1e-10,
    )
    expected = np.array([[row["lb"], row["ub"]] for row in found["flci"]])
    # the package simulates the folded normal quantile with a million draws
    np.testing.assert_allclose(sets.loc[1:, ["low", "high"]], expected, atol=1e-4)


def test_relative_magnitudes_agree_with_honestdid(bc):
    fit, found = bc
    rows = [row for row in found["rm_clf"] if row["Mbar"] <= 1.5]  # at 2 its grid ends
    sets = honest_did(fit, bounds=[row["Mbar"] for row in rows], breakdown=False).extra["sets"]
    expected = np.array([[row["lb"], row["ub"]] for row in rows])
    assert list(sets["method"][1:]) == ["C-LF"] * 3
    np.testing.assert_allclose(sets.loc[1:, ["low", "high"]], expected, atol=2e-3)
    # the package reports grid points inside the set: its own steps are 40 se / 999 long
    step = 40 * fit.se["t+0"] / 999
    assert (sets.loc[1:, "low"] - expected[:, 0]).abs().max() < 1.2 * step


def test_the_set_at_mbar_2_is_not_cut_by_the_grid(bc):
    fit, found = bc
    sets = honest_did(fit, bounds=[2.0], breakdown=False).extra["sets"]
    assert sets.loc[1, "high"] > 20 * fit.se["t+0"] > found["rm_clf"][-1]["ub"] - 1e-6


@pytest.mark.parametrize(("leads", "lags"), [(1, 1), (2, 3), (4, 2), (6, 5)])
@pytest.mark.parametrize("m", [0.0, 0.01, 0.05, 0.5])
def test_the_fixed_length_interval_is_the_shortest(leads, lags, m):
    from scipy.optimize import minimize

    path = event_path(random_study(leads, leads, lags))
    l_vec = np.random.default_rng(lags).uniform(0.1, 1, lags)
    centre, half = affine_frontier(path, l_vec).best(m, 0.95)

    def half_length(p, smooth):
        """Worst bias from the second differences of the trend, straight from its definition."""
        weights = np.concatenate([p[::-1], l_vec])  # p_k sits on relative year -k
        years = np.array([*range(-leads, 0), *range(1, lags + 1)])
        kinks = range(-leads + 1, lags)
        loads = [
            weights
            @ (
                np.maximum(years - j, 0)
                if j > 0
                else np.maximum(j - years, 0)
                if j < 0
                else np.maximum(years, 0)
            )
            for j in kinks
        ]
        sd = np.sqrt(weights @ path.vcov @ weights)
        return (
            folded_normal_quantile(0.95, m * np.sum(np.sqrt(np.square(loads) + smooth)) / sd) * sd
        )

    # no slope may be left in the bias: weights x years sum to zero
    total = np.arange(1, lags + 1) @ l_vec
    constraint = {"type": "eq", "fun": lambda p: np.arange(1, leads + 1) @ p - total}
    start = np.zeros(leads)
    start[0] = total
    best = np.inf
    for smooth in (1e-4, 1e-7, 1e-10):
        found = minimize(
            half_length,
            start,
            args=(smooth,),
            constraints=constraint,
            method="SLSQP",
            options={"maxiter": 2000, "ftol": 1e-14},
        )
        start = found.x
        best = min(best, half_length(found.x, 0.0))
    assert half <= best * (1 + 1e-9)
    assert half == pytest.approx(best, rel=2e-3)
    assert np.isfinite(centre)


def test_folded_normal_quantiles_are_those_of_scipy():
    from scipy import stats

    for bias in (0.0, 0.3, 2.0, 7.9, 8.1, 50.0):
        expected = stats.foldnorm.ppf(0.95, bias)
        assert folded_normal_quantile(0.95, bias) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("build", [relative_magnitudes, smoothness])
@pytest.mark.parametrize(("leads", "lags"), [(1, 1), (3, 1), (2, 4), (5, 5)])
def test_the_known_vertices_solve_the_linear_programme(build, leads, lags):
    from scipy.optimize import linprog

    path = event_path(random_study(7, leads, lags))
    l_vec = np.random.default_rng(lags).normal(size=lags)
    basis = np.linalg.svd(l_vec[None, :])[2][1:].T  # directions in which l'tau does not move
    for rows, bound, slack in build(leads, lags, 0.7):
        found = moments(rows, bound, slack, l_vec, beta=path.beta, vcov=path.vcov)
        a = np.vstack([rows - slack, -rows - slack])
        d = np.concatenate([bound, bound])
        sd = np.sqrt(np.diag(a @ path.vcov @ a.T))
        for tau in (-0.4, 0.0, 0.3, 1.0):
            on_lags = np.concatenate([np.zeros(leads), l_vec * tau / (l_vec @ l_vec)])
            y = a @ (path.beta - on_lags) - d
            x = a[:, leads:] @ basis
            solved = linprog(
                np.eye(1 + lags - 1)[0] if lags > 1 else [1.0],
                A_ub=-np.column_stack([sd, x]),
                b_ub=-y,
                bounds=(None, None),
            )
            largest = np.max(found.value - tau * found.slope)
            assert solved.fun == pytest.approx(largest, abs=1e-8)


def test_truncated_normal_quantiles_hold_far_in_the_tails():
    from scipy import stats

    low, high = np.array([-np.inf, -1.0, 0.5, -3.0]), np.array([np.inf, 2.0, np.inf, -2.0])
    expected = stats.truncnorm.ppf(0.95, low, high)
    np.testing.assert_allclose(truncated_normal_quantile(0.95, low, high), expected, rtol=1e-9)
    far = truncated_normal_quantile(0.95, np.array([30.0]), np.array([np.inf]))
    assert far == pytest.approx(30 - np.log(0.05) / 30, abs=1e-3)


@pytest.mark.parametrize(
    ("restriction", "method", "top"),
    [
        ("relative magnitudes", "C-LF", 3.0),
        ("relative magnitudes", "conditional", 3.0),
        ("smoothness", "FLCI", 0.5),
        ("smoothness", "C-LF", 0.5),
    ],
)
def test_sets_grow_with_the_bound_and_break_down_where_said(bc, restriction, method, top):
    fit, _ = bc
    value = honest_did(fit, restriction, [0.0], method=method).stats["breakdown"]
    assert 0 < value < top
    bounds = [0.5 * value, 0.98 * value, 1.02 * value, top]
    sets = honest_did(fit, restriction, bounds, method=method, breakdown=False).extra["sets"]
    assert list(sets["contains_zero"][1:]) == [False, False, True, True]
    assert (np.diff(sets["low"][1:]) < 0).all()
    assert (np.diff(sets["high"][1:]) > 0).all()


def test_an_effect_that_is_not_there_breaks_down_at_once(bc):
    fit, _ = bc
    flat = study(fit.params * [1, 1, 1, 1, 0, 0, 0, 0], fit.vcov.to_numpy(), 4)
    assert honest_did(flat).stats["breakdown"] == 0
    assert honest_did(flat, "smoothness", [0.0]).stats["breakdown"] == 0


def test_a_combination_of_lags_is_one_effect(bc):
    fit, _ = bc
    mean = honest_did(fit, bounds=[0.5], l_vec=[0.25] * 4, breakdown=False)
    lags = ["t+0", "t+1", "t+2", "t+3"]
    assert mean.params["effect"] == pytest.approx(fit.params[lags].mean())
    assert mean.se["effect"] == pytest.approx(np.sqrt(fit.vcov.loc[lags, lags].to_numpy().mean()))
    low, high = mean.extra["sets"].loc[1, ["low", "high"]]
    assert low < mean.params["effect"] < high


def test_the_order_of_the_terms_and_a_second_run_do_not_touch_a_digit(bc):
    fit, _ = bc
    shuffled = fit.params.index[[5, 0, 7, 2, 1, 6, 3, 4]]
    other = study(fit.params, fit.vcov.to_numpy(), 4)
    object.__setattr__(other, "params", fit.params[shuffled])
    object.__setattr__(other, "vcov", fit.vcov.loc[shuffled, shuffled])
    for restriction, bounds in (("relative magnitudes", [1.0]), ("smoothness", [0.1])):
        one, two = (honest_did(f, restriction, bounds, breakdown=False) for f in (fit, other))
        pd.testing.assert_frame_equal(one.extra["sets"], two.extra["sets"], check_exact=True)


def test_an_event_study_goes_in_as_it_is_and_binned_ends_are_named():
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_product([range(80), range(2005, 2016)], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    data = pd.DataFrame({"first": np.where(city % 2, 2010.0, np.nan)}, index=index)
    data["y"] = (year >= data["first"]) * 1.0 + rng.normal(size=len(data)) * 0.5
    whole = event_study(data, "y", "first", window=(-5, 5))
    with pytest.warns(EstimationWarning, match=r"relative years -5, \+5 gather all years"):
        fit = honest_did(whole, bounds=[0.5])
    assert any("gather all years" in note for note in fit.warnings)
    assert fit.diagnostics[-1].name == "breakdown value"
    assert fit.diagnostics[-1].statistic == fit.stats["breakdown"] > 0
    assert fit.nobs == whole.nobs


def test_a_path_with_a_hole_or_without_leads_is_refused(bc):
    fit, _ = bc
    hole = fit.params.index.drop("t-3")
    with pytest.raises(NotEstimableError, match="missing -3"):
        event_path(_with(fit, hole))
    with pytest.raises(NotEstimableError, match="needs leads and lags"):
        event_path(_with(fit, fit.params.index[4:]))
    with pytest.raises(NotEstimableError, match="missing -1"):
        event_path(fit, base=-3)


def _with(fit, terms):
    return Fit(
        params=fit.params[terms], vcov=fit.vcov.loc[terms, terms], nobs=0, df=np.inf,
        sample=pd.Index([]), outcome="y", estimator="", inference="",
    )  # fmt: skip


def test_what_makes_no_sense_is_refused(bc):
    fit, _ = bc
    with pytest.raises(NotEstimableError, match="not positive definite"):
        honest_did(study(fit.params, np.ones((8, 8)), 4))
    with pytest.raises(NotEstimableError, match="not positive definite"):
        honest_did(study(fit.params, np.full((8, 8), np.nan), 4))
    with pytest.raises(EstimationError, match="l_vec must hold 4 finite weights"):
        honest_did(fit, l_vec=[1, 0])
    with pytest.raises(EstimationError, match="not negative, found -1"):
        honest_did(fit, bounds=[-1])
    with pytest.raises(EstimationError, match="give the bounds M"):
        honest_did(fit, "smoothness")
    with pytest.raises(UnknownNameError, match="Did you mean 'smoothness'"):
        honest_did(fit, "smooth", [0.1])
    with pytest.raises(UnknownNameError, match="unknown method 'FLCI' for relative"):
        honest_did(fit, method="FLCI")
    with pytest.raises(EstimationError, match="level must lie"):
        honest_did(fit, level=95)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["conditional", "C-LF"])
def test_the_largest_violation_allowed_is_covered(method):
    """The trend after the base goes on at exactly Mbar = 1 times its largest step before."""
    leads, lags = 2, 2
    vcov = random_study(3, leads, lags).vcov.to_numpy()
    delta = np.array([-0.3, -0.25, 0.25, 0.5])  # steps 0.05, 0.25, 0.25, 0.25
    rng = np.random.default_rng(0)
    hits = []
    for beta in rng.multivariate_normal(delta, vcov, size=150):  # the true effect is zero
        fit = study(beta, vcov, leads)
        low, high = (
            honest_did(fit, bounds=[1.0], method=method, breakdown=False)
            .extra["sets"]
            .loc[1, ["low", "high"]]
        )
        hits.append(low <= 0 <= high)
    assert np.mean(hits) >= 0.91


@pytest.mark.slow
def test_fixed_length_intervals_cover_a_linear_trend_exactly():
    vcov = random_study(4, 3, 2).vcov.to_numpy()
    trend = 0.2 * np.array([-3, -2, -1, 1, 2])
    rng = np.random.default_rng(0)
    hits = []
    for beta in rng.multivariate_normal(trend, vcov, size=300):
        sets = honest_did(study(beta, vcov, 3), "smoothness", [0.0], breakdown=False).extra["sets"]
        hits.append(bool(sets.loc[1, "contains_zero"]))
    assert 0.91 <= np.mean(hits) <= 0.985
