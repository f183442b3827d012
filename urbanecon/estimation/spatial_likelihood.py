"""The likelihood of spatial panel models, concentrated to the spatial parameter.

With W diagonalised once, ln|I - rW| = sum_i ln|1 - r w_i| (Ord 1975) and the
likelihood is a function of one number. Eigenvalues find its maximum; the last
Newton step and what is reported are computed by elimination in blocks, or
rounded to digits that do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.elimination import invert
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.spatial_profile import Profile
from urbanecon.estimation.weights import GRID, Weights, product

# The search ends on this grid (in units of the largest r), from which Newton's step starts.
SEARCH_DECIMALS = 9
# Points at which the score is looked at around the highest point of the grid.
POINTS = 9
# Digits of sums over eigenvalues that are reported; threads touch the fifteenth.
DIGITS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Multiplier:
    """What the likelihood and the impacts need of A = I - rW and G = W A^-1.

    With the transformation for time effects, traces and log-determinant are
    those of the transformed matrix Q W Q on the N - 1 dimensions that Q keeps.

    Attributes
    ----------
    parameter
        r.
    matrix
        G, N x N, not transformed.
    logdet
        ln|A|.
    trace, trace_square, trace_cross
        tr G, tr G^2, tr G'G.
    """

    parameter: float
    matrix: Floats
    logdet: float
    trace: float
    trace_square: float
    trace_cross: float

    def lag(self, values: Floats) -> Floats:
        """Apply G to the first axis of N x T values."""
        return product(self.matrix, values)


@dataclass(frozen=True, slots=True, eq=False)
class Jacobian:
    """ln|I - rW| and its derivatives, T times.

    Attributes
    ----------
    weights
        W.
    periods
        T, or T - 1 when unit effects are transformed out.
    without_mean
        Whether time effects are transformed out: ln|I - rW| - ln(1 - r), valid
        when W maps a constant to itself (Lee and Yu 2010, eq. 25).
    """

    weights: Weights
    periods: int
    without_mean: bool

    def trace(self, r: Floats) -> Floats:
        """Trace of G at each r, from the eigenvalues."""
        w = self.weights.eigenvalues
        total = np.sum((w / (1 - r[:, None] * w)).real, axis=1)
        return np.asarray(total - self.without_mean / (1 - r), dtype=np.float64)

    def logdet_from(self, at: Multiplier, r: float) -> float:
        """ln|I - rW| from all that is known at another point.

        The first two terms of the expansion are exact; the rest is small, comes
        from the eigenvalues and is rounded.
        """
        w, step = self.weights.eigenvalues, r - at.parameter
        g = w / (1 - at.parameter * w)
        rest = float(np.sum(np.log(np.abs(1 - step * g)) + (step * g + (step * g) ** 2 / 2).real))
        if self.without_mean:
            share = step / (1 - at.parameter)
            rest -= float(np.log(np.abs(1 - share)) + share + share**2 / 2)
        exact = at.logdet - step * at.trace - step**2 / 2 * at.trace_square
        return exact + float(settled(np.array([rest]))[0])

    @property
    def log_determinants(self) -> tuple[Floats, Floats]:
        """Points over the admissible interval and ln|I - rW| there."""
        points, values = self.weights.log_determinants
        return points, values - np.log(1 - points) if self.without_mean else values

    def at(self, r: float) -> Multiplier:
        """Everything at one r, by elimination."""
        n = len(self.weights.units)
        filter_ = -r * self.weights.matrix
        np.fill_diagonal(filter_, 1.0)
        inverse, logdet = invert(filter_)
        g = self.weights.lag(inverse)
        cross_ = float(np.einsum("ij,ij->", g, g))
        one = float(self.without_mean)
        if self.without_mean:
            cross_ -= float(np.sum(np.sum(g, axis=0) ** 2)) / n
        return Multiplier(
            parameter=r,
            matrix=g,
            logdet=logdet - (float(np.log(1 - r)) if self.without_mean else 0.0),
            trace=float(np.sum(np.diag(g))) - one / (1 - r),
            trace_square=float(np.einsum("ij,ji->", g, g)) - one / (1 - r) ** 2,
            trace_cross=cross_,
        )


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the concentrated log-likelihood is largest."""

    parameter: float
    loglik: float
    sigma2: float


