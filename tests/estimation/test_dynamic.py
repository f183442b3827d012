"""Difference and system GMM against plm, xtabond2 and a plain second implementation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dynamic_cases import AB91, BB98, CASES, SPEC, diagnostic, estimate, log_firms, synthetic

from urbanecon.errors import EstimationError
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle, IvStyle


@pytest.fixture(scope="module")
def firms(reference_data):
    return log_firms(reference_data)


@pytest.fixture(scope="module")
def plm(reference):
    return reference("gmm_empluk_plm")["results"]


# -- other software ----------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_estimates_and_errors_are_those_of_plm(firms, plm, case):
    fit = estimate(firms, **CASES[case])
    expected = plm[case]
    k = len(expected["coef"])
    np.testing.assert_allclose(fit.params.iloc[:k], list(expected["coef"].values()), atol=1e-10)
    se = fit.se.iloc[:k]
    if case == "AB91_diff_onestep_nonrobust":  # plm leaves s2 out and divides by N
        se = se / np.sqrt(fit.stats["units"] * fit.stats["sigma2"])
    np.testing.assert_allclose(se, list(expected["se"].values()), rtol=1e-8)
    after = " at the one-step estimate" if "onestep" in case else ""
    hansen = diagnostic(fit, f"Hansen J{after}")
    assert hansen.statistic == pytest.approx(expected["sargan"]["stat"], rel=1e-9)
    assert hansen.df == (expected["sargan"]["df"],)
    assert hansen.p == pytest.approx(expected["sargan"]["p"], rel=1e-8)


def test_a_system_after_one_step_is_that_of_xtabond2(firms):
    # Roodman (2009), section 3.4: 891 rows, 140 firms, 113 instruments
    fit = estimate(firms, **BB98, steps=1)
    published = [0.9356053, -0.6309761, 0.4826203, 0.4839299, -0.4243928]
    np.testing.assert_allclose(fit.params.iloc[:5], published, atol=5.1e-8)
    assert (fit.nobs, fit.stats["instruments"]) == (891, 113)
    assert round(diagnostic(fit, "Hansen J").statistic, 2) == 110.70


def test_forward_deviations_equal_differences_with_all_lags_in_a_balanced_panel():
    # Arellano and Bover (1995): one-step estimates are the same
    spec = {"outcome": "y", "regressors": [], "gmm": [GmmStyle("y")], "steps": 1}
    for time_effects in (False, True):
        spec["time_effects"] = time_effects
        one = estimate(synthetic(), **spec)
        other = estimate(synthetic(), **spec, transform="forward")
        np.testing.assert_allclose(other.params, one.params, rtol=1e-9)
        np.testing.assert_allclose(other.vcov, one.vcov, rtol=1e-8)


def test_one_instrument_for_one_lag_is_anderson_and_hsiao():
    data = synthetic()
    y = data["y"].unstack().to_numpy()
    d, z = np.diff(y, axis=1), y[:, :-2]
    expected = np.sum(z * d[:, 1:]) / np.sum(z * d[:, :-1])
    fit = estimate(
        data, outcome="y", regressors=[], gmm=[GmmStyle("y", (2, 2), True)], time_effects=False
    )
    assert fit.params["L1.y"] == pytest.approx(expected, rel=1e-12)
    assert np.isnan(diagnostic(fit, "Hansen J").statistic)


# -- a slow and plain second implementation -------------------------------------------


def by_loops(data, *, system, forward, h, collapse, lags=(2, None)):
    """System or difference GMM of y on its lag and x, one unit after another, dense matrices."""
    units, years = data.index.levels[0], sorted(set(data.index.get_level_values(1)))
    t = len(years)
    first, last = lags[0], min(t, lags[1] or t)
    blocks = []
    for unit in units:
        own = data.loc[unit].reindex(years)
        y, x = own["y"].to_numpy(), own["x"].to_numpy()
        ylag = np.r_[np.nan, y[:-1]]
        ok = ~np.isnan(y) & ~np.isnan(x) & ~np.isnan(ylag)
        m = np.zeros((t, t))
        for s in range(first, t):
            if forward:
                rest = [u for u in range(s, t) if ok[u]]
                if ok[s - 1] and rest:
                    m[s, s - 1] = np.sqrt(len(rest) / (len(rest) + 1))
                    m[s, rest] = -m[s, s - 1] / len(rest)
            elif ok[s] and ok[s - 1]:
                m[s, s], m[s, s - 1] = 1, -1
        level = np.diag([float(ok[s] and s >= max(first - 1, 1)) for s in range(t)])
        load = np.r_[m, level] if system else m
        z = np.zeros((t, 0))
        for w in np.nan_to_num((y, x)):
            for lag in range(first, last + 1):
                column = np.array([w[s - lag] if s >= lag else 0.0 for s in range(t)])
                column *= np.abs(m).sum(axis=1) > 0
                z = np.c_[z, column if collapse else np.diag(column)]
        if system:
            below = np.zeros((t, 0))
            for w in (y, x):
                change = np.array(
                    [w[s - first + 1] - w[s - first] if s >= first else 0.0 for s in range(t)]
                )
                change = np.nan_to_num(change) * np.diag(level)
                below = np.c_[below, change if collapse else np.diag(change)]
            below = np.c_[below, level]
            z = np.block([[z, np.zeros((t, below.shape[1]))], [np.zeros((t, z.shape[1])), below]])
        cov = load @ load.T
        if h == 1:
            cov = np.eye(len(load))
        if h == 2 and system:
            cov[:t, t:] = cov[t:, :t] = 0
        rhs = np.nan_to_num(np.c_[y, ylag, x])
        rhs = np.c_[rhs, np.ones(t)] if system else rhs
        blocks.append((load @ rhs, z, cov))
    weights = sum(z.T @ c @ z for _, z, c in blocks)
    for _ in range(2):
        zx = sum(z.T @ r[:, 1:] for r, z, _ in blocks)
        zy = sum(z.T @ r[:, 0] for r, z, _ in blocks)
        a = np.linalg.pinv(weights, rcond=1e-10, hermitian=True)
        b = np.linalg.solve(zx.T @ a @ zx, zx.T @ a @ zy)
        yield b
        scores = [z.T @ (r[:, 0] - r[:, 1:] @ b) for r, z, _ in blocks]
        weights = sum(np.outer(s, s) for s in scores)


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize(
    ("system", "h"), [(False, 1), (False, 3), (True, 1), (True, 2), (True, 3)]
)
def test_gaps_transformations_and_weights_agree_with_loops_over_units(
    system, h, forward, collapse
):
    data = synthetic(n=80, t=6)
    data = data.drop(data.index[np.random.default_rng(4).choice(len(data), 60, replace=False)])
    data.iloc[[7, 30], 1] = np.nan
    level = [IvStyle(f"d{s}", (0,), "level") for s in range(1, 6)] if system else []
    years = data.index.get_level_values(1)
    data = data.assign(**{f"d{s}": (years == 2000 + s).astype(float) for s in range(1, 6)})
    for steps, expected in enumerate(
        by_loops(data, system=system, forward=forward, h=h, collapse=collapse), 1
    ):
        fit = estimate(
            data,
            outcome="y",
            regressors=["x"],
            gmm=[GmmStyle("y", collapse=collapse), GmmStyle("x", collapse=collapse)],
            iv=level,
            system=system,
            transform="forward" if forward else "difference",
            steps=steps,
            h=h,
            time_effects=False,
        )
        np.testing.assert_allclose(fit.params, expected, rtol=1e-7)


@pytest.mark.parametrize("lags", [(2, 3), (3, None), (3, 4)])
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("system", [False, True])
def test_limits_of_lags_agree_with_loops_over_units(system, forward, lags):
    data = synthetic(n=80, t=7)
    data = data.drop(data.index[np.random.default_rng(6).choice(len(data), 40, replace=False)])
    years = data.index.get_level_values(1)
    data = data.assign(**{f"d{s}": (years == 2000 + s).astype(float) for s in range(1, 7)})
    own = [f"d{s}" for s in range(lags[0] - 1, 7)] if system else []
    found = by_loops(data, system=system, forward=forward, h=3, collapse=False, lags=lags)
    for steps, expected in enumerate(found, 1):
        fit = estimate(
            data,
            outcome="y",
            regressors=["x"],
            gmm=[GmmStyle("y", lags), GmmStyle("x", lags)],
            iv=[IvStyle(name, (0,), "level") for name in own],
            system=system,
            transform="forward" if forward else "difference",
            steps=steps,
            time_effects=False,
        )
        np.testing.assert_allclose(fit.params, expected, rtol=1e-6)


# -- what is told of the data -------------------------------------------------------------


def test_rows_units_and_time_effects_are_reported(firms):
    fit = estimate(firms, **AB91)
    assert (fit.nobs, fit.n_clusters, fit.fixed_effects) == (611, {"firm": 140}, ("firm", "year"))
    assert list(fit.params.index) == [
        *("L1.emp", "L2.emp", "wage", "L1.wage", "capital", "output", "L1.output")
    ]
    assert list(fit.extra["time_effects"]["period"]) == [str(y) for y in range(1979, 1985)]
    assert fit.sample.isin(firms.index).all()
    assert fit.extra["instruments"]["count"].sum() == fit.stats["instruments"] == 38


def test_the_order_of_the_rows_does_not_matter(firms):
    one = estimate(firms, **BB98)
    other = estimate(firms.sample(frac=1, random_state=2), **BB98)
    pd.testing.assert_series_equal(one.params, other.params, check_exact=True)
    pd.testing.assert_frame_equal(one.vcov, other.vcov, check_exact=True)
    assert one.sample_digest == other.sample_digest


def test_units_of_measurement_do_not_matter():
    data = synthetic(n=200)
    one = estimate(data, **SPEC, system=True)
    other = estimate(data.assign(x=data["x"] * 1e6), **SPEC, system=True)
    assert other.params["L1.y"] == pytest.approx(one.params["L1.y"], rel=1e-8)
    assert other.params["x"] == pytest.approx(one.params["x"] / 1e6, rel=1e-8)
    assert other.se["x"] == pytest.approx(one.se["x"] / 1e6, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lags": 0, "regressors": []}, "neither lags nor regressors"),
        ({"lags": [0, 1]}, "one or more"),
        ({"regressors": "x"}, "list of names"),
        ({"regressors": ["y"]}, "is the outcome"),
        ({"regressors": {"x": ()}}, "zero or more"),
        ({"transform": "within"}, "transform is 'within'"),
        ({"h": 4}, "h is 4"),
        ({"steps": 3}, "steps is 3"),
    ],
)
def test_choices_that_make_no_sense_are_refused(change, message):
    with pytest.raises(EstimationError, match=message):
        dynamic_panel(synthetic(), **SPEC | change)
