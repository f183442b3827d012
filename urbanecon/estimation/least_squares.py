"""Least squares whose digits do not depend on the number of threads.

Threaded matrix products and factorisations add up rows in blocks that depend on
the number of threads, and so differ in the last digits from one machine to the
next. Sums over rows are taken here in a fixed order instead.
"""

from __future__ import annotations

import numpy as np

from urbanecon.estimation.sample import Floats

# A column is collinear when less than this share of its sum of squares is left
# once effects and earlier columns are taken out (the tolerance of fixest).
COLLINEAR = 1e-9


def cross(a: Floats, b: Floats) -> Floats:
    """A'B over the rows, p x q, summed in a fixed order."""
    return np.asarray(np.einsum("np,nq->pq", a, b), dtype=np.float64)


def times(a: Floats, b: Floats) -> Floats:
    """A b, length n, summed in a fixed order."""
    return np.asarray(np.einsum("nk,k->n", a, b), dtype=np.float64)


def product(a: Floats, b: Floats) -> Floats:
    """A B for tall A (n x k) and small B (k x q), n x q, summed in a fixed order."""
    return np.asarray(np.einsum("nk,kq->nq", a, b), dtype=np.float64)


def off(columns: Floats, basis: Floats) -> Floats:
    """Columns without their projection on an orthonormal basis, n x p (Fortran order)."""
    for _ in range(2):
        columns = columns - product(basis, cross(basis, columns))
    return np.asfortranarray(columns)


def square_root(x: Floats, weights: Floats | None) -> Floats:
    """W^(1/2) X, n x k (Fortran order)."""
    rooted = x if weights is None else x * np.sqrt(weights)[:, None]
    return np.asfortranarray(rooted)


def orthogonal(x: Floats, tolerance: float = COLLINEAR) -> tuple[Floats, Floats, list[int]]:
    """Gram-Schmidt, each column twice: X = QR on the columns that are kept.

    A column is left out when the earlier ones leave no more than `tolerance` of
    its sum of squares. Twice is enough for orthogonality to rounding (Giraud,
    Langou and Rozloznik 2005).

    Returns
    -------
    Q, n x r; R, r x r upper triangular; positions of the r columns kept.
    """
    q = np.empty(x.shape, order="F")
    r = np.zeros((x.shape[1], x.shape[1]))
    kept: list[int] = []
    for j in range(x.shape[1]):
        rank, left = len(kept), x[:, j]
        for _ in range(2):
            shares = np.einsum("nr,n->r", q[:, :rank], left)
            left = left - times(q[:, :rank], shares)
            r[:rank, rank] += shares
        squares = np.sum(left**2)
        if squares <= tolerance * np.sum(x[:, j] ** 2):
            r[:, rank] = 0
            continue
        r[rank, rank] = np.sqrt(squares)
        q[:, rank] = left / r[rank, rank]
        kept.append(j)
    return q[:, : len(kept)], r[: len(kept), : len(kept)], kept


def solve(y: Floats, x: Floats, weights: Floats | None = None) -> Floats:
    """Weighted least squares of y (n) on X (n x k) of full column rank, length k."""
    q, r, _ = orthogonal(square_root(x, weights), 0.0)
    right = square_root(y[:, None], weights)
    return np.asarray(np.linalg.solve(r, cross(q, right)[:, 0]), dtype=np.float64)


def bread(x: Floats, weights: Floats | None = None) -> Floats:
    """(X'WX)^-1, k x k, for X of full column rank.

    From the triangular factor of X rather than from X'X: a regressor in yuan
    beside one in shares costs no digits.
    """
    r = orthogonal(square_root(x, weights), 0.0)[1]
    inverse = np.asarray(np.linalg.inv(r), dtype=np.float64)
    return cross(inverse.T, inverse.T)


def independent_columns(
    raw: Floats, within: Floats, weights: Floats | None
) -> tuple[list[int], list[int]]:
    """Positions of the columns to keep, and of those that the effects absorb.

    A column is absorbed when the effects leave less than `COLLINEAR` of its sum
    of squares about the mean; it is collinear when the columns kept before it
    leave less than that of what it had within the effects.
    """
    spread = raw - np.average(raw, axis=0, weights=weights)
    before = np.sum(square_root(spread, weights) ** 2, axis=0)
    x = square_root(within, weights)
    inside = np.sum(x**2, axis=0)
    # a constant c leaves rounding of some eps c in each row, not variation
    level = np.sum(square_root(raw, weights) ** 2, axis=0)
    rounding = (8 * np.finfo(float).eps) ** 2 * level
    varies = inside > np.maximum(COLLINEAR * before, rounding)
    candidates = np.flatnonzero(varies).tolist()
    kept = [candidates[j] for j in orthogonal(x[:, varies])[2]]
    return kept, np.flatnonzero(~varies).tolist()
