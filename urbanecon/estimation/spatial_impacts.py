"""Direct, indirect and total effects of regressors in models with spatial lags.

In y = rWy + Xb + WXc + e a unit change of x_k in every unit moves outcomes by
S_k = (I - rW)^-1 (b_k I + c_k W). Direct is the mean of its diagonal, total the
mean of its row sums, indirect (the spillover) their difference (LeSage and Pace
2009, section 2.7). b_k itself is none of the three unless r and c_k are zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.spatial_determinants import settled
from urbanecon.estimation.spatial_likelihood import Multiplier
from urbanecon.estimation.spatial_sample import lag_name
from urbanecon.estimation.weights import Weights

RHO = "rho"
EFFECTS = ("direct", "indirect", "total")
# Points at which traces are computed; draws are interpolated between.
NODES = 20
# Draws further from the estimate than this many standard errors do not occur.
REACH = 6.0


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Means of the diagonal and of the row sums of (I - rW)^-1 and W (I - rW)^-1.

    A direct effect is ``own * b + neighbours * c``, a total one
    ``own_total * b + neighbours_total * c``; names in `slope` are derivatives
    with respect to r.
    """

    own: float
    neighbours: float
    own_total: float
    neighbours_total: float
    slope: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @classmethod
    def of(cls, r: float, at: Multiplier) -> Multipliers:
        """From G = W (I - rW)^-1, by (I - rW)^-1 = I + rG and dG/dr = G^2.

        `at` may lie some 1e-8 from r: the step to r is taken with the derivative.
        """
        step, d_direct, d_total = r - at.known.parameter, at.direct_slope, at.total_slope
        direct, total = at.direct + step * d_direct, at.total + step * d_total
        slope = (direct + r * d_direct, d_direct, total + r * d_total, d_total)
        return cls(1 + r * direct, direct, 1 + r * total, total, slope)

    @classmethod
    def without_feedback(cls, weights: Weights) -> Multipliers:
        """For models without Wy: the multiplier is I, spillovers come from WX alone."""
        return cls(1.0, 0.0, 1.0, float(np.mean(weights.matrix.sum(axis=1))))


def impact_table(
    params: pd.Series, vcov: pd.DataFrame, variables: Sequence[str], multipliers: Multipliers
) -> pd.DataFrame:
    """Impacts with standard errors by the delta method from the full covariance.

    Returns
    -------
    One row a variable and effect: variable, effect, estimate, se, p, low, high
    (95 percent, normal law).
    """
    from scipy.special import ndtr, ndtri

    terms = list(params.index)
    weights = _linear(terms, variables, multipliers)
    estimates = np.einsum("evk,k->ev", weights, params.to_numpy(dtype=np.float64))
    gradient = weights
    if RHO in terms:
        slope = Multipliers(*multipliers.slope)
        gradient = weights.copy()
        gradient[:, :, terms.index(RHO)] = np.einsum(
            "evk,k->ev", _linear(terms, variables, slope), params.to_numpy(dtype=np.float64)
        )
    variance = np.einsum("evk,kl,evl->ev", gradient, vcov.to_numpy(dtype=np.float64), gradient)
    b, se = estimates.T.ravel(), np.sqrt(variance).T.ravel()
    reach = float(ndtri(0.975)) * se
    with np.errstate(invalid="ignore", divide="ignore"):  # no lag, no feedback: zero over zero
        p = 2 * ndtr(-np.abs(b / se))
    return _table(variables, estimate=b, se=se, p=p, low=b - reach, high=b + reach)


def _linear(terms: Sequence[str], variables: Sequence[str], m: Multipliers) -> Floats:
    """Weights of the coefficients in each effect, 3 x variables x terms."""
    out = np.zeros((3, len(variables), len(terms)))
    for j, name in enumerate(variables):
        for term, direct, total in (
            (name, m.own, m.own_total),
            (lag_name(name), m.neighbours, m.neighbours_total),
        ):
            if term in terms:
                out[:, j, terms.index(term)] = direct, total - direct, total
    return out


