"""Do cities converge? Sigma convergence (dispersion) and beta convergence (catching up)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.measures.cells import (
    by_year,
    complete_rows,
    list_cells,
    numeric_columns,
    refuse,
    require_panel_index,
)

NICKELL = (
    "the lagged level is correlated with the demeaned error: with city effects and T years the "
    "coefficient is biased downwards by about (1 + rho)/(T - 1) (Nickell 1981), so that "
    "convergence looks faster than it is; compare a GMM or bias-corrected estimate"
)


def sigma_convergence(
    values: pd.Series, weights: pd.Series | None = None, *, balanced: bool = True
) -> pd.DataFrame:
    """Dispersion between cities by year; convergence is its fall.

    ``sd_log`` is the standard deviation of the logs and ``cv`` the standard
    deviation over the mean, both weighted by `weights` and with the population
    formula (no degrees-of-freedom factor), so that a city counted twice changes
    nothing (Barro and Sala-i-Martin 1992, Journal of Political Economy 100(2)).

    Parameters
    ----------
    values, weights
        Indexed by (city, year); values positive.
    balanced
        Keep the cities present in every year, the default: otherwise cities
        that enter or leave move the dispersion on their own.

    Returns
    -------
    pd.DataFrame
        One row a year: ``sd_log``, ``cv``, ``cities``.

    Raises
    ------
    DataError
        For a value that is not positive; the message names it.
    NotEstimableError
        If no city is present in every year.
    """
    require_panel_index(values.index, str(values.name or "values"))
    y, w = complete_rows(values, weights)
    refuse(y <= 0, y, "positive values (their logs are taken)")
    if balanced:
        kept = _in_every_year(y)
        y, w = y[kept], w[kept]
    rows = {}
    for year, at in by_year(y.index):
        level, p = y.to_numpy()[at], w.to_numpy()[at] / w.to_numpy()[at].sum()
        log = np.log(level)
        rows[year] = {
            "sd_log": math.sqrt(p @ (log - p @ log) ** 2),
            "cv": math.sqrt(p @ (level - p @ level) ** 2) / float(p @ level),
            "cities": len(at),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def beta_convergence(
    data: pd.DataFrame,
    outcome: str,
    *,
    first: int,
    last: int,
    controls: Sequence[str] = (),
) -> Fit:
    """Cross-section growth regression: absolute convergence, or conditional on `controls`.

    ``[ln y(last) - ln y(first)] / T = a + b ln y(first) + controls(first)'g + e``,
    by OLS (Barro and Sala-i-Martin 1992). A negative b is convergence at the
    speed ``lambda = -ln(1 + b T)/T`` a year, with half-life ``ln 2 / lambda``;
    the speed's standard error is by the delta method, ``se(b) / (1 + b T)``.

    Parameters
    ----------
    data
        Indexed by (city, year).
    outcome
        Column with positive levels, not logs.
    first, last
        Years of the start and the end; T = last - first.
    controls
        Columns read at the first year.

    Returns
    -------
    Fit
        Terms ``ln_initial``, the controls, ``const``. Covariance HC1 with the
        factor N/(N-K); `stats` holds ``r2``, ``speed``, ``speed_se`` and
        ``half_life`` (NaN where b does not imply a positive speed).

    Raises
    ------
    MissingColumnError
        If a column is missing; the message suggests the closest.
    NotEstimableError
        If a year is absent or there are too few complete cities.
    EstimationError
        If the regressors are collinear.
    """
    require_panel_index(data.index, "data")
    data = numeric_columns(data, [outcome, *controls], "data")
    if last <= first:
        raise ValueError(f"last ({last}) must come after first ({first})")
    start, end = (_cross_section(data, year) for year in (first, last))
    level = pd.concat([start[outcome], end[outcome].reindex(start.index)], axis=1, keys=[0, 1])
    for year, column in ((first, 0), (last, 1)):
        named = level[column].rename(f"{outcome} in {year}")
        refuse(named <= 0, named, "positive values (their logs are taken)")
    years = last - first
    table = start[list(controls)].assign(
        growth=(np.log(level[1]) - np.log(level[0])) / years, ln_initial=np.log(level[0])
    )
    table = table.dropna().sort_index().assign(const=1.0)
    fit = _ols(table, "growth", ["ln_initial", *controls, "const"])
    kind = f"conditional on {', '.join(controls)}" if controls else "absolute"
    return replace(
        fit,
        outcome=f"annual growth of {outcome}, {first}-{last}",
        estimator=f"beta convergence, {kind}, cross-section OLS",
        stats={**fit.stats, **_speed(fit, years)},
    )


def beta_panel(
    data: pd.DataFrame,
    outcome: str,
    *,
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("city", "year"),
) -> Fit:
    """Yearly growth on the lagged log level with fixed effects.

    ``ln y_it - ln y_i,t-1 = b ln y_i,t-1 + controls_i,t-1'g + effects + e_it``
    (Islam 1995, Quarterly Journal of Economics 110(4)). Only consecutive years
    of a city enter. Errors are clustered by city (see `fixed_effects`).

    Returns
    -------
    Fit
        Terms ``ln_lag`` and the controls; `warnings` carries the caveat of
        Nickell (1981, Econometrica 49(6)) when city effects are absorbed, and
        `stats` the ``speed``, ``speed_se`` and ``half_life`` as in
        `beta_convergence` with T = 1.
    """
    require_panel_index(data.index, "data")
    data = numeric_columns(data, [outcome, *controls], "data")
    refuse(data[outcome] <= 0, data[outcome], "positive values (their logs are taken)")
    log = np.log(data[outcome])
    lag = _lagged(pd.concat([log.rename("ln_lag"), data[list(controls)]], axis=1))
    table = lag.assign(growth=log - lag["ln_lag"]).dropna().sort_index()
    if table.empty:
        raise NotEstimableError(f"{outcome}: no city has two consecutive years.")
    fit = fixed_effects(table, "growth", ["ln_lag", *controls], effects=tuple(effects))
    caveats = (NICKELL,) if "city" in effects else ()
    return replace(
        fit,
        outcome=f"yearly growth of {outcome}",
        warnings=(*fit.warnings, *caveats),
        stats={**fit.stats, **_speed(fit, 1, "ln_lag")},
    )


def _lagged(table: pd.DataFrame) -> pd.DataFrame:
    """Return each row's values of the same city one year before."""
    city = table.index.get_level_values("city")
    before = table.index.get_level_values("year") - 1
    keys = pd.MultiIndex.from_arrays([city, before], names=["city", "year"])
    ordered = table.reorder_levels(["city", "year"])
    return ordered.reindex(keys).set_axis(table.index)


