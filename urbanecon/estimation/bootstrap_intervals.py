"""p-values of bootstrap draws, and intervals that invert the test."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from urbanecon.estimation.bootstrap_sums import StudentDraws
from urbanecon.estimation.sample import Floats, Mask

Tail = Literal["symmetric", "equal-tailed"]
TAILS: tuple[str, ...] = get_args(Tail)

TIE = 1e-9
"""Statistics nearer than this (relative above one) are equal: w = 1 gives the sample back."""
GRID = 32
FARTHEST = 2.0**40
"""Standard errors from the estimate beyond which an interval is unbounded."""


def above(draws: Floats, statistic: float) -> Mask:
    """Draws greater than the statistic, ties not counted."""
    return np.asarray(draws > statistic + TIE * max(1.0, abs(statistic)))


def p_value(draws: Floats, statistic: float, tail: Tail) -> float:
    """Share of the draws that are more extreme (missing ones left out).

    Symmetric: P(|t*| > |t|). Equal-tailed: 2 min(P(t* > t), P(t* < t)).
    Inequalities are strict, as in boottest.
    """
    known = draws[~np.isnan(draws)]
    if not len(known):
        return math.nan
    if tail == "symmetric":
        return float(above(np.abs(known), abs(statistic)).mean())
    upper, lower = above(known, statistic).mean(), above(-known, -statistic).mean()
    return float(min(1.0, 2 * min(upper, lower)))


def interval(
    draws: StudentDraws, estimate: float, level: float, tail: Tail
) -> tuple[float, float]:
    """Null values r whose p-value is above 1 - level: its two outer ends.

    The same draws serve every r (Roodman et al. 2019, section 3.5), so p is a
    step function of r; each end lies at a step. Infinite where p stays above
    1 - level as far as `FARTHEST` standard errors; NaN without usable draws.
    """

    def p(distance: float) -> float:
        return p_value(draws.t(distance), distance / draws.se, tail)

    if math.isnan(p(0.0)):
        return math.nan, math.nan
    alpha = 1 - level
    low = estimate - _end(p, draws.se, alpha)
    high = estimate - _end(p, -draws.se, alpha)
    return low, high


def _end(p: Callable[[float], float], unit: float, alpha: float) -> float:
    """Distance at which p falls to alpha, searched from zero in the direction of `unit`."""
    reach = 1.0
    while p(reach * unit) > alpha:
        reach *= 2
        if reach > FARTHEST:
            return math.copysign(math.inf, unit)
    # p need not fall everywhere: the last grid point that is not rejected decides
    grid = np.linspace(0, reach, GRID + 1)
    accepted = [i for i in range(GRID) if p(grid[i] * unit) > alpha]
    if not accepted:
        return 0.0
    inside, outside = grid[accepted[-1]], grid[accepted[-1] + 1]
    while True:
        middle = (inside + outside) / 2
        if not inside < middle < outside:
            return float(inside * unit)
        if p(middle * unit) > alpha:
            inside = middle
        else:
            outside = middle
