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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.least_squares import bread, solve, times
from urbanecon.estimation.sample import Floats, draw_sample
from urbanecon.estimation.unit_root_tables import (
    CIPS_LEVELS,
    IPS_PERIODS,
    LLC_PERIODS,
    Deterministic,
    cips_critical,
    ips_moments,
    llc_moments,
)

Lags = int | Literal["sic", "aic"]


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
    regressions = _by_unit(
        data,
        variable,
        deterministic,
        lags=lags,
        max_lags=max_lags,
        df_correction=df_correction,
    )
    moments = [ips_moments(a.used, a.lags, deterministic) for a in regressions]
    mean, variance = np.mean(moments, axis=0)
    tbar = float(np.mean([a.t for a in regressions]))
    w = float(np.sqrt(len(regressions)) * (tbar - mean) / np.sqrt(variance))
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
    regressions = _by_unit(
        data,
        variable,
        deterministic,
        lags=lags,
        max_lags=max_lags,
        df_correction=df_correction,
    )
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
    series = _series(data, variable)
    periods = {len(y) for y in series.values()}
    if len(periods) > 1:
        raise DataError(
            f"the Levin-Lin-Chu test needs a balanced panel; units have {min(periods)} to "
            f"{max(periods)} periods of {variable!r}. Use im_pesaran_shin"
        )
    regressions = [
        _adf(y, deterministic, _chosen_lags(y, deterministic, lags, max_lags), False)
        for y in series.values()
    ]
    level = np.concatenate([a.level / a.sigma for a in regressions])
    change = np.concatenate([a.change / a.sigma for a in regressions])
    slope = float(np.sum(level * change) / np.sum(level**2))
    rss, n = float(np.sum((change - slope * level) ** 2)), len(regressions)
    se = float(np.sqrt(rss / len(level) / np.sum(level**2)))
    length = periods.pop()
    used = length - float(np.mean([a.lags for a in regressions])) - 1
    long_run = [np.sqrt(_long_run_variance(y, deterministic)) for y in series.values()]
    ratio = float(np.mean([s / a.sigma for s, a in zip(long_run, regressions, strict=True)]))
    mean, sd = llc_moments(length, deterministic)
    statistic = (slope / se - n * used * ratio * (n * used / rss) * se * mean) / sd
    note = _describe(regressions, deterministic)
    note += _beyond([length], LLC_PERIODS, "Levin-Lin-Chu")
    p = float(stats.norm.cdf(statistic))
    return Diagnostic("Levin-Lin-Chu test, unit root", float(statistic), (), p, note)


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
    series = _series(data, variable)
    if lags < 0:
        raise EstimationError(f"lags must not be negative, found {lags}")
    parts = {unit: _adf_columns(y, lags) for unit, y in series.items()}
    frame = pd.concat({u: p for u, p in parts.items() if len(p)}, names=["unit", "period"])
    means = frame.groupby(level="period").transform("mean")
    t = []
    for unit, own in frame.groupby(level="unit", sort=True):
        columns = [own.to_numpy(), means.loc[own.index].to_numpy()]
        x = np.column_stack([columns[0][:, 1:], columns[1], _terms(len(own), deterministic)])
        t.append(_t_of_first(own["change"].to_numpy(), x, f"{unit}", True)[0])
    if len(t) < len(series):
        raise NotEstimableError(f"{len(series) - len(t)} units are too short for {lags} lags")
    longest = max(len(y) for y in series.values())
    critical = cips_critical(len(t), longest, deterministic)
    statistic = float(np.mean(t))
    p = float(np.interp(statistic, critical, CIPS_LEVELS))
    bound = {0.01: ", p below 0.01", 0.10: ", p above 0.10"}.get(p, "")
    values = ", ".join(f"{c:.2f}" for c in critical)
    note = f"critical values at 1, 5, 10%: {values}{bound}; {lags} lags, {deterministic}"
    return Diagnostic("CIPS test, unit root", statistic, (), p, note)


@dataclass(frozen=True, slots=True, eq=False)
class _Regression:
    """ADF regression of one unit.

    `level` and `change` are the lagged level and the difference less what the
    other regressors explain.
    """

    t: float
    sigma: float
    lags: int
    used: int
    level: Floats
    change: Floats


def _series(data: pd.DataFrame, variable: str) -> dict[str, pd.Series]:
    """Values of each unit by period code, without gaps."""
    unit, time = panel_keys(data)
    sample = draw_sample(data, [variable], keys=[unit, time])
    units, periods = sample.codes[unit], sample.codes[time]
    found = {}
    for rows in np.split(np.arange(sample.nobs), np.flatnonzero(np.diff(units)) + 1):
        name = sample.index.get_level_values(0)[rows[0]]
        if (np.diff(periods[rows]) != 1).any():
            raise DataError(
                f"{variable!r} of {unit} {name} has a gap between its first and last {time}; "
                f"leave the {unit} out or restrict the {time}s"
            )
        found[f"{unit} {name}"] = pd.Series(
            sample.column(variable)[rows], index=periods[rows], name=f"{unit} {name}"
        )
    if len(found) < 2:
        raise NotEstimableError(f"panel unit root tests need two units, found {len(found)}")
    return found


