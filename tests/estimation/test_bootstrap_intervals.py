"""p-values and inverted intervals on draws made by hand (synthetic)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from urbanecon.estimation.bootstrap_intervals import interval, p_value
from urbanecon.estimation.bootstrap_sums import StudentDraws


def test_the_symmetric_p_counts_larger_draws_and_no_ties():
    draws = np.array([-3.0, -2.0, 0.5, 1.0, 2.0, 2.0 + 1e-12, 2.5, 4.0])
    assert p_value(draws, 2.0, "symmetric") == 3 / 8
    assert p_value(draws, -2.0, "symmetric") == 3 / 8


def test_the_equal_tailed_p_doubles_the_thinner_tail():
    draws = np.arange(-3.0, 7.0)
    assert p_value(draws, 4.5, "equal-tailed") == pytest.approx(0.4)
    assert p_value(draws, -2.5, "equal-tailed") == pytest.approx(0.2)
    assert p_value(draws, 1.5, "equal-tailed") == 1.0


def test_draws_without_a_variance_are_left_out():
    assert p_value(np.array([np.nan, 1.0, 3.0]), 2.0, "symmetric") == 0.5
    assert math.isnan(p_value(np.array([np.nan]), 2.0, "symmetric"))


@pytest.fixture
def unrestricted():
    """t draws that do not depend on the null value: their interval is known."""
    rng = np.random.default_rng(1)
    moves, variances = np.zeros((1_999, 2)), np.zeros((1_999, 3))
    moves[:, 0], variances[:, 0] = rng.normal(0.2, 1, 1_999), 1.0
    return StudentDraws(moves, variances, 0.5)


def test_the_symmetric_interval_is_a_quantile_of_the_absolute_draws(unrestricted):
    low, high = interval(unrestricted, 3.0, 0.95, "symmetric")
    reach = np.sort(np.abs(unrestricted.moves[:, 0]))[-100] * 0.5
    np.testing.assert_allclose((low, high), (3 - reach, 3 + reach), rtol=1e-8)


def test_the_equal_tailed_interval_reverses_the_tails(unrestricted):
    low, high = interval(unrestricted, 3.0, 0.90, "equal-tailed")
    ordered = np.sort(unrestricted.moves[:, 0])
    expected = (3 - 0.5 * ordered[-100], 3 - 0.5 * ordered[99])
    np.testing.assert_allclose((low, high), expected, rtol=1e-8)


def test_an_interval_is_unbounded_when_the_draws_grow_with_the_distance():
    moves = np.tile([0.0, 4.0], (999, 1)) * np.where(np.arange(999) % 2, 1, -1)[:, None]
    draws = StudentDraws(moves, np.tile([1.0, 0.0, 0.0], (999, 1)), 1.0)
    assert interval(draws, 0.0, 0.95, "symmetric") == (-math.inf, math.inf)
