"""Tests of what a pooled or fixed-effects equation takes for granted.

Unit effects and slopes common to all units, and errors independent across
units. Panels are indexed by (unit, period). Error variances are compared in
`heteroskedasticity`, serial correlation is in `serial_tests`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.covariance import sum_by
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.least_squares import cross, independent_columns
from urbanecon.estimation.panel_equation import (
    PanelEquation,
    demeaned,
    panel_equation,
    residuals_of,
    with_constant,
)
from urbanecon.estimation.sample import Codes, Floats, Mask

# Pairs of units must share this many periods to correlate.
SHARED_PERIODS = 3


def effects_test(data: pd.DataFrame, outcome: str, regressors: Sequence[str]) -> Diagnostic:
    """F test that unit effects are all equal: within against pooled least squares.

    F = [(RSS_p - RSS_w) / (df_p - df_w)] / [RSS_w / df_w], errors independent
    with one variance (Baltagi 2021, chapter 2). As plm's pFtest; with regressors
    constant within units these move to the effects.

    Raises
    ------
    NotEstimableError
        One unit, or no degrees of freedom within units.
    """
    equation = panel_equation(data, outcome, regressors)
    _need_units(equation)
    pooled = equation.restricted(equation.raw, _centred(equation.raw), "over the sample")
    within = pooled.restricted(pooled.raw, demeaned(pooled.raw, pooled.units), "within units")
    n = equation.sample.nobs
    rss_p = _rss(with_constant(pooled.raw))
    rss_w = _rss(demeaned(within.raw, within.units))
    df_p = n - len(pooled.terms) - 1
    df_w = n - equation.n_units - len(within.terms)
    return _f_test("F test, unit effects equal", rss_p, df_p, rss_w, df_w)


def poolability_test(data: pd.DataFrame, outcome: str, regressors: Sequence[str]) -> Diagnostic:
    """Chow test that slopes are the same in all units, effects differing.

    F test of the within regression against one regression a unit (Baltagi 2021,
    section 4.1), errors independent with one variance; as plm's pooltest with a
    within model. Units too short for a regression of their own fit perfectly
    and lose the degrees of freedom that they have.

    Raises
    ------
    NotEstimableError
        One unit, or no degrees of freedom in the regressions by unit.
    """
    equation = panel_equation(data, outcome, regressors)
    _need_units(equation)
    within = demeaned(equation.raw, equation.units)
    equation = equation.restricted(equation.raw, within, "within units")
    within = demeaned(equation.raw, equation.units)
    n, rss_u, slopes = equation.sample.nobs, 0.0, 0
    for rows in unit_rows(equation.units):
        own = within[rows]
        kept, _ = independent_columns(equation.raw[rows, 1:], own[:, 1:], None)
        rss_u += _rss(own[:, [0, *(j + 1 for j in kept)]])
        slopes += len(kept)
    df_w = n - equation.n_units - len(equation.terms)
    df_u = n - equation.n_units - slopes
    return _f_test("F test, slopes equal across units", _rss(within), df_w, rss_u, df_u)


def breusch_pagan(
    data: pd.DataFrame, outcome: str, regressors: Sequence[str]
) -> tuple[Diagnostic, Diagnostic]:
    """Test for random unit effects in pooled least squares: Breusch-Pagan and Honda.

    See `breusch_pagan_scores`.
    """
    equation = panel_equation(data, outcome, regressors)
    _need_units(equation)
    equation = equation.restricted(equation.raw, _centred(equation.raw), "over the sample")
    return breusch_pagan_scores(residuals_of(with_constant(equation.raw)), equation.units)


def breusch_pagan_scores(residuals: Floats, units: Codes) -> tuple[Diagnostic, Diagnostic]:
    """Score tests of a zero variance of unit effects, from pooled residuals.

    With A = sum_i (sum_t e_it)^2 / sum e^2 - 1 and M = sum_i T_i^2 (Breusch and
    Pagan 1980; Baltagi and Li 1990 for unbalanced panels): LM = n^2 A^2 /
    (2 (M - n)), chi-squared(1). Honda's (1985) is its signed root, normal, one
    sided: large positive values speak for random effects.

    Returns
    -------
    Breusch-Pagan and Honda tests.
    """
    from scipy import stats

    rows = np.bincount(units)
    n, pairs = len(units), float(np.sum(rows**2) - len(units))
    if pairs == 0:
        raise NotEstimableError("no unit has two rows, so the variance of unit effects is unknown")
    ratio = float(np.sum(sum_by(residuals[:, None], units) ** 2) / np.sum(residuals**2)) - 1
    honda = n * ratio / np.sqrt(2 * pairs)
    return (
        Diagnostic(
            "Breusch-Pagan LM test, no random unit effects",
            float(honda**2),
            (1.0,),
            float(stats.chi2.sf(honda**2, 1)),
        ),
        Diagnostic(
            "Honda test, no random unit effects",
            float(honda),
            (),
            float(stats.norm.sf(honda)),
            "one-sided",
        ),
    )


def cross_section_dependence(
    data: pd.DataFrame, outcome: str, regressors: Sequence[str]
) -> tuple[Diagnostic, Diagnostic]:
    """Pesaran's CD and the Breusch-Pagan LM test on within residuals.

    With r_ij the correlation of two units' residuals over the T_ij periods they
    share, centred over these: CD = sqrt(2 / (N (N - 1))) sum_{i<j} sqrt(T_ij)
    r_ij, normal (Pesaran 2021, equations 26 and 40), and LM = sum_{i<j} T_ij
    r_ij^2, chi-squared(N (N - 1) / 2), for large T only (Breusch and Pagan
    1980). As plm's pcdtest of a within model. Do not apply to an equation with
    period effects, see `weighted_dependence`.

    Returns
    -------
    CD and LM. Pairs sharing fewer than three periods are left out and counted
    in the note.

    Raises
    ------
    NotEstimableError
        No two units share three periods.
    """
    equation = panel_equation(data, outcome, regressors)
    within = demeaned(equation.raw, equation.units)
    equation = equation.restricted(equation.raw, within, "within units")
    errors = residuals_of(demeaned(equation.raw, equation.units))
    return cross_section_scores(errors, equation.units, equation.periods)


def cross_section_scores(
    residuals: Floats, units: Codes, periods: Codes
) -> tuple[Diagnostic, Diagnostic]:
    """CD and LM tests of `cross_section_dependence` from residuals, length n."""
    from scipy import stats

    table, seen = arranged(residuals, units, periods)
    correlation, shared = pair_correlations(table, seen)
    upper: Mask = np.triu(np.ones(shared.shape, dtype=bool), 1)
    used = upper & (shared >= SHARED_PERIODS) & np.isfinite(correlation)
    pairs = int(used.sum())
    if not pairs:
        raise NotEstimableError(
            f"no two units share {SHARED_PERIODS} periods with varying residuals"
        )
    r, t = correlation[used], shared[used]
    cd, lm = float(np.sum(np.sqrt(t) * r) / np.sqrt(pairs)), float(np.sum(t * r**2))
    out = int(upper.sum()) - pairs
    note = f"mean correlation {r.mean():.3f}, mean absolute {np.abs(r).mean():.3f}" + (
        f"; {out} pairs share fewer than {SHARED_PERIODS} periods and are left out" if out else ""
    )
    return (
        Diagnostic("Pesaran CD test", cd, (), float(2 * stats.norm.sf(abs(cd))), note),
        Diagnostic(
            "Breusch-Pagan LM test, units independent",
            lm,
            (float(pairs),),
            float(stats.chi2.sf(lm, pairs)),
            "needs T large relative to N",
        ),
    )


def unit_rows(units: Codes) -> list[slice]:
    """Rows of each unit, for rows ordered by unit."""
    ends = np.cumsum(np.bincount(units))
    return [slice(int(e - n), int(e)) for e, n in zip(ends, np.bincount(units), strict=True)]


def arranged(residuals: Floats, units: Codes, periods: Codes) -> tuple[Floats, Floats]:
    """Residuals by unit and period, zero where there is none, and where there is one."""
    table = np.zeros((int(units.max()) + 1, int(periods.max()) + 1))
    seen = np.zeros_like(table)
    table[units, periods] = residuals
    seen[units, periods] = 1.0
    return table, seen


def pair_correlations(table: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Correlations of the rows of a table over shared columns, and their number."""
    shared = cross(seen.T, seen.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        products = cross(table.T, table.T)
        sums = cross(table.T, seen.T)  # of unit i over the periods shared with j
        squares = cross((table**2).T, seen.T)
        covariance = products - sums * sums.T / shared
        variance = squares - sums**2 / shared
        bounded = np.where(variance > 1e-12 * squares, variance, np.nan)
        correlation = covariance / np.sqrt(bounded * bounded.T)
    return np.asarray(correlation), shared


def _f_test(name: str, rss_0: float, df_0: int, rss_1: float, df_1: int) -> Diagnostic:
    """Compare a restricted with a less restricted regression."""
    from scipy import stats

    if df_1 <= 0 or df_0 <= df_1:
        raise NotEstimableError(
            f"{name}: no degrees of freedom ({df_0} restricted, {df_1} unrestricted)"
        )
    q = df_0 - df_1
    statistic = ((rss_0 - rss_1) / q) / (rss_1 / df_1)
    p = float(stats.f.sf(statistic, q, df_1))
    return Diagnostic(name, float(statistic), (float(q), float(df_1)), p)


def _rss(columns: Floats) -> float:
    return float(np.sum(residuals_of(columns) ** 2))


def _centred(columns: Floats) -> Floats:
    return np.asfortranarray(columns - columns.mean(axis=0))


def _need_units(equation: PanelEquation) -> None:
    if equation.n_units < 2:
        raise NotEstimableError(f"the sample has one {equation.unit} only; two are needed")