def simulated_impacts(
    fit: Fit,
    weights: Weights,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.95,
) -> pd.DataFrame:
    """Impacts with standard errors and intervals from draws of all parameters.

    Parameters are drawn from the normal law with the full covariance of the fit
    (LeSage and Pace 2009, section 5.6.2); draws outside the admissible interval
    of rho are drawn again. Traces at the draws are interpolated between those at
    Chebyshev points, to a precision far below that of the simulation.

    Parameters
    ----------
    fit
        A fit with impacts: `spatial_panel` or `spatial_lag_of_x`.
    weights
        The weights it was estimated with.

    Returns
    -------
    One row a variable and effect: variable, effect, estimate, se, p (two-sided,
    from the share of draws on the other side of zero), low, high (quantiles).

    Raises
    ------
    EstimationError
        The fit has no impacts, fewer than 100 draws, or hardly any draw is
        admissible.
    """
    if "impacts" not in fit.extra:
        raise EstimationError(f"{fit.estimator} has no impacts; fit a spatial model first")
    if draws < 100 or not 0 < level < 1:
        raise EstimationError(f"{draws} draws at level {level}: at least 100, level in (0, 1)")
    kept = weights.restrict(fit.sample.unique(level=0))
    table = fit.extra["impacts"]
    variables = table["variable"].tolist()[::3]
    terms = list(fit.params.index)
    parameters = _draw(fit, kept, rng, draws)
    effects = np.empty((len(variables), 3, draws))
    own, near, own_total, near_total = _multipliers_at(fit, kept, parameters)
    for j, name in enumerate(variables):
        b, c = (
            parameters[:, terms.index(term)] if term in terms else np.zeros(draws)
            for term in (name, lag_name(name))
        )
        effects[j, 0] = own * b + near * c
        effects[j, 2] = own_total * b + near_total * c
    effects[:, 1] = effects[:, 2] - effects[:, 0]
    flat = effects.reshape(-1, draws)
    below = (1 + np.sum(flat <= 0, axis=1)) / (1 + draws)
    above = (1 + np.sum(flat >= 0, axis=1)) / (1 + draws)
    low, high = np.quantile(flat, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return _table(
        variables,
        estimate=table["estimate"].to_numpy(),
        se=np.std(flat, axis=1, ddof=1),
        p=np.minimum(1.0, 2 * np.minimum(below, above)),
        low=low,
        high=high,
    )


def _table(variables: Sequence[str], **columns: Floats) -> pd.DataFrame:
    """One row a variable and effect."""
    names = {
        "variable": np.repeat(np.array(variables, dtype=object), 3),
        "effect": list(EFFECTS) * len(variables),
    }
    return pd.DataFrame({**names, **columns})


def _draw(fit: Fit, weights: Weights, rng: np.random.Generator, draws: int) -> Floats:
    """Normal draws of the parameters with rho inside its interval, draws x k."""
    mean = fit.params.to_numpy(dtype=np.float64)
    scale = np.sqrt(np.diag(fit.vcov.to_numpy(dtype=np.float64)))
    root = np.linalg.cholesky(fit.vcov.to_numpy(dtype=np.float64) / np.outer(scale, scale))
    rows: list[Floats] = []
    found = 0
    for _ in range(20):
        noise = rng.standard_normal((draws, len(mean)))
        batch = mean + np.einsum("dk,jk->dj", noise, root) * scale
        if RHO in fit.params.index:
            at = fit.params.index.get_loc(RHO)
            low, high = weights.grid[[0, -1]]
            rho = batch[:, at]
            near = np.abs(rho - mean[at]) <= REACH * scale[at]
            batch = batch[(rho > low) & (rho < high) & near]
        rows.append(batch)
        found += len(batch)
        if found >= draws:
            return np.concatenate(rows)[:draws]
    raise EstimationError(
        f"only {found} of {20 * draws} draws had an admissible rho: the estimate lies at the end "
        "of its interval, and its normal approximation says nothing"
    )


def _multipliers_at(
    fit: Fit, weights: Weights, parameters: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Means of diagonal and row sums of (I - rW)^-1 and of W (I - rW)^-1 at each draw."""
    if RHO not in fit.params.index:
        ones = np.ones(len(parameters))
        flat = Multipliers.without_feedback(weights)
        return ones, 0 * ones, ones, flat.neighbours_total * ones
    rho = parameters[:, fit.params.index.get_loc(RHO)]
    low, high = float(rho.min()), float(rho.max())
    angle = (2 * np.arange(NODES) + 1) * np.pi / (2 * NODES)
    nodes = (low + high) / 2 + (high - low) / 2 * np.cos(angle)
    # the pole at the end of the interval is divided out before interpolating
    end = weights.bounds[1]
    exact = _means(weights, nodes) * (1 - nodes / end)[:, None]
    barycentric = (-1.0) ** np.arange(NODES) * np.sin(angle)
    gap = rho[:, None] - nodes[None, :]
    share = barycentric / np.where(gap == 0, np.finfo(float).tiny, gap)
    means = np.einsum("dn,np->dp", share, exact) / np.sum(share, axis=1)[:, None]
    direct, total = (means / (1 - rho / end)[:, None]).T
    return 1 + rho * direct, direct, 1 + rho * total, total


def _means(weights: Weights, r: Floats) -> Floats:
    """Mean diagonal entry and mean row sum of W (I - rW)^-1 at each r, length of r x 2."""
    n = len(weights.units)
    direct = weights.determinants.traces(r) / n
    if weights.rows_sum_to_one:
        return np.column_stack([settled(direct), 1 / (1 - r)])
    # 1'W (I - rW)^-1 1
    if weights.is_dense:
        inverse = np.linalg.solve(np.eye(n) - r[:, None, None] * weights.matrix, np.ones((n, 1)))
        total = inverse[..., 0] @ weights.matrix.sum(axis=0)
    else:
        band, columns = weights.band, weights.ordered_links[1]
        total = [band.row_sums(float(x)) @ np.bincount(columns, weights.linked, n) for x in r]
    return np.column_stack([settled(direct), settled(np.asarray(total) / n)])
