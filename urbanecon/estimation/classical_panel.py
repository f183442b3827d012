"""Random effects, between and first-difference estimators of a panel, by linearmodels.

linearmodels computes the estimates (`panel_models`). Rows, names and inference are
those of this package: each estimator is least squares on rows that are transformed,
and with the transformed rows every inference of `standard_errors` applies, of which
linearmodels has some and with other factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.inference import Cluster, Inference, as_inference
from urbanecon.estimation.panel_equation import (
    PanelEquation,
    chosen_rows,
    consecutive,
    panel_equation,
    quasi_demeaned,
    residuals_of,
    unit_means,
    with_constant,
)
from urbanecon.estimation.panel_fit import TransformedRows
from urbanecon.estimation.panel_models import (
    between_model,
    first_difference_model,
    random_effects_model,
)
from urbanecon.estimation.panel_tests import breusch_pagan_scores
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, Mask, renumbered
from urbanecon.estimation.serial_tests import autoregression_test


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
    S the N unit sums: `linearmodels.RandomEffects` with ``small_sample=True``. In
    a balanced panel this is the textbook estimator, in an unbalanced one the
    unbiased form of Baltagi and Chang (1994); plm computes the same in both. A
    negative s2_u is set to zero and said so. Rows then lose
    theta_i = 1 - sqrt(s2_e / (s2_e + T_i s2_u)) of their unit mean. Units
    observed once are kept. CRV3 estimates all of this anew without each cluster
    (some 20 seconds for 290 cities).

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
    units, periods = equation.units, equation.periods
    model = random_effects_model(equation.raw, units, periods)
    if model.sigma2_u == 0:
        note = (
            "the variance of the unit effects was negative and is set to zero: the estimates "
            "are those of pooled least squares"
        )
        equation = replace(equation, notes=(*equation.notes, note))

    def again(rows: Mask) -> Floats:
        some = equation.raw[rows], renumbered(units[rows]), periods[rows]
        return random_effects_model(*some).slopes.params

    rows_fitted = TransformedRows(
        equation,
        equation.sample,
        quasi_demeaned(equation.raw, units, model.theta),
        model.slopes.params,
        again,
    )
    return rows_fitted.fit(
        how,
        "random effects (Swamy-Arora)",
        stats={
            "sigma2_e": model.sigma2_e,
            "sigma2_u": model.sigma2_u,
            "theta_min": float(model.theta.min()),
            "theta_max": float(model.theta.max()),
        },
        diagnostics=breusch_pagan_scores(residuals_of(with_constant(equation.raw)), units),
    )


def between(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    vcov: Inference | str = "hetero",
) -> Fit:
    """Least squares on the means of the units, each unit counting once.

    ybar_i = c + xbar_i'b + ubar_i (Maddala 1971, Econometrica 39(2):341-358).
    Estimand: the coefficient of the linear predictor across units; equal to that
    within them, and an effect, only on the assumption that unit effects and mean
    errors are uncorrelated with the mean regressors. Means are over the complete
    rows of a unit and are not weighted by their number, as in plm and Stata:
    `linearmodels.BetweenOLS`.

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
    params = between_model(equation.raw, equation.units, equation.periods).params
    rows_fitted = TransformedRows(equation, sample, with_constant(means), params)
    fit = rows_fitted.fit(how, "between units", stats={"rows": float(equation.sample.nobs)})
    slopes = fit.test(list(equation.terms), "joint test of all slopes")
    return replace(fit, diagnostics=(slopes,))


def first_difference(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    vcov: Inference | str | None = None,
    *,
    drift: bool = False,
    across_gaps: bool = False,
) -> Fit:
    """Least squares on changes from one period to the next.

    dy_it = dx_it'b + de_it (Wooldridge 2010, section 10.6). Estimand: b; consistent
    when changes of the error are uncorrelated with changes of the regressors
    (weaker than strict exogeneity), efficient when errors are a random walk. A
    change needs the unit in both of two consecutive periods of the sample; a gap
    gives none, as in `linearmodels.FirstDifferenceOLS`. Clusters are keys of the
    later row.

    Parameters
    ----------
    drift
        Whether a constant is estimated, which is a common linear trend in
        levels; plm's default has it.
    across_gaps
        Whether the change from the row before counts whatever the time between,
        as in plm.

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
    periods = _places(equation) if across_gaps else equation.periods
    rows = consecutive(equation.units, periods)
    if not len(rows):
        raise NotEstimableError(
            f"no {equation.unit} is observed in two consecutive periods, so there are no changes"
        )
    changes = equation.raw[rows] - equation.raw[rows - 1]
    equation = equation.restricted(
        equation.raw[rows], _centred(changes) if drift else changes, "over time"
    )
    if len(rows) <= len(equation.terms) + drift:
        raise NotEstimableError(
            f"{len(rows)} changes are too few for {len(equation.terms) + drift} coefficients"
        )
    changes = equation.raw[rows] - equation.raw[rows - 1]
    sample = chosen_rows(equation.sample, rows, np.take(equation.sample.values, rows, axis=0))
    rows_fitted = TransformedRows(
        equation,
        sample,
        with_constant(changes) if drift else np.asfortranarray(changes),
        first_difference_model(equation.raw, equation.units, periods, drift).params,
    )
    return rows_fitted.fit(
        how,
        "first differences" + (" with drift" if drift else ""),
        diagnostics=_serial(rows_fitted.residuals, equation.units[rows], periods[rows]),
    )


def _places(equation: PanelEquation) -> Codes:
    """Place of each row among those of its unit, from zero."""
    first = np.unique(equation.units, return_index=True)[1]
    return np.arange(equation.sample.nobs) - first[equation.units]


def _serial(residuals: Floats, units: Codes, periods: Codes) -> tuple[Diagnostic, ...]:
    """Wooldridge's tests of differenced residuals, where there are successive ones."""
    if len(consecutive(units, periods)) <= 2:
        return ()
    nulls = {"differenced": 0.0, "level": -0.5}
    return tuple(
        autoregression_test(
            residuals, units, periods, null, f"Wooldridge test, {which} errors uncorrelated"
        )
        for which, null in nulls.items()
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
