"""Unit roots in a variable of a panel.

The null of every test is a unit root in all units. The first generation (Levin
and Lin and Chu, Im and Pesaran and Shin, Fisher) takes units as independent,
which the cities of a country are not: common shocks make it reject too often.
`cips` allows for one common factor.

Units may begin and end at different dates but have no gap in between. Per unit,
dy_t = d_t + r y_(t-1) + sum_j c_j dy_(t-j) + e_t, d_t nothing, an intercept, or
an intercept and a trend, and H0: r = 0.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.adf import (
    Equation,
    Lags,
    Regression,
    Series,
    lagged_columns,
    long_run_variance,
    series_of,
    t_of_first,
    terms,
)
from urbanecon.estimation.covariance import sum_by
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.unit_root_tables import (
    CIPS_LEVELS,
    IPS_PERIODS,
    LLC_PERIODS,
    Deterministic,
    cips_critical,
    ips_moments,
    llc_moments,
)


def im_pesaran_shin(
    data: pd.DataFrame,
    variable: str,
    deterministic: Deterministic = "intercept",
    lags: Lags = 1,
    *,
    max_lags: int = 4,
    df_correction: bool = True,
) -> Diagnostic:
    """Mean of the units' ADF t statistics, standardised (Im, Pesaran and Shin 2003).

    W = sqrt(N) (tbar - mean of E[t_i]) / sqrt(mean of V[t_i]), with the moments
    of their table 3 for each unit's lags and periods used, T_i - lags - 1;
    normal, small values speak against a unit root. The alternative lets some
    units keep theirs. Below 10 periods used the moments of 10 are taken and
    said so.

    Parameters
    ----------
    data, variable
        Panel indexed by (unit, period) and a column.
    deterministic
        "intercept" or "trend" (both).
    lags
        Of the differences: a number, or chosen unit by unit by "sic" or "aic"
        from regressions on the same rows, up to `max_lags`.
    df_correction
        Whether s2 is RSS / (n - k), as in the paper. plm's default is RSS / n,
        which makes the test reject too often in short panels.

    Raises
    ------
    DataError
        A unit has a gap.
    NotEstimableError
        A unit is constant or too short, or the moments are not tabulated.
    """
    from scipy import stats

    _known(deterministic, ("intercept", "trend"))
    equation = Equation(deterministic, lags, max_lags, df_correction)
    w, regressions = im_pesaran_shin_statistic(series_of(data, variable), equation)
    tbar = np.mean([a.t for a in regressions])
    note = f"mean t {tbar:.3f}, {_describe(regressions, deterministic)}"
    note += _beyond([a.used for a in regressions], IPS_PERIODS, "Im-Pesaran-Shin")
    return Diagnostic("Im-Pesaran-Shin test, unit root", w, (), float(stats.norm.cdf(w)), note)


def maddala_wu(
    data: pd.DataFrame,
    variable: str,
    deterministic: Deterministic = "intercept",
    lags: Lags = 1,
    *,
    max_lags: int = 4,
    df_correction: bool = True,
) -> Diagnostic:
    """Fisher's combination of the units' ADF p-values (Maddala and Wu 1999).

    P = -2 sum_i ln p_i, chi-squared(2N), large values speak against a unit
    root. p-values by MacKinnon (1994), asymptotic in T. Parameters and errors
    are those of `im_pesaran_shin`; "none" is allowed.
    """
    from scipy import stats
    from statsmodels.tsa.adfvalues import mackinnonp

    _known(deterministic, ("none", "intercept", "trend"))
    equation = Equation(deterministic, lags, max_lags, df_correction)
    regressions = [equation.regress(y) for y in series_of(data, variable)]
    kind = {"none": "n", "intercept": "c", "trend": "ct"}[deterministic]
    p = np.array([mackinnonp(a.t, regression=kind) for a in regressions], dtype=np.float64)
    statistic = float(-2 * np.sum(np.log(np.maximum(p, np.finfo(float).tiny))))
    df = 2.0 * len(regressions)
    name = "Maddala-Wu test, unit root"
    note = _describe(regressions, deterministic)
    return Diagnostic(name, statistic, (df,), float(stats.chi2.sf(statistic, df)), note)


def levin_lin_chu(
    data: pd.DataFrame,
    variable: str,
    deterministic: Deterministic = "intercept",
    lags: Lags = 1,
    *,
    max_lags: int = 4,
) -> Diagnostic:
    """Pooled ADF regression with one root for all units (Levin, Lin and Chu 2002).

    Differences and lagged levels, each less what its own lagged differences and
    deterministic terms explain and over its unit's s_i, are pooled; with r its
    slope, t* = (t_r - N T~ S s_eps^-2 se(r) mu) / sigma (their equation 12),
    normal, small values speak against a unit root. S is the mean ratio of long-
    to short-run deviation, the former by Bartlett's kernel with
    round(3.21 T^(1/3)) lags; mu and sigma are of their table 2 at T, as in plm.
    Needs a balanced panel. The table starts at T = 25; below, its first row is
    taken and said so. The correction is delicate: on independent random walks (10
    units, 50 periods, no lags) the test rejects 17 percent of the time at the 5
    percent level, where `im_pesaran_shin` rejects 4.

    Parameters and errors are those of `im_pesaran_shin`, "none" is allowed;
    variances divide by the number of rows, as in the paper.
    """
    from scipy import stats

    _known(deterministic, ("none", "intercept", "trend"))
    series = series_of(data, variable)
    periods = {len(y.values) for y in series}
    if len(periods) > 1:
        raise DataError(
            f"the Levin-Lin-Chu test needs a balanced panel; units have {min(periods)} to "
            f"{max(periods)} periods of {variable!r}. Use im_pesaran_shin"
        )
    equation = Equation(deterministic, lags, max_lags, df_correction=False)
    statistic, regressions = levin_lin_chu_statistic(series, equation)
    note = _describe(regressions, deterministic)
    note += _beyond(list(periods), LLC_PERIODS, "Levin-Lin-Chu")
    p = float(stats.norm.cdf(statistic))
    return Diagnostic("Levin-Lin-Chu test, unit root", statistic, (), p, note)


def cips(
    data: pd.DataFrame,
    variable: str,
    deterministic: Deterministic = "trend",
    lags: int = 1,
) -> Diagnostic:
    """Mean of cross-sectionally augmented ADF statistics (Pesaran 2007).

    Each unit's regression has also the lagged level, the difference and the
    lagged differences of the cross-section mean, which stand for one common
    factor. The mean of the t statistics is compared with his tables II(b) and
    II(c), interpolated in N and T; the p-value is interpolated between 1, 5 and
    10 percent and 0.01 or 0.10 outside, as in plm. Means are over the rows
    used. Not truncated.

    Parameters and errors are those of `im_pesaran_shin`.
    """
    _known(deterministic, ("intercept", "trend"))
    Equation(deterministic, lags)  # refuses negative lags
    series = series_of(data, variable)
    statistic = cips_statistic(series, deterministic, lags)
    longest = max(len(y.values) for y in series)
    critical = cips_critical(len(series), longest, deterministic)
    p = float(np.interp(statistic, critical, CIPS_LEVELS))
    bound = {0.01: ", p below 0.01", 0.10: ", p above 0.10"}.get(p, "")
    values = ", ".join(f"{c:.2f}" for c in critical)
    note = f"critical values at 1, 5, 10%: {values}{bound}; {lags} lags, {deterministic}"
    return Diagnostic("CIPS test, unit root", statistic, (), p, note)


def im_pesaran_shin_statistic(
    series: Sequence[Series], equation: Equation
) -> tuple[float, list[Regression]]:
    """Return W of `im_pesaran_shin` for the series of the units, and their regressions."""
    regressions = [equation.regress(y) for y in series]
    moments = {
        (a.used, a.lags): ips_moments(a.used, a.lags, equation.deterministic) for a in regressions
    }
    mean, variance = np.mean([moments[a.used, a.lags] for a in regressions], axis=0)
    tbar = float(np.mean([a.t for a in regressions]))
    return float(np.sqrt(len(regressions)) * (tbar - mean) / np.sqrt(variance)), regressions


def levin_lin_chu_statistic(
    series: Sequence[Series], equation: Equation
) -> tuple[float, list[Regression]]:
    """Return t* of `levin_lin_chu` for series of equal length, and their regressions."""
    regressions = [equation.regress(y) for y in series]
    scaled = [
        np.stack(equation.partialled(y, a.lags)) / a.sigma
        for y, a in zip(series, regressions, strict=True)
    ]
    level, change = np.concatenate(scaled, axis=1)
    slope = float(np.sum(level * change) / np.sum(level**2))
    rss, n = float(np.sum((change - slope * level) ** 2)), len(regressions)
    se = float(np.sqrt(rss / len(level) / np.sum(level**2)))
    length = len(series[0].values)
    used = length - float(np.mean([a.lags for a in regressions])) - 1
    long_run = [np.sqrt(long_run_variance(y.values, equation.deterministic)) for y in series]
    ratio = float(np.mean([s / a.sigma for s, a in zip(long_run, regressions, strict=True)]))
    mean, sd = llc_moments(length, equation.deterministic)
    return float((slope / se - n * used * ratio * (n * used / rss) * se * mean) / sd), regressions


def cips_statistic(series: Sequence[Series], deterministic: Deterministic, lags: int) -> float:
    """Mean of the units' augmented t statistics of `cips`."""
    parts = [lagged_columns(y.values, lags) for y in series]
    short = sum(not len(own) for own in parts)
    if short:
        raise NotEstimableError(f"{short} units are too short for {lags} lags")
    rows = [y.start + np.arange(len(own)) for y, own in zip(series, parts, strict=True)]
    periods, stacked = np.concatenate(rows), np.vstack(parts)
    means = sum_by(stacked, periods) / np.maximum(np.bincount(periods), 1)[:, None]
    t = []
    for y, own, at in zip(series, parts, rows, strict=True):
        x = np.column_stack([own[:, 1:], means[at], terms(len(own), deterministic)])
        t.append(t_of_first(own[:, 0], x, y.name, True)[0])
    return float(np.mean(t))


def _known(deterministic: str, allowed: tuple[str, ...]) -> None:
    if deterministic not in allowed:
        raise UnknownNameError(
            f"unknown deterministic terms {deterministic!r} for this test."
            f"{did_you_mean(deterministic, allowed)} Known: {', '.join(map(repr, allowed))}"
        )


def _describe(regressions: Sequence[Regression], deterministic: str) -> str:
    lags = sorted({a.lags for a in regressions})
    span = f"{lags[0]}" if len(lags) == 1 else f"{lags[0]}-{lags[-1]}"
    return f"{len(regressions)} units, {span} lags, {deterministic}"


def _beyond(periods: list[int], tabulated: Floats, test: str) -> str:
    """Say where the tables are left."""
    if tabulated[0] <= min(periods) and max(periods) <= tabulated[-1]:
        return ""
    note = (
        f"the {test} moments are tabulated for {tabulated[0]:g} to {tabulated[-1]:g} periods; "
        f"the nearest are used for {min(periods)} to {max(periods)}"
    )
    python_warnings.warn(note, EstimationWarning, stacklevel=3)
    return f"; {note}"
