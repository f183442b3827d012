"""The likelihood of spatial panel models, concentrated to the spatial parameter.

With W diagonalised once, ln|I - rW| = sum_i ln|1 - r w_i| (Ord 1975) and the
likelihood is a function of one number. Eigenvalues find its maximum; the last
Newton step and everything that is reported are computed by elimination in
blocks, so that no digit depends on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.elimination import invert, log_determinant
from urbanecon.estimation.least_squares import cross, orthogonal
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.weights import Weights

# Points of the first look at the likelihood, then of each closer look at its score.
GRID = 65
POINTS = 17
ZOOMS = 9
# The search ends on this grid (in units of the largest r), from which Newton's step starts.
SEARCH_DECIMALS = 9
# How close to the ends of the admissible interval the search goes.
MARGIN = 1e-6


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

    def logdet(self, r: Floats) -> Floats:
        """ln|I - rW| at each r, from the eigenvalues."""
        total = np.sum(np.log(np.abs(1 - r[:, None] * self.weights.eigenvalues)), axis=1)
        mean = np.log(np.abs(1 - r)) if self.without_mean else 0.0
        return np.asarray(total - mean, dtype=np.float64)

    def logdet_at(self, r: float) -> float:
        """ln|I - rW| at one r, by elimination."""
        n, mean = len(self.weights.units), float(np.log(1 - r)) if self.without_mean else 0.0
        near = float(self.logdet(np.array([r]))[0]) + mean
        return log_determinant(np.eye(n) - r * self.weights.matrix, near) - mean

    def at(self, r: float) -> Multiplier:
        """Everything at one r, by elimination."""
        n = len(self.weights.units)
        inverse, logdet = invert(np.eye(n) - r * self.weights.matrix)
        g = self.weights.lag(inverse)
        cross_ = float(np.sum(g**2))
        one = float(self.without_mean)
        if self.without_mean:
            cross_ -= float(np.sum(np.sum(g, axis=0) ** 2)) / n
        return Multiplier(
            parameter=r,
            matrix=g,
            logdet=logdet - (float(np.log(1 - r)) if self.without_mean else 0.0),
            trace=float(np.sum(np.diag(g))) - one / (1 - r),
            trace_square=float(np.sum(g * g.T)) - one / (1 - r) ** 2,
            trace_cross=cross_,
        )


class Profile(Protocol):
    """Sum of squared residuals as a function of the spatial parameter."""

    def squares(self, r: Floats) -> tuple[Floats, Floats]:
        """S(r) and S'(r) at each r."""


@dataclass(frozen=True, slots=True, eq=False)
class LagProfile:
    """S(r) = |e_0 - r e_1|^2, e_0 and e_1 the residuals of y and Wy on X."""

    moments: Floats

    @classmethod
    def of(cls, y: Floats, lagged: Floats, x: Floats) -> LagProfile:
        """Build from projected columns of length n and X, n x k."""
        q = orthogonal(np.asfortranarray(x))[0]
        both = np.column_stack([y, lagged])
        for _ in range(2):
            both = both - np.einsum("nk,kp->np", q, cross(q, both))
        return cls(cross(both, both))

    def squares(self, r: Floats) -> tuple[Floats, Floats]:
        """S(r) and S'(r) at each r."""
        (a, b), (_, c) = self.moments
        return a - 2 * r * b + r**2 * c, -2 * b + 2 * r * c


@dataclass(frozen=True, slots=True, eq=False)
class ErrorProfile:
    """S(r) = min_b |M (I - rW)(y - Xb)|^2, M the projection off the filtered constant.

    The cross products of M (I - rW) [y, X] are polynomials in r, so that the
    data are read once. A constant c in every unit becomes (I - rW)c, which is a
    constant only when rows of W sum to one; M handles both.

    Attributes
    ----------
    quadratic
        Coefficients of 1, r, r^2, 3 x p x p.
    means
        The same of v'(I - rW)[y, X] by period (or pooled), 3 x S x p; S is zero
        with unit effects alone.
    length
        Coefficients of v'v, v = (I - rW)l (times T when pooled), 3.
    """

    quadratic: Floats
    means: Floats
    length: Floats

    def squares(self, r: Floats) -> tuple[Floats, Floats]:
        """S(r) and S'(r) at each r."""
        power, slope = _powers(r)
        c, dc = (np.einsum("mj,jpq->mpq", z, self.quadratic) for z in (power, slope))
        if self.means.shape[1]:
            b, db = (np.einsum("mj,jsp->msp", z, self.means) for z in (power, slope))
            v, dv = ((z @ self.length)[:, None, None] for z in (power, slope))
            bb = np.einsum("msp,msq->mpq", b, b)
            cross_ = np.einsum("msp,msq->mpq", db, b)
            c = c - bb / v
            dc = dc - (cross_ + cross_.transpose(0, 2, 1)) / v + bb * dv / v**2
        b_hat = np.linalg.solve(c[:, 1:, 1:], c[:, 1:, :1])[:, :, 0]
        contrast = np.concatenate([np.ones((len(r), 1)), -b_hat], axis=1)
        return (
            np.einsum("mp,mpq,mq->m", contrast, c, contrast),
            np.einsum("mp,mpq,mq->m", contrast, dc, contrast),
        )

    @classmethod
    def of(
        cls, z: Floats, weights: Weights, unit_effects: bool, time_effects: bool
    ) -> ErrorProfile:
        """Build from [y, X] in deviation from unit means (with unit effects), N x T x p."""
        n, t, p = z.shape
        flat = np.asfortranarray(z.reshape(n * t, p))
        basis = orthogonal(flat[:, 1:])[0]
        y = flat[:, :1] - np.einsum("nk,kp->np", basis, cross(basis, flat[:, :1]))
        z = np.concatenate([y, basis], axis=1).reshape(n, t, -1)
        lagged = weights.lag(z)
        a, b = z.reshape(n * t, -1), lagged.reshape(n * t, -1)
        mixed = cross(a, b)
        quadratic = np.stack([cross(a, a), -(mixed + mixed.T), cross(b, b)])
        u = weights.lag(np.ones(n))
        means = np.zeros((3, 0, a.shape[1]))
        if time_effects or not unit_effects:
            l_z, l_w, u_z, u_w = (
                np.einsum("n,ntp->tp", v, c) for v in (np.ones(n), u) for c in (z, lagged)
            )
            means = np.stack([l_z, -(l_w + u_z), u_w])
            if not time_effects:
                means = means.sum(axis=1, keepdims=True)
        scale = 1 if time_effects else t
        length = scale * np.array([float(n), -2 * float(np.sum(u)), float(np.sum(u**2))])
        return cls(quadratic, means, length)


