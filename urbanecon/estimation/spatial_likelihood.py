"""The likelihood of spatial panel models, concentrated to the spatial parameter.

With ln|I - rW| known over the interval of r (`spatial_determinants`) the
likelihood is a function of one number. That finds its maximum; the last Newton
step and what is reported are computed by elimination in blocks, or rounded to
digits that do not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.blocked_products import product
from urbanecon.estimation.elimination import invert
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.spatial_determinants import Expansion
from urbanecon.estimation.spatial_profile import Profile
from urbanecon.estimation.weights import GRID, Weights

# The search ends on this grid (in units of the largest r), from which Newton's step starts.
SEARCH_DECIMALS = 9
# Points at which the score is looked at around the highest point of the grid, and
# how often: each time, all of them move into one cell of the last.
POINTS = 33
ROUNDS = 2
# Distance, in units of the largest r, of the points that a curvature is taken from.
STEP = 1e-5
# Below this r, in units of the largest, G is W A^-1 and not (A^-1 - I) / r.
SMALL = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Multiplier:
    """What the likelihood and the impacts need of A = I - rW and G = W A^-1.

    With the transformation for time effects, traces and log-determinant in
    `known` and `trace_cross` are those of the transformed matrix Q W Q on the
    N - 1 dimensions that Q keeps; all else is not transformed.

    Attributes
    ----------
    weights
        W.
    matrix
        G, N x N, units in the order of `weights.order`.
    known
        r, ln|A|, tr G, tr G^2.
    trace_cross
        tr G'G.
    direct, direct_slope
        Mean diagonal entry of G and of G^2 = dG/dr.
    total, total_slope
        Mean row sum of G and of G^2.
    """

    weights: Weights
    matrix: Floats
    known: Expansion
    trace_cross: float
    direct: float
    direct_slope: float
    total: float
    total_slope: float

    def lag(self, values: Floats) -> Floats:
        """Apply G to the first axis of N x T values."""
        order = self.weights.order
        out = np.empty_like(values)
        out[order] = product(self.matrix, values[order])
        return out


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
        """Trace of G at each r, close enough for a search."""
        return np.asarray(self.weights.determinants.traces(r) - self.without_mean / (1 - r))

    def slopes(self, r: float) -> tuple[float, float]:
        """Traces of G and G^2 at one r, close enough for a Newton step from the search."""
        trace, trace_square = self.weights.determinants.slopes(r)
        one = self.without_mean / (1 - r)
        return trace - one, trace_square - one**2

    def logdet_near(self, r: float, known: Expansion) -> float:
        """ln|I - rW| to the last digits, from all that is known at another point."""
        if not self.without_mean:
            return self.weights.determinants.logdet_near(r, known)
        at, one = known.parameter, 1 / (1 - known.parameter)
        whole = Expansion(
            at,
            known.logdet + float(np.log(1 - at)),
            known.trace + one,
            known.trace_square + one**2,
        )
        return self.weights.determinants.logdet_near(r, whole) - float(np.log(1 - r))

    @property
    def log_determinants(self) -> tuple[Floats, Floats]:
        """Points over the admissible interval and ln|I - rW| there."""
        points, values = self.weights.grid, self.weights.log_determinants
        return points, values - np.log(1 - points) if self.without_mean else values

    def at(self, r: float) -> Multiplier:
        """Everything at one r, by elimination."""
        n = len(self.weights.units)
        filter_ = self.weights.filter(r)
        inverse, logdet = invert(filter_, self.weights.width) if r else (filter_, 0.0)
        if abs(r) > SMALL * self.weights.bounds[1]:
            g = np.multiply(inverse, 1 / r, out=inverse)
            g[np.diag_indices(n)] -= 1 / r
        else:  # the difference would lose digits
            g = product(self.weights.ordered, inverse)
        rows, columns = np.sum(g, axis=1), np.sum(g, axis=0)
        trace, trace_square = float(np.sum(np.diag(g))), float(np.einsum("ij,ji->", g, g))
        cross_, one = float(np.einsum("ij,ij->", g, g)), self.without_mean / (1 - r)
        if self.without_mean:
            logdet -= float(np.log(1 - r))
            cross_ -= float(np.sum(columns**2)) / n
        return Multiplier(
            weights=self.weights,
            matrix=g,
            known=Expansion(r, logdet, trace - one, trace_square - one**2),
            trace_cross=cross_,
            direct=trace / n,
            direct_slope=trace_square / n,
            total=float(np.sum(rows)) / n,
            total_slope=float(np.sum(columns * rows)) / n,
        )


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the concentrated log-likelihood is largest."""

    parameter: float
    loglik: float
    sigma2: float


