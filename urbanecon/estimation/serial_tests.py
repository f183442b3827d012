"""Tests of serial correlation in the errors of a panel equation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError, did_you_mean
from urbanecon.estimation.covariance import meat_cluster, sandwich
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.least_squares import bread, solve, times
from urbanecon.estimation.panel_equation import (
    PanelEquation,
    consecutive,
    demeaned,
    panel_equation,
    residuals_of,
    with_constant,
)
from urbanecon.estimation.sample import Codes, Floats, renumbered

Null = Literal["differences", "levels"]


def wooldridge_within(data: pd.DataFrame, outcome: str, regressors: Sequence[str]) -> Diagnostic:
    """Test serial correlation with fixed effects, for short panels.

    Without serial correlation, within residuals of a unit observed T times
    correlate by -1/(T - 1). They are regressed on their first lag and a
    constant, clustered by unit, and the slope is compared with that
    (Wooldridge 2010, section 10.5.4). F(1, n - 2) and no small-sample factor,
    as plm's pwartest. T is the mean number of rows of a unit.

    Raises
    ------
    NotEstimableError
        Too few units observed in consecutive periods.
    """
    equation = panel_equation(data, outcome, regressors)
    residuals = _within_residuals(equation)
    rows = equation.sample.nobs / equation.n_units
    return autoregression_test(
        residuals,
        equation.units,
        equation.periods,
        -1 / (rows - 1) if rows > 1 else np.nan,
        "Wooldridge test, within residuals",
    )


def wooldridge_differences(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    null: Null = "levels",
    *,
    drift: bool = True,
) -> Diagnostic:
    """Test serial correlation by first differences.

    Residuals of the equation in changes are regressed on their first lag and a
    constant, clustered by unit. With errors uncorrelated in levels the slope is
    -1/2, with errors a random walk it is 0 (Wooldridge 2010, section 10.6.3;
    Drukker 2003). F(1, n - 2) and no small-sample factor, as plm's pwfdtest.

    Parameters
    ----------
    null
        "levels": no serial correlation in the errors in levels;
        "differences": none in their changes.
    drift
        Whether the equation in changes has a constant, as plm's has.

    Raises
    ------
    UnknownNameError
        The null is neither of the two.
    NotEstimableError
        Too few units observed in three consecutive periods.
    """
    slopes = {"levels": -0.5, "differences": 0.0}
    if null not in slopes:
        raise UnknownNameError(
            f"unknown null {null!r}.{did_you_mean(null, slopes)} Known: 'levels', 'differences'"
        )
    equation = panel_equation(data, outcome, regressors)
    rows = consecutive(equation.units, equation.periods)
    if not len(rows):
        raise NotEstimableError(f"no {equation.unit} is observed in two consecutive periods")
    changes = equation.raw[rows] - equation.raw[rows - 1]
    equation = equation.restricted(
        equation.raw[rows], changes - changes.mean(axis=0) if drift else changes, "over time"
    )
    changes = equation.raw[rows] - equation.raw[rows - 1]
    return autoregression_test(
        residuals_of(with_constant(changes) if drift else changes),
        equation.units[rows],
        equation.periods[rows],
        slopes[null],
        f"Wooldridge test, errors uncorrelated in {null}",
    )


def autoregression_test(
    residuals: Floats, units: Codes, periods: Codes, null: float, name: str
) -> Diagnostic:
    """F test that residuals follow their first lag with slope `null`, clustered by unit.

    Rows are ordered by unit and period; a gap gives no pair.
    """
    from scipy import stats

    rows = consecutive(units, periods)
    clusters = renumbered(units[rows]) if len(rows) else units[rows]
    if len(rows) <= 2 or clusters.max() == 0:
        raise NotEstimableError(
            f"{name}: residuals of two units or more in consecutive periods are needed, found "
            f"{len(rows)} pairs"
        )
    x = with_constant(residuals[rows - 1][:, None])
    slopes = solve(residuals[rows], x)
    errors = residuals[rows] - times(x, slopes)
    variance = sandwich(bread(x), meat_cluster(x * errors[:, None], clusters))[0, 0]
    statistic = float((slopes[0] - null) ** 2 / variance)
    df = (1.0, float(len(rows) - 2))
    p = float(stats.f.sf(statistic, *df))
    note = f"slope on the first lag {slopes[0]:.3f}, under the null {null:.3f}"
    return Diagnostic(name, statistic, df, p, note)


def breusch_godfrey(
    data: pd.DataFrame, outcome: str, regressors: Sequence[str], lags: int = 1
) -> Diagnostic:
    """Breusch-Godfrey test on the within equation, for long panels.

    n R2 of the within residuals on the within regressors and `lags` own lags,
    chi-squared(lags) (Breusch 1978; Godfrey 1978). Lags run down the stacked
    rows, zero before the first, and so across the border of two units and over
    gaps, as in plm's pbgtest. Within residuals correlate by -1/(T - 1) under
    the null: T must be large, in short panels `wooldridge_within` is the test.

    Raises
    ------
    EstimationError
        `lags` is below 1, or leaves no degrees of freedom.
    """
    from scipy import stats

    equation = panel_equation(data, outcome, regressors)
    within = demeaned(equation.raw, equation.units)
    equation = equation.restricted(equation.raw, within, "within units")
    within = demeaned(equation.raw, equation.units)
    n = len(within)
    if lags < 1 or n <= lags + within.shape[1]:
        raise EstimationError(f"{lags} lags cannot be tested with {n} rows; choose 1 or a few")
    errors = residuals_of(within)
    lagged = [np.concatenate([np.zeros(lag), errors[:-lag]]) for lag in range(1, lags + 1)]
    columns = np.column_stack([errors, within[:, 1:], *lagged])
    explained = 1 - np.sum(residuals_of(columns) ** 2) / np.sum(errors**2)
    statistic = float(n * explained)
    p = float(stats.chi2.sf(statistic, lags))
    return Diagnostic("Breusch-Godfrey test, within equation", statistic, (float(lags),), p)


def _within_residuals(equation: PanelEquation) -> Floats:
    within = demeaned(equation.raw, equation.units)
    kept = equation.restricted(equation.raw, within, "within units")
    return residuals_of(demeaned(kept.raw, equation.units))
