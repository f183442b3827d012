"""Goodman-Bacon (2021) decomposition of two-way fixed effects differences."""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.cohorts import CohortPanel, cohort_panel
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.sample import Floats

TREATED = "treated"
NEVER_TREATED = "treated vs never treated"
EARLIER = "earlier vs later treated"
LATER = "later vs earlier treated"
ALWAYS_TREATED = "later vs always treated"
TYPES = (NEVER_TREATED, EARLIER, LATER, ALWAYS_TREATED)


def bacon(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    *,
    incomplete: Literal["refuse", "drop"] = "refuse",
) -> Fit:
    """Take the two-way fixed effects coefficient apart into two-by-two comparisons.

    Estimand: what two-way fixed effects estimate, b, which is the mean effect on
    the treated only under parallel trends and effects that stay as they begin.
    y_it = b D_it + a_i + d_t + e_it with D_it = 1{t >= g_i}. Then b = sum of
    weight x estimate over pairs of cohorts (Goodman-Bacon 2021,
    "Difference-in-differences with variation in treatment timing", Theorem 1).
    For cohorts k, l treated in the shares D_k > D_l of the periods, n_k and n_l
    of the units, p = n_k / (n_k + n_l):

    - k treated, l not yet (never, when D_l = 0), periods before l's start:
      weight ((n_k+n_l)(1-D_l))^2 p(1-p) (D_k-D_l)/(1-D_l) (1-D_k)/(1-D_l) / V;
    - l treated, k already (always, when D_k = 1), periods from k's start on:
      weight ((n_k+n_l) D_k)^2 p(1-p) D_l/D_k (D_k-D_l)/D_k / V,

    V the sum of all numerators, which is the variance of D within units and
    periods. Comparisons with already treated units are those that go wrong
    when effects grow: how much weight they have is what this shows.

    Parameters
    ----------
    data
        Panel indexed by (unit, year), without gaps in the outcome.
    first_treated
        Column with the first treated year, constant within a unit; missing
        means never treated.
    incomplete
        "refuse" raises when a unit lacks a year; "drop" leaves such units out
        and says so.

    Returns
    -------
    Fit
        The two-way estimate (term "treated"), clustered by unit.
        ``extra["comparisons"]``: treated, control (first years; missing for
        never), type, weight, estimate; ``extra["types"]``: type, weight,
        estimate (weighted mean), comparisons. `stats`: forbidden, the weight of
        comparisons with already treated units; identity_error, the difference
        between the two-way estimate and the weighted sum.

    Raises
    ------
    DataError, NotEstimableError
        As `adoption.panel_keys` and `cohorts.cohort_panel`.
    EstimationError
        Every unit is treated in the same periods: there is no comparison.
    """
    unit, time = panel_keys(data)
    panel = cohort_panel(data, outcome, first_treated, comparable=False, incomplete=incomplete)
    comparisons = _comparisons(panel)
    treated = panel.years[None, :] >= panel.first[:, None]
    rows = pd.DataFrame(
        {outcome: panel.outcome.ravel(), TREATED: treated.ravel().astype(float)},
        index=panel.index,
    )
    fit = fixed_effects(rows, outcome, [TREATED], (unit, time), f"cluster({unit})")
    for note in panel.notes:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    total = float((comparisons["weight"] * comparisons["estimate"]).sum())
    already = comparisons["type"].isin([LATER, ALWAYS_TREATED])
    return replace(
        fit,
        estimator=f"{fit.estimator}, Goodman-Bacon decomposition",
        stats={
            **fit.stats,
            "forbidden": float(comparisons.loc[already, "weight"].sum()),
            "identity_error": float(fit.params[TREATED]) - total,
        },
        warnings=(*panel.notes, *fit.warnings),
        extra={"comparisons": comparisons, "types": _by_type(comparisons)},
    )


def _comparisons(panel: CohortPanel) -> pd.DataFrame:
    """All pairs of cohorts that have weight, the weights summing to one."""
    cohorts = np.unique(np.maximum(panel.first, panel.years[0]))
    first = np.maximum(panel.first, panel.years[0])
    means = np.vstack([panel.outcome[first == g].mean(axis=0) for g in cohorts])
    size = np.array([np.mean(first == g) for g in cohorts])
    share = np.array([np.mean(panel.years >= g) for g in cohorts])
    rows = []
    for k in range(len(cohorts)):
        for l in range(k + 1, len(cohorts)):  # noqa: E741 (the paper's letters)
            pooled, p = size[k] + size[l], size[k] / (size[k] + size[l])
            dk, dl = share[k], share[l]
            not_yet = pooled**2 * p * (1 - p) * (dk - dl) * (1 - dk)
            already = pooled**2 * p * (1 - p) * dl * (dk - dl)
            early, late = panel.years >= cohorts[k], panel.years >= cohorts[l]
            if not_yet > 0:
                kind = EARLIER if dl > 0 else NEVER_TREATED
                found = _two_by_two(means[k] - means[l], early & ~late, ~early)
                rows.append((cohorts[k], cohorts[l], kind, not_yet, found))
            if already > 0:
                kind = LATER if dk < 1 else ALWAYS_TREATED
                found = _two_by_two(means[l] - means[k], late, early & ~late)
                rows.append((cohorts[l], cohorts[k], kind, already, found))
    if not rows:
        raise EstimationError(
            "all units are treated in the same periods; there is no comparison to decompose"
        )
    table = pd.DataFrame(rows, columns=["treated", "control", "type", "weight", "estimate"])
    return table.assign(
        weight=table["weight"] / table["weight"].sum(),
        control=table["control"].where(np.isfinite(table["control"])),
    )


def _two_by_two(gap: Floats, after: Floats, before: Floats) -> float:
    return float(gap[after].mean() - gap[before].mean())


def _by_type(comparisons: pd.DataFrame) -> pd.DataFrame:
    product = comparisons["weight"] * comparisons["estimate"]
    groups = comparisons.assign(product=product).groupby("type")
    table = groups.agg(
        weight=("weight", "sum"), product=("product", "sum"), comparisons=("weight", "size")
    )
    table = table.reindex([kind for kind in TYPES if kind in table.index])
    table.insert(1, "estimate", table["product"] / table["weight"])
    return table.drop(columns="product").reset_index()
