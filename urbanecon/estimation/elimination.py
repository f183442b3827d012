"""Inverses and determinants whose digits do not depend on the number of threads."""

from __future__ import annotations

import numpy as np

from urbanecon.estimation.least_squares import times
from urbanecon.estimation.sample import Floats

# Blocks of this size are too small for a linear algebra library to split among
# threads, which is what makes last digits depend on their number.
BLOCK = 48
# Where elimination without pivoting between blocks is off by more than this,
# the pivoted inverse of the library takes over.
ELIMINATION_TOLERANCE = 1e-9


def invert(matrix: Floats) -> tuple[Floats, float]:
    """Inverse and ln|det| by Gauss-Jordan elimination in blocks.

    The order of every sum is fixed, whatever the number of threads. I - rW needs
    no pivoting between blocks where it is diagonally dominant (rows of W sum to
    one, |r| < 1) or similar to a positive definite matrix; the product with a
    vector is checked, and the library's pivoted inverse taken where it is off.
    """
    n, a, logdet = len(matrix), _blocks(matrix), 0.0
    try:
        for k in range(len(a)):
            pivot = np.linalg.inv(a[k, k])
            logdet += float(np.linalg.slogdet(a[k, k])[1])
            row = pivot @ a[k]
            row[k] = pivot
            column = a[:, k].copy()
            column[k] = 0
            a[:, k] = 0
            a -= column[:, None] @ row[None, :]
            a[k] = row
    except np.linalg.LinAlgError:
        a[:] = np.nan
    size = len(a) * BLOCK
    inverse = np.ascontiguousarray(a.transpose(0, 2, 1, 3).reshape(size, size)[:n, :n])
    probe = 1 + np.arange(n) / n
    miss = np.max(np.abs(times(matrix, times(inverse, probe)) - probe))
    if not miss <= ELIMINATION_TOLERANCE:
        pivoted = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
        return pivoted, float(np.linalg.slogdet(matrix)[1])
    return inverse, logdet


def _blocks(matrix: Floats) -> Floats:
    """Blocks of a matrix that the identity pads, count x count x BLOCK x BLOCK."""
    n = len(matrix)
    count = -(-n // BLOCK)
    padded = np.eye(count * BLOCK)
    padded[:n, :n] = matrix
    blocks = padded.reshape(count, BLOCK, count, BLOCK).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(blocks)
