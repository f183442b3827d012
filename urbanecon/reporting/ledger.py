"""The claims ledger: every claim with its evidence and the verdict that the rule gives.

Nothing is typed: estimates, p-values and verdicts are read from the results or
computed from them by `effects.verdict`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.effects.claim import Claim, Outcome
from urbanecon.effects.result import Estimate
from urbanecon.effects.verdict import (
    LEVEL,
    Findings,
    Verdict,
    rule,
    rule_family,
)
from urbanecon.estimation.fit import Fit
from urbanecon.reporting.formats import number, percent, percent_change
from urbanecon.reporting.numbers import is_log, leads_test
from urbanecon.reporting.store import read_estimates, read_tables, write_tables

Tables = Mapping[str, pd.DataFrame]

FAMILIES: Mapping[str, tuple[str, str]] = {
    "R1": ("moderation", "pilot x citizenization"),
    "R2": ("durbin", "indirect"),
}
"""Rows that are judged by one coefficient in an equation of each effect: design and term."""

LANGUAGES: tuple[Language, ...] = ("en", "zh")

TREATMENT = "pilot"
"""Treatment on which verdicts rest: the only one with an adoption date, so that S2 applies."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger; NaN where a number does not exist.

    Attributes
    ----------
    id, claim_en, claim_zh, essay
        What is claimed, and who does.
    outcome
        Codebook name of the primary outcome.
    words_en, words_zh
        The primary estimate in plain words, with its interval and unit.
    estimate, low, high
        That estimate, two-way fixed effects, interval clustered by city.
    p_city, p_wild, p_randomization, p_romano_wolf
        Its p-values: clustered; province wild bootstrap; permuted paths;
        adjusted for the outcomes of the claim.
    s2, s2_p
        Group-time effect and its p, Holm across the outcomes.
    leads_p, breakdown
        Joint test of leads; breakdown Mbar.
    share, median_p
        Multiverse of the primary outcome.
    verdict, unmet
        Ruling, and what would have to change for "supported".
    """

    id: str
    claim_en: str
    claim_zh: str
    essay: str
    outcome: str
    words_en: str
    words_zh: str
    estimate: float
    low: float
    high: float
    p_city: float
    p_wild: float
    p_randomization: float
    p_romano_wolf: float
    s2: float
    s2_p: float
    leads_p: float
    breakdown: float
    share: float
    median_p: float
    verdict: str
    unmet: tuple[str, ...]


def ledger(
    claims: Mapping[str, Claim],
    estimates: Iterable[Estimate],
    evidence: Mapping[str, Tables],
    multiverse: Mapping[str, Tables],
) -> list[Entry]:
    """Judge every claim.

    Parameters
    ----------
    claims
        Rows in their order, by id.
    estimates
        Estimates of all claims together: one may cite another's.
    evidence, multiverse
        Tables of each claim that has them; see `effects.evidence`, `effects.curves`.
    """
    pool = list(estimates)
    return [
        _of_family(claim, pool)
        if name in FAMILIES
        else _of_outcome(claim, pool, evidence.get(name, {}), multiverse.get(name, {}))
        for name, claim in claims.items()
    ]


def ledger_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return the ledger as a table, `unmet` in one text."""
    frame = pd.DataFrame([asdict(entry) for entry in entries])
    return frame.assign(unmet=frame["unmet"].map("; ".join)).set_index("id")


def findings_of(
    claim: Claim, pool: Sequence[Estimate], evidence: Tables, multiverse: Tables
) -> Findings:
    """Gather what the rule reads of a claim."""
    primary = claim.primary.variable
    inference = evidence.get("inference", pd.DataFrame())
    row = _row(inference, primary)
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


def _of_outcome(
    claim: Claim, pool: Sequence[Estimate], evidence: Tables, multiverse: Tables
) -> Entry:
    """Judge a claim by its primary outcome."""
    found = findings_of(claim, pool, evidence, multiverse)
    verdict = rule(found)
    if verdict.ruling == "not estimable":
        verdict = Verdict("not estimable", (_reason(pool, claim.primary.variable),))
    inference = evidence.get("inference", pd.DataFrame())
    primary = claim.primary.variable
    row = _row(inference, primary)
    low, high = row.get("low", math.nan), row.get("high", math.nan)
    return _entry(
        claim,
        verdict,
        estimate=found.s1,
        low=low,
        high=high,
        words=tuple(in_words(claim.primary, found.s1, low, high, x) for x in LANGUAGES),
        p_city=row.get("p_city", math.nan),
        p_wild=row.get("p_wild", math.nan),
        p_randomization=row.get("p_randomization", math.nan),
        p_romano_wolf=found.s1_p,
        s2=found.s2,
        s2_p=found.s2_p,
        leads_p=found.leads_p,
        breakdown=found.breakdown,
        share=found.share,
        median_p=found.median_p,
    )


def _of_family(claim: Claim, pool: Sequence[Estimate]) -> Entry:
    """Judge a claim by one coefficient in an equation of each effect."""
    design, term = FAMILIES[claim.id]
    tests = {
        o.variable: (o.expected_sign, *found)
        for o in claim.outcomes
        if (found := _coefficient(pool, o.variable, design, term)) is not None
    }
    adjusted = _holm({name: p for name, (_, _, p) in tests.items()})
    judged = [(sign, value, adjusted[name]) for name, (sign, value, _) in tests.items()]
    words = tuple(
        "; ".join(
            f"{load_codebook()[name].label(language)} {number(value)} "
            f"(p {'= ' if adjusted[name] >= 0.001 else ''}{_short_p(adjusted[name])})"
            for name, (_, value, _) in tests.items()
        )
        for language in LANGUAGES
    )
    return _entry(claim, rule_family(judged), words=words)


