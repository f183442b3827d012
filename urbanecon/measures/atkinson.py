"""The urban-rural income ratio behind a two-group Atkinson index.

Data sets publish the Atkinson index of a province or city computed from two
groups, urban and rural residents, but not the two incomes. The index and the
urban population share s determine their ratio r. With rural income 1, urban
income r and mean ``mu = s r + 1 - s``,

    ``A(r) = 1 - [s (r/mu)^(1-eps) + (1-s) (1/mu)^(1-eps)]^(1/(1-eps))``

and for eps = 1 ``A(r) = 1 - r^s / mu``.

*A is strictly increasing in r for r >= 1*, so the inverse is unique. The rural
share of income, (1-s)/mu, falls in r; with two groups the Lorenz curve is the
broken line through (1-s, (1-s)/mu), so it falls everywhere on (0, 1), and the
Atkinson index, being strictly concave in incomes, rises with every fall of the
Lorenz curve (Atkinson 1970, Journal of Economic Theory 2(3)).

*Its supremum*, as r grows without bound, is 1 for eps >= 1 (the rural group's
relative income goes to zero and takes the equally distributed equivalent with
it) and ``1 - s^(eps/(1-eps))`` for eps < 1. An index at or above it belongs to
no ratio. Below, r < 1 gives the same A a second time in general: the inversion
assumes that urban residents are not the poorer group.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from urbanecon.errors import DataWarning
from urbanecon.measures.cells import Vector, as_series, list_cells

EPSILON = 1.5
"""Inequality aversion of the genuine-progress data sets that publish the index."""

LARGEST_LOG_RATIO = 60.0
"""Ratios beyond exp(60) are indistinguishable from the supremum in double precision."""

HALVINGS = 70
"""Bisections of [0, 60]: the bracket ends below the spacing of doubles."""


def two_group_atkinson(
    ratio: ArrayLike, urban_share: ArrayLike, epsilon: float = EPSILON
) -> Vector:
    """Atkinson index of two groups with incomes `ratio` (urban) and 1 (rural)."""
    u = np.log(np.asarray(ratio, dtype=float))
    return np.asarray(-np.expm1(_log_welfare(u, np.asarray(urban_share, dtype=float), epsilon)))


def supremum(urban_share: ArrayLike, epsilon: float = EPSILON) -> Vector:
    """Largest index that two groups with this urban share can approach (see module)."""
    s = np.asarray(urban_share, dtype=float)
    if epsilon >= 1:
        return np.ones_like(s)
    return np.asarray(1.0 - s ** (epsilon / (1.0 - epsilon)))


def invert(atkinson: pd.Series, urban_share: pd.Series, epsilon: float = EPSILON) -> pd.DataFrame:
    """Urban-rural income ratio of each cell, and why where there is none.

    Parameters
    ----------
    atkinson
        Two-group Atkinson index.
    urban_share
        Urban share of the population, in (0, 1), lined up by label. It must be
        the share that the index was computed with: residents of urban places
        over urban plus rural residents of the same table.
    epsilon
        Inequality aversion, positive.

    Returns
    -------
    pd.DataFrame
        ``ratio`` (1 or more; NaN where there is none) and ``reason`` (empty
        where there is a ratio).

    Raises
    ------
    ValueError
        If epsilon is not positive.
    DataError
        If a cell holds text or an infinite value.
    """
    if epsilon <= 0:
        raise ValueError(f"epsilon must be positive, found {epsilon}")
    a = as_series(atkinson, "atkinson")
    s = as_series(urban_share.reindex(a.index), "urban_share")
    reason = _reasons(a.to_numpy(), s.to_numpy(), epsilon)
    usable = reason == ""
    ratio = np.full(len(a), np.nan)
    ratio[usable] = _solve(a.to_numpy()[usable], s.to_numpy()[usable], epsilon)
    return pd.DataFrame({"ratio": ratio, "reason": pd.array(reason, dtype="str")}, index=a.index)


def income_ratio(
    atkinson: pd.Series, urban_share: pd.Series, epsilon: float = EPSILON
) -> pd.Series:
    """Urban-rural income ratio of each cell; NaN where there is none (see `invert`).

    Warns
    -----
    DataWarning
        For each reason that made cells missing, except missing inputs; the
        message names the cells.
    """
    table = invert(atkinson, urban_share, epsilon)
    for reason, cells in table.groupby("reason").groups.items():
        if reason not in ("", MISSING):
            warnings.warn(
                f"income ratio left missing: {reason}, at {list_cells(cells)}.",
                DataWarning,
                stacklevel=2,
            )
    return table["ratio"].rename("urban_rural_ratio")


MISSING = "index or urban share is missing"


def _reasons(a: Vector, s: Vector, epsilon: float) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    with np.errstate(invalid="ignore"):
        inside = (s > 0) & (s < 1)
        limit = -np.expm1(
            _log_welfare(np.full(len(s), LARGEST_LOG_RATIO), np.where(inside, s, 0.5), epsilon)
        )
        conditions = [
            np.isnan(a) | np.isnan(s),
            ~inside,
            a < 0,
            a >= np.minimum(limit, supremum(np.where(inside, s, 0.5), epsilon)),
        ]
    reasons = [
        MISSING,
        "the urban share lies outside (0, 1)",
        "the index is negative",
        "the index is as large as two groups with this urban share can reach, or larger",
    ]
    return np.select(conditions, [np.array(r, dtype=object) for r in reasons], "")


def _log_welfare(u: Vector, s: Vector, epsilon: float) -> Vector:
    """Log of equally distributed equivalent over mean income, at log ratio u.

    Written with expm1 and log1p, so that nothing cancels near r = 1.
    """
    power = 1.0 - epsilon
    level = s * u if power == 0 else np.log1p(s * np.expm1(power * u)) / power
    return np.asarray(level - np.log1p(s * np.expm1(u)))


def _solve(a: Vector, s: Vector, epsilon: float) -> Vector:
    """Bisect in the log ratio, all cells at once; A is increasing (see module)."""
    target = np.log1p(-a)
    low, high = np.zeros(len(a)), np.full(len(a), LARGEST_LOG_RATIO)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = _log_welfare(middle, s, epsilon) < target
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    return np.asarray(np.where(a == 0, 1.0, np.exp(0.5 * (low + high))))
