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


def invert(matrix: Floats, width: int | None = None) -> tuple[Floats, float]:
    """Inverse and ln|det| by elimination in blocks.

    The order of every sum is fixed, whatever the number of threads. I - rW needs
    no pivoting between blocks where it is diagonally dominant (rows of W sum to
    one, |r| < 1) or similar to a positive definite matrix; the product with a
    vector is checked, and the library's pivoted inverse taken where it is off.

    Parameters
    ----------
    matrix
        N x N.
    width
        Largest distance from the diagonal of an entry that is not zero; None: any.
        Blocks beyond are left out: a narrow band costs some half of a full matrix.
    """
    n = len(matrix)
    whole, a = _blocks(matrix)
    reach = _reach(len(a), n if width is None else width)
    try:
        logdet = _eliminate(a, reach)
        _substitute(a, reach)
    except np.linalg.LinAlgError:
        logdet, a[:] = np.nan, np.nan
    inverse = whole[:n, :n]
    probe = 1 + np.arange(n) / n
    miss = np.max(np.abs(times(matrix, times(inverse, probe)) - probe))
    if not miss <= ELIMINATION_TOLERANCE:
        pivoted = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
        return pivoted, float(np.linalg.slogdet(matrix)[1])
    return inverse, logdet


def _eliminate(a: Floats, reach: list[int]) -> float:
    """Turn blocks into factors A = L D U, in place, and give ln|det|.

    What stays is D^-1 on the diagonal, L below and U above, whose diagonal blocks
    are identities.
    """
    from scipy.linalg import lapack

    logdet = 0.0
    for k, end in enumerate(reach):
        factors, pivots, singular = lapack.dgetrf(a[k, k])
        if singular:
            raise np.linalg.LinAlgError("singular block")
        logdet += float(np.sum(np.log(np.abs(np.diag(factors)))))
        a[k, k] = lapack.dgetri(factors, pivots)[0]
        rest = slice(k + 1, end)
        a[rest, k] = a[rest, k] @ a[k, k]
        a[rest, rest] -= a[rest, k][:, None] @ a[k, rest][None]
        a[k, rest] = a[k, k] @ a[k, rest]
    return logdet


def _substitute(a: Floats, reach: list[int]) -> None:
    """Turn these factors into the inverse, in place, from the last block to the first.

    Of Z = A^-1, row k right of the diagonal is -U Z, column k below it -Z L, and
    the block between them D^-1 - U Z.
    """
    for k in reversed(range(len(a) - 1)):
        near, rest = slice(k + 1, reach[k]), slice(k + 1, None)
        row = np.sum(a[k, near, None] @ a[near, rest], axis=0)
        column = np.sum(a[rest, near] @ a[near, k], axis=1)
        a[k, k] += np.sum(a[k, near] @ column[: reach[k] - k - 1], axis=0)
        a[k, rest], a[rest, k] = -row, -column


def _blocks(matrix: Floats) -> tuple[Floats, Floats]:
    """Copy of a matrix that the identity pads, and its blocks, count x count x BLOCK x BLOCK.

    The blocks are a view: what becomes of them becomes of the copy.
    """
    n = len(matrix)
    count = -(-n // BLOCK)
    whole = np.eye(count * BLOCK)
    whole[:n, :n] = matrix
    return whole, whole.reshape(count, BLOCK, count, BLOCK).transpose(0, 2, 1, 3)


def _reach(count: int, width: int) -> list[int]:
    """How far elimination fills the blocks of each step: one past the last block it meets."""
    return [min(count, ((k + 1) * BLOCK - 1 + width) // BLOCK + 1) for k in range(count)]
