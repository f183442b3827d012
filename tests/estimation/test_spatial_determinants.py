"""Log-determinants over the admissible interval: two ways, one answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from urbanecon.estimation.contiguity_weights import contiguity
from urbanecon.estimation.distance_weights import nearest
from urbanecon.estimation.spatial_determinants import INNER, Eigenvalues, Expansion, Factors
from urbanecon.estimation.weights import Weights


def neighbours(n, k):
    """The k nearest neighbours of n synthetic places."""
    rng = np.random.default_rng(n + k)
    places = {"latitude": rng.uniform(22, 45, n), "longitude": rng.uniform(100, 122, n)}
    return nearest(pd.DataFrame(places), k)


@pytest.mark.parametrize(("n", "k"), [(150, 3), (200, 6), (300, 8)])
@pytest.mark.parametrize("islands", [0, 2])
def test_factors_at_a_few_points_give_what_all_eigenvalues_give(n, k, islands):
    raw = neighbours(n, k).raw.copy()
    raw[:islands] = 0
    weights = Weights(pd.RangeIndex(n), raw, True, "synthetic")
    factors, exact = weights.determinants, Eigenvalues(weights.eigenvalues)
    assert isinstance(factors, Factors)
    r = np.linspace(-0.999, 0.9997, 200)
    assert_allclose(factors.logdets(r), exact.logdets(r), atol=5e-4)
    inner = np.linspace(-0.5, 0.9, 50)
    assert_allclose(factors.traces(inner), exact.traces(inner), atol=5e-3)
    for one in inner:
        near, (trace, trace_square) = factors.slopes(one), exact.slopes(one)
        assert_allclose(near[0], trace, atol=1e-7)
        assert_allclose(near[1], trace_square, rtol=1e-3)


@pytest.mark.parametrize(("n", "k"), [(150, 3), (300, 8)])
def test_near_one_factors_give_the_traces_without_interpolation(n, k):
    weights = neighbours(n, k)
    factors, exact = weights.determinants, Eigenvalues(weights.eigenvalues)
    far = np.linspace(INNER + 1e-3, 0.9997, 20)
    assert_allclose(factors.logdets(far), exact.logdets(far), atol=1e-8)
    assert_allclose(factors.traces(far), exact.traces(far), rtol=1e-5)
    for one in far:
        assert_allclose(factors.slopes(one), exact.slopes(one), rtol=1e-4)


@pytest.mark.parametrize("r", [-0.9, -0.2, 0.0, 0.3, 0.8, 0.99])
def test_each_way_is_exact_at_one_point(r):
    weights = neighbours(120, 5)
    a = np.eye(120) - r * weights.matrix
    expected = np.linalg.slogdet(a)[1]
    assert_allclose(weights.band.logdet(r), expected, rtol=1e-12, atol=1e-12)
    sums = weights.band.row_sums(r)
    assert_allclose(sums, np.linalg.solve(a, np.ones(120))[weights.order], rtol=1e-12)
    near = 0.9 * r
    inverse = np.linalg.inv(np.eye(120) - near * weights.matrix)
    g = weights.matrix @ inverse
    known = Expansion(near, -np.linalg.slogdet(inverse)[1], np.trace(g), np.sum(g * g.T))
    for way in (weights.determinants, Eigenvalues(weights.eigenvalues)):
        assert_allclose(way.logdet_near(r, known), expected, rtol=1e-9, atol=1e-9)


def test_eigenvalues_serve_where_factors_do_not():
    small, wide = neighbours(60, 5), neighbours(150, 40)
    ring = contiguity({i: [(i + 1) % 150] for i in range(150)}, directed=True)  # on the circle
    islands = contiguity({i: [i + 1] if i < 148 else [] for i in range(150)} | {148: [0]},
                         directed=True)  # fmt: skip
    mutual = contiguity({i: [(i - 1) % 150, (i + 1) % 150] for i in range(150)})
    for weights in (small, wide, ring, islands, mutual):
        assert isinstance(weights.determinants, Eigenvalues)
