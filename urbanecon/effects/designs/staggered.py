"""Strategy S2: staggered differences in differences.

Each design gives one coefficient, named after the treatment, and its tables in
`Fit.extra`: the path by relative year, the effects by cohort, the comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import pandas as pd

from urbanecon.effects.designs.two_way import FIRST_TREATED, WINDOW
from urbanecon.effects.spec import Spec
from urbanecon.errors import NotEstimableError, UnknownNameError, did_you_mean
from urbanecon.estimation.aggregation import aggregate
from urbanecon.estimation.bacon import bacon
from urbanecon.estimation.event_study import term
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.group_time import PRE_TREND, group_time
from urbanecon.estimation.honest import honest_did
from urbanecon.estimation.imputation import ATT, imputation
from urbanecon.estimation.twfe_weights import twfe_weights

CONTROL_GROUPS: Mapping[str, Literal["nevertreated", "notyettreated"]] = {
    "": "nevertreated",
    "not-yet": "notyettreated",
}
"""Whom the treated are compared with, by what the spec says in `through`."""


def estimate_group_time(spec: Spec, data: pd.DataFrame) -> Fit:
    """Group-time effects averaged over treated city-years (Callaway and Sant'Anna 2021).

    Cities keep the years that they are observed in. `extra["path"]`: dynamic
    effects, compared with the year before adoption; `extra["effects"]`: those by
    cohort and year. Diagnostics: the joint tests of leads and lags.
    """
    cells = _cells(spec, data)
    dynamic = aggregate(cells, "dynamic", min_e=WINDOW[0], max_e=WINDOW[1], skip_missing=True)
    overall = aggregate(cells, "simple", skip_missing=True)
    extra = {"path": dynamic.extra["path"], "effects": cells.extra["effects"]}
    fit = replace(overall, extra=extra, diagnostics=_joint_tests(dynamic))
    return of_treatment(fit, spec, "overall")


def estimate_imputation(spec: Spec, data: pd.DataFrame) -> Fit:
    """Mean effect on the treated by imputation (Borusyak, Jaravel and Spiess 2024)."""
    return of_treatment(imputation(data, spec.outcome, FIRST_TREATED[spec.treatment]), spec, ATT)


def estimate_bacon(spec: Spec, data: pd.DataFrame) -> Fit:
    """What two-way fixed effects compare, and with which weights (Goodman-Bacon 2021)."""
    rows = data[data[spec.outcome].notna()]
    fit = bacon(rows, spec.outcome, FIRST_TREATED[spec.treatment], incomplete="drop")
    return of_treatment(fit, spec, "treated")


def estimate_twfe_weights(spec: Spec, data: pd.DataFrame) -> Fit:
    """Weights of the two-way estimate (de Chaisemartin and D'Haultfoeuille 2020)."""
    return without(twfe_weights(data, spec.outcome, spec.treatment), "weights")


def estimate_honest(spec: Spec, data: pd.DataFrame) -> Fit:
    """Bounds on the mean effect of the years after adoption (Rambachan and Roth 2023).

    The path is that of the group-time effects, compared with the year before
    adoption; the effect the mean over the years from adoption on that the window
    holds. `extra["sets"]`: sets under relative magnitudes; `stats["breakdown"]`:
    the largest Mbar whose set leaves out zero.
    """
    path = aggregate(
        _cells(spec, data), "dynamic", min_e=WINDOW[0], max_e=WINDOW[1], skip_missing=True
    )
    terms = [str(t) for t in path.params.index if t != "overall"]
    event = replace(path, params=path.params[terms], vcov=path.vcov.loc[terms, terms])
    lags = len({term(year) for year in range(WINDOW[1] + 1)} & set(terms))
    if not 0 < lags < len(terms):
        raise NotEstimableError(
            f"{spec.outcome}: bounds need years before and after adoption; found {terms}"
        )
    fit = honest_did(event, l_vec=[1 / lags] * lags)
    return of_treatment(replace(fit, diagnostics=_joint_tests(fit)), spec, "effect")


def of_treatment(fit: Fit, spec: Spec, found: str) -> Fit:
    """Keep the coefficient that was found under another name, named after the treatment."""
    names = {found: spec.treatment}
    return replace(
        fit,
        params=fit.params[[found]].rename(names),
        vcov=fit.vcov.loc[[found], [found]].rename(index=names, columns=names),
    )


def _joint_tests(fit: Fit) -> tuple[Diagnostic, ...]:
    """Leave out the test of every cell before adoption.

    With some fifty cells for a few hundred clusters its covariance is near
    singular and it rejects almost always; the joint test of the leads is kept.
    """
    return tuple(test for test in fit.diagnostics if test.name != PRE_TREND)


def without(fit: Fit, *tables: str) -> Fit:
    """Leave out tables with a row a cell, which any reader can make again."""
    return replace(fit, extra={k: v for k, v in fit.extra.items() if k not in tables})


def _cells(spec: Spec, data: pd.DataFrame) -> Fit:
    if spec.through not in CONTROL_GROUPS:
        raise UnknownNameError(
            f"unknown comparison {spec.through!r}.{did_you_mean(spec.through, CONTROL_GROUPS)}"
        )
    return group_time(
        data[data[spec.outcome].notna()],
        spec.outcome,
        FIRST_TREATED[spec.treatment],
        control_group=CONTROL_GROUPS[spec.through],
        base_period="universal",
        allow_unbalanced=True,
    )