def _in_every_year(y: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    years = y.index.get_level_values("year").nunique()
    city = pd.Series(y.index.get_level_values("city"))
    kept = (city.map(city.value_counts()) == years).to_numpy(dtype=bool)
    if not kept.any():
        raise NotEstimableError(
            f"{y.name}: no city has a value in each of the {years} years; "
            "take fewer years or balanced=False."
        )
    return np.asarray(kept)


def _cross_section(data: pd.DataFrame, year: int) -> pd.DataFrame:
    at = data.index.get_level_values("year") == year
    if not at.any():
        found = sorted(set(data.index.get_level_values("year")))
        span = f"{found[0]}-{found[-1]}" if found else "none"
        raise NotEstimableError(f"the panel has no year {year}; years found: {span}.")
    return data[at].set_axis(data.index[at].get_level_values("city"), axis=0)


def _ols(table: pd.DataFrame, outcome: str, terms: list[str]) -> Fit:
    x, y = table[terms].to_numpy(dtype=float), table[outcome].to_numpy(dtype=float)
    n, k = x.shape
    if n <= k:
        raise NotEstimableError(
            f"{outcome}: {n} complete cities for {k} coefficients"
            + (f" ({list_cells(table.index)})." if n else ".")
        )
    if np.linalg.matrix_rank(x / np.sqrt((x**2).sum(axis=0)).clip(min=1e-300)) < k:
        raise EstimationError(f"the regressors {terms} are collinear; drop one.")
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ (x.T @ y)
    residual = y - x @ beta
    scores = x * residual[:, None]
    vcov = n / (n - k) * bread @ (scores.T @ scores) @ bread
    total = ((y - y.mean()) ** 2).sum()
    return Fit(
        params=pd.Series(beta, index=terms),
        vcov=pd.DataFrame(vcov, index=terms, columns=terms),
        nobs=n,
        df=n - k,
        sample=table.index,
        outcome=outcome,
        estimator="OLS",
        inference="heteroskedasticity-robust (HC1), factor N/(N-K)",
        stats={"r2": float(1 - residual @ residual / total) if total > 0 else math.nan},
    )


def _speed(fit: Fit, years: int, term: str = "ln_initial") -> dict[str, float]:
    """Speed of convergence, its delta-method error and the half-life."""
    left = 1.0 + float(fit.params[term]) * years
    if not 0 < left < 1:
        return {"speed": math.nan, "speed_se": math.nan, "half_life": math.nan}
    speed = -math.log(left) / years
    return {
        "speed": speed,
        "speed_se": float(fit.se[term]) / left,
        "half_life": math.log(2) / speed,
    }