def _powers(r: Floats) -> tuple[Floats, Floats]:
    one, zero = np.ones_like(r), np.zeros_like(r)
    return np.stack([one, r, r**2], axis=1), np.stack([zero, one, 2 * r], axis=1)


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the concentrated log-likelihood is largest."""

    parameter: float
    loglik: float
    sigma2: float


def maximise(profile: Profile, jacobian: Jacobian, n: int) -> Maximum:
    """Maximise -n/2 [ln(2 pi S(r)/n) + 1] + T ln|I - rW| over the admissible r.

    The parameter has nine decimals (in units of the largest r), which moves the
    log-likelihood by less than rounding; `polish` gives the digits that follow.

    Parameters
    ----------
    n
        Observations: N T, or those that the transformations leave.

    Raises
    ------
    EstimationError
        The likelihood rises towards the end of the interval.
    """
    r = _search(profile, jacobian, n)
    return _value(profile, n, r, jacobian.periods * jacobian.logdet_at(r))


def polish(profile: Profile, jacobian: Jacobian, n: int) -> tuple[Maximum, Multiplier]:
    """Maximise with one Newton step from the rounded root, summed in a fixed order.

    The multiplier returned is that of the rounded point, within 1e-9 of the
    maximum (in units of the largest r).

    Raises
    ------
    EstimationError
        As `maximise`.
    """
    start, step = _search(profile, jacobian, n), 1e-5 * jacobian.weights.bounds[1]
    at = jacobian.at(start)
    s, ds = profile.squares(np.array([start - step, start, start + step]))
    score = -n / 2 * ds / s
    curvature = (score[2] - score[0]) / (2 * step) - jacobian.periods * at.trace_square
    move = -float((score[1] - jacobian.periods * at.trace) / curvature) if curvature < 0 else 0.0
    logdet = at.logdet - move * at.trace - move**2 / 2 * at.trace_square
    return _value(profile, n, start + move, jacobian.periods * logdet), at


def _value(profile: Profile, n: int, r: float, jacobian: float) -> Maximum:
    sigma2 = float(profile.squares(np.array([r]))[0][0]) / n
    return Maximum(r, float(-n / 2 * (np.log(2 * np.pi * sigma2) + 1) + jacobian), sigma2)


def _search(profile: Profile, jacobian: Jacobian, n: int) -> float:
    """Find the maximum by the eigenvalues, rounded to digits that threads do not touch.

    The grid finds the highest point, so that several local maxima do no harm;
    the root of the score is then narrowed down in its cell.
    """
    low, high = jacobian.weights.bounds
    low, high = low + MARGIN * (high - low), high - MARGIN * (high - low)

    def score(r: Floats) -> Floats:
        s, ds = profile.squares(r)
        return -n / 2 * ds / s - jacobian.periods * jacobian.trace(r)

    grid = np.linspace(low, high, GRID)
    height = -n / 2 * np.log(profile.squares(grid)[0]) + jacobian.periods * jacobian.logdet(grid)
    best = int(np.argmax(height))
    if best in (0, GRID - 1):
        raise EstimationError(
            f"the likelihood rises to the end of the admissible interval ({low:.4g}, {high:.4g}) "
            "of the spatial parameter: the model is misspecified for these data (a common trend "
            "without time effects? an outcome averaged over neighbours?)"
        )
    root = _root(score, float(grid[best - 1]), float(grid[best + 1]))
    scale = jacobian.weights.bounds[1]
    return round(root / scale, SEARCH_DECIMALS) * scale


def _root(score: Callable[[Floats], Floats], low: float, high: float) -> float:
    """Zoom in on the point where the score turns from positive to not positive."""
    for _ in range(ZOOMS):
        points = np.linspace(low, high, POINTS)
        fallen = np.flatnonzero(score(points) <= 0)
        last = int(fallen[0]) if len(fallen) else POINTS - 1
        low, high = float(points[max(last - 1, 0)]), float(points[max(last, 1)])
    return (low + high) / 2
