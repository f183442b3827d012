"""Impacts against matrices written out, and their two kinds of standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from urbanecon.errors import EstimationError
from urbanecon.estimation.distance_weights import nearest
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.spatial_impacts import simulated_impacts
from urbanecon.estimation.spatial_panel import spatial_lag_of_x, spatial_panel
from urbanecon.estimation.weights import Weights


@pytest.fixture(scope="module")
def world():
    """A synthetic SDM with two regressors on 30 cities and 6 years."""
    rng = np.random.default_rng(8)
    cities = pd.Index([f"{i:02d}" for i in range(30)])
    places = {"latitude": rng.uniform(22, 45, 30), "longitude": rng.uniform(100, 122, 30)}
    weights = nearest(pd.DataFrame(places, index=cities), 4)
    x, z, e = rng.normal(size=(3, 30, 6))
    y = np.linalg.solve(np.eye(30) - 0.5 * weights.matrix, x + 0.4 * weights.lag(x) - z + e)
    index = pd.MultiIndex.from_product([cities, range(6)], names=["city", "year"])
    return pd.DataFrame({"y": y.ravel(), "x": x.ravel(), "z": z.ravel()}, index=index), weights


def written_out(params, weights):
    """Impacts of x and z from S_k = (I - rW)^-1 (b_k I + c_k W), in the order of the table."""
    one = np.eye(len(weights.units))
    out = []
    for name in ("x", "z"):
        s = np.linalg.solve(
            one - params.get("rho", 0.0) * weights.matrix,
            params[name] * one + params.get(f"W {name}", 0.0) * weights.matrix,
        )
        direct, total = np.trace(s) / len(s), s.sum() / len(s)
        out += [direct, total - direct, total]
    return np.array(out)


def unequal(weights):
    """Symmetric weights whose rows do not sum to one."""
    raw = weights.raw + weights.raw.T
    return Weights(weights.units, raw * np.outer(*2 * [np.linspace(0.5, 1, 30)]), False, "unequal")


def with_an_island(weights):
    """Few neighbours and one unit without any, to which the others lead."""
    raw = weights.raw.copy()
    raw[7] = 0
    return Weights(weights.units, raw, True, "with an island")


CHANGES = [lambda w: w, unequal, with_an_island]
ISLANDS = pytest.mark.filterwarnings("ignore:.*have no neighbour")


@ISLANDS
@pytest.mark.parametrize("model", ["sar", "sdm", "sem", "sdem"])
@pytest.mark.parametrize("change", CHANGES)
def test_impacts_are_means_of_the_matrix_of_effects(world, model, change):
    data, weights = world[0], change(world[1])
    fit = spatial_panel(data, "y", ["x", "z"], weights, model, correction="none")
    expected = written_out(fit.params, weights)
    assert_allclose(fit.extra["impacts"]["estimate"].to_numpy(), expected, rtol=1e-9, atol=1e-14)


@ISLANDS
@pytest.mark.parametrize("change", CHANGES)
def test_delta_errors_use_the_full_covariance(world, change):
    data, weights = world[0], change(world[1])
    fit = spatial_panel(data, "y", ["x", "z"], weights, correction="none")
    step, gradient = 1e-6, []
    for term in fit.params.index:
        up, down = fit.params.copy(), fit.params.copy()
        up[term] += step
        down[term] -= step
        gradient.append((written_out(up, weights) - written_out(down, weights)) / (2 * step))
    d = np.array(gradient)
    expected = np.sqrt(np.diag(d.T @ fit.vcov.to_numpy() @ d))
    assert_allclose(fit.extra["impacts"]["se"].to_numpy(), expected, rtol=1e-6)


def test_in_models_without_feedback_spillovers_are_the_coefficients_of_the_lags(world):
    data, weights = world
    fit = spatial_panel(data, "y", ["x", "z"], weights, "sdem")
    table = fit.extra["impacts"].set_index(["variable", "effect"])
    assert_allclose(table.loc[("z", "indirect"), "estimate"], fit.params["W z"])
    assert_allclose(table.loc[("z", "indirect"), "se"], fit.se["W z"])
    sem = spatial_panel(data, "y", ["x"], weights, "sem").extra["impacts"]
    assert sem.loc[sem["effect"] == "indirect", "estimate"].tolist() == [0.0]


@ISLANDS
@pytest.mark.parametrize("change", CHANGES)
def test_simulated_impacts_come_from_exact_effects_of_each_draw(world, change):
    data, weights = world[0], change(world[1])
    fit = spatial_panel(data, "y", ["x", "z"], weights, correction="none")
    table = simulated_impacts(fit, weights, np.random.default_rng(4), draws=300)
    scale = fit.se.to_numpy()
    root = np.linalg.cholesky(fit.vcov.to_numpy() / np.outer(scale, scale))
    noise = np.random.default_rng(4).standard_normal((300, len(scale)))
    drawn = fit.params.to_numpy() + noise @ root.T * scale
    exact = [written_out(pd.Series(row, index=fit.params.index), weights) for row in drawn]
    assert_allclose(table["se"].to_numpy(), np.std(exact, axis=0, ddof=1), rtol=1e-8)
    assert_allclose(table["low"].to_numpy(), np.quantile(exact, 0.025, axis=0), rtol=1e-7)


def test_simulated_and_delta_errors_agree_in_a_regular_case(world):
    data, weights = world
    fit = spatial_panel(data, "y", ["x", "z"], weights)
    table = simulated_impacts(fit, weights, np.random.default_rng(1), draws=4000)
    assert_allclose(table["se"], fit.extra["impacts"]["se"], rtol=0.15)
    assert_allclose(table["estimate"], fit.extra["impacts"]["estimate"])
    assert (table["low"] < table["estimate"]).all()
    again = simulated_impacts(fit, weights, np.random.default_rng(1), draws=4000)
    pd.testing.assert_frame_equal(table, again, check_exact=True)


def test_slx_impacts_are_simulated_too(world):
    data, weights = world
    fit = spatial_lag_of_x(data, "y", ["x"], weights)
    table = simulated_impacts(fit, weights, np.random.default_rng(1), draws=5000)
    assert_allclose(table["se"], fit.extra["impacts"]["se"], rtol=0.06)


def test_simulation_refuses_fits_without_impacts_and_too_few_draws(world):
    data, weights = world
    plain = fixed_effects(data, "y", ["x"], ["city"])
    with pytest.raises(EstimationError, match="has no impacts"):
        simulated_impacts(plain, weights, np.random.default_rng(0))
    fit = spatial_panel(data, "y", ["x"], weights, "sar")
    with pytest.raises(EstimationError, match="at least 100"):
        simulated_impacts(fit, weights, np.random.default_rng(0), draws=10)
