"""Least squares with any number of fixed effects, weighted or not."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence

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
from urbanecon.estimation.inference import Inference, as_inference, keys_of, variables_of
from urbanecon.estimation.least_squares import independent_columns, solve, times
from urbanecon.estimation.sample import (
    Codes,
    EstimationSample,
    Floats,
    Mask,
    draw_sample,
    renumbered,
)
from urbanecon.estimation.standard_errors import Estimate, estimate_covariance
from urbanecon.estimation.within import Absorber

CONSTANT = "const"


def fixed_effects(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    effects: Sequence[str] = ("city", "year"),
    vcov: Inference | str = "cluster(city)",
    *,
    weights: str | None = None,
    treatment: str | None = None,
    drop_singletons: bool = False,
    exact_count: bool = False,
) -> Fit:
    """Least squares of an outcome on regressors, effects partialled out.

    y_it = x_it'b + a_i + d_t + ... + e_it. Estimand: the coefficient b of the
    best linear predictor within the effects; causal for the treatment when it
    is strictly exogenous given effects and controls, and its effect is the same
    for all units and periods (with staggered adoption it is otherwise a
    weighted mean with possibly negative weights: de Chaisemartin and
    D'Haultfoeuille 2020). Computed by partialling out (Frisch and Waugh 1933;
    Lovell 1963) in `within.Absorber`; degrees of freedom and small-sample
    factors as fixest, see `standard_errors`.

    Parameters
    ----------
    data
        Panel indexed by (city, year).
    outcome, regressors
        Columns; the outcome's name and those of the terms.
    effects
        Columns, index levels or interactions such as "province:year"; without
        any, a constant is estimated.
    vcov
        Inference, or its short text: "cluster(city)".
    weights
        Column of weights (the inverse of the error variance up to scale); rows
        of weight zero are left out.
    treatment
        The regressor that must be estimable. Others that are collinear are
        dropped and named in `Fit.warnings`; of two collinear columns the later
        goes.
    drop_singletons
        Whether rows alone in a level of an effect leave the sample.
    exact_count
        Whether effects count by their rank rather than as fixest does by
        default; see `standard_errors.count_effects`.

    Returns
    -------
    Fit
        `stats`: r2, r2_within, rss, sigma2 (RSS / (N - K)), k_effects,
        singletons, rows_dropped.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        As `sample.draw_sample` and `standard_errors.estimate_covariance`.
    NotEstimableError
        No rows; the outcome, the treatment or every regressor does not vary
        within the effects.
    """
    terms, names = list(dict.fromkeys(regressors)), tuple(effects)
    _check_names(outcome, terms, names, treatment)
    how = as_inference(vcov)
    sample = draw_sample(
        data,
        [outcome, *terms, *variables_of(how)],
        names,
        keys_of(how),
        weights=weights,
        drop_singletons=drop_singletons,
    )
    model = _LeastSquares(sample, outcome, terms, names, treatment)
    estimate = model.estimate(exact_count)
    covariance = estimate_covariance(how, estimate)
    notes = (*_sample_notes(sample, names), *model.notes, *covariance.warnings)
    for note in notes:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    return Fit(
        params=pd.Series(estimate.params, index=model.terms, name="estimate"),
        vcov=pd.DataFrame(covariance.matrix, index=model.terms, columns=model.terms),
        nobs=sample.nobs,
        df=float(covariance.df),
        sample=sample.index,
        outcome=outcome,
        estimator=_in_words(names, weights),
        inference=covariance.words,
        n_clusters=covariance.n_clusters,
        fixed_effects=names,
        stats=model.stats(estimate),
        warnings=notes,
    )


class _LeastSquares:
    """Outcome and regressors of one sample, effects taken out, collinear columns gone."""

    def __init__(
        self,
        sample: EstimationSample,
        outcome: str,
        regressors: Sequence[str],
        effects: tuple[str, ...],
        treatment: str | None,
    ) -> None:
        self.sample, self.effects = sample, effects
        raw = np.column_stack([sample.column(name) for name in (outcome, *regressors)])
        within = _partialled_out(raw, [sample.codes[e] for e in effects], sample.weights)
        if not independent_columns(raw[:, :1], within[:, :1], sample.weights)[0]:
            raise NotEstimableError(
                f"the outcome {outcome!r} does not vary within the effects "
                f"({', '.join(effects) or 'constant'}) in the {sample.nobs} rows of the sample"
            )
        kept, absorbed = independent_columns(raw[:, 1:], within[:, 1:], sample.weights)
        dropped = {name: j for j, name in enumerate(regressors) if j not in kept}
        _refuse_unidentified(sample, effects, regressors, list(dropped), treatment)
        self.notes = tuple(
            f"{name!r} was dropped: "
            + ("it does not vary within the effects" if j in absorbed else "collinear")
            for name, j in dropped.items()
        )
        chosen = [0, *(j + 1 for j in kept)]
        self.terms = [regressors[j] for j in kept]
        self.raw = np.asfortranarray(raw[:, chosen])
        self.columns = np.asfortranarray(within[:, chosen]) if effects else _and_one(self.raw)
        if not effects:
            self.terms.append(CONSTANT)

    def estimate(self, exact_count: bool) -> Estimate:
        """Coefficients and residuals, with what a covariance needs."""
        params = solve(self.columns[:, 0], self.columns[:, 1:], self.sample.weights)
        return Estimate(
            params=params,
            x=self.columns[:, 1:],
            residuals=self.columns[:, 0] - times(self.columns[:, 1:], params),
            sample=self.sample,
            effects=self.effects,
            refit=self._refit,
            exact_count=exact_count,
        )

    def _refit(self, rows: Mask) -> Floats:
        """Estimate again on some of the rows, effects included."""
        codes = [renumbered(self.sample.codes[e][rows]) for e in self.effects]
        weights = None if self.sample.weights is None else self.sample.weights[rows]
        raw = self.raw[rows]
        within = _partialled_out(raw, codes, weights)
        kept, _ = independent_columns(raw[:, 1:], within[:, 1:], weights)
        lost = [self.terms[j] for j in range(raw.shape[1] - 1) if j not in kept]
        if lost:
            raise EstimationError(
                f"the jackknife is undefined: without one of the clusters {', '.join(lost)} "
                "can no longer be estimated. Use coarser clusters or 'cluster(...)'"
            )
        columns = within if self.effects else _and_one(raw)
        return solve(columns[:, 0], columns[:, 1:], weights)

    def stats(self, estimate: Estimate) -> dict[str, float]:
        """Scalars of the fit; sums of squares are weighted."""
        w = self.sample.weights
        y, e = self.raw[:, 0], estimate.residuals
        rss = _squares(e, w)
        total = _squares(y - np.average(y, weights=w), w)
        within = _squares(self.columns[:, 0], w) if self.effects else total
        k = estimate.n_params()
        return {
            "r2": 1 - rss / total if total > 0 else np.nan,
            "r2_within": 1 - rss / within if within > 0 else np.nan,
            "rss": rss,
            "sigma2": rss / (self.sample.nobs - k) if self.sample.nobs > k else np.nan,
            "k_effects": float(k - len(estimate.params)),
            "singletons": float(self.sample.singletons),
            "rows_dropped": float(sum(self.sample.dropped.values())),
        }


def _partialled_out(columns: Floats, codes: Sequence[Codes], weights: Floats | None) -> Floats:
    """Columns without the effects; without effects, without their mean."""
    everyone = np.zeros(len(columns), dtype=np.int64)
    return Absorber(codes or [everyone], weights).residuals(columns)


def _and_one(columns: Floats) -> Floats:
    return np.asfortranarray(np.column_stack([columns, np.ones(len(columns))]))


def _squares(values: Floats, weights: Floats | None) -> float:
    return float(np.sum(values**2 if weights is None else weights * values**2))


def _check_names(
    outcome: str, terms: Sequence[str], effects: tuple[str, ...], treatment: str | None
) -> None:
    if not terms:
        raise EstimationError("name at least one regressor")
    if outcome in terms:
        raise EstimationError(f"the outcome {outcome!r} is also a regressor")
    if len(set(effects)) < len(effects):
        raise EstimationError(f"an effect is named twice: {', '.join(effects)}")
    if treatment is not None and treatment not in terms:
        raise UnknownNameError(
            f"the treatment {treatment!r} is not a regressor.{did_you_mean(treatment, terms)}"
        )


def _refuse_unidentified(
    sample: EstimationSample,
    effects: tuple[str, ...],
    regressors: Sequence[str],
    dropped: Sequence[str],
    treatment: str | None,
) -> None:
    """Raise when the treatment, or every regressor, was dropped."""
    if treatment is not None and treatment in dropped:
        lost = [treatment]
    elif set(regressors) <= set(dropped):
        lost = list(regressors)
    else:
        return
    constant = [name for name in lost if np.ptp(sample.column(name)) == 0]
    if constant:
        raise NotEstimableError(
            f"{', '.join(map(repr, constant))} does not vary in the {sample.nobs} rows of the "
            "sample, so its coefficient cannot be estimated"
        )
    raise NotEstimableError(
        f"{', '.join(map(repr, lost))} cannot be estimated: nothing is left of it once the "
        f"effects ({', '.join(effects) or 'constant'}) and the regressors before it are taken "
        "out. Use coarser effects, or a regressor that varies within them"
    )


def _sample_notes(sample: EstimationSample, effects: tuple[str, ...]) -> tuple[str, ...]:
    if sample.singletons and "singleton" not in sample.dropped:
        return (
            f"{sample.singletons} rows are alone in a level of {' or '.join(effects)}: they "
            "are kept, fit perfectly and count in N",
        )
    return ()


def _in_words(effects: tuple[str, ...], weights: str | None) -> str:
    names = {0: "ordinary least squares", 1: "one-way", 2: "two-way"}
    words = names.get(len(effects), f"{len(effects)}-way")
    if effects:
        words += " fixed effects least squares"
    return words if weights is None else f"{words}, weighted by {weights}"
