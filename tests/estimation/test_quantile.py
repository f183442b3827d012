"""Quantile regression: parity with quantreg, exact optimality, known truth, and bad input."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import linprog

from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.quantile import quantile_regression
from urbanecon.estimation.quantile_errors import QuantileDesign, analytic_covariance
from urbanecon.estimation.quantile_solver import regression_quantile

TAUS = (0.1, 0.25, 0.5, 0.75, 0.9)
QUIET = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


@pytest.fixture(scope="module")
def engel(reference_data):
    return reference_data("engel")


@pytest.mark.parametrize("tau", TAUS)
def test_engel_agrees_with_quantreg(engel, reference, tau):
    expected = reference("quantreg_engel_grunfeld")["results"][str(tau)]
    for errors in ("iid", "nid"):
        fit = quantile_regression(engel, "foodexp", ["income"], tau, errors)
        for ours, theirs in (("income", "income"), ("const", "(Intercept)")):
            assert fit.params[ours] == pytest.approx(expected["coef"][theirs], rel=1e-12)
            assert fit.se[ours] == pytest.approx(expected[f"se_{errors}"][theirs], rel=1e-11)
        assert fit.df == 233


@QUIET
def test_dummies_agree_with_quantreg(reference_data, reference):
    grunfeld = reference_data("grunfeld_plm").set_index(["firm", "year"])
    expected = reference("quantreg_engel_grunfeld")["results"]["grunfeld_lsdv_fn"]
    fit = quantile_regression(
        grunfeld, "inv", ["value", "capital"], (0.25, 0.5, 0.75), "iid", effects=["firm"]
    )
    for tau, slopes in expected.items():
        for term, value in slopes.items():
            # the reference comes from an interior point method
            assert fit.params[f"{term}@{tau}"] == pytest.approx(value, rel=1e-8)
    vertex = reference("quantreg_engel_grunfeld")["results"]["grunfeld_fe_dummies"]
    for term in ("value", "capital"):
        assert fit.params[f"{term}@0.5"] == pytest.approx(vertex[term], rel=1e-11)


@QUIET
def test_where_dummies_are_not_unique_ours_fit_as_well_as_those_of_quantreg(
    reference_data, reference
):
    grunfeld = reference_data("grunfeld_plm").set_index(["firm", "year"])
    vertex = list(reference("quantreg_engel_grunfeld")["results"]["grunfeld_fe_dummies"].values())
    fit = quantile_regression(grunfeld, "inv", ["value", "capital"], effects=["firm"])
    assert any("not unique" in note for note in fit.warnings)
    firms = pd.get_dummies(grunfeld.index.get_level_values("firm"), dtype=float).to_numpy()[:, 1:]
    design = np.column_stack([np.ones(200), grunfeld[["value", "capital"]], firms])
    ours = [fit.params["const"], *fit.params[["value", "capital"]]]
    ours += fit.extra["effects"]["estimate"].tolist()
    losses = [np.sum(np.abs(grunfeld["inv"] - design @ b)) for b in (ours, vertex)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)


def loss(y, x, b, tau):
    r = y - x @ b
    return float(np.sum(r * (tau - (r < 0))))


def by_linear_program(y, x, tau):
    """Least loss by another solver."""
    n, k = x.shape
    cost = np.concatenate([np.zeros(k), np.full(n, tau), np.full(n, 1 - tau)])
    equal = np.hstack([x, np.eye(n), -np.eye(n)])
    bounds = [(None, None)] * k + [(0, None)] * (2 * n)
    return linprog(cost, A_eq=equal, b_eq=y, bounds=bounds).fun


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("tau", [0.05, 0.3, 0.5, 0.97])
def test_the_solution_is_that_of_a_linear_program(tau, ties):
    rng = np.random.default_rng(3)
    for n, k in ((12, 3), (80, 5), (200, 2)):
        x = np.column_stack(
            [np.ones(n), rng.normal(size=(n, k - 1)) * 10.0 ** rng.integers(-3, 4)]
        )
        y = x @ rng.normal(size=k) + rng.standard_t(2, n)
        if ties:
            x, y = np.round(x), np.round(y)
            x[:, 1:] += rng.integers(0, 3, (n, k - 1))
        found = regression_quantile(y, np.asfortranarray(x), tau)
        best = by_linear_program(y, x, tau)
        assert loss(y, x, found.params, tau) == pytest.approx(best, rel=1e-9, abs=1e-9)
        assert np.sum(np.abs(y - x @ found.params) < 1e-9 * np.abs(y).max()) >= k


def test_the_median_of_an_even_sample_is_not_unique_and_of_an_odd_one_is():
    one = np.ones((5, 1))
    odd = regression_quantile(np.array([1.0, 2, 3, 4, 9]), one, 0.5)
    assert (odd.params[0], odd.unique) == (3, True)
    even = regression_quantile(np.array([1.0, 2, 3, 4]), one[:4], 0.5)
    assert 2 <= even.params[0] <= 3
    assert not even.unique


@pytest.fixture
def panel():
    """Synthetic panel with errors shared within cities."""
    rng = np.random.default_rng(7)
    index = pd.MultiIndex.from_product([range(40), range(2000, 2010)], names=["city", "year"])
    data = pd.DataFrame({"x": rng.normal(size=400), "z": rng.normal(size=400)}, index=index)
    data["x"] += np.repeat(rng.normal(size=40), 10)
    shared = np.repeat(rng.normal(size=40), 10)
    data["y"] = data["x"] - data["z"] + shared + rng.normal(size=400)
    return data


def test_quantiles_together_are_those_apart(panel):
    fit = quantile_regression(panel, "y", ["x", "z"], TAUS)
    for tau in TAUS:
        alone = quantile_regression(panel, "y", ["x", "z"], tau)
        np.testing.assert_array_equal(
            fit.params[[f"{t}@{tau}" for t in alone.params.index]], alone.params
        )
        np.testing.assert_allclose(fit.se[[f"{t}@{tau}" for t in alone.params.index]], alone.se)
    path = fit.extra["path"]
    assert path.loc[path["term"] == "x", "estimate"].tolist() == [
        fit.params[f"x@{tau}"] for tau in TAUS
    ]


def test_a_bootstrap_of_rows_is_near_the_kernel_errors_and_of_cities_is_wider(panel):
    kernel = quantile_regression(panel, "y", ["x", "z"], 0.5, "ker")
    rows = quantile_regression(panel, "y", ["x", "z"], 0.5, "bootstrap", draws=400, seed=1)
    np.testing.assert_allclose(rows.se, kernel.se, rtol=0.25)
    cities = quantile_regression(
        panel, "y", ["x", "z"], 0.5, "bootstrap", cluster="city", draws=400, seed=1
    )
    assert cities.se["const"] > 1.5 * rows.se["const"]
    assert (cities.df, dict(cities.n_clusters)) == (39, {"city": 40})


def test_a_bootstrap_depends_on_its_seed_alone(panel):
    one, two, other = (
        quantile_regression(data, "y", ["x"], 0.3, "bootstrap", cluster="city", draws=50, seed=s)
        for data, s in ((panel, 4), (panel.sample(frac=1, random_state=0), 4), (panel, 5))
    )
    pd.testing.assert_frame_equal(one.extra["draws"], two.extra["draws"], check_exact=True)
    assert not one.extra["draws"].equals(other.extra["draws"])


LOCAL_AND_KERNEL = ("nid", "ker")


def numbers(x, y, taus):
    """Estimates at each quantile, slope first, and their covariances, without the fit."""
    design = QuantileDesign(y, np.column_stack([x, np.ones(len(x))]), ["x", "const"], [])
    found = [regression_quantile(design.y, design.x, tau) for tau in taus]
    covariances = [analytic_covariance(design, taus, found, e)[0] for e in LOCAL_AND_KERNEL]
    return np.concatenate([one.params for one in found]), covariances


@cache
def coverage(seed=0, draws=500, rows=400):
    """Share of intervals that hold each truth, location-scale errors; by kind of errors."""
    rng, taus = np.random.default_rng(seed), (0.25, 0.5)
    truth = np.column_stack([1 + 0.5 * stats.norm.ppf(taus), 1 + stats.norm.ppf(taus)]).ravel()
    hits = np.empty((draws, 2, len(truth)))
    for r in range(draws):
        x = rng.uniform(0, 3, rows)
        y = 1 + x + (1 + 0.5 * x) * rng.normal(size=rows)
        b, covariances = numbers(x, y, taus)
        for k, errors in enumerate(LOCAL_AND_KERNEL if not r else ()):
            fit = quantile_regression(pd.DataFrame({"x": x, "y": y}), "y", ["x"], taus, errors)
            np.testing.assert_allclose(b, fit.params, rtol=1e-12)
            np.testing.assert_allclose(covariances[k], fit.vcov, rtol=1e-9, atol=1e-15)
        reach = stats.t.ppf(0.975, rows - 2) * np.sqrt([np.diag(v) for v in covariances])
        hits[r] = np.abs(b - truth) <= reach
    return dict(zip(LOCAL_AND_KERNEL, hits.mean(axis=0), strict=True))


@pytest.mark.slow
def test_local_errors_cover_slopes_and_the_constant_a_little_less():
    covered = coverage()["nid"]
    np.testing.assert_allclose(covered[::2], 0.95, atol=0.02)  # two binomial standard errors
    np.testing.assert_allclose(covered[1::2], 0.94, atol=0.025)


@pytest.mark.slow
def test_kernel_errors_cover_one_to_four_points_more_than_they_say():
    covered = coverage()["ker"]
    assert ((covered > 0.955) & (covered < 0.995)).all(), covered


@cache
def equal_slopes_rejections(seed=0, draws=500):
    """Of the test that the slope is one at both quartiles, where it is; by kind of errors."""
    rng, taus = np.random.default_rng(seed), (0.25, 0.75)
    found = np.empty((draws, 2))
    for r in range(draws):
        x = rng.normal(size=300)
        y = x + rng.normal(size=300)
        b, covariances = numbers(x, y, taus)
        f = [(b[2] - b[0]) ** 2 / (v[0, 0] + v[2, 2] - 2 * v[0, 2]) for v in covariances]
        found[r] = stats.f.sf(f, 1, 298)
        for k, errors in enumerate(LOCAL_AND_KERNEL if not r else ()):
            fit = quantile_regression(pd.DataFrame({"x": x, "y": y}), "y", ["x"], taus, errors)
            assert found[r, k] == pytest.approx(fit.diagnostics[0].p, rel=1e-8)
    return dict(zip(LOCAL_AND_KERNEL, np.mean(found < 0.05, axis=0), strict=True))


@pytest.mark.slow
def test_the_test_of_equal_slopes_has_its_size():
    # two binomial standard errors
    assert equal_slopes_rejections()["nid"] == pytest.approx(0.05, abs=0.02)


@pytest.mark.slow
def test_with_kernel_errors_the_test_of_equal_slopes_rejects_too_rarely():
    # two binomial standard errors
    assert equal_slopes_rejections()["ker"] == pytest.approx(0.03, abs=0.015)


@QUIET
def test_missing_rows_go_and_collinear_columns_are_named(panel):
    data = panel.assign(twice=2 * panel["x"], one=1.0)
    data.iloc[3, 0] = np.nan
    fit = quantile_regression(data, "y", ["x", "twice", "one"])
    assert fit.nobs == 399
    assert list(fit.params.index) == ["x", "const"]
    assert fit.warnings == (
        "'twice' was dropped: collinear",
        "'one' was dropped: it does not vary within the effects",
    )


def test_bad_data_and_options_are_refused(panel):
    with pytest.raises(MissingColumnError, match="Did you mean 'x'"):
        quantile_regression(panel, "y", ["xx"])
    with pytest.raises(EstimationError, match="infinite"):
        quantile_regression(panel.assign(x=np.inf), "y", ["x"])
    with pytest.raises(NotEstimableError, match="has no value"):
        quantile_regression(panel.assign(x=np.nan), "y", ["x"])
    with pytest.raises(DataError, match="holds 'low'"):
        quantile_regression(panel.assign(x="low"), "y", ["x"])
    with pytest.raises(NotEstimableError, match="none of 'x' varies"):
        quantile_regression(panel.assign(x=1.0), "y", ["x"])
    with pytest.raises(EstimationError, match="3 rows for 3 parameters"):
        quantile_regression(panel.iloc[:3], "y", ["x", "z"])
    with pytest.raises(EstimationError, match="quantiles must be distinct"):
        quantile_regression(panel, "y", ["x"], (0.5, 0.5))
    with pytest.raises(EstimationError, match="quantiles must be distinct"):
        quantile_regression(panel, "y", ["x"], 50)
    with pytest.raises(UnknownNameError, match="unknown errors 'boot'"):
        quantile_regression(panel, "y", ["x"], errors="boot")
    with pytest.raises(EstimationError, match="takes rows for independent"):
        quantile_regression(panel, "y", ["x"], cluster="city")
    with pytest.raises(EstimationError, match="one cluster"):
        quantile_regression(panel.loc[[1]], "y", ["x"], errors="bootstrap", cluster="city")
    with pytest.raises(EstimationError, match="too few"):
        quantile_regression(panel, "y", ["x"], errors="bootstrap", draws=9)
