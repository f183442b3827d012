"""Location, scale and quantile of the errors: the three steps of quantiles via moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.covariance import sum_by
from urbanecon.estimation.least_squares import bread, cross, independent_columns, solve, times
from urbanecon.estimation.quantile_errors import cluster_counts, density_window
from urbanecon.estimation.sample import Codes, Floats, renumbered
from urbanecon.estimation.within import Absorber

# A scale below this share of its mean is rounding.
ZERO = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class ScaleEquation:
    """Outcome, regressors and effects of one sample."""

    y: Floats
    x: Floats
    codes: list[Codes]


@dataclass(frozen=True, slots=True, eq=False)
class ScaleMoments:
    """What the three steps found.

    Attributes
    ----------
    location, scale
        b and c, length k.
    q
        Quantiles of u, length m.
    within
        Regressors without the effects, n x k.
    residuals, spread
        R and S, length n.
    """

    location: Floats
    scale: Floats
    q: Floats
    within: Floats
    residuals: Floats
    spread: Floats

    @property
    def sign(self) -> Floats:
        """Sign of the scale, length n; 0 where it is rounding, as for singletons."""
        return np.sign(np.where(np.abs(self.spread) > ZERO * np.mean(self.spread), self.spread, 0))

    @property
    def slopes(self) -> Floats:
        """B + c q, m x k."""
        return self.location + self.q[:, None] * self.scale


def estimate_moments(
    equation: ScaleEquation, taus: Sequence[float], weights: Floats | None
) -> ScaleMoments:
    """Take the three steps; all rows count, or as often as `weights` say."""
    absorber = Absorber(equation.codes, weights)
    columns = absorber.residuals(np.column_stack([equation.y, equation.x]))
    y, x = columns[:, 0], np.asfortranarray(columns[:, 1:])
    b = solve(y, x, weights)
    r = y - times(x, b)
    size = np.abs(r)
    within = absorber.residuals(size[:, None])[:, 0]
    c = solve(within, x, weights)
    spread = size - (within - times(x, c))
    w = np.ones(len(r)) if weights is None else weights
    used = np.abs(spread) > 0
    if np.sum(w[spread > 0]) <= np.sum(w) / 2:
        raise EstimationError(
            "the fitted scale is positive in less than half of the rows: the location-scale "
            "model does not describe these data. Transform the outcome or drop regressors"
        )
    q = [quantile_of_errors(r[used], spread[used], w[used], tau) for tau in taus]
    return ScaleMoments(b, c, np.array(q), x, r, spread)


def quantile_of_errors(r: Floats, spread: Floats, weights: Floats, tau: float) -> float:
    """The least q that minimises sum w rho_tau(r - q S): a weighted quantile of r / S.

    A row with a negative scale counts for the quantile 1 - tau.
    """
    u, mass = r / spread, weights * np.abs(spread)
    order = np.argsort(u, kind="stable")
    below = np.cumsum(mass[order])
    goal = float(np.sum(mass * np.where(spread > 0, tau, 1 - tau)))
    at = min(int(np.searchsorted(below, goal * (1 - 1e-13))), len(u) - 1)
    return float(u[order[at]])


def influence_functions(
    equation: ScaleEquation, found: ScaleMoments, taus: Sequence[float]
) -> Floats:
    """Influence functions of b, c and the slopes at each quantile, n x (2k + mk)."""
    n, spread = len(equation.y), found.spread
    positive = found.sign > 0
    u = np.divide(found.residuals, spread, out=np.zeros(n), where=positive)
    above = float(np.mean(found.residuals >= 0))
    # S u and S V, free of the division by S
    v = 2 * found.residuals * ((found.residuals >= 0) - above) - spread
    inverse = n * bread(found.within)
    on_b, on_c = (
        np.einsum("nk,kj->nj", found.within * error[:, None], inverse)
        for error in (found.residuals, v)
    )
    parts = [on_b, on_c]
    mean = float(np.mean(spread))
    for tau, q in zip(taus, found.q, strict=True):
        window = density_window(u[positive], tau)
        bumps = np.exp(-0.5 * ((u[positive] - q) / window) ** 2) / (window * np.sqrt(2 * np.pi))
        density = float(np.average(bumps, weights=spread[positive]))
        score = spread * (tau - (found.residuals <= q * spread))
        on_q = (score / density - found.residuals - q * v) / mean
        parts.append(on_b + q * on_c + on_q[:, None] * found.scale)
    return np.column_stack(parts)


def clustered_covariance(influence: Floats, groups: Codes) -> Floats:
    """G/(G-1) n^-2 sum_g S_g S_g', S_g the cluster's sum of influence."""
    sums = sum_by(influence, groups)
    size = len(sums)
    return cross(sums, sums) * size / (size - 1) / len(influence) ** 2


def bootstrap_slopes(
    equation: ScaleEquation,
    taus: Sequence[float],
    groups: Codes,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Slopes at all quantiles by draw; a cluster drawn twice counts twice."""
    rows = []
    for counts in cluster_counts(groups, draws, rng):
        used = counts > 0
        codes = [renumbered(c[used]) for c in equation.codes]
        drawn = ScaleEquation(equation.y[used], np.asfortranarray(equation.x[used]), codes)
        weights = counts[used].astype(np.float64)
        if (
            len(independent_columns(drawn.x, Absorber(codes).residuals(drawn.x), None)[0])
            < (equation.x.shape[1])
        ):
            raise EstimationError(
                "in a bootstrap draw some regressors do not vary within the effects; use the "
                "analytic standard errors (draws=0)"
            )
        rows.append(estimate_moments(drawn, taus, weights).slopes.ravel())
    return np.vstack(rows)