def _entry(claim: Claim, verdict: Verdict, *, words: tuple[str, ...], **numbers: float) -> Entry:
    fields = (
        "estimate", "low", "high", "p_city", "p_wild", "p_randomization", "p_romano_wolf", "s2",
        "s2_p", "leads_p", "breakdown", "share", "median_p",
    )  # fmt: skip
    return Entry(
        id=claim.id,
        claim_en=claim.words_en,
        claim_zh=claim.words_zh,
        essay=claim.essay,
        outcome=claim.primary.variable,
        words_en=words[0],
        words_zh=words[1],
        verdict=verdict.ruling,
        unmet=verdict.unmet,
        **{name: numbers.get(name, math.nan) for name in fields},
    )


def in_words(
    outcome: Outcome, estimate: float, low: float, high: float, language: Language
) -> str:
    """Say an estimate of the pilot with its interval and unit; empty when there is none."""
    if math.isnan(estimate):
        return ""
    codebook = load_codebook()
    entry, values = codebook[outcome.variable], [estimate, low, high]
    if is_log(outcome.variable):
        # a change of the logarithm is said as one of the variable itself
        level = outcome.variable.removeprefix("ln_")
        entry = codebook[level] if level in set(codebook) else entry
        texts = [_signed(percent_change(value), percent) for value in values]
        unit = ""
    else:
        texts = [_signed(value, number) for value in values]
        unnamed = entry.unit in ("index", "ratio", "share") or entry.unit.startswith("per ")
        unit = "" if unnamed else f" {entry.unit}"
    if language == "zh":
        return f"试点城市：{entry.label_zh} {texts[0]}{unit}，95%置信区间 {texts[1]} 至 {texts[2]}"
    return (
        f"pilot cities: {entry.label_en} {texts[0]}{unit}, 95% interval {texts[1]} to {texts[2]}"
    )


def _signed(value: float, write: Callable[[float], str]) -> str:
    text = write(value)
    return text if value < 0 else f"+{text}"


def _short_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _fit(pool: Sequence[Estimate], outcome: str, design: str, through: str = "") -> Fit | None:
    """Return the estimate of the pilot on an outcome by one design, whichever claim has it."""
    for estimate in pool:
        spec = estimate.spec
        if (spec.outcome, spec.treatment, spec.design) == (outcome, TREATMENT, design) and (
            spec.through == through and estimate.fit is not None
        ):
            return estimate.fit
    return None


def _coefficient(
    pool: Sequence[Estimate], outcome: str, design: str, term: str
) -> tuple[float, float] | None:
    """Return estimate and p of a term, or of an effect of space."""
    through = "citizenization" if design == "moderation" else ""
    fit = _fit(pool, outcome, design, through)
    if fit is None:
        return None
    if term in fit.params.index:
        return float(fit.params[term]), float(fit.pvalue[term])
    impacts = fit.extra["impacts"].query("variable == @TREATMENT and effect == @term")
    return float(impacts["estimate"].iloc[0]), float(impacts["p"].iloc[0])


def _holm(p: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted by Holm, which is never less strict than Romano and Wolf in the limit."""
    from statsmodels.stats.multitest import multipletests

    if not p:
        return {}
    return dict(zip(p, multipletests(list(p.values()), method="holm")[1].tolist(), strict=True))


def _secondary(
    claim: Claim, inference: pd.DataFrame, s2_p: Mapping[str, float]
) -> tuple[str, ...]:
    """Outcomes beside the primary one that are significant after adjustment."""
    others = [o.variable for o in claim.outcomes[1:]]
    by_s1 = [n for n in others if _row(inference, n).get("p_romano_wolf", 1.0) < LEVEL]
    by_s2 = [n for n in others if s2_p.get(n, 1.0) < LEVEL]
    return tuple(dict.fromkeys([*by_s1, *by_s2]))


def _summary(multiverse: Tables, outcome: str) -> Mapping[str, float]:
    if "summaries" not in multiverse:
        return {}
    by_outcome = multiverse["summaries"].reset_index().query("part == 'outcome'")
    return _row(by_outcome.set_index("option").drop(columns="part"), outcome)


def _row(table: pd.DataFrame, key: str) -> Mapping[str, float]:
    """Return a row as numbers by column; nothing where there is none."""
    if key not in table.index:
        return {}
    return {str(name): float(value) for name, value in zip(table, table.loc[key], strict=True)}


def _reason(pool: Sequence[Estimate], outcome: str) -> str:
    reasons = [e.reason for e in pool if e.spec.outcome == outcome and e.reason]
    return reasons[0] if reasons else "the primary outcome could not be estimated"


def read_evidence(
    results: Mapping[str, Path], evidence: Mapping[str, Path], multiverse: Mapping[str, Path]
) -> list[Entry]:
    """Judge every claim from the files of the main job, by row of the ledger."""
    from urbanecon.effects import ROWS

    pool = [estimate for path in results.values() for estimate in read_estimates(path)]
    return ledger(
        ROWS,
        pool,
        {name: read_tables(path) for name, path in evidence.items()},
        {name: read_tables(path) for name, path in multiverse.items()},
    )


def write_ledger(path: Path, entries: Sequence[Entry]) -> None:
    """Write the ledger, every number exact."""
    write_tables(path, {"ledger": ledger_frame(entries)})


def read_ledger(path: Path) -> pd.DataFrame:
    """Read what `write_ledger` wrote, indexed by claim.

    Raises
    ------
    StaleResultError, DataError
        As `store.read_tables`.
    """
    return read_tables(path)["ledger"]
