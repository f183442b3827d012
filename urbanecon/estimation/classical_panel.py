"""Random effects, between and first-difference estimators of a panel.

Each transforms the rows of a panel indexed by (unit, period) and runs least
squares on what comes out, so that every inference of `standard_errors` applies
to it. linearmodels has the same estimators, and the tests compare with it; its
variance components in unbalanced panels changed between releases 7.0 and 7.1,
so they are computed here, by the formula that plm uses.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import CONSTANT
from urbanecon.estimation.inference import Cluster, Inference, as_inference
from urbanecon.estimation.least_squares import solve, times
from urbanecon.estimation.panel_equation import (
    PanelEquation,
    chosen_rows,
    consecutive,
    panel_equation,
    quasi_demeaned,
    renumbered,
    residuals_of,
    swamy_arora,
    unit_means,
    with_constant,
)
from urbanecon.estimation.panel_tests import breusch_pagan_scores
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, Mask
from urbanecon.estimation.serial_tests import autoregression_test
from urbanecon.estimation.standard_errors import Estimate, estimate_covariance


def random_effects(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    vcov: Inference | str | None = None,
) -> Fit:
    """Random effects of units by feasible generalised least squares.

    y_it = c + x_it'b + u_i + e_it. Estimand: b; consistent when u_i and the
    e_is of all periods are uncorrelated with the regressors of all periods
    (`hausman` tests the first). Variances as Swamy and Arora (1972): s2_e from
    the within regression, s2_u from the between regression on all n rows,

        s2_u = (e_B'e_B - (N - K_B) s2_e) / (n - tr[(Z_B'Z_B)^-1 S'S]),

    Z_B the unit means of regressors and constant on the n rows, K_B their rank,
    S the N unit sums. In a balanced panel this is the textbook estimator, in an
    unbalanced one the unbiased form of Baltagi and Chang (1994); plm computes
    the same in both. A negative s2_u is set to zero and said so. Rows then lose
    theta_i = 1 - sqrt(s2_e / (s2_e + T_i s2_u)) of their unit mean. Units
    observed once are kept.

    Parameters
    ----------
    data
        Panel indexed by (unit, period), any names.
    outcome, regressors
        Columns; regressors may be constant within units.
    vcov
        Inference on the transformed rows; clustered by unit when not given.
        "iid" is that of plm, s2 (Z*'Z*)^-1 with s2 = RSS / (n - K).

    Returns
    -------
    Fit
        `stats`: r2 (of the transformed rows), rss, sigma2, units, sigma2_e,
        sigma2_u, theta_min, theta_max. Diagnostics: Breusch-Pagan test of
        s2_u = 0 and Honda's one-sided form.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        As `panel_equation` and `standard_errors.estimate_covariance`.
    NotEstimableError
        No regressor varies, or too few units or periods for either variance.
    """
    how = _inference(data, vcov)
    equation = panel_equation(data, outcome, regressors, how)
    equation = equation.restricted(equation.raw, _centred(equation.raw), "over the sample")
    variances = swamy_arora(equation.raw, equation.units)
    theta = variances.theta(equation.units)

    def transform(raw: Floats, units: Codes) -> Floats:
        return quasi_demeaned(raw, units, swamy_arora(raw, units))

    pooled = with_constant(equation.raw)
    notes = equation.notes
    if variances.clipped:
        notes += (
            "the variance of the unit effects was negative and is set to zero: the estimates "
            "are those of pooled least squares",
        )
    return _least_squares(
        replace(equation, notes=notes),
        equation.sample,
        transform(equation.raw, equation.units),
        how,
        estimator="random effects (Swamy-Arora)",
        stats={
            "sigma2_e": variances.sigma2_e,
            "sigma2_u": variances.sigma2_u,
            "theta_min": float(theta.min()),
            "theta_max": float(theta.max()),
        },
        diagnostics=breusch_pagan_scores(residuals_of(pooled), equation.units),
        again=lambda rows: transform(equation.raw[rows], renumbered(equation.units[rows])),
    )


def between(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    vcov: Inference | str = "hetero",
) -> Fit:
    """Least squares on the means of the units, each unit counting once.

    ybar_i = c + xbar_i'b + ubar_i. Estimand: the coefficient of the linear
    predictor across units; equal to that within them only when unit effects are
    uncorrelated with the regressors. Means are over the complete rows of a unit
    and are not weighted by their number, as in plm and Stata.

    Parameters are those of `random_effects`; keys of the inference must be
    constant within units. `Fit.sample` is the index of the units.

    Returns
    -------
    Fit
        `stats`: r2, rss, sigma2, units, rows (averaged over). Diagnostics: F
        test of all slopes.

    Raises
    ------
    EstimationError
        A cluster variable varies within a unit.
    NotEstimableError
        Fewer units than coefficients, or nothing varies between them.
    """
    how = as_inference(vcov)
    equation = panel_equation(data, outcome, regressors, how)
    means = unit_means(equation.raw, equation.units)
    equation = equation.restricted(means, _centred(means), "between units")
    if equation.n_units <= len(equation.terms) + 1:
        raise NotEstimableError(
            f"{equation.n_units} units are too few for {len(equation.terms)} slopes and a constant"
        )
    sample = _one_row_a_unit(equation)
    means = unit_means(equation.raw, equation.units)
    fit = _least_squares(
        equation,
        sample,
        with_constant(means),
        how,
        estimator="between units",
        stats={"rows": float(equation.sample.nobs)},
        again=lambda rows: with_constant(means[rows]),
    )
    slopes = fit.test(list(equation.terms), "joint test of all slopes")
    return replace(fit, diagnostics=(slopes,))


def first_difference(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    vcov: Inference | str | None = None,
    *,
    drift: bool = False,
) -> Fit:
    """Least squares on changes from one period to the next.

    dy_it = dx_it'b + de_it. Estimand: b; consistent when changes of the error
    are uncorrelated with changes of the regressors (weaker than strict
    exogeneity), efficient when errors are a random walk. A change needs the
    unit in both of two consecutive periods of the sample; a gap gives none (plm
    takes the change over a gap as one). Clusters are keys of the later row.

    Parameters
    ----------
    drift
        Whether a constant is estimated, which is a common linear trend in
        levels; plm's default has it.

    Other parameters are those of `random_effects`.

    Returns
    -------
    Fit
        `sample` is the later row of each change. `stats`: r2, rss, sigma2,
        units. Diagnostics: Wooldridge's tests of serial correlation, with null
        correlation 0 (errors a random walk) and -1/2 (no serial correlation in
        levels), where a unit has two successive changes.

    Raises
    ------
    NotEstimableError
        No unit is observed in two consecutive periods, or nothing changes.
    """
    how = _inference(data, vcov)
    equation = panel_equation(data, outcome, regressors, how)
    rows = consecutive(equation.units, equation.periods)
    if not len(rows):
        raise NotEstimableError(
            f"no {equation.unit} is observed in two consecutive periods, so there are no changes"
        )
    changes = equation.raw[rows] - equation.raw[rows - 1]
    equation = equation.restricted(
        equation.raw[rows], _centred(changes) if drift else changes, "over time"
    )
    changes = equation.raw[rows] - equation.raw[rows - 1]
    columns = with_constant(changes) if drift else np.asfortranarray(changes)
    units, periods = equation.units[rows], equation.periods[rows]
    residuals = residuals_of(columns)
    return _least_squares(
        equation,
        chosen_rows(equation.sample, rows, np.take(equation.sample.values, rows, axis=0)),
        columns,
        how,
        estimator="first differences" + (" with drift" if drift else ""),
        diagnostics=tuple(
            autoregression_test(residuals, units, periods, null, name)
            for null, name in (
                (0.0, "Wooldridge test, differenced errors uncorrelated"),
                (-0.5, "Wooldridge test, level errors uncorrelated"),
            )
            if len(consecutive(units, periods)) > 2
        ),
        again=lambda kept: columns[kept],
    )


def _inference(data: pd.DataFrame, vcov: Inference | str | None) -> Inference:
    """Read the inference; clustered by unit when not given."""
    return Cluster((panel_keys(data)[0],)) if vcov is None else as_inference(vcov)


def _centred(columns: Floats) -> Floats:
    return np.asfortranarray(columns - columns.mean(axis=0))


def _one_row_a_unit(equation: PanelEquation) -> EstimationSample:
    """Sample of the units, with the keys that are constant within them."""
    sample, first = equation.sample, np.unique(equation.units, return_index=True)[1]
    for key, codes in sample.codes.items():
        if key != equation.time and (codes != codes[first][equation.units]).any():
            raise EstimationError(
                f"{key!r} varies within {equation.unit}, so the mean of a {equation.unit} has "
                "no value of it; use a key that is constant within units"
            )
    units = chosen_rows(sample, first, unit_means(sample.values, equation.units))
    level = sample.index.get_level_values(0)[first]
    return replace(units, index=level)


def _least_squares(
    equation: PanelEquation,
    sample: EstimationSample,
    columns: Floats,
    how: Inference,
    *,
    estimator: str,
    again: Callable[[Mask], Floats],
    stats: Mapping[str, float] | None = None,
    diagnostics: tuple[Diagnostic, ...] = (),
) -> Fit:
    """Fit the transformed outcome (first column) on the other columns."""
    y, x = columns[:, 0], columns[:, 1:]
    names = list(equation.terms) + [CONSTANT] * (x.shape[1] - len(equation.terms))
    if len(y) <= x.shape[1]:
        raise NotEstimableError(f"{len(y)} rows are too few for {x.shape[1]} coefficients")

    def refit(rows: Mask) -> Floats:
        some = again(rows)
        return solve(some[:, 0], some[:, 1:])

    params = solve(y, x)
    residuals = y - times(x, params)
    covariance = estimate_covariance(how, Estimate(params, x, residuals, sample, (), refit))
    notes = (*equation.notes, *covariance.warnings)
    for note in notes:
        python_warnings.warn(f"{equation.outcome}: {note}", EstimationWarning, stacklevel=3)
    rss, spread = float(np.sum(residuals**2)), y - y.mean()
    total = float(np.sum((spread if CONSTANT in names else y) ** 2))
    return Fit(
        params=pd.Series(params, index=names, name="estimate"),
        vcov=pd.DataFrame(covariance.matrix, index=names, columns=names),
        nobs=sample.nobs,
        df=float(covariance.df),
        sample=sample.index,
        outcome=equation.outcome,
        estimator=estimator,
        inference=covariance.words,
        n_clusters=covariance.n_clusters,
        stats={
            "r2": 1 - rss / total if total > 0 else np.nan,
            "rss": rss,
            "sigma2": rss / (sample.nobs - len(names)),
            "units": float(equation.n_units),
            "rows_dropped": float(sum(sample.dropped.values())),
            **(stats or {}),
        },
        diagnostics=diagnostics,
        warnings=notes,
    )
