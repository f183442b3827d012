"""Two-way fixed effects event study around the first year of a treatment."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    did_you_mean,
)
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Inference


def event_study(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    window: tuple[int, int] = (-5, 5),
    base: int = -1,
    *,
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("city", "year"),
    vcov: Inference | str = "cluster(city)",
    weights: str | None = None,
    unit: str = "city",
    time: str = "year",
    drop_singletons: bool = False,
) -> Fit:
    """Effects by year relative to adoption, against the year `base`.

    y_it = sum_r b_r 1{t - g_i = r} + x_it'c + a_i + d_t + e_it, r from
    `window[0]` to `window[1]` without `base`; the first and last r gather all
    years beyond (binned endpoints, Schmidheiny and Siegloch 2023). Units never
    treated have zero in every dummy. Estimand: the path of the effect, when
    trends are parallel and effects by relative year are the same for all
    cohorts; otherwise leads and lags contaminate each other (Sun and Abraham
    2021), and a cohort-robust estimator belongs beside it.

    Parameters
    ----------
    data
        Panel indexed by (city, year).
    first_treated
        Column with the first treated year, constant within a unit; missing
        means never treated.
    window
        First and last relative year shown.
    base
        Relative year that the others are compared with.
    controls, effects, vcov, weights, drop_singletons
        As `fixed_effects`.
    unit, time
        Names of the unit and of the (integer) year.

    Returns
    -------
    Fit
        Terms "t-5" ... "t+5" and the controls. ``extra["path"]``: relative_year,
        estimate, se, low, high (95 percent), binned, rows (treated rows), with
        the base as a row of zeros. Diagnostics: joint test of the leads, joint
        test of the lags, mean post effect (the plain mean of b_0 ... b_last,
        also in `stats` as mean_post and mean_post_se). Relative years without a
        row are left out and named in `warnings`.

    Raises
    ------
    NotEstimableError
        The treatment has no first year (continuous, or varying within a unit),
        nobody is treated, or nobody is observed in the base year.
    """
    _check_window(window, base)
    relative = relative_years(data, first_treated, unit, time)
    usable = _usable(data, [outcome, *controls, *([weights] if weights else [])])
    dummies, rows = event_dummies(relative, window, base, usable)
    empty = [r for r in range(window[0], window[1] + 1) if not rows[r]]
    if base in empty or len(dummies.columns) == 0:
        raise NotEstimableError(
            f"{outcome!r}: no unit with a {first_treated!r} is observed in the relative year "
            f"{base:+d} and in another one; there is nothing to compare. Choose another base, "
            "or an outcome observed around adoption"
        )
    clash = [c for c in dummies.columns if c in data.columns]
    if clash:
        raise EstimationError(f"the data already have columns named {', '.join(clash)}")
    fit = fixed_effects(
        data.assign(**{name: dummies[name].to_numpy() for name in dummies.columns}),
        outcome,
        [*dummies.columns, *controls],
        effects,
        vcov,
        weights=weights,
        drop_singletons=drop_singletons,
    )
    notes: tuple[str, ...] = ()
    if empty:
        years = ", ".join(f"{r:+d}" for r in empty)
        notes = (f"no treated row in relative year {years}: left out",)
        python_warnings.warn(f"{outcome}: {notes[0]}", EstimationWarning, stacklevel=2)
    return _with_path(
        replace(
            fit,
            estimator=f"event study, {fit.estimator}, base {base:+d}, endpoints binned",
            warnings=(*fit.warnings, *notes),
        ),
        window,
        base,
        rows,
    )


def relative_years(
    data: pd.DataFrame, first_treated: str, unit: str = "city", time: str = "year"
) -> pd.Series:
    """Years since the first treated year, length N; missing for the never treated.

    Raises
    ------
    MissingColumnError
        A column or index level is absent.
    NotEstimableError
        The column does not hold one first year a unit.
    """
    years, units = _key(data, time), _key(data, unit)
    given = _key(data, first_treated)
    first = pd.to_numeric(given, errors="coerce").astype(float)
    known = first[first.notna()]
    advice = (
        "an event study needs the first treated year of each unit; for a continuous treatment "
        "there is none: use fixed_effects"
    )
    text = given[first.isna() & given.notna()]
    if len(text):
        raise NotEstimableError(f"{first_treated!r} holds {text.iloc[0]!r}, not a year; {advice}")
    if known.empty:
        raise NotEstimableError(f"{first_treated!r} is missing everywhere: nobody is treated")
    odd = known[~np.isfinite(known) | (known % 1 != 0)]
    if len(odd):
        raise NotEstimableError(f"{first_treated!r} holds {odd.iloc[0]:g}, not a year; {advice}")
    spread = first.groupby(units.to_numpy()).agg(lambda g: g.nunique(dropna=False))
    if (spread > 1).any():
        raise NotEstimableError(
            f"{first_treated!r} changes within {unit} {spread.index[spread > 1][0]}; {advice}"
        )
    return pd.to_numeric(years).astype(float) - first


def event_dummies(
    relative: pd.Series, window: tuple[int, int], base: int, usable: pd.Series
) -> tuple[pd.DataFrame, dict[int, int]]:
    """Dummies of the relative years that occur, and rows by relative year.

    Parameters
    ----------
    relative
        Relative years, length N, missing for the never treated.
    usable
        Rows that the estimate can use; others do not make a year occur.

    Returns
    -------
    Dummies named "t-5" ... "t+5" without the base, and the count of usable
    treated rows for each relative year of the window, base included.
    """
    binned = relative.clip(*window)
    rows = {r: int((usable & (binned == r)).sum()) for r in range(window[0], window[1] + 1)}
    shown = [r for r, count in rows.items() if count and r != base]
    columns = {term(r): (binned == r).astype(float) for r in shown}
    return pd.DataFrame(columns, index=relative.index), rows


def term(relative_year: int) -> str:
    """Name of the coefficient of a relative year: ``t-3``, ``t+0``."""
    return f"t{relative_year:+d}"


def _with_path(fit: Fit, window: tuple[int, int], base: int, rows: dict[int, int]) -> Fit:
    """Add the path, the joint tests and the mean post effect."""
    years = [r for r in range(window[0], window[1] + 1) if term(r) in fit.params.index]
    leads = [term(r) for r in years if r < 0]
    lags = [term(r) for r in years if r >= 0]
    diagnostics: list[Diagnostic] = []
    stats = dict(fit.stats)
    if leads:
        diagnostics.append(fit.test(leads, "joint test of leads"))
    if lags:
        diagnostics.append(fit.test(lags, "joint test of lags"))
        stats["mean_post"] = float(fit.params[lags].mean())
        stats["mean_post_se"] = float(np.sqrt(fit.vcov.loc[lags, lags].to_numpy().mean()))
        diagnostics.append(_mean_effect(stats["mean_post"] / stats["mean_post_se"], fit.df))
    return replace(
        fit,
        stats=stats,
        diagnostics=(*fit.diagnostics, *diagnostics),
        extra={**fit.extra, "path": _path(fit, years, window, base, rows)},
    )


def _mean_effect(statistic: float, df: float) -> Diagnostic:
    from scipy import stats

    p = float(2 * stats.t.sf(abs(statistic), df))
    return Diagnostic("mean post effect", statistic, (df,), p, "t test of the mean of the lags")


def _path(
    fit: Fit, years: list[int], window: tuple[int, int], base: int, rows: dict[int, int]
) -> pd.DataFrame:
    table = fit.tidy().loc[[term(r) for r in years], ["estimate", "se", "low", "high"]]
    table = table.set_axis(pd.Index(years, name="relative_year"), axis=0)
    table.loc[base] = 0.0
    table = table.sort_index().reset_index()
    table["binned"] = table["relative_year"].isin(window)
    table["rows"] = table["relative_year"].map(rows)
    return table


def _usable(data: pd.DataFrame, columns: list[str]) -> pd.Series:
    for name in columns:
        if name not in data.columns:
            raise MissingColumnError(
                f"the data have no column {name!r}.{did_you_mean(name, data.columns)}"
            )
    return data[columns].notna().all(axis=1)


def _key(data: pd.DataFrame, name: str) -> pd.Series:
    if name in data.columns:
        return data[name]
    if name in data.index.names:
        return pd.Series(data.index.get_level_values(name), index=data.index)
    known = [*data.columns, *(n for n in data.index.names if n is not None)]
    raise MissingColumnError(
        f"{name!r} is neither a column nor an index level of the data.{did_you_mean(name, known)}"
    )


def _check_window(window: tuple[int, int], base: int) -> None:
    if not window[0] <= base <= window[1] or window[0] >= window[1]:
        raise EstimationError(
            f"the window {window} must run from an earlier to a later year and hold the "
            f"base {base}"
        )
