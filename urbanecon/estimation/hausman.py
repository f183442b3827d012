"""Whether unit effects are correlated with the regressors: Hausman's test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.inference import Cluster, Inference, as_inference
from urbanecon.estimation.least_squares import solve, times
from urbanecon.estimation.panel_equation import (
    PanelEquation,
    demeaned,
    panel_equation,
    quasi_demeaned,
)
from urbanecon.estimation.panel_models import random_effects_model, within_model
from urbanecon.estimation.sample import Floats, Mask, renumbered
from urbanecon.estimation.standard_errors import Estimate, estimate_covariance


def hausman(data: pd.DataFrame, outcome: str, regressors: Sequence[str]) -> Diagnostic:
    """Classical test of random against fixed effects of units (Hausman 1978).

    H = d'(V_w - V_r)^-1 d, chi-squared(k), d the within less the random-effects
    slopes of the k regressors that vary within units. Valid when e_it are
    independent with one variance, so that random effects are efficient; with
    clustered errors use `hausman_robust`. Each V has its own s2, as in plm's
    phtest: the difference need not be positive definite in a sample, and then
    there is no p-value. (plm takes the absolute value of H.) Both estimates and
    their V are those of linearmodels.

    Parameters
    ----------
    data
        Panel indexed by (unit, period), any names.
    outcome, regressors
        Columns.

    Raises
    ------
    NotEstimableError
        No regressor varies within units, or too few units.
    """
    from scipy import stats

    equation, varying = _compared(data, outcome, regressors, None)
    keys = equation.units, equation.periods
    within = within_model(equation.raw[:, [0, *(j + 1 for j in varying)]], *keys)
    random = random_effects_model(equation.raw, *keys).slopes
    gap = within.params - random.params[varying]
    spread = within.vcov - random.vcov[np.ix_(varying, varying)]
    # on the scale of the standard errors, so that units of measurement do not matter
    scale = 1 / np.sqrt(np.diag(within.vcov))
    values = np.linalg.eigvalsh(spread * np.outer(scale, scale))
    statistic = float(
        (gap * scale) @ np.linalg.solve(spread * np.outer(scale, scale), gap * scale)
    )
    q = float(len(varying))
    note = _compared_note(equation, varying)
    if values[0] <= 0:
        note += "; V_w - V_r is not positive definite: no p-value, use the robust test"
        return Diagnostic("Hausman test", statistic, (q,), float("nan"), note)
    return Diagnostic("Hausman test", statistic, (q,), float(stats.chi2.sf(statistic, q)), note)


def hausman_robust(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    vcov: Inference | str | None = None,
) -> Diagnostic:
    """Hausman's test by an auxiliary regression, with any covariance.

    The quasi-demeaned outcome is regressed on the quasi-demeaned regressors and
    constant, and on the demeaned regressors; the latter's coefficients are zero
    when unit effects are uncorrelated with the regressors (Wooldridge 2010,
    section 10.7.3; in balanced panels the same as the unit means of Mundlak
    1978). Wald statistic W, chi-squared(k), as plm's phtest with method "aux";
    the note has the p-value of W / k by F(k, df), to be preferred with few
    clusters.

    Parameters
    ----------
    vcov
        Inference of the auxiliary regression; clustered by unit when not given.

    Other parameters and errors are those of `hausman`.
    """
    from scipy import stats

    unit = panel_keys(data)[0]
    how = Cluster((unit,)) if vcov is None else as_inference(vcov)
    equation, varying = _compared(data, outcome, regressors, how)

    def auxiliary(raw: Floats, rows: Mask) -> Floats:
        units = renumbered(equation.units[rows])
        theta = random_effects_model(raw[rows], units, equation.periods[rows]).theta
        swept = quasi_demeaned(raw[rows], units, theta)
        own = demeaned(raw[rows], units)[:, [j + 1 for j in varying]]
        return np.column_stack([swept, own])

    def refit(rows: Mask) -> Floats:
        columns = auxiliary(equation.raw, rows)
        return solve(columns[:, 0], columns[:, 1:])

    columns = auxiliary(equation.raw, np.ones(len(equation.raw), dtype=bool))
    y, x = columns[:, 0], columns[:, 1:]
    params = solve(y, x)
    estimate = Estimate(params, x, y - times(x, params), equation.sample, (), refit)
    covariance = estimate_covariance(how, estimate)
    q = len(varying)
    b, v = params[-q:], covariance.matrix[-q:, -q:]
    rank = int(np.linalg.matrix_rank(v / np.sqrt(np.outer(np.diag(v), np.diag(v)))))
    if rank < q:
        raise NotEstimableError(
            f"{len(varying)} regressors cannot be tested with so few clusters "
            f"({covariance.words}); test fewer, or use 'iid'"
        )
    statistic = float(b @ np.linalg.solve(v, b))
    by_f = float(stats.f.sf(statistic / q, q, covariance.df))
    note = (
        f"{_compared_note(equation, varying)}; {covariance.words}; "
        f"p = {by_f:.4f} by F({q}, {covariance.df:g})"
    )
    p = float(stats.chi2.sf(statistic, q))
    return Diagnostic("robust Hausman test", statistic, (float(q),), p, note)


def _compared(
    data: pd.DataFrame, outcome: str, regressors: Sequence[str], how: Inference | None
) -> tuple[PanelEquation, list[int]]:
    """Equation without collinear columns, and which regressors vary within units."""
    equation = panel_equation(data, outcome, regressors, how)
    centred = np.asfortranarray(equation.raw - equation.raw.mean(axis=0))
    equation = equation.restricted(equation.raw, centred, "over the sample")
    own = equation.restricted(equation.raw, demeaned(equation.raw, equation.units), "within units")
    return equation, [j for j, name in enumerate(equation.terms) if name in own.terms]


def _compared_note(equation: PanelEquation, varying: Sequence[int]) -> str:
    return "compared: " + ", ".join(equation.terms[j] for j in varying)
