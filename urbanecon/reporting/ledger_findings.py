"""What the verdict rule reads, gathered from the results of the main job."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from urbanecon.effects import ROWS
from urbanecon.effects.claim import Claim
from urbanecon.effects.criteria import CRITERIA, Criterion
from urbanecon.effects.result import Estimate
from urbanecon.effects.verdict import LEVEL, Findings
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.multiple_testing import adjusted_p
from urbanecon.reporting.numbers import leads_test

Tables = Mapping[str, pd.DataFrame]
Rows = Mapping[str, Tables]
"""Tables of each row that has them; see `effects.evidence`, `effects.curves`."""

TREATMENT = "pilot"
"""Treatment on which verdicts rest: the only one with an adoption date, so that S2 applies."""


def findings_of(
    row: str, pool: Sequence[Estimate], evidence: Rows, multiverse: Rows
) -> list[tuple[Criterion, Findings]]:
    """Gather what the rule reads of each criterion of a row, in their order.

    Parameters
    ----------
    row
        "E1" ... "L3".
    pool
        Estimates of all rows together: one may cite another's.
    """
    coefficients = _coefficients(row, pool, evidence)
    return [
        (
            criterion,
            of_pilot(
                ROWS[criterion.row],
                pool,
                evidence.get(criterion.row, {}),
                multiverse.get(criterion.row, {}),
            )
            if criterion.design == "twfe"
            else _of_coefficient(criterion, coefficients, multiverse.get(criterion.row, {})),
        )
        for criterion in CRITERIA[row]
    ]


def of_pilot(
    claim: Claim, pool: Sequence[Estimate], evidence: Tables, multiverse: Tables
) -> Findings:
    """Gather what the rule reads of the pilot's effect on a claim's primary outcome."""
    primary = claim.primary.variable
    inference = evidence.get("inference", pd.DataFrame())
    row = row_of(inference, primary)
    s2 = {
        o.variable: fit
        for o in claim.outcomes
        if (fit := _fit(pool, o.variable, "group_time")) is not None
    }
    s2_p = _holm({name: float(fit.pvalue[TREATMENT]) for name, fit in s2.items()})
    own, honest = s2.get(primary), _fit(pool, primary, "honest")
    summary = _summary(multiverse, primary)
    leads = None if own is None else leads_test(own)
    return Findings(
        expected_sign=claim.primary.expected_sign,
        s1=row.get("estimate", math.nan),
        s1_p=row.get("p_romano_wolf", math.nan),
        s2=math.nan if own is None else float(own.params[TREATMENT]),
        s2_p=s2_p.get(primary, math.nan),
        leads_p=math.nan if leads is None else leads.p,
        breakdown=math.nan if honest is None else float(honest.stats["breakdown"]),
        share=summary.get("share_sign", math.nan),
        median_p=summary.get("median_p", math.nan),
        secondary=_secondary(claim, inference, s2_p),
    )


def _of_coefficient(
    criterion: Criterion, found: Mapping[str, tuple[float, float]], multiverse: Tables
) -> Findings:
    """Gather what the rule reads of another coefficient than the pilot's; S2 does not apply."""
    variable = criterion.outcome.variable
    value, p = found.get(variable, (math.nan, math.nan))
    summary = _summary(multiverse, variable)
    judged = {c.outcome.variable for c in CRITERIA[criterion.row] if c.row == criterion.row}
    return Findings(
        expected_sign=criterion.outcome.expected_sign,
        s1=value,
        s1_p=p,
        share=summary.get("share_sign", math.nan),
        median_p=summary.get("median_p", math.nan),
        secondary=tuple(n for n, (_, p) in found.items() if n not in judged and p < LEVEL),
        staggered=criterion.staggered,
    )


def _coefficients(
    row: str, pool: Sequence[Estimate], evidence: Rows
) -> dict[str, tuple[float, float]]:
    """Estimate and adjusted p of the coefficient that a row is judged by, by outcome.

    Products with a moderator are adjusted by Romano and Wolf. Indirect effects come from
    a likelihood and thresholds from a bootstrap of their own: these have no draws in
    common and are adjusted by Holm, over all outcomes of the row that have one.
    """
    own = next((c for c in CRITERIA[row] if c.row == row and c.design != "twfe"), None)
    if own is None:
        return {}
    if own.design == "moderation":
        table = evidence.get(row, {}).get("interactions", pd.DataFrame())
        rows = {str(name): row_of(table, str(name)) for name in table.index}
        return {n: (values["estimate"], values["p_romano_wolf"]) for n, values in rows.items()}
    read = _indirect if own.design == "durbin" else _beyond
    fits = {
        o.variable: fit
        for o in ROWS[row].outcomes
        if (fit := _fit(pool, o.variable, own.design, own.through)) is not None
    }
    found = {name: read(fit) for name, fit in fits.items()}
    adjusted = _holm({name: p for name, (_, p) in found.items()})
    return {name: (value, adjusted[name]) for name, (value, _) in found.items()}


def _indirect(fit: Fit) -> tuple[float, float]:
    """Indirect effect of the pilot, and its p."""
    impacts = fit.extra["impacts"].query("variable == @TREATMENT and effect == 'indirect'")
    return float(impacts["estimate"].iloc[0]), float(impacts["p"].iloc[0])


def _beyond(fit: Fit) -> tuple[float, float]:
    """Slope of the pilot above the threshold less that below, and the p of there being one.

    The p is that of the bootstrap, which searches for the threshold in every draw; that of
    the difference of the slopes would take the threshold for known.
    """
    below, *_, above = [v for n, v in fit.params.items() if str(n).startswith(f"{TREATMENT}[")]
    return float(above - below), fit.diagnostics[0].p


def _fit(pool: Sequence[Estimate], outcome: str, design: str, through: str = "") -> Fit | None:
    """Return the estimate of the pilot on an outcome by one design, whichever claim has it."""
    for estimate in pool:
        spec = estimate.spec
        if (spec.outcome, spec.treatment, spec.design) == (outcome, TREATMENT, design) and (
            spec.through == through and estimate.fit is not None
        ):
            return estimate.fit
    return None


def _holm(p: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted by Holm, which is never less strict than Romano and Wolf in the limit."""
    if not p:
        return {}
    return dict(zip(p, adjusted_p(pd.Series(p))["holm"].tolist(), strict=True))


def _secondary(
    claim: Claim, inference: pd.DataFrame, s2_p: Mapping[str, float]
) -> tuple[str, ...]:
    """Outcomes beside the primary one that are significant after adjustment."""
    others = [o.variable for o in claim.outcomes[1:]]
    by_s1 = [n for n in others if row_of(inference, n).get("p_romano_wolf", 1.0) < LEVEL]
    by_s2 = [n for n in others if s2_p.get(n, 1.0) < LEVEL]
    return tuple(dict.fromkeys([*by_s1, *by_s2]))


def _summary(multiverse: Tables, outcome: str) -> Mapping[str, float]:
    if "summaries" not in multiverse:
        return {}
    by_outcome = multiverse["summaries"].reset_index().query("part == 'outcome'")
    return row_of(by_outcome.set_index("option").drop(columns="part"), outcome)


def row_of(table: pd.DataFrame, key: str) -> Mapping[str, float]:
    """Return a row as numbers by column; nothing where there is none."""
    if key not in table.index:
        return {}
    return {str(name): float(value) for name, value in zip(table, table.loc[key], strict=True)}
