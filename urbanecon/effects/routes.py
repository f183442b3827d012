"""R1 to R4: the routes by which the essay of 2023 has urbanization serve prosperity.

A route is tested on the outcomes of the four effects, or on outcomes of its own. What
an effect has estimated already is cited, not estimated again: `EVIDENCE` names the
specs of the effects that a route rests on.

The moderator of R1 and the threshold variables move with urbanization themselves, and
pilots are told to register migrants. How an effect differs along them describes; it
does not say what registering more migrants would do. Residents are moreover the denominator
of citizenization and of output and staff per resident: errors in them move both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from urbanecon.effects import culture, ecology, growth, income
from urbanecon.effects.claim import (
    CITY_EFFECTS,
    ESSAY,
    Claim,
    Outcome,
    event_studies,
    staggered,
    two_way,
)
from urbanecon.effects.spec import Design, Spec

EFFECTS = (growth, culture, ecology, income)
PRIMARIES: tuple[Outcome, ...] = tuple(module.CLAIM.primary for module in EFFECTS)
"""Primary outcome of each effect."""

PILOTS = ("pilot", "pilot_share_province")

CITIZENIZATION = Claim(
    id="R1",
    name="citizenization",
    words_en="What urbanization does is larger where migrants have become registered citizens",
    words_zh="农业转移人口市民化质量越高，城镇化的效应越大",
    essay=ESSAY,
    outcomes=PRIMARIES,
)
LAYOUT = Claim(
    id="R2",
    name="layout",
    words_en="Pilots carry their neighbours along, and small cities catch up with large ones",
    words_zh="优化空间布局：试点带动周边城市，大中小城市协调发展",
    essay=ESSAY,
    outcomes=PRIMARIES,
)
QUALITY = Claim(
    id="R3",
    name="quality",
    words_en="New-type urbanization brings towns into step with ecology and with culture",
    words_zh="建设宜居、绿色、人文城市：城镇化与生态、文化协调发展",
    essay=ESSAY,
    outcomes=(
        Outcome("coupling_ecology", 1, reason="2010-2018, the years of both systems"),
        Outcome("coupling_culture", 1, reason="2006-2018, the years of the urban share"),
    ),
)
INTEGRATION = Claim(
    id="R4",
    name="integration",
    words_en="Town and country grow together, the more so the further urbanization has come",
    words_zh="推进城乡融合：城镇化水平越高，城乡差距越小",
    essay=ESSAY,
    outcomes=(
        replace(
            income.CLAIM.primary,
            reason="recovered with the published urban share, so tied to it by construction",
        ),
        *income.CLAIM.outcomes[1:],
    ),
)
ROUTES: dict[str, Claim] = {
    claim.id: claim for claim in (CITIZENIZATION, LAYOUT, QUALITY, INTEGRATION)
}


def two_way_of_pilots(claim: Claim) -> tuple[Spec, ...]:
    """Two-way estimates of the pilot, or of the share of a province that is in pilots."""
    return tuple(spec for spec in two_way(claim) if spec.treatment in PILOTS)


def of_pilot(claim: Claim, outcome: Outcome, design: Design, through: str = "") -> Spec:
    """Return a claim's equation of the pilot on an outcome, which may be another claim's."""
    (spec,) = event_studies(replace(claim, outcomes=(outcome,)))
    return spec.but(design=design, through=through, primary=outcome == claim.primary)


def estimated(specs: tuple[Spec, ...], *designs: Design, through: str = "") -> list[Spec]:
    """Specs of an effect's primary outcome and the pilot, by design."""
    return [
        spec
        for spec in specs
        if spec.primary and spec.treatment == "pilot"
        if spec.design in designs and spec.through == through
    ]


def _gaps(claim: Claim) -> tuple[Spec, ...]:
    """Threshold in the urban share of its own slope, and of the pilot's effect."""
    return tuple(
        of_pilot(claim, outcome, "threshold", "urban_share_benchmarked").but(treatment=treatment)
        for outcome in claim.outcomes
        if outcome.unit == "city"
        for treatment in ("urban_share_benchmarked", "pilot")
        if (outcome.variable, treatment) != (income.CLAIM.primary.variable, "pilot")
    )


SPECS: dict[str, tuple[Spec, ...]] = {
    "R1": tuple(
        of_pilot(CITIZENIZATION, outcome, design, "citizenization")
        for outcome in PRIMARIES
        for design in ("moderation", "threshold")
    ),
    "R2": (),
    "R3": (*two_way_of_pilots(QUALITY), *event_studies(QUALITY), *staggered(QUALITY)),
    "R4": _gaps(INTEGRATION),
}
"""Equations of each route that no effect has."""

EVIDENCE: Mapping[str, tuple[Spec, ...]] = {
    "R1": (),
    "R2": tuple(
        spec for module in EFFECTS for spec in estimated(module.SPECS, "durbin", "exposure")
    ),
    "R3": (),
    "R4": (
        *(
            spec
            for spec in income.SPECS
            if spec.design == "twfe" and spec.treatment in PILOTS
            if spec.fixed_effects != CITY_EFFECTS[1]
        ),
        *estimated(income.SPECS, "threshold", through="urban_share_benchmarked"),
    ),
}
"""Equations of the effects that each route cites."""
