"""Least squares in a fixed order of summation."""

from __future__ import annotations

import numpy as np
import pytest

from urbanecon.estimation.least_squares import bread, independent_columns, orthogonal, solve


@pytest.fixture
def x():
    """Synthetic regressors of very different units."""
    return np.random.default_rng(4).normal(size=(200, 3)) * [1, 1e9, 1e-7] + [5, 0, 0]


def test_factors_are_orthogonal_and_multiply_to_the_columns(x):
    q, r, kept = orthogonal(x)
    assert kept == [0, 1, 2]
    np.testing.assert_allclose(q.T @ q, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(q @ r, x, rtol=1e-12)
    assert (np.tril(r, -1) == 0).all()


def test_factors_skip_the_later_of_collinear_columns(x):
    twice = np.column_stack([x[:, :2], x[:, 0] - 1e-9 * x[:, 1], x[:, 2]])
    q, r, kept = orthogonal(twice)
    assert kept == [0, 1, 3]
    np.testing.assert_allclose(q @ r, twice[:, kept], rtol=1e-12)


@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 9, 200)], ids=["plain", "weighted"])
def test_solution_and_bread_are_those_of_the_normal_equations(x, weights):
    y = x @ [1, 2e-9, 3e7] + np.random.default_rng(5).normal(size=200)
    root = np.ones(200) if weights is None else np.sqrt(weights)
    units = np.array([1, 1e9, 1e-7])  # the comparison itself needs columns of one size
    small = x / units * root[:, None]
    expected = np.linalg.lstsq(small, y * root, rcond=None)[0] / units
    np.testing.assert_allclose(solve(y, x, weights), expected, rtol=1e-10)
    inverse = np.linalg.inv(small.T @ small) / np.outer(units, units)
    np.testing.assert_allclose(bread(x, weights), inverse, rtol=1e-10)


def test_absorbed_and_collinear_columns_are_told_apart():
    rng = np.random.default_rng(1)
    within = rng.normal(size=(50, 4))
    raw = within + 3
    within[:, 1] = 1e-9 * rng.normal(size=50)  # nothing is left of it
    within[:, 3] = within[:, 0] + within[:, 2]
    assert independent_columns(raw, within, None) == ([0, 2], [1])
