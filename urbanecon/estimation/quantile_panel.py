"""Quantile regression with fixed effects by the method of moments."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.covariance import sum_by
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.least_squares import bread, cross, independent_columns, solve, times
from urbanecon.estimation.quantile import check_quantiles, quantile_terms, with_path
from urbanecon.estimation.quantile_errors import FEWEST_DRAWS, cluster_counts, density_window
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, draw_sample
from urbanecon.estimation.standard_errors import FEW_CLUSTERS
from urbanecon.estimation.within import Absorber

# With fewer rows a unit the bias of order 1/T is told of.
SHORT = 10
# A scale below this share of its mean is rounding.
ZERO = 1e-10


def quantile_panel(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    quantiles: float | Sequence[float] = 0.5,
    *,
    effects: Sequence[str] | None = None,
    cluster: str | None = None,
    draws: int = 0,
    seed: int | np.random.Generator = 0,
) -> Fit:
    """Quantiles via moments (Machado and Santos Silva 2019, J. Econometrics 213).

    y_it = a_i + x_it'b + (d_i + x_it'c) u_it with u independent of x, of mean
    zero and E|u| = 1, so that Q_tau(y | x) = a_i + d_i q + x'(b + c q), q the
    tau-quantile of u. Estimand: b + c q(tau), the change of the conditional
    quantile; effects shift the whole distribution, not its mean alone. Assumes
    strictly exogenous x, the location-scale form and a positive scale. Steps
    (section 3.1): b by least squares within the effects; c the same of the
    absolute residuals; q minimises sum rho_tau(R - q S) with R the residuals and
    S the fitted scale. Standard errors are analytic: with V = 2 u (1{u >= 0} -
    P(u >= 0)) - 1 the influence functions are Q^-1 x S u, Q^-1 x S V and
    S / E[S] ((tau - 1{u <= q}) / f(q) - u - q V) (Theorem 3), summed within
    clusters, factor G/(G-1); f by a normal kernel with the bandwidth of Hall
    and Sheather. The bias is of order 1/T and draws the quantiles together: with
    40 periods slopes of 0.36 and 1.64 at 0.1 and 0.9 are off by 0.03 each, with 80
    by half of it, and intervals of 95 percent cover 92 to 94.

    Parameters
    ----------
    data
        Panel indexed by (unit, year), balanced or not.
    quantiles
        In (0, 1); one or several.
    effects
        Columns, index levels or interactions; None: the unit. The same effects
        are in location and scale.
    cluster
        What errors may be correlated within; None: the unit.
    draws
        Bootstrap draws of whole clusters for the standard errors; 0: analytic.

    Returns
    -------
    Fit
        Terms: regressors, with several quantiles "x@0.25", with their joint
        covariance. `stats`: q, or "q@0.25"; share_negative_scale. Tables:
        ``extra["path"]`` as `quantile_regression`, ``extra["location_scale"]``
        (term, location, location_se, scale, scale_se), ``extra["draws"]``.
        Diagnostics, with several quantiles: equality of the slopes.

    Raises
    ------
    EstimationError
        An option is out of range, one cluster, or the fitted scale is negative
        in most rows.
    NotEstimableError
        No regressor or not the outcome varies within the effects.
    """
    unit, _ = panel_keys(data)
    taus = check_quantiles(quantiles)
    chosen = (unit,) if effects is None else tuple(effects)
    by = unit if cluster is None else cluster
    _check(outcome, regressors, draws)
    sample = draw_sample(data, [outcome, *regressors], chosen, [by])
    equation, terms, notes = _equation(sample, outcome, list(regressors), chosen)
    moments = _estimate(equation, taus, None)
    groups = sample.codes[by]
    size = int(groups.max()) + 1
    if size < 2:
        raise EstimationError(f"all {sample.nobs} rows lie in one {by}; clusters are needed")
    influence = _influence(equation, moments, taus)
    joint = _covariance(influence, groups)
    names = quantile_terms(terms, taus)
    k, tables = len(terms), {"location_scale": _location_scale(terms, moments, joint)}
    vcov, words = joint[2 * k :, 2 * k :], f"analytic, clustered by {by}, factor G/(G-1)"
    if draws:
        drawn = _bootstrap(equation, taus, groups, draws, np.random.default_rng(seed))
        vcov = np.atleast_2d(np.cov(drawn, rowvar=False))
        words = f"bootstrap of {by}, {draws} draws"
        tables["draws"] = pd.DataFrame(drawn, columns=names)
    notes = (*notes, *_caveats(equation, moments, size, by))
    for note in notes:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    fit = Fit(
        params=pd.Series(moments.slopes.ravel(), index=names, name="estimate"),
        vcov=pd.DataFrame(vcov, index=names, columns=names),
        nobs=sample.nobs,
        df=float(size - 1),
        sample=sample.index,
        outcome=outcome,
        estimator=f"quantiles via moments at {', '.join(f'{tau:g}' for tau in taus)}",
        inference=words,
        n_clusters={by: size},
        fixed_effects=chosen,
        stats=_stats(moments, taus, sample),
        warnings=notes,
    )
    return with_path(fit, terms, taus, tables)


@dataclass(frozen=True, slots=True, eq=False)
class _Equation:
    """Outcome, regressors and effects of one sample."""

    y: Floats
    x: Floats
    codes: list[Codes]


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
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


def _equation(
    sample: EstimationSample, outcome: str, regressors: list[str], effects: tuple[str, ...]
) -> tuple[_Equation, list[str], tuple[str, ...]]:
    """Arrange the columns that can be estimated; terms and notes on the others."""
    raw = np.column_stack([sample.column(name) for name in (outcome, *regressors)])
    codes = [sample.codes[e] for e in effects] or [np.zeros(sample.nobs, dtype=np.int64)]
    within = Absorber(codes).residuals(raw)
    inside = f"within the effects ({', '.join(effects) or 'constant'})"
    if not independent_columns(raw[:, :1], within[:, :1], None)[0]:
        raise NotEstimableError(f"the outcome {outcome!r} does not vary {inside}")
    keep, absorbed = independent_columns(raw[:, 1:], within[:, 1:], None)
    if not keep:
        listed = ", ".join(map(repr, regressors))
        raise NotEstimableError(f"none of {listed} varies {inside} in the {sample.nobs} rows")
    notes = [
        f"{name!r} was dropped: "
        + ("it does not vary within the effects" if j in absorbed else "collinear")
        for j, name in enumerate(regressors)
        if j not in keep
    ]
    if sample.singletons and effects:
        notes.append(
            f"{sample.singletons} rows are alone in a level of {' or '.join(effects)}: they fit "
            "perfectly and say nothing of the scale"
        )
    x = np.asfortranarray(raw[:, 1:][:, keep])
    return _Equation(raw[:, 0], x, codes), [regressors[j] for j in keep], tuple(notes)


def _estimate(equation: _Equation, taus: Sequence[float], weights: Floats | None) -> _Moments:
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
    q = [_quantile_of_errors(r[used], spread[used], w[used], tau) for tau in taus]
    return _Moments(b, c, np.array(q), x, r, spread)


def _quantile_of_errors(r: Floats, spread: Floats, weights: Floats, tau: float) -> float:
    """The least q that minimises sum w rho_tau(r - q S): a weighted quantile of r / S.

    A row with a negative scale counts for the quantile 1 - tau.
    """
    u, mass = r / spread, weights * np.abs(spread)
    order = np.argsort(u, kind="stable")
    below = np.cumsum(mass[order])
    goal = float(np.sum(mass * np.where(spread > 0, tau, 1 - tau)))
    at = min(int(np.searchsorted(below, goal * (1 - 1e-13))), len(u) - 1)
    return float(u[order[at]])


def _influence(equation: _Equation, found: _Moments, taus: Sequence[float]) -> Floats:
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


def _covariance(influence: Floats, groups: Codes) -> Floats:
    """G/(G-1) n^-2 sum_g S_g S_g', S_g the cluster's sum of influence."""
    sums = sum_by(influence, groups)
    size = len(sums)
    return cross(sums, sums) * size / (size - 1) / len(influence) ** 2


def _bootstrap(
    equation: _Equation,
    taus: Sequence[float],
    groups: Codes,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Slopes at all quantiles by draw; a cluster drawn twice counts twice."""
    rows = []
    for counts in cluster_counts(groups, draws, rng):
        used = counts > 0
        codes = [
            np.asarray(np.unique(c[used], return_inverse=True)[1], dtype=np.int64)
            for c in equation.codes
        ]
        drawn = _Equation(equation.y[used], np.asfortranarray(equation.x[used]), codes)
        weights = counts[used].astype(np.float64)
        if (
            len(independent_columns(drawn.x, Absorber(codes).residuals(drawn.x), None)[0])
            < (equation.x.shape[1])
        ):
            raise EstimationError(
                "in a bootstrap draw some regressors do not vary within the effects; use the "
                "analytic standard errors (draws=0)"
            )
        rows.append(_estimate(drawn, taus, weights).slopes.ravel())
    return np.vstack(rows)


