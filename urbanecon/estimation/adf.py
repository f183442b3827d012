"""Augmented Dickey-Fuller regressions of the units of a panel.

dy_t = d_t + r y_(t-1) + sum_j c_j dy_(t-j) + e_t, with d_t nothing, an
intercept, or an intercept and a trend; the tests of `unit_roots` combine them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationError,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.least_squares import cross, orthogonal, solve, times
from urbanecon.estimation.sample import Floats, draw_sample
from urbanecon.estimation.unit_root_tables import Deterministic

Lags = int | Literal["sic", "aic"]
CRITERIA: dict[str, Callable[[int], float]] = {"sic": np.log, "aic": lambda _: 2.0}


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A variable of one unit without gaps: name of the unit, first period, values."""

    name: str
    start: int
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """ADF regression of one unit: t statistic of r, deviation of errors, lags, rows used."""

    t: float
    sigma: float
    lags: int
    used: int


@dataclass(frozen=True, slots=True)
class Equation:
    """The regression that is run unit by unit.

    Attributes
    ----------
    deterministic, lags
        Deterministic terms; lags of the differences, or how they are chosen.
    max_lags
        The most lags that a criterion may choose.
    df_correction
        Whether s2 is RSS / (n - k), otherwise RSS / n.
    """

    deterministic: Deterministic
    lags: Lags = 1
    max_lags: int = 4
    df_correction: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.lags, int):
            if self.lags < 0:
                raise EstimationError(f"lags must not be negative, found {self.lags}")
        elif self.lags not in CRITERIA:
            raise UnknownNameError(
                f"unknown choice of lags {self.lags!r}.{did_you_mean(self.lags, CRITERIA)} "
                "Known: a number, 'sic', 'aic'"
            )

    def regress(self, series: Series) -> Regression:
        """Estimate the regression of one unit."""
        lags = self._lags_of(series)
        change, level, others = self._columns(series, lags)
        x = np.column_stack([level, others])
        t, sigma = t_of_first(change, x, series.name, self.df_correction)
        return Regression(t, sigma, lags, len(change))

    def partialled(self, series: Series, lags: int) -> tuple[Floats, Floats]:
        """Lagged level and difference less what the other regressors explain."""
        change, level, others = self._columns(series, lags)
        level, change = (v - times(others, solve(v, others)) for v in (level, change))
        return level, change

    def _columns(self, series: Series, lags: int) -> tuple[Floats, Floats, Floats]:
        """Difference, lagged level, and the other regressors."""
        columns = lagged_columns(series.values, lags)
        fixed = terms(len(columns), self.deterministic)
        return columns[:, 0], columns[:, 1], np.column_stack([columns[:, 2:], fixed])

    def _lags_of(self, series: Series) -> int:
        """Lags of one unit: given, or of the smallest criterion on the same rows."""
        if isinstance(self.lags, int):
            return self.lags
        columns = lagged_columns(series.values, self.max_lags)
        n, fixed = len(columns), terms(len(columns), self.deterministic)
        values = []
        for p in range(self.max_lags + 1):
            x = np.column_stack([columns[:, 1 : p + 2], fixed])
            sigma = t_of_first(columns[:, 0], x, series.name, False)[1]
            values.append(2 * np.log(sigma) + x.shape[1] * CRITERIA[self.lags](n) / n)
        return int(np.argmin(values))


def series_of(data: pd.DataFrame, variable: str) -> list[Series]:
    """Values of a variable by unit, in the order of units and periods.

    Raises
    ------
    DataError
        A unit has a gap.
    NotEstimableError
        There is one unit only.
    """
    unit, time = panel_keys(data)
    sample = draw_sample(data, [variable], keys=[unit, time])
    units, periods = sample.codes[unit], sample.codes[time]
    names = sample.index.get_level_values(0)
    found = []
    for rows in np.split(np.arange(sample.nobs), np.flatnonzero(np.diff(units)) + 1):
        name = names[rows[0]]
        if (np.diff(periods[rows]) != 1).any():
            raise DataError(
                f"{variable!r} of {unit} {name} has a gap between its first and last {time}; "
                f"leave the {unit} out or restrict the {time}s"
            )
        values = sample.column(variable)[rows]
        found.append(Series(f"{unit} {name}", int(periods[rows[0]]), values))
    if len(found) < 2:
        raise NotEstimableError(f"panel unit root tests need two units, found {len(found)}")
    return found


def lagged_columns(values: Floats, lags: int) -> Floats:
    """Difference, lagged level and lagged differences, (T - lags - 1) x (2 + lags)."""
    change = np.diff(values)
    rows = max(len(change) - lags, 0)
    columns = [change[lags:], values[lags:-1]]
    columns += [change[lags - j : lags - j + rows] for j in range(1, lags + 1)]
    return np.column_stack([column[:rows] for column in columns])


def terms(rows: int, deterministic: Deterministic) -> Floats:
    """Nothing; ones; or ones and a trend centred for precision."""
    trend = np.arange(rows) - (rows - 1) / 2
    columns = np.column_stack([np.ones(rows), trend])
    return columns[:, : {"none": 0, "intercept": 1, "trend": 2}[deterministic]]


def t_of_first(y: Floats, x: Floats, name: str, correct: bool) -> tuple[float, float]:
    """Return the t statistic of the first regressor and the standard deviation of the errors.

    Raises
    ------
    NotEstimableError
        Too few rows, collinear regressors or a perfect fit; `name` is the unit.
    """
    n, k = x.shape
    # only what is collinear to rounding is refused: a level may vary little about its mean
    q, r, kept = orthogonal(x, float(max(n, k) * np.finfo(float).eps) ** 2)
    if n <= k + 1 or len(kept) < k:
        raise NotEstimableError(
            f"{name}: {n} rows and a regression with {k} terms, or a constant series: the unit "
            "root of this unit cannot be tested. Use fewer lags, or leave it out"
        )
    inverse = np.linalg.inv(r)
    shares = cross(q, y[:, None])[:, 0]
    sigma = float(np.sqrt(np.sum((y - times(q, shares)) ** 2) / (n - k if correct else n)))
    if sigma <= 1e-10 * np.abs(y).max():
        raise NotEstimableError(
            f"{name}: the regression fits perfectly, so there is no t statistic"
        )
    first = inverse[0]  # of the regressors on the orthogonal columns
    return float(np.sum(first * shares) / (sigma * np.sqrt(np.sum(first**2)))), sigma


def long_run_variance(values: Floats, deterministic: Deterministic) -> float:
    """Bartlett estimate for the differences, as Levin, Lin and Chu (2002, equation 5)."""
    change = np.diff(values)
    fixed = terms(len(change), deterministic)
    change = change - times(fixed, solve(change, fixed))
    width = round(3.21 * len(values) ** (1 / 3))
    total = float(np.sum(change**2))
    for lag in range(1, min(width, len(change) - 1) + 1):
        total += 2 * (1 - lag / (width + 1)) * float(np.sum(change[lag:] * change[:-lag]))
    return total / len(change)
