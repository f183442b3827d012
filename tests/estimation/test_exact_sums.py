"""Signed sums: the digits are those of any order, and right."""

from __future__ import annotations

import math

import numpy as np
import pytest

from urbanecon.estimation.exact_sums import signed_sums


@pytest.fixture
def case():
    """Synthetic: columns of very different scales and one of zeros, random signs."""
    rng = np.random.default_rng(3)
    values = rng.standard_t(2, (301, 6)) * np.array([1e-200, 1e-9, 1.0, 3e7, 1e150, 0.0])
    return rng.choice([-1.0, 1.0], (90, 301)), values


def test_any_order_of_the_terms_gives_the_same_bits(case):
    signs, values = case
    found = signed_sums(signs, values)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(values))
        assert np.array_equal(signed_sums(signs[:, order], values[order]), found)


def test_a_loop_gives_the_same_bits_as_the_matrix_product(case):
    signs, values = case
    found = signed_sums(signs, values)
    by_one = np.vstack([signed_sums(row[None], values) for row in signs])
    assert np.array_equal(by_one, found)


def test_the_sums_are_within_the_bound_of_any_summation(case):
    signs, values = case
    found = signed_sums(signs, values)
    for b in range(0, 90, 9):
        for k in range(6):
            exact = math.fsum(signs[b] * values[:, k])
            bound = 2.0**-52 * len(values) * np.abs(values[:, k]).sum()
            assert abs(found[b, k] - exact) <= bound / 10