def _by_unit(
    data: pd.DataFrame,
    variable: str,
    deterministic: Deterministic,
    *,
    lags: Lags,
    max_lags: int,
    df_correction: bool,
) -> list[_Regression]:
    return [
        _adf(y, deterministic, _chosen_lags(y, deterministic, lags, max_lags), df_correction)
        for y in _series(data, variable).values()
    ]


def _adf(y: pd.Series, deterministic: Deterministic, lags: int, correct: bool) -> _Regression:
    """Estimate one unit's ADF regression."""
    table = _adf_columns(y, lags)
    fixed = _terms(len(table), deterministic)
    x = np.column_stack([table.to_numpy()[:, 1:], fixed])
    t, sigma = _t_of_first(table["change"].to_numpy(), x, str(y.name), correct)
    others = x[:, 1:]
    level, change = (
        v - times(others, solve(v, others)) if others.shape[1] else v
        for v in (x[:, 0], table["change"].to_numpy())
    )
    return _Regression(t, sigma, lags, len(table), level, change)


def _adf_columns(y: pd.Series, lags: int) -> pd.DataFrame:
    """Difference, lagged level and lagged differences of a series, by period."""
    change = y.diff()
    columns = {"change": change, "level": y.shift()}
    columns |= {f"change_{j}": change.shift(j) for j in range(1, lags + 1)}
    return pd.DataFrame(columns).iloc[lags + 1 :]


def _terms(rows: int, deterministic: Deterministic) -> Floats:
    """Nothing; ones; or ones and a trend centred for precision."""
    trend = np.arange(rows) - (rows - 1) / 2
    columns = np.column_stack([np.ones(rows), trend])
    return columns[:, : {"none": 0, "intercept": 1, "trend": 2}[deterministic]]


def _t_of_first(y: Floats, x: Floats, name: str, correct: bool) -> tuple[float, float]:
    """Return the t statistic of the first regressor and the standard deviation of the errors."""
    n, k = x.shape
    if n <= k + 1 or np.linalg.matrix_rank(x / np.maximum(np.abs(x).max(axis=0), 1e-300)) < k:
        raise NotEstimableError(
            f"{name}: {n} rows and a regression with {k} terms, or a constant series: the unit "
            "root of this unit cannot be tested. Use fewer lags, or leave it out"
        )
    slopes = solve(y, x)
    rss = float(np.sum((y - times(x, slopes)) ** 2))
    sigma = np.sqrt(rss / (n - k if correct else n))
    if sigma <= 1e-10 * np.abs(y).max():
        raise NotEstimableError(
            f"{name}: the regression fits perfectly, so there is no t statistic"
        )
    return float(slopes[0] / (sigma * np.sqrt(bread(x)[0, 0]))), float(sigma)


def _chosen_lags(y: pd.Series, deterministic: Deterministic, lags: Lags, max_lags: int) -> int:
    """Lags of one unit: given, or of the smallest criterion."""
    if isinstance(lags, int):
        if lags < 0:
            raise EstimationError(f"lags must not be negative, found {lags}")
        return lags
    criteria: dict[str, Callable[[int], float]] = {"sic": np.log, "aic": lambda _: 2.0}
    if lags not in criteria:
        raise UnknownNameError(
            f"unknown choice of lags {lags!r}.{did_you_mean(lags, criteria)} Known: a number, "
            "'sic', 'aic'"
        )
    table = _adf_columns(y, max_lags)
    n, fixed = len(table), _terms(len(table), deterministic)
    values = []
    for p in range(max_lags + 1):
        x = np.column_stack([table.to_numpy()[:, 1 : p + 2], fixed])
        sigma = _t_of_first(table["change"].to_numpy(), x, str(y.name), False)[1]
        values.append(2 * np.log(sigma) + x.shape[1] * criteria[lags](n) / n)
    return int(np.argmin(values))


def _long_run_variance(y: pd.Series, deterministic: Deterministic) -> float:
    """Bartlett estimate for the differences, as Levin, Lin and Chu (2002, equation 5)."""
    change = y.diff().to_numpy()[1:]
    fixed = _terms(len(change), deterministic)
    if fixed.shape[1]:
        change = change - times(fixed, solve(change, fixed))
    width = round(3.21 * len(y) ** (1 / 3))
    total = float(np.sum(change**2))
    for lag in range(1, min(width, len(change) - 1) + 1):
        total += 2 * (1 - lag / (width + 1)) * float(np.sum(change[lag:] * change[:-lag]))
    return total / len(change)


def _known(deterministic: str, allowed: tuple[str, ...]) -> None:
    if deterministic not in allowed:
        raise UnknownNameError(
            f"unknown deterministic terms {deterministic!r} for this test."
            f"{did_you_mean(deterministic, allowed)} Known: {', '.join(map(repr, allowed))}"
        )


def _describe(regressions: list[_Regression], deterministic: str) -> str:
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
