"""Shortest fixed-length intervals when the trend's slope changes by at most M.

The bias of an affine estimator is a sum of absolute values and its variance is
quadratic in the same weights: minimising one for a given other is a lasso, and
its solutions lie on a path of straight segments that is followed exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.honest_path import EventPath
from urbanecon.estimation.sample import Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """Weights start + penalty x slope, for penalties between `low` and `high`."""

    low: float
    high: float
    start: Floats
    slope: Floats


@dataclass(frozen=True, slots=True, eq=False)
class AffineFrontier:
    """Affine estimators of l'tau that no other beats in both bias and variance.

    An estimator is l'b_post + p'b_pre, p_k on relative year -k (k = 1 ... K,
    counted from the base). With q_j = sum_{k > j} (k - j) p_k, its bias over
    paths whose second differences are at most M is M (|q_0| + sum_j |q_j| + c),
    finite only when q_0 = sum_s s l_s; c = sum_j |sum_{s > j} (s - j) l_s|
    belongs to the lags alone (Rambachan and Roth 2023, "A more credible
    approach to parallel trends", section 5.1 and appendix).
    """

    path: EventPath
    l_vec: Floats
    fixed_bias: float
    basis: Floats  # p = basis q + origin, K x (K - 1)
    origin: Floats
    segments: tuple[_Segment, ...]

    def weights(self, q: Floats) -> Floats:
        """Weights on all coefficients, pre in increasing years, then post."""
        p = np.einsum("kj,j->k", self.basis, q) + self.origin
        return np.concatenate([p[::-1], self.l_vec])

    def half_length(self, m: float, q: Floats, level: float) -> float:
        """Half the length of the interval of confidence `level` around this estimator."""
        sd = self._sd(q)
        return folded_normal_quantile(level, m * self._bias(q) / sd) * sd

    def best(self, m: float, level: float) -> tuple[float, float]:
        """Centre and half-length of the shortest interval when second differences reach m."""
        from scipy.optimize import minimize_scalar

        best_q, best_half = np.zeros(self.basis.shape[1]), np.inf
        for segment in self.segments:
            ends = [segment.low, segment.high]
            if segment.high > segment.low:
                found = minimize_scalar(
                    lambda x, s=segment: self.half_length(m, s.start + x * s.slope, level),
                    bounds=(segment.low, segment.high),
                    method="bounded",
                    options={"xatol": 1e-10 * segment.high},
                )
                ends.append(float(found.x))
            for penalty in ends:
                q = segment.start + penalty * segment.slope
                half = self.half_length(m, q, level)
                if half < best_half:
                    best_q, best_half = q, half
        return float(np.sum(self.weights(best_q) * self.path.beta)), best_half

    def _bias(self, q: Floats) -> float:
        return self.fixed_bias + float(np.sum(np.abs(q)))

    def _sd(self, q: Floats) -> float:
        a = self.weights(q)
        return float(np.sqrt(np.einsum("i,ij,j->", a, self.path.vcov, a)))


def affine_frontier(path: EventPath, l_vec: Floats) -> AffineFrontier:
    """Follow the frontier from the least bias to the least variance."""
    leads, lags = len(path.pre), len(path.post)
    q_0 = float(np.sum(np.arange(1, lags + 1) * l_vec))
    kinks = [np.sum(np.arange(1, lags - j + 1) * l_vec[j:]) for j in range(1, lags)]
    # p_k = q_{k-1} - 2 q_k + q_{k+1}, with q_0 given and q_K = q_{K+1} = 0
    steps = np.zeros((leads, leads + 2))
    for k in range(leads):
        steps[k, k : k + 3] = [1, -2, 1]
    basis, origin = steps[:, 1:leads], steps[:, 0] * q_0
    n = leads
    pre = path.vcov[:n, :n][::-1, ::-1]
    with_post = np.einsum("ij,j->i", path.vcov[:n, n:], l_vec)[::-1]
    quadratic = basis.T @ pre @ basis
    linear = basis.T @ (pre @ origin + with_post)
    return AffineFrontier(
        path=path,
        l_vec=l_vec,
        fixed_bias=abs(q_0) + float(np.sum(np.abs(kinks))),
        basis=basis,
        origin=origin,
        segments=_lasso_path(quadratic, linear),
    )


def _lasso_path(h: Floats, g: Floats) -> tuple[_Segment, ...]:
    """Minimisers of q'Hq/2 + g'q + penalty sum|q| for every penalty (Osborne et al. 2000).

    Followed from the penalty at which q = 0 down to zero: a coordinate enters
    when its gradient reaches the penalty, and leaves when it passes through
    zero.
    """
    k = len(g)
    if k == 0:
        return (_Segment(0.0, 0.0, np.zeros(0), np.zeros(0)),)
    penalty = float(np.max(np.abs(g)))
    active, signs = [int(np.argmax(np.abs(g)))], [-float(np.sign(g[np.argmax(np.abs(g))]))]
    segments = []
    left = -1
    for _ in range(100 * k):
        start, slope = np.zeros(k), np.zeros(k)
        block = h[np.ix_(active, active)]
        start[active] = -np.linalg.solve(block, g[active])
        slope[active] = -np.linalg.solve(block, np.array(signs))
        gradient = (g + h @ start, h @ slope)
        events = [
            (_leaves if j in active else _enters)(
                start[j], slope[j], gradient[0][j], gradient[1][j]
            )
            for j in range(k)
        ]
        event, who = _next_event(events, penalty, left)
        segments.append(_Segment(event, penalty, start, slope))
        if event <= 0:
            return tuple(segments)
        penalty, left = event, -1
        if who in active:
            place = active.index(who)
            del active[place], signs[place]
            left = who
        else:
            active.append(who)
            signs.append(-float(np.sign(gradient[0][who] + event * gradient[1][who])))
    raise EstimationError("the frontier of affine estimators did not end; check the covariance")


def _leaves(start: float, slope: float, _a: float, _b: float) -> list[float]:
    """Penalty at which an active coordinate passes through zero."""
    return [-start / slope] if slope else []


def _enters(_start: float, _slope: float, a: float, b: float) -> list[float]:
    """Penalties at which the gradient a + penalty b of an idle coordinate reaches them."""
    return [a / (sign - b) for sign in (1, -1) if sign != b]


def _next_event(events: list[list[float]], penalty: float, left: int) -> tuple[float, int]:
    """Largest penalty below the present one with an event, and whose it is.

    A coordinate that has just entered is zero, and one that has just left has
    its gradient, at the present penalty: that is no event.
    """
    event, who = 0.0, -1
    for j, penalties in enumerate(events):
        below = penalty * (1 - (1e-9 if j == left else 1e-12))
        for x in penalties:
            if event < x < below:
                event, who = float(x), j
    return event, who


def folded_normal_quantile(level: float, bias: float) -> float:
    """Quantile of |N(bias, 1)|."""
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    bias = abs(bias)
    if bias > 8:  # the other tail is below rounding
        return float(bias + ndtri(level))
    return float(
        brentq(lambda c: ndtr(c - bias) - ndtr(-c - bias) - level, 0, bias + 40, xtol=1e-14)
    )
