"""Elimination in blocks: the inverse and the log-determinant are those of LAPACK."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from urbanecon.estimation.elimination import invert


@pytest.mark.parametrize("size", [3, 48, 100])
def test_elimination_in_blocks_inverts_and_falls_back_to_pivoting(size):
    rng = np.random.default_rng(2)
    matrix = np.eye(size) + 0.3 * rng.normal(size=(size, size)) / np.sqrt(size)
    inverse, logdet = invert(matrix)
    assert_allclose(inverse, np.linalg.inv(matrix), atol=1e-12)
    assert_allclose(logdet, np.linalg.slogdet(matrix)[1], atol=1e-12)
    turned = np.roll(np.eye(size), size // 2, axis=1) * 2.0  # zero blocks on the diagonal
    inverse, logdet = invert(turned)
    assert_allclose(inverse @ turned, np.eye(size), atol=1e-12)


def test_elimination_leaves_out_blocks_beyond_a_band():
    rng = np.random.default_rng(3)
    apart = np.abs(np.subtract.outer(np.arange(300), np.arange(300)))
    matrix = np.eye(300) + np.where(apart < 40, 0.01 * rng.normal(size=(300, 300)), 0)
    for width in (39, 48, 250, None):
        inverse, logdet = invert(matrix, width)
        assert_allclose(inverse, np.linalg.inv(matrix), atol=1e-12)
        assert_allclose(logdet, np.linalg.slogdet(matrix)[1], atol=1e-12)
