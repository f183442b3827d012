"""Regression quantiles, exactly: an interior point method ends at a vertex."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.least_squares import orthogonal, solve, times
from urbanecon.estimation.sample import Codes, Floats

# Share of the way to the boundary that an interior step takes.
STEP = 0.99995
INTERIOR_STEPS = 60
GAP = 1e-9
# Residuals below this share of the largest outcome are zero; subgradients this
# far outside their bounds are inside.
ZERO = 1e-12
OPTIMAL = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A regression quantile.

    Attributes
    ----------
    params
        Coefficients, length k.
    unique
        Whether no other coefficients do as well.
    """

    params: Floats
    unique: bool


def regression_quantile(y: Floats, x: Floats, tau: float) -> Solution:
    """Minimise sum rho_tau(y - x b), rho_tau(u) = u (tau - 1{u < 0}).

    The linear program of Koenker and Bassett (1978) is solved in its dual form
    by the interior point method of Portnoy and Koenker (1997). From there, a few
    simplex exchanges lead to a vertex, a fit that passes through k rows, whose
    optimality is checked; the coefficients are those of the vertex, so that
    neither the tolerance of the first step nor threads leave a trace in them.

    Parameters
    ----------
    y, x
        Outcome, length n, and regressors of full column rank, n x k. A row
        multiplied by w has weight w.
    tau
        Quantile in (0, 1).

    Raises
    ------
    EstimationError
        There are fewer rows than regressors, or they are collinear.
    """
    scale = np.sqrt(np.mean(x**2, axis=0))
    if len(y) < x.shape[1] or not (scale > 0).all():
        raise EstimationError(
            f"{x.shape[1]} regressors cannot be told apart in {len(y)} rows; leave some out"
        )
    size = float(np.max(np.abs(y))) or 1.0
    scaled, outcome = x / scale, y / size
    found = _vertex(outcome, scaled, tau, _interior(outcome, scaled, tau))
    return Solution(found.params * size / scale, found.unique)


def _interior(y: Floats, x: Floats, tau: float) -> Floats:
    """Frisch-Newton: max y'a subject to x'a = (1 - tau) x'1, 0 <= a <= 1.

    Predictor and corrector steps of Mehrotra (1992). The multipliers of the
    equalities are the coefficients b, and x b - y = z - w with z, w >= 0; both
    hold from the start to the end.
    """
    a = np.full(len(y), 1 - tau)
    s = 1 - a
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    over = x @ b - y
    floor = 1e-2 * float(np.mean(np.abs(over))) + 1e-15
    z, w = np.maximum(over, 0) + floor, np.maximum(-over, 0) + floor
    for _ in range(INTERIOR_STEPS):
        gap = float(z @ a + w @ s)
        if gap < GAP * float(np.mean(np.abs(y))):
            break
        q = 1 / (z / a + w / s)
        gram = (x.T * q) @ x
        try:
            # towards the solution, to see how far one gets
            right = w - z
            db = np.linalg.solve(gram, x.T @ (q * right))
            da = q * (right - x @ db)
            dz, dw = -z - z * da / a, -w + w * da / s
            primal, dual = _reach((a, da), (s, -da)), _reach((z, dz), (w, dw))
            ahead = (z + dual * dz) @ (a + primal * da) + (w + dual * dw) @ (s - primal * da)
            mu = gap * (float(ahead) / gap) ** 3 / (2 * len(y))
            # again, centred and with the second-order terms of that step
            bend_z, bend_w = da * dz / a, da * dw / s
            right = mu / a - mu / s + w - z - bend_z - bend_w
            db = np.linalg.solve(gram, x.T @ (q * right))
        except np.linalg.LinAlgError:
            break
        da = q * (right - x @ db)
        dz = mu / a - z - z * da / a - bend_z
        dw = mu / s - w + w * da / s + bend_w
        primal, dual = _reach((a, da), (s, -da)), _reach((z, dz), (w, dw))
        if not (np.isfinite(db).all() and math.isfinite(primal + dual)):
            break
        a, s = a + primal * da, s - primal * da
        b, z, w = b + dual * db, z + dual * dz, w + dual * dw
    return np.asarray(b, dtype=np.float64)


def _reach(*pairs: tuple[Floats, Floats]) -> float:
    """Longest step up to 1 that keeps all values positive."""
    longest = 1.0
    for value, step in pairs:
        down = step < 0
        if down.any():
            longest = min(longest, STEP * float(np.min(-value[down] / step[down])))
    return longest


def _vertex(y: Floats, x: Floats, tau: float, start: Floats) -> Solution:
    """Exchange rows of the fit until every subgradient lies in [tau - 1, tau].

    Of the rows the fit passes through, the one with the worst subgradient
    leaves; the row at which the objective stops falling enters (Barrodale and
    Roberts 1973; Koenker and d'Orey 1987).
    """
    basis = _nearest_rows(np.abs(y - times(x, start)), x)
    for _ in range(100 + 10 * x.shape[1]):
        inverse = np.asarray(np.linalg.inv(x[basis]), dtype=np.float64)
        r = y - times(x, inverse @ y[basis])
        r[np.abs(r) < ZERO] = 0.0
        r[basis] = 0.0
        psi = np.where(r < 0, tau - 1, tau)
        psi[basis] = 0.0
        held = -(np.einsum("n,nk->k", psi, x) @ inverse)
        beyond = np.maximum(held - tau, tau - 1 - held)
        j = int(np.argmax(beyond))
        if beyond[j] <= OPTIMAL:
            edge = np.min(np.minimum(np.abs(held - tau), np.abs(held - tau + 1)))
            return Solution(solve(y[basis], x[basis]), bool(edge > OPTIMAL))
        sign = -1.0 if held[j] > tau else 1.0
        enters = _line_search(r, times(x, sign * inverse[:, j]), basis, float(beyond[j]))
        if enters is None:
            break
        basis = np.sort(np.append(np.delete(basis, j), enters))
    return Solution(solve(y[basis], x[basis]), False)


def _line_search(r: Floats, change: Floats, basis: Codes, gain: float) -> int | None:
    """Row at which the objective stops falling along r - t change.

    Parameters
    ----------
    gain
        How fast it falls at t = 0.
    """
    crosses = ((r >= 0) & (change > ZERO)) | ((r < 0) & (change < -ZERO))
    crosses[basis] = False
    rows = np.flatnonzero(crosses)
    at = r[rows] / change[rows]
    order = np.argsort(at, kind="stable")
    slope = np.cumsum(np.abs(change[rows[order]])) - gain
    past = np.flatnonzero(slope >= 0)
    return int(rows[order[past[0]]]) if len(past) else None


def _nearest_rows(distance: Floats, x: Floats) -> Codes:
    """The k rows nearest to the fit that are linearly independent, sorted."""
    order, k = np.argsort(distance, kind="stable"), x.shape[1]
    tried = 2 * k + 20
    while True:
        some = order[:tried]
        kept = orthogonal(np.asfortranarray(x[some].T))[2]
        if len(kept) == k:
            return np.sort(some[kept])
        if tried >= len(order):
            raise EstimationError(
                f"the {k} regressors are collinear in the {len(order)} rows; leave some out"
            )
        tried *= 4