def polish(profile: Profile, jacobian: Jacobian, n: int) -> tuple[Maximum, Multiplier]:
    """Maximise -n/2 [ln(2 pi S(r)/n) + 1] + T ln|I - rW| over the admissible r.

    One Newton step from where the search ends, rounded, and one from there with
    all that elimination gives, summed in a fixed order. The multiplier returned is
    that of the rounded point, within 1e-8 of the maximum (in units of the largest r).

    Parameters
    ----------
    n
        Observations: N T, or those that the transformations leave.

    Raises
    ------
    EstimationError
        The likelihood rises towards the end of the interval.
    """
    found = _search(profile, jacobian, n)
    found += _newton(profile, jacobian, n, found, jacobian.slopes(found))
    at = jacobian.at(_rounded(found, jacobian))
    start, logdet, trace, trace_square = at.known
    move = _newton(profile, jacobian, n, start, (trace, trace_square))
    logdet -= move * trace + move**2 / 2 * trace_square
    return _value(profile, n, start + move, jacobian.periods * logdet), at


def maximise(profile: Profile, jacobian: Jacobian, n: int, near: Multiplier) -> Maximum:
    """Maximise as `polish`, given all that is known at the maximum of another model.

    The parameter is where the search ends, rounded. It is some 1e-6 off, which
    moves the log-likelihood by the square of that a row.

    Raises
    ------
    EstimationError
        As `polish`.
    """
    r = _rounded(_search(profile, jacobian, n), jacobian)
    return _value(profile, n, r, jacobian.periods * jacobian.logdet_near(r, near.known))


def _value(profile: Profile, n: int, r: float, jacobian: float) -> Maximum:
    sigma2 = float(profile.squares(np.array([r]))[0][0]) / n
    return Maximum(r, float(-n / 2 * (np.log(2 * np.pi * sigma2) + 1) + jacobian), sigma2)


def _search(profile: Profile, jacobian: Jacobian, n: int) -> float:
    """Find the maximum over the interval, as close as `Jacobian.trace` is.

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
    low, high = float(grid[best - 1]), float(grid[best + 1])
    for _ in range(ROUNDS):
        points = np.linspace(low, high, POINTS)
        s, ds = profile.squares(points)
        score = -n / 2 * ds / s - jacobian.periods * jacobian.trace(points)
        turns = np.flatnonzero((score[:-1] > 0) & (score[1:] <= 0))
        if not len(turns):  # flat to rounding
            return (low + high) / 2
        first, last = turns[0], turns[0] + 1
        low, high = float(points[first]), float(points[last])
    share = float(score[first] / (score[first] - score[last]))
    return low + share * (high - low)


def _newton(
    profile: Profile, jacobian: Jacobian, n: int, r: float, traces: tuple[float, float]
) -> float:
    """Step from r to the maximum, given the traces of G and G^2 there."""
    step = STEP * jacobian.weights.bounds[1]
    s, ds = profile.squares(np.array([r - step, r, r + step]))
    trace, trace_square = (jacobian.periods * value for value in traces)
    score = -n / 2 * ds / s
    curvature = (score[2] - score[0]) / (2 * step) - trace_square
    return -float((score[1] - trace) / curvature) if curvature < 0 else 0.0


def _rounded(r: float, jacobian: Jacobian) -> float:
    """Round to digits that the number of threads does not touch."""
    scale = jacobian.weights.bounds[1]
    return round(r / scale, SEARCH_DECIMALS) * scale
