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
from urbanecon.effects.criteria import Criterion
from urbanecon.effects.result import Estimate
from urbanecon.effects.verdict import Findings, Verdict, rule, rule_family
from urbanecon.reporting.formats import number, p_value, percent, percent_change
from urbanecon.reporting.ledger_findings import TREATMENT, Rows, findings_of, row_of
from urbanecon.reporting.ledger_unmet import BETWEEN, unmet_words
from urbanecon.reporting.numbers import is_log
from urbanecon.reporting.store import read_estimates, read_tables, write_tables
from urbanecon.reporting.words import word

LANGUAGES: tuple[Language, ...] = ("en", "zh")


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
        The primary estimate in plain words, with its interval and unit; of a row with
        several criteria, each of them with its p and its multiverse.
    estimate, low, high
        The pilot's effect, two-way fixed effects, interval clustered by city.
    p_city, p_wild, p_randomization, p_romano_wolf
        Its p-values: clustered; province wild bootstrap; permuted paths;
        adjusted for the outcomes of the claim.
    s2, s2_p
        Group-time effect and its p, Holm across the outcomes.
    leads_p, breakdown
        Joint test of leads; breakdown Mbar.
    share, median_p
        Multiverse of the primary outcome; of several criteria, the smallest share and the
        largest median p, since each has to pass.
    verdict
        Ruling.
    unmet_en, unmet_zh
        What would have to change for "supported".
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
    unmet_en: tuple[str, ...]
    unmet_zh: tuple[str, ...]


def ledger(
    claims: Mapping[str, Claim], estimates: Iterable[Estimate], evidence: Rows, multiverse: Rows
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
        _entry(claim, findings_of(row, pool, evidence, multiverse), pool, evidence)
        for row, claim in claims.items()
    ]


def ledger_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return the ledger as a table, what would change a verdict in one text a language."""
    frame = pd.DataFrame([asdict(entry) for entry in entries])
    joined = {
        f"unmet_{language}": frame[f"unmet_{language}"].map(BETWEEN[language][0].join)
        for language in LANGUAGES
    }
    return frame.assign(**joined).set_index("id")


def _entry(
    claim: Claim,
    found: Sequence[tuple[Criterion, Findings]],
    pool: Sequence[Estimate],
    evidence: Rows,
) -> Entry:
    """Judge a claim; numbers of inference are those of the pilot's effect, if it is judged."""
    verdict = _verdict(found)
    pilot = next((pair for pair in found if pair[0].design == "twfe"), None)
    inference = {} if pilot is None else _inference(pilot[0], evidence)
    own = Findings(1) if pilot is None else pilot[1]
    shares = [findings.share for _, findings in found]
    medians = [findings.median_p for _, findings in found]
    words = {language: _words(found, evidence, language) for language in LANGUAGES}
    unmet = {language: _unmet(verdict, claim, found, pool, language) for language in LANGUAGES}
    return Entry(
        id=claim.id,
        claim_en=claim.words_en,
        claim_zh=claim.words_zh,
        essay=claim.essay,
        outcome=claim.primary.variable,
        words_en=words["en"],
        words_zh=words["zh"],
        estimate=own.s1,
        low=inference.get("low", math.nan),
        high=inference.get("high", math.nan),
        p_city=inference.get("p_city", math.nan),
        p_wild=inference.get("p_wild", math.nan),
        p_randomization=inference.get("p_randomization", math.nan),
        p_romano_wolf=own.s1_p,
        s2=own.s2,
        s2_p=own.s2_p,
        leads_p=own.leads_p,
        breakdown=own.breakdown,
        share=math.nan if any(map(math.isnan, shares)) else min(shares),
        median_p=math.nan if any(map(math.isnan, medians)) else max(medians),
        verdict=verdict.ruling,
        unmet_en=unmet["en"],
        unmet_zh=unmet["zh"],
    )


def _verdict(found: Sequence[tuple[Criterion, Findings]]) -> Verdict:
    """Apply the rule, to all tests of the claim together."""
    if len(found) == 1:
        return rule(found[0][1])
    return rule_family({_label(criterion, "en"): findings for criterion, findings in found})


def _unmet(
    verdict: Verdict,
    claim: Claim,
    found: Sequence[tuple[Criterion, Findings]],
    pool: Sequence[Estimate],
    language: Language,
) -> tuple[str, ...]:
    """Say what would change the verdict; what is not estimable names what it needs."""
    reason = _reason(pool, claim)
    if verdict.ruling == "not estimable" and reason:
        return (word("unmet_reason", language).format(reason),)
    labels = {_label(criterion, "en"): _label(criterion, language) for criterion, _ in found}
    return unmet_words(verdict.unmet, labels, language)


def _inference(criterion: Criterion, evidence: Rows) -> Mapping[str, float]:
    table = evidence.get(criterion.row, {}).get("inference", pd.DataFrame())
    return row_of(table, criterion.outcome.variable)


def _words(found: Sequence[tuple[Criterion, Findings]], evidence: Rows, language: Language) -> str:
    """Say each estimate; where there are several, with what the rule reads of each."""
    texts = []
    for criterion, findings in found:
        text = _estimate(criterion, findings, evidence, language)
        if text and len(found) > 1:
            text += word("ledger_reads", language).format(
                p=p_value(findings.s1_p),
                share="–" if math.isnan(findings.share) else f"{findings.share:.0%}",
                median_p=p_value(findings.median_p),
            )
        texts.append(text)
    return BETWEEN[language][0].join(text for text in texts if text)


def _estimate(criterion: Criterion, findings: Findings, evidence: Rows, language: Language) -> str:
    """Say one estimate; empty when there is none."""
    if criterion.design == "twfe":
        row = _inference(criterion, evidence)
        low, high = row.get("low", math.nan), row.get("high", math.nan)
        return in_words(criterion.outcome, findings.s1, low, high, language)
    if math.isnan(findings.s1):
        return ""
    return f"{_label(criterion, language)} {number(findings.s1)}"


def _label(criterion: Criterion, language: Language) -> str:
    """Label of the outcome; of a threshold, with the variable that has it."""
    label = load_codebook().label(criterion.outcome.variable, language)
    if criterion.design != "threshold":
        return label
    through = load_codebook().label(criterion.through, language)
    return word("ledger_beyond", language).format(label=label, through=through)


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


def _reason(pool: Sequence[Estimate], claim: Claim) -> str:
    """Why the pilot's equations of the primary outcome, the claim's first, were not estimated."""
    wanted = (claim.primary.variable, TREATMENT)
    found = [e for e in pool if (e.spec.outcome, e.spec.treatment) == wanted and e.reason]
    return min(found, key=lambda e: e.spec.effect != claim.id).reason if found else ""


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
