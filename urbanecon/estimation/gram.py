"""Which columns of cross products stand on their own, and what solves them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from urbanecon.estimation.covariance import symmetric
from urbanecon.estimation.least_squares import COLLINEAR
from urbanecon.estimation.sample import Floats, Mask

RANK_TOLERANCE = 1e-11
"""A level that the others leave less of than this share adds nothing to their span."""


def eliminated(
    gram: Floats, order: Sequence[int], tolerance: float, before: Floats | None = None
) -> tuple[list[int], Floats]:
    """Take columns out of cross products one after another (outer-product Cholesky).

    A column is passed over when those before it leave no more than `tolerance` of
    its sum of squares.

    Parameters
    ----------
    gram
        Cross products, P x P.
    order
        Positions to take out, in this order.
    before
        Sums of squares that what is left is compared with, length P; the diagonal
        of `gram` unless columns were taken out of it already.

    Returns
    -------
    Positions taken out; the cross products of what they leave of every column, P x P.
    """
    left = np.array(gram, dtype=np.float64)
    least = tolerance * (np.diag(gram) if before is None else before)
    kept = []
    for j in order:
        pivot = left[j, j]
        if not pivot > least[j]:
            continue
        kept.append(j)
        column = left[:, j] / np.sqrt(pivot)
        left -= column[:, None] * column
    return kept, left


def independent(gram: Floats, order: Sequence[int], tolerance: float) -> list[int]:
    """Positions, in `order`, that are not spanned by those before them; see `eliminated`."""
    return eliminated(gram, order, tolerance)[0]


def independent_terms(total: Floats, before: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Of the columns `wanted`, those that `before` and the earlier ones do not span."""
    order = [*before, *(j for j in wanted if total[j, j] > 0)]
    kept = independent(total, order, COLLINEAR)
    return [j for j in kept if j in set(wanted)]


def absorbed_columns(inside: Floats, spread: Floats, centre: Floats, weight: float) -> Mask:
    """Columns of which effects leave nothing but rounding.

    The rule of `least_squares.independent_columns`, from sums.

    Parameters
    ----------
    inside, spread
        Sums of squares within the effects, and about the mean.
    centre
        The mean.
    weight
        Sum of the weights.
    """
    rounding = (8 * np.finfo(float).eps) ** 2 * (spread + weight * centre**2)
    return np.asarray(inside <= np.maximum(COLLINEAR * spread, rounding))


def inverse(gram: Floats) -> Floats:
    """Inverse of cross products, columns scaled to unit length first."""
    scale = 1 / np.sqrt(np.diag(gram))
    scaled = gram * scale[:, None] * scale
    return symmetric(np.linalg.inv(scaled) * scale[:, None] * scale)


def solved(gram: Floats, right: Floats) -> Floats:
    """Solve gram a = right (P x M), columns scaled to unit length first."""
    scale = 1 / np.sqrt(np.diag(gram))
    scaled = gram * scale[:, None] * scale
    return np.asarray(np.linalg.solve(scaled, right * scale[:, None]) * scale[:, None])


def within_squares(total: Floats, levels: Sequence[int], y: int) -> float:
    """Sum of squares of a column once the levels are out."""
    if not levels:
        return float(total[y, y])
    right = total[levels, y]
    return float(total[y, y] - right @ inverse(total[np.ix_(levels, levels)]) @ right)