def polish(profile: Profile, jacobian: Jacobian, n: int) -> tuple[Maximum, Multiplier]:
    """Maximise -n/2 [ln(2 pi S(r)/n) + 1] + T ln|I - rW| over the admissible r.

    One Newton step from the rounded root of the score, summed in a fixed order.
    The multiplier returned is that of the rounded point, within 1e-9 of the
    maximum (in units of the largest r).

    Parameters
    ----------
    n
        Observations: N T, or those that the transformations leave.

    Raises
    ------
    EstimationError
        The likelihood rises towards the end of the interval.
    """
    start, step = _search(profile, jacobian, n), 1e-5 * jacobian.weights.bounds[1]
    at = jacobian.at(start)
    s, ds = profile.squares(np.array([start - step, start, start + step]))
    score = -n / 2 * ds / s
    curvature = (score[2] - score[0]) / (2 * step) - jacobian.periods * at.trace_square
    move = -float((score[1] - jacobian.periods * at.trace) / curvature) if curvature < 0 else 0.0
    logdet = at.logdet - move * at.trace - move**2 / 2 * at.trace_square
    return _value(profile, n, start + move, jacobian.periods * logdet), at


def maximise(profile: Profile, jacobian: Jacobian, n: int, near: Multiplier) -> Maximum:
    """Maximise as `polish`, given all that is known at the maximum of another model.

    The parameter has nine decimals (in units of the largest r), which moves the
    log-likelihood by less than rounding.

    Raises
    ------
    EstimationError
        As `polish`.
    """
    r = _search(profile, jacobian, n)
    return _value(profile, n, r, jacobian.periods * jacobian.logdet_from(near, r))


def settled(values: Floats) -> Floats:
    """Round to digits that the number of threads does not touch."""
    return np.array([float(f"{v:.{DIGITS}g}") for v in values])


def _value(profile: Profile, n: int, r: float, jacobian: float) -> Maximum:
    sigma2 = float(profile.squares(np.array([r]))[0][0]) / n
    return Maximum(r, float(-n / 2 * (np.log(2 * np.pi * sigma2) + 1) + jacobian), sigma2)


def _search(profile: Profile, jacobian: Jacobian, n: int) -> float:
    """Find the maximum by the eigenvalues, rounded to digits that threads do not touch.

    The grid finds the highest point, so that several local maxima do no harm;
    the root of the score is then narrowed down in its cell.
    """
    grid, logdet = jacobian.log_determinants
    height = -n / 2 * np.log(profile.squares(grid)[0]) + jacobian.periods * logdet
    best = int(np.argmax(height))
    if best in (0, GRID - 1):
        raise EstimationError(
            f"the likelihood rises to the end of the admissible interval ({grid[0]:.4g}, "
            f"{grid[-1]:.4g}) of the spatial parameter: the model is misspecified for these data "
            "(a common trend without time effects? an outcome averaged over neighbours?)"
        )

    def score(r: Floats) -> Floats:
        s, ds = profile.squares(r)
        return -n / 2 * ds / s - jacobian.periods * jacobian.trace(r)

    root = _root(score, float(grid[best - 1]), float(grid[best + 1]))
    scale = jacobian.weights.bounds[1]
    return round(root / scale, SEARCH_DECIMALS) * scale


def _root(score: Callable[[Floats], Floats], low: float, high: float) -> float:
    """Point where the score turns from positive to not positive."""
    from scipy.optimize import brentq

    points = np.linspace(low, high, POINTS)
    rises = score(points) > 0
    turns = np.flatnonzero(rises[:-1] & ~rises[1:])
    if not len(turns):  # flat to rounding
        return (low + high) / 2
    cell = float(points[turns[0]]), float(points[turns[0] + 1])
    return float(brentq(lambda r: score(np.array([r]))[0], *cell, xtol=1e-11 * (high - low)))
