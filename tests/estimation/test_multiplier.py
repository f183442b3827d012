"""Multiplier bootstrap on synthetic influence functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from urbanecon.estimation.multiplier import (
    Bootstrap,
    cluster_sums,
    influence_covariance,
    multiplier_draws,
    simultaneous_band,
)

EACH = np.arange(400)


@pytest.fixture
def psi():
    """Synthetic influence functions of five effects, 400 units, unequal spread."""
    return np.random.default_rng(2).normal(size=(400, 5)) * [0.5, 1, 2, 3, 4]


@pytest.mark.parametrize("law", ["rademacher", "mammen"])
def test_draws_have_the_covariance_of_the_influence_functions(psi, law):
    draws = multiplier_draws(psi, EACH, Bootstrap(draws=20_000, seed=1, multipliers=law))
    assert draws.shape == (20_000, 5)
    expected = influence_covariance(psi, EACH)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(np.cov(draws.T) / scale, expected / scale, atol=0.04)


def test_multipliers_have_their_moments():
    # the influence n for one unit and none for the other shows the multiplier itself
    one = np.array([[2.0], [0.0]])
    for law, skewness in (("rademacher", 0.0), ("mammen", 1.0)):
        v = multiplier_draws(one, np.arange(2), Bootstrap(draws=50_000, multipliers=law))[:, 0]
        assert np.mean(v) == pytest.approx(0, abs=0.02)
        assert np.mean(v**2) == pytest.approx(1, abs=0.02)
        assert np.mean(v**3) == pytest.approx(skewness, abs=0.05)


def test_bootstrap_standard_errors_are_near_the_analytic_ones(psi):
    band = simultaneous_band(psi, EACH, Bootstrap(draws=9_999, seed=3))
    analytic = np.sqrt(np.diag(influence_covariance(psi, EACH)))
    np.testing.assert_allclose(band.se, analytic, rtol=0.04)


def test_the_critical_value_of_independent_effects_is_that_of_their_maximum(psi):
    band = simultaneous_band(psi, EACH, Bootstrap(draws=19_999, seed=4))
    expected = stats.norm.ppf((1 + 0.95 ** (1 / 5)) / 2)
    assert band.critical_value == pytest.approx(expected, abs=0.06)


def test_the_band_of_one_effect_is_its_interval_and_never_narrower(psi):
    values = [
        simultaneous_band(psi[:, :1], EACH, Bootstrap(draws=999, seed=s)).critical_value
        for s in range(10)
    ]
    assert min(values) >= stats.norm.ppf(0.975)
    assert np.mean(values) == pytest.approx(1.96, abs=0.1)


def test_a_seed_gives_the_same_draws_and_a_generator_moves_on(psi):
    same = [multiplier_draws(psi, EACH, Bootstrap(seed=7)) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    rng = np.random.default_rng(7)
    moving = [multiplier_draws(psi, EACH, Bootstrap(seed=rng)) for _ in range(2)]
    np.testing.assert_array_equal(moving[0], same[0])
    assert (moving[1] != same[0]).any()


def test_clusters_share_one_multiplier(psi):
    clusters = EACH % 80
    sums = cluster_sums(psi, clusters)
    np.testing.assert_allclose(sums, psi.reshape(5, 80, 5).sum(axis=0))
    draws = multiplier_draws(psi, clusters, Bootstrap(draws=20_000, seed=1))
    np.testing.assert_allclose(
        draws.var(axis=0), np.diag(influence_covariance(psi, clusters)), rtol=0.05
    )


def test_an_effect_that_does_not_vary_is_left_out_of_the_maximum(psi):
    psi[:, 2] = 0.0
    band = simultaneous_band(psi, EACH, Bootstrap(draws=999))
    assert np.isnan(band.se[2])
    others = simultaneous_band(psi[:, [0, 1, 3, 4]], EACH, Bootstrap(draws=999))
    assert band.critical_value == others.critical_value
