"""Least squares with weights that are not negative and sum to one."""

from __future__ import annotations

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.least_squares import cross, times
from urbanecon.estimation.sample import Codes, Floats

# A weight joins when its gradient is below the others' by this share.
OPTIMAL = 1e-9
# The short way to solve divides by the ridge: it is taken above this share of a
# row's sum of squares.
WELL_CONDITIONED = 1e-4


def simplex_weights(a: Floats, b: Floats, ridge: float) -> Floats:
    """Minimise ||a x - b||^2 + ridge ||x||^2 over x >= 0 with sum x = 1, length k.

    Active sets (Lawson and Hanson 1974, chapter 23) with the sum as a further
    constraint: exact up to rounding, where Frank-Wolfe steps stop at a
    tolerance. The first set comes from dropping negative weights until none is
    left.

    Parameters
    ----------
    a, b
        n x k and length n.
    ridge
        Positive; makes the solution unique.

    Raises
    ------
    EstimationError
        No solution was reached; the columns are too close to collinear.
    """
    k = a.shape[1]
    right = np.einsum("nk,n->k", a, b)
    positive = np.arange(k)
    z = _on_support(a, right, ridge, positive)
    while (z <= 0).any() and len(positive) > 1:
        positive = positive[z > 0]
        z = _on_support(a, right, ridge, positive)
    x = np.zeros(k)
    x[positive] = z
    scale = OPTIMAL * max(float(np.max(np.abs(right))), float(ridge))
    for _ in range(10 * k + 10):
        gradient = np.einsum("nk,n->k", a, times(a, x)) + ridge * x - right
        level = float(np.sum(gradient * x))  # equal on the support, which sums to one
        gradient[x > 0] = np.inf
        enters = int(np.argmin(gradient))
        if gradient[enters] >= level - scale:
            return x
        better = _improved(a, right, ridge, x, np.append(np.flatnonzero(x > 0), enters))
        if better[enters] == 0:  # the gain is below rounding
            return x
        x = better
    raise EstimationError(
        f"weights on {k} columns did not settle: the columns are too close to collinear; use "
        "fewer periods or units"
    )


def _improved(a: Floats, right: Floats, ridge: float, x: Floats, support: Codes) -> Floats:
    """Best weights on a support, reached without leaving the simplex."""
    while True:
        z = _on_support(a, right, ridge, support)
        out = np.zeros_like(x)
        if (z > 0).all():
            out[support] = z
            return out
        here = x[support]
        ratio = np.full(len(support), np.inf)
        falling = z <= 0
        ratio[falling] = here[falling] / (here[falling] - z[falling])
        stays = ratio > ratio.min()
        moved = here + ratio.min() * (z - here)
        out[support[stays]] = moved[stays]
        x, support = out, support[stays]


def _on_support(a: Floats, right: Floats, ridge: float, support: Codes) -> Floats:
    """Minimiser with sum one on some columns, signs free."""
    ones = np.ones(len(support))
    free, level = _solve(a[:, support], np.column_stack([right[support], ones]), ridge).T
    return np.asarray(free + level * (1 - np.sum(free)) / np.sum(level), dtype=np.float64)


def _solve(a: Floats, right: Floats, ridge: float) -> Floats:
    """(a'a + ridge I)^-1 right, k x m, by the smaller Gram matrix unless that costs digits."""
    n, k = a.shape
    if k <= n or ridge < WELL_CONDITIONED * np.sum(a**2) / n:
        gram = cross(a, a)
        gram.ravel()[:: k + 1] += ridge
        return np.asarray(np.linalg.solve(gram, right), dtype=np.float64)
    gram = cross(a.T, a.T)
    gram.ravel()[:: n + 1] += ridge
    inner = np.linalg.solve(gram, np.einsum("nk,km->nm", a, right))
    return np.asarray((right - np.einsum("nk,nm->km", a, inner)) / ridge, dtype=np.float64)
