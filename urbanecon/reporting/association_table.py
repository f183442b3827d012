"""Table of the treatments that nobody adopts at a date: the index and citizenization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.effects.claim import CITIZENIZATION, CITY_EFFECTS, Claim, Outcome
from urbanecon.effects.overlap import shared_inputs
from urbanecon.effects.result import Estimate
from urbanecon.measures.ntu_index import version_for
from urbanecon.reporting.formats import count
from urbanecon.reporting.strategy_cells import NONE, outcome_label, with_se
from urbanecon.reporting.tables import Row, Table
from urbanecon.reporting.words import word

COLUMNS = ("two_way", "within", "nobs", "shared")


def association_table(
    results: Mapping[str, Sequence[Estimate]],
    claims: Mapping[str, Claim],
    language: Language = "en",
) -> Table | None:
    """Return a row an outcome of cities, four columns a treatment; None without an equation."""
    rows = []
    for claim_id, claim in claims.items():
        found = [e for e in results.get(claim_id, ()) if e.spec.design == "association"]
        told = claim.words_zh if language == "zh" else claim.words_en
        rows += [
            Row(
                outcome_label(outcome.variable, language),
                tuple(
                    cell
                    for treatment in (version_for(outcome.variable), CITIZENIZATION)
                    for cell in _cells(found, outcome, treatment, language)
                ),
                f"{claim_id}  {told}",
            )
            for outcome in claim.outcomes
            if found and outcome.unit == "city"
        ]
    if not rows:
        return None
    heads = [word("a_index", language), outcome_label(CITIZENIZATION, language)]
    return Table(
        name="treatments",
        caption=word("caption_treatments", language),
        header=(
            tuple(head for head in heads for _ in COLUMNS),
            tuple(word(f"a_{column}", language) for _ in heads for column in COLUMNS),
        ),
        rows=tuple(rows),
        notes=word("note_treatments", language).format(left_out=_left_out(claims, language)),
        left_columns=(3, 7),
    )


def _cells(
    found: Sequence[Estimate], outcome: Outcome, treatment: str, language: Language
) -> tuple[str, ...]:
    """Coefficient with each set of effects, observations, and what both are computed from."""
    fits = {
        e.spec.fixed_effects: e.fit
        for e in found
        if (e.spec.outcome, e.spec.treatment) == (outcome.variable, treatment)
    }
    two_way, within = (fits.get(effects) for effects in CITY_EFFECTS)
    if two_way is None:
        return (NONE,) * len(COLUMNS)
    shared = shared_inputs(outcome.variable, treatment)
    return (
        with_se(two_way, treatment),
        with_se(within, treatment),
        count(two_way.nobs),
        word("a_between", language).join(outcome_label(name, language) for name in shared)
        or word("a_nothing", language),
    )


def _left_out(claims: Mapping[str, Claim], language: Language) -> str:
    """Version of the index that each claim has, by its label."""
    label = load_codebook().label
    versions = {
        claim_id: dict.fromkeys(
            version_for(o.variable) for o in claim.outcomes if o.unit == "city"
        )
        for claim_id, claim in claims.items()
    }
    return word("a_between", language).join(
        f"{claim_id} {', '.join(label(name, language) for name in names)}"
        for claim_id, names in versions.items()
    )
