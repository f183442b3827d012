"""Size of the tests and coverage of the impacts on synthetic panels with known truth.

A share of 4,000 samples has a standard error of 0.34 percentage points at a size of
5 percent, one of 1,500 samples 0.56 points at a coverage of 95 percent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.estimation.distance_weights import nearest
from urbanecon.estimation.spatial_impacts import simulated_impacts
from urbanecon.estimation.spatial_panel import spatial_panel
from urbanecon.estimation.spatial_tests import lagrange_multiplier_tests, moran

pytestmark = pytest.mark.slow

UNITS, PERIODS = 100, 8
FIVE_PERCENT = (0.04, 0.06)
NINETY_FIVE_PERCENT = (0.93, 0.97)


@pytest.fixture(scope="module")
def weights():
    draw = np.random.default_rng(1)
    cities = pd.Index([f"{i:03d}" for i in range(UNITS)])
    places = {
        "latitude": draw.uniform(22, 45, UNITS),
        "longitude": draw.uniform(100, 122, UNITS),
    }
    return nearest(pd.DataFrame(places, index=cities), 5)


def samples(weights, draws, seed, *, rho=0.0, through_lag=0.0):
    """Two-way panels: x has effect 1 and its lag `through_lag`, z has effect -0.5."""
    rng = np.random.default_rng(seed)
    shape = (UNITS, PERIODS)
    multiplier = np.linalg.inv(np.eye(UNITS) - rho * weights.matrix)
    index = pd.MultiIndex.from_product([weights.units, range(PERIODS)], names=["city", "year"])
    for _ in range(draws):
        x, z = rng.normal(size=shape) + rng.normal(size=(UNITS, 1)), rng.normal(size=shape)
        effects = rng.normal(size=(UNITS, 1)) + rng.normal(size=(1, PERIODS))
        mean = x + through_lag * weights.lag(x) - 0.5 * z + effects
        y = multiplier @ (mean + rng.normal(size=shape))
        yield pd.DataFrame({"y": y.ravel(), "x": x.ravel(), "z": z.ravel()}, index=index)


def between(shares, limits):
    """Whether all shares lie in an interval; says which do not."""
    shares = np.asarray(shares)
    assert ((shares >= limits[0]) & (shares <= limits[1])).all(), shares


def test_intervals_of_impacts_cover_the_truth_in_95_percent_of_samples(weights):
    rho, through_lag = 0.4, 0.3
    one = np.eye(UNITS)
    effect = np.linalg.solve(one - rho * weights.matrix, one + through_lag * weights.matrix)
    direct, total = np.trace(effect) / UNITS, effect.sum() / UNITS
    truth = np.array([direct, total - direct, total])
    rng = np.random.default_rng(1)
    covered, found = [], []
    for data in samples(weights, 1500, seed=2, rho=rho, through_lag=through_lag):
        fit = spatial_panel(data, "y", ["x", "z"], weights)
        tables = fit.extra["impacts"], simulated_impacts(fit, weights, rng, draws=500)
        ends = [t[["low", "high"]].to_numpy()[:3] for t in tables]
        covered.append(np.concatenate([(e[:, 0] <= truth) & (truth <= e[:, 1]) for e in ends]))
        se = [t["se"].to_numpy()[:3] for t in tables]
        point = [*tables[0]["estimate"].to_numpy()[:3], fit.params["rho"], fit.stats["sigma2"]]
        found.append([*point, *np.concatenate(se)])
    between(np.mean(covered, axis=0), NINETY_FIVE_PERCENT)
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0)[:3]
    np.testing.assert_allclose(mean[:3], truth, atol=0.1 * spread.max())
    # a bias of order 1 / (N T) is left, which no transformation removes
    np.testing.assert_allclose(mean[3:5], [rho, 1], atol=0.012)
    np.testing.assert_allclose(mean[5:], [*spread, *spread], rtol=0.06)  # delta, simulation


def test_tests_of_no_dependence_reject_a_true_null_in_5_percent_of_samples(weights):
    rejected = [
        [test.p < 0.05 for test in fit.diagnostics[-4:]]
        for data in samples(weights, 4000, seed=3)
        for fit in [lagrange_multiplier_tests(data, "y", ["x", "z"], weights)]
    ]
    between(np.mean(rejected, axis=0), FIVE_PERCENT)  # LM lag and error, plain and robust


def test_ratio_tests_against_simpler_models_reject_a_true_null_in_5_percent_of_samples(weights):
    rejected = [
        [test.p < 0.05 for test in spatial_panel(data, "y", ["x", "z"], weights).diagnostics]
        for data in samples(weights, 4000, seed=4)
    ]
    between(np.mean(rejected, axis=0), FIVE_PERCENT)  # no dependence, SAR, SEM


def test_morans_i_of_noise_is_significant_in_5_percent_of_years(weights):
    years = range(4000)
    index = pd.MultiIndex.from_product([weights.units, years], names=["city", "year"])
    noise = pd.DataFrame({"v": np.random.default_rng(5).normal(size=len(index))}, index=index)
    table = moran(noise, "v", weights, np.random.default_rng(6), permutations=199)
    between([(table["p"] < 0.05).mean(), (table["p_permutation"] <= 0.05).mean()], FIVE_PERCENT)
