"""Group-time effects averaged to what a paper reports."""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.event_study import term
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.least_squares import times
from urbanecon.estimation.multiplier import (
    DRAWS,
    Bootstrap,
    Multipliers,
    influence_covariance,
    with_intervals,
)
from urbanecon.estimation.sample import Codes, Floats, Mask

By = Literal["simple", "group", "calendar", "dynamic"]
OVERALL = "overall"
# Share of the standard error from which its departure from the paper is told.
DEPARTURE = 0.01
TABLES = {"group": "groups", "calendar": "years", "dynamic": "path"}
KEYS = {"group": "first_treated", "calendar": "year", "dynamic": "relative_year"}


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Group-time effects as arrays: m cells, n units."""

    group: Floats
    year: Floats
    att: Floats
    influence: Floats
    share: Floats
    member: Floats
    treated: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Average:
    """An average effect with its influence function, length n."""

    value: float
    influence: Floats
    rows: int = 0


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
    cells = _read(effects, by, skip_missing)
    after = (cells.group <= cells.year) & (cells.year <= cells.group + max_e)
    exact: _Average | None = None
    if by == "simple":
        parts: dict[int, _Average] = {}
        overall = _by_size(cells, after)
    elif by == "group":
        parts, overall, exact = _by_group(cells, after)
    elif by == "calendar":
        parts, overall = _by_year(cells)
    else:
        parts, overall = _by_relative_year(cells, balance_e, min_e, max_e)
    fit = _as_fit(effects, by, parts, overall, Bootstrap(level, draws, seed, multipliers))
    if exact is None:
        return fit
    return _with_exact_error(fit, exact, _clusters(effects))


def _read(effects: Fit, by: By, skip_missing: bool) -> _Cells:
    """Take the cells out of a fit of `group_time`."""
    if not {"effects", "influence", "units"} <= set(effects.extra):
        raise DataError("these are not group-time effects; give what group_time returned")
    table, units = effects.extra["effects"], effects.extra["units"]
    missing = table["estimate"].isna()
    if missing.any():
        if not skip_missing:
            raise NotEstimableError(
                f"{', '.join(table.loc[missing, 'term'])} could not be estimated; average "
                "without them by skip_missing=True"
            )
        table = table[~missing]
    if by == "group":
        treated = table.loc[table["first_treated"] <= table["year"], "first_treated"]
        table = table[table["first_treated"].isin(treated)]
    group = table["first_treated"].to_numpy(dtype=np.float64)
    influence = effects.extra["influence"].reindex(columns=table["term"]).fillna(0.0)
    first, size = (units[name].to_numpy(dtype=np.float64) for name in ("first_treated", "size"))
    member = (first[:, None] == group) * size[:, None]
    return _Cells(
        group=group,
        year=table["year"].to_numpy(dtype=np.float64),
        att=table["estimate"].to_numpy(dtype=np.float64),
        influence=influence.to_numpy(dtype=np.float64),
        share=member.mean(axis=0),
        member=member,
        treated=table["treated"].to_numpy(dtype=np.float64),
    )


def _by_size(cells: _Cells, chosen: Mask) -> _Average:
    """Mean over cells by cohort size, the sizes estimated."""
    if not chosen.any():
        raise NotEstimableError("there is no effect after treatment to average")
    att, share = cells.att[chosen], cells.share[chosen]
    weights = share / share.sum()
    value = float((weights * att).sum())
    sizes = times(cells.member[:, chosen] - share, (att - value) / share.sum())
    influence = times(cells.influence[:, chosen], weights) + sizes
    return _Average(value, influence, int(cells.treated[chosen].sum()))


def _evenly(parts: list[_Average]) -> _Average:
    """Plain mean of averages."""
    return _Average(
        float(np.mean([part.value for part in parts])),
        np.mean([part.influence for part in parts], axis=0),
        sum(part.rows for part in parts),
    )


def _by_group(cells: _Cells, after: Mask) -> tuple[dict[int, _Average], _Average, _Average]:
    """Means by cohort, and their mean with the standard error of did and the exact one."""
    groups = np.unique(cells.group)
    parts = {int(g): _by_size(cells, after & (cells.group == g)) for g in groups}
    at = [int(np.flatnonzero(cells.group == g)[0]) for g in groups]
    cohorts = replace(
        cells,
        group=groups,
        year=groups,
        att=np.array([part.value for part in parts.values()]),
        influence=np.column_stack([part.influence for part in parts.values()]),
        share=cells.share[at],
        member=cells.member[:, at],
        treated=np.array([float(part.rows) for part in parts.values()]),
    )
    everyone = np.ones(len(groups), dtype=bool)
    exact = _by_size(cohorts, everyone)
    # did takes the cohorts of the first cells, in general all the first cohort,
    # for the cohorts whose shares are estimated
    as_did = replace(cohorts, member=cells.member[:, : len(groups)])
    return parts, _by_size(as_did, everyone), exact


def _by_year(cells: _Cells) -> tuple[dict[int, _Average], _Average]:
    treated = cells.group <= cells.year
    years = np.unique(cells.year[treated])
    parts = {int(t): _by_size(cells, treated & (cells.year == t)) for t in years}
    if not parts:
        raise NotEstimableError("there is no effect after treatment to average")
    return parts, _evenly(list(parts.values()))


def _by_relative_year(
    cells: _Cells, balance_e: int | None, min_e: float, max_e: float
) -> tuple[dict[int, _Average], _Average]:
    relative = cells.year - cells.group
    chosen = (relative >= min_e) & (relative <= max_e)
    if balance_e is not None:
        first, last = cells.year.min(), cells.year.max()
        chosen &= last - cells.group >= balance_e
        chosen &= (relative <= balance_e) & (relative >= balance_e - last + first)
    if not (chosen & (relative >= 0)).any():
        raise NotEstimableError(
            "no cohort has an effect after treatment within balance_e, min_e and max_e"
        )
    parts = {
        int(e): _by_size(cells, chosen & (relative == e)) for e in np.unique(relative[chosen])
    }
    return parts, _evenly([part for e, part in parts.items() if e >= 0])


def _as_fit(
    effects: Fit,
    by: By,
    parts: dict[int, _Average],
    overall: _Average,
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


def _with_exact_error(fit: Fit, exact: _Average, clusters: Codes) -> Fit:
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


def _with_joint_tests(fit: Fit, parts: dict[int, _Average]) -> Fit:
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
