"""Group-time effects averaged to what a paper reports."""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationWarning,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.cell_averages import (
    Average,
    By,
    by_group,
    by_relative_year,
    by_size,
    by_year,
    read_cells,
)
from urbanecon.estimation.event_study import term
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.multiplier import (
    DRAWS,
    Bootstrap,
    Multipliers,
    influence_covariance,
    with_intervals,
)
from urbanecon.estimation.sample import Codes

OVERALL = "overall"
# Share of the standard error from which its departure from the paper is told.
DEPARTURE = 0.01
TABLES = {"group": "groups", "calendar": "years", "dynamic": "path"}
KEYS = {"group": "first_treated", "calendar": "year", "dynamic": "relative_year"}


def aggregate(
    effects: Fit,
    by: By = "dynamic",
    *,
    balance_e: int | None = None,
    min_e: float = -np.inf,
    max_e: float = np.inf,
    skip_missing: bool = False,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int | np.random.Generator = 0,
    multipliers: Multipliers = "rademacher",
) -> Fit:
    """Average group-time effects, cohorts weighing by their size.

    With p_g the share of cohort g (Callaway and Sant'Anna 2021, section 3.2 and
    equations 3.4-3.11):

    ========  ==========================================  ======================
    by        effects                                     overall
    ========  ==========================================  ======================
    simple    none                                        mean over t >= g by p_g
    group     mean over t >= g of one cohort              mean over cohorts by p_g
    calendar  mean over treated cohorts in one year,      mean over years
              by p_g
    dynamic   mean over cohorts e years after their       mean over e >= 0
              start, by p_g
    ========  ==========================================  ======================

    Influence functions account for the estimation of p_g. Agrees with aggte of
    the R package did 2.1.2 (its ``bstrap = FALSE``). In one place that release
    departs from the paper, as later ones do not: for the overall effect of
    "group" it takes the share of the first cohort for the share estimated of
    every cohort. On its example this moves the standard error by 0.2-0.5
    percent; where effects differ much between small cohorts it can halve it.
    The term "overall" follows did 2.1.2; ``stats["overall_se_exact"]`` is the
    standard error by the paper, and a difference of a percent is warned of.

    Parameters
    ----------
    effects
        What `group_time` returned.
    balance_e
        For "dynamic": only cohorts observed for at least this many years after
        their start, and only relative years that all of them are observed in.
    min_e, max_e
        For "dynamic": first and last relative year. `max_e` bounds also the
        years after treatment that "simple" and "group" average.
    skip_missing
        Whether cells without an estimate are left out; else they are refused.
    level, draws, seed, multipliers
        As `group_time`; the band covers the effects, not the overall one.

    Returns
    -------
    Fit
        Terms "overall", and before it "g2004", "y2004" or "t+1"; tables
        ``extra["groups"]``, ``extra["years"]`` or ``extra["path"]``:
        first_treated, year or relative_year, estimate, se, low, high,
        band_low, band_high, rows (treated units by years averaged over), and in
        the path binned (never). A relative year that is the base of all cohorts
        is a row of zeros and no term. Diagnostics: those of `effects`, and for
        "dynamic" the joint tests of leads and lags.

    Raises
    ------
    UnknownNameError
        The kind of average is not known.
    DataError
        `effects` does not hold group-time effects.
    NotEstimableError
        A cell is missing, or none is left to average.
    """
    if by not in ("simple", *TABLES):
        known = ("simple", *TABLES)
        raise UnknownNameError(
            f"unknown average {by!r}.{did_you_mean(by, known)} "
            f"Known: {', '.join(map(repr, known))}"
        )
    cells = read_cells(effects, by, skip_missing)
    after = (cells.group <= cells.year) & (cells.year <= cells.group + max_e)
    exact: Average | None = None
    if by == "simple":
        parts: dict[int, Average] = {}
        overall = by_size(cells, after)
    elif by == "group":
        parts, overall, exact = by_group(cells, after)
    elif by == "calendar":
        parts, overall = by_year(cells)
    else:
        parts, overall = by_relative_year(cells, balance_e, min_e, max_e)
    fit = _as_fit(effects, by, parts, overall, Bootstrap(level, draws, seed, multipliers))
    if exact is None:
        return fit
    return _with_exact_error(fit, exact, _clusters(effects))