def _location_scale(terms: list[str], found: _Moments, joint: Floats) -> pd.DataFrame:
    se, k = np.sqrt(np.diag(joint)), len(terms)
    return pd.DataFrame(
        {
            "term": terms,
            "location": found.location,
            "location_se": se[:k],
            "scale": found.scale,
            "scale_se": se[k : 2 * k],
        }
    )


def _stats(found: _Moments, taus: Sequence[float], sample: EstimationSample) -> dict[str, float]:
    names = ["q"] if len(taus) == 1 else [f"q@{tau:g}" for tau in taus]
    return {
        **{name: float(q) for name, q in zip(names, found.q, strict=True)},
        "share_negative_scale": float(np.mean(found.sign < 0)),
        "singletons": float(sample.singletons),
        "rows_dropped": float(sum(sample.dropped.values())),
    }


def _caveats(equation: _Equation, found: _Moments, clusters: int, by: str) -> tuple[str, ...]:
    notes = []
    negative = int(np.sum(found.sign < 0))
    if negative:
        notes.append(
            f"the fitted scale is negative in {negative} of {len(found.spread)} rows: there the "
            "quantiles cross"
        )
    rows = len(equation.y) / max(int(c.max()) + 1 for c in equation.codes)
    if rows < SHORT:
        notes.append(
            f"only {rows:.1f} rows a level of the largest effect: the slopes have a bias of "
            "order 1/T, which is not small here"
        )
    if clusters < FEW_CLUSTERS:
        notes.append(f"only {clusters} clusters of {by!r}: standard errors are too small")
    return tuple(notes)


def _check(outcome: str, regressors: Sequence[str], draws: int) -> None:
    if not regressors:
        raise EstimationError("name at least one regressor")
    if outcome in regressors:
        raise EstimationError(f"the outcome {outcome!r} is also a regressor")
    if draws and draws < FEWEST_DRAWS:
        raise EstimationError(f"{draws} draws are too few for a covariance; take 300, or 0")
