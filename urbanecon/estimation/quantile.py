"""Quantile regression, pooled or with dummies, with the standard errors of R's quantreg."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import CONSTANT
from urbanecon.estimation.least_squares import independent_columns, orthogonal, times
from urbanecon.estimation.quantile_errors import (
    FEWEST_DRAWS,
    WORDS,
    Errors,
    QuantileDesign,
    analytic_covariance,
    bootstrap_draws,
)
from urbanecon.estimation.quantile_path import check_quantiles, quantile_terms, with_path
from urbanecon.estimation.quantile_solver import Solution, regression_quantile
from urbanecon.estimation.sample import EstimationSample, Floats, draw_sample
from urbanecon.estimation.within import Absorber


def quantile_regression(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    quantiles: float | Sequence[float] = 0.5,
    errors: Errors = "nid",
    *,
    effects: Sequence[str] = (),
    cluster: str | None = None,
    draws: int = 300,
    seed: int | np.random.Generator = 0,
) -> Fit:
    """Linear regression quantiles (Koenker and Bassett 1978).

    Q_tau(y | x) = x'b(tau). Estimand: the change of the conditional quantile,
    not the effect on the units at that quantile; causal for exogenous x. b(tau)
    minimises sum rho_tau(y - x'b) and is exact, see `quantile_solver`. With
    H the density-weighted x'x, Cov(b(s), b(t)) = (min(s, t) - s t) H_s^-1 x'x H_t^-1:

    =========  ===============================================================
    errors     density of y at its quantile
    =========  ===============================================================
    iid        one for all rows, from the residuals next to zero (a median
               regression on their rank)
    nid        2h / x'(b(tau + h) - b(tau - h)) of each row
    ker        normal kernel of the residuals
    bootstrap  none: whole clusters are drawn
    =========  ===============================================================

    The first three follow summary.rq of quantreg 5.94 (se = "iid", "nid",
    "ker") with the bandwidth of Hall and Sheather (1988), and all take rows for
    independent. The kernel flattens the density: with 300 to 400 rows intervals
    of 95 percent by "ker" cover 96 to 99 and the test of equal slopes rejects 3
    percent; by "nid" they cover 95 of slopes, 94 of the constant. statsmodels
    computes with another sparsity estimate; its standard errors differ from these
    up to twofold.

    Parameters
    ----------
    quantiles
        In (0, 1); one or several.
    effects
        Estimated as dummies, the first level of each left out. With few rows a
        level the slopes are inconsistent (incidental parameters); for panels
        see `quantile_panel`.
    cluster
        What the bootstrap draws; None: rows.

    Returns
    -------
    Fit
        Terms: regressors and "const"; with several quantiles "x@0.25".
        Covariances between quantiles are in `vcov`. `stats`: r1 (Koenker and
        Machado 1999), with several quantiles "r1@0.25". Diagnostics, with
        several quantiles: equality of the slopes (Koenker and Bassett 1982).
        Tables: ``extra["path"]`` (quantile, term, estimate, se, low, high),
        ``extra["effects"]`` (quantile, level, estimate) with effects,
        ``extra["draws"]`` (one row a draw) with the bootstrap.

    Raises
    ------
    EstimationError
        An option is out of range, one cluster, or too few rows.
    NotEstimableError
        No regressor varies, or no row is left.
    """
    taus = check_quantiles(quantiles)
    _check(outcome, regressors, errors, cluster, draws)
    sample = draw_sample(
        data, [outcome, *regressors], effects, [] if cluster is None else [cluster]
    )
    design, notes = _design(sample, outcome, list(regressors), tuple(effects))
    found = [regression_quantile(design.y, design.x, tau) for tau in taus]
    groups = np.arange(sample.nobs) if cluster is None else sample.codes[cluster]
    if errors == "bootstrap":
        drawn, lost = bootstrap_draws(design, taus, groups, draws, np.random.default_rng(seed))
        vcov = np.atleast_2d(np.cov(drawn, rowvar=False))
        df = float(groups.max())
        words = f"bootstrap of {cluster or 'rows'}, {draws} draws"
        notes = (*notes, *lost)
    else:
        drawn = None
        vcov, more = analytic_covariance(design, taus, found, errors)
        df, words = float(sample.nobs - design.x.shape[1]), WORDS[errors]
        notes = (*notes, *more)
    notes = (*notes, *_solution_notes(design, taus, found))
    for note in notes:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    terms = quantile_terms(design.terms, taus)
    shown = len(design.terms)
    fit = Fit(
        params=pd.Series(
            np.concatenate([f.params[:shown] for f in found]), index=terms, name="estimate"
        ),
        vcov=pd.DataFrame(vcov, index=terms, columns=terms),
        nobs=sample.nobs,
        df=df,
        sample=sample.index,
        outcome=outcome,
        estimator=f"quantile regression at {', '.join(f'{tau:g}' for tau in taus)}",
        inference=words,
        n_clusters={} if cluster is None else {cluster: int(groups.max()) + 1},
        fixed_effects=tuple(effects),
        stats=_fit_measures(design, taus, found)
        | {"rows_dropped": float(sum(sample.dropped.values()))},
        warnings=notes,
    )
    return with_path(fit, design.terms, taus, _tables(design, taus, found, drawn, terms))


def _design(
    sample: EstimationSample, outcome: str, regressors: list[str], effects: tuple[str, ...]
) -> tuple[QuantileDesign, tuple[str, ...]]:
    """Regressors that can be told apart, the constant, dummies; notes on what was dropped."""
    raw = np.column_stack([sample.column(name) for name in regressors])
    everyone = np.zeros(sample.nobs, dtype=np.int64)
    codes = [sample.codes[e] for e in effects] or [everyone]
    keep, absorbed = independent_columns(raw, Absorber(codes).residuals(raw), None)
    if not keep:
        raise NotEstimableError(
            f"none of {', '.join(map(repr, regressors))} varies within the effects "
            f"({', '.join(effects) or 'constant'}) in the {sample.nobs} rows"
        )
    notes = tuple(
        f"{name!r} was dropped: "
        + ("it does not vary within the effects" if j in absorbed else "collinear")
        for j, name in enumerate(regressors)
        if j not in keep
    )
    parts = [raw[:, keep], np.ones((sample.nobs, 1))]
    levels: list[str] = []
    for effect in effects:
        own = sample.codes[effect]
        parts.append((own[:, None] == np.arange(1, int(own.max()) + 1)).astype(np.float64))
        levels += [f"{effect}={level}" for level in _level_names(sample, effect)[1:]]
    x = np.asfortranarray(np.column_stack(parts))
    terms = [*(regressors[j] for j in keep), CONSTANT]
    if len(effects) > 1:
        kept = orthogonal(x)[2]
        levels = [levels[j - len(terms)] for j in kept if j >= len(terms)]
        x = np.asfortranarray(x[:, kept])
    if sample.nobs <= x.shape[1]:
        raise EstimationError(
            f"{sample.nobs} rows for {x.shape[1]} parameters: use fewer regressors or effects"
        )
    return QuantileDesign(sample.column(outcome), x, terms, levels), notes


def _level_names(sample: EstimationSample, effect: str) -> list[str]:
    """Values of an index level, or numbers for other keys, in sorted order."""
    if effect in sample.index.names:
        values = sample.index.get_level_values(effect)
        return [str(v) for v in pd.Index(values).unique().sort_values()]
    return [str(j) for j in range(int(sample.codes[effect].max()) + 1)]


def _solution_notes(
    design: QuantileDesign, taus: Sequence[float], found: Sequence[Solution]
) -> tuple[str, ...]:
    notes = [
        f"the estimate at quantile {tau:g} is not unique: others fit as well"
        for tau, solution in zip(taus, found, strict=True)
        if not solution.unique
    ]
    fitted = np.column_stack([times(design.x, f.params) for f in found])
    size = float(np.max(np.abs(fitted)))
    crossing = int(np.sum((np.diff(fitted, axis=1) < -1e-9 * size).any(axis=1)))
    if crossing:
        notes.append(f"fitted quantiles cross in {crossing} of {len(fitted)} rows")
    return tuple(notes)


def _loss(residuals: Floats, tau: float) -> float:
    return float(np.sum(residuals * (tau - (residuals < 0))))


def _fit_measures(
    design: QuantileDesign, taus: Sequence[float], found: Sequence[Solution]
) -> dict[str, float]:
    """1 - loss / loss of the constant alone, at each quantile."""
    measures = {}
    for tau, solution in zip(taus, found, strict=True):
        alone = regression_quantile(design.y, np.ones((len(design.y), 1)), tau).params[0]
        total = _loss(design.y - alone, tau)
        loss = _loss(design.y - times(design.x, solution.params), tau)
        name = "r1" if len(taus) == 1 else f"r1@{tau:g}"
        measures[name] = 1 - loss / total if total > 0 else np.nan
    return measures


def _tables(
    design: QuantileDesign,
    taus: Sequence[float],
    found: Sequence[Solution],
    drawn: Floats | None,
    terms: list[str],
) -> dict[str, pd.DataFrame]:
    tables = {}
    if design.levels:
        shown = len(design.terms)
        lines = [
            (tau, level, value)
            for tau, solution in zip(taus, found, strict=True)
            for level, value in zip(design.levels, solution.params[shown:], strict=True)
        ]
        tables["effects"] = pd.DataFrame(lines, columns=["quantile", "level", "estimate"])
    if drawn is not None:
        tables["draws"] = pd.DataFrame(drawn, columns=terms)
    return tables


def _check(
    outcome: str, regressors: Sequence[str], errors: Errors, cluster: str | None, draws: int
) -> None:
    known = get_args(Errors)
    if errors not in known:
        raise UnknownNameError(
            f"unknown errors {errors!r}.{did_you_mean(errors, known)} "
            f"Known: {', '.join(map(repr, known))}"
        )
    if not regressors:
        raise EstimationError("name at least one regressor")
    if outcome in regressors:
        raise EstimationError(f"the outcome {outcome!r} is also a regressor")
    if cluster is not None and errors != "bootstrap":
        raise EstimationError(
            f"errors={errors!r} takes rows for independent; with cluster={cluster!r} use "
            "errors='bootstrap'"
        )
    if errors == "bootstrap" and draws < FEWEST_DRAWS:
        raise EstimationError(f"{draws} draws are too few for a covariance; take 300 or more")