def _as_fit(
    effects: Fit,
    by: By,
    parts: dict[int, Average],
    overall: Average,
    bootstrap: Bootstrap,
) -> Fit:
    clusters = _clusters(effects)
    names = {key: _term(by, key) for key in parts}
    named = {names[key]: part for key, part in parts.items() if part.influence.any()}
    named[OVERALL] = overall
    terms = pd.Index(list(named))
    influence = np.column_stack([part.influence for part in named.values()])
    vcov = influence_covariance(influence, clusters)
    params = pd.Series([part.value for part in named.values()], index=terms, name="estimate")
    fit = replace(
        effects,
        params=params,
        vcov=pd.DataFrame(vcov, index=terms, columns=terms),
        estimator=f"{_in_words(by)} of {effects.estimator}",
        stats={k: v for k, v in effects.stats.items() if k != "critical_value"},
        extra={},
    )
    if by == "simple":
        return fit
    table = pd.DataFrame(
        {
            KEYS[by]: list(parts),
            "term": list(names.values()),
            "estimate": [part.value for part in parts.values()],
            "rows": [part.rows for part in parts.values()],
        }
    )
    k = len(named) - 1
    table, critical = with_intervals(table, fit.se.iloc[:k], influence[:, :k], clusters, bootstrap)
    if by == "dynamic":
        fit = _with_joint_tests(fit, parts)
        table = _with_base(table)
    return replace(fit, stats={**fit.stats, **critical}, extra={TABLES[by]: table})


def _with_exact_error(fit: Fit, exact: Average, clusters: Codes) -> Fit:
    """Show the standard error by the paper beside that of did."""
    se = float(np.sqrt(influence_covariance(exact.influence[:, None], clusters)[0, 0]))
    fit = replace(fit, stats={**fit.stats, "overall_se_exact": se})
    shown = float(fit.se[OVERALL])
    if abs(shown - se) <= DEPARTURE * se:
        return fit
    note = (
        f"the standard error of 'overall', {shown:.4g}, is that of did 2.1.2; by the paper's "
        f"formula it is {se:.4g} (stats['overall_se_exact'])"
    )
    python_warnings.warn(f"{fit.outcome}: {note}", EstimationWarning, stacklevel=3)
    return replace(fit, warnings=(*fit.warnings, note))


def _clusters(effects: Fit) -> Codes:
    return effects.extra["units"]["cluster"].to_numpy(dtype=np.int64)


def _with_joint_tests(fit: Fit, parts: dict[int, Average]) -> Fit:
    tests = list(fit.diagnostics)
    for name, side in (
        ("joint test of leads", [term(e) for e in parts if e < 0]),
        ("joint test of lags", [term(e) for e in parts if e >= 0]),
    ):
        tested = [t for t in side if t in fit.params.index]
        if tested:
            tests.append(fit.test(tested, name))
    return replace(fit, diagnostics=tuple(tests))


def _with_base(path: pd.DataFrame) -> pd.DataFrame:
    """Mark endpoints as not binned, and make a base year a row of zeros."""
    base = path["se"].isna()
    for column in path.columns.intersection(["se", "low", "high", "band_low", "band_high"]):
        path[column] = path[column].mask(base, 0.0)
    return path.assign(binned=False)


def _term(by: By, key: int) -> str:
    if by == "dynamic":
        return term(key)
    return f"g{key}" if by == "group" else f"y{key}"


def _in_words(by: By) -> str:
    return {
        "simple": "mean",
        "group": "means by cohort",
        "calendar": "means by calendar year",
        "dynamic": "means by relative year",
    }[by]
