"""A row of the claims ledger, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from urbanecon.effects.spec import Design, Sample, Spec
from urbanecon.measures.ntu_index import version_for


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome of a claim and the sign the claim predicts for it.

    Attributes
    ----------
    variable
        Codebook name.
    expected_sign
        1 or -1.
    unit
        Panel it lives on, "city" or "province".
    first_year, last_year
        Window used, where the series breaks outside it.
    two_years
        Whether it is observed in two years only: its two-way estimate is a long
        difference, and it has no event study.
    reason
        Why the window or unit is as it is; empty when it is the default.
    """

    variable: str
    expected_sign: Literal[1, -1]
    unit: Literal["city", "province"] = "city"
    first_year: int | None = None
    last_year: int | None = None
    two_years: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an essay claims and the outcomes that can bear it out; the first is primary.

    `mechanisms` are the variables through which the essay has the effect come about.
    """

    id: str
    name: str
    words_en: str
    words_zh: str
    essay: str
    outcomes: tuple[Outcome, ...]
    mechanisms: tuple[str, ...] = ()

    @property
    def primary(self) -> Outcome:
        """The outcome on which the verdict rests."""
        return self.outcomes[0]


ESSAY = "A new type of urbanization for common prosperity (2023)"

RETAIL_LAST_YEAR = 2018
"""The source's retail sales of 2019 and 2020 follow a revision that moves one city in ten by a
third or more, either way."""
MECHANISM_LAST_YEAR = {"ln_retail_sales_pc": RETAIL_LAST_YEAR}
"""Last year of mechanisms whose series break, where they are mediators."""

CITY_TREATMENTS = ("pilot", "urban_share_benchmarked")
CENSUS_TREATMENTS = ("pilot", "urban_share_census")
"""The yearly urban share ends before the second census."""
CITIZENIZATION = "citizenization"
PROVINCE_TREATMENTS = ("pilot_share_province", "urban_share_province")
CITY_EFFECTS = (("city", "year"), ("city", "province:year"))
PROVINCE_EFFECTS = (("province", "year"),)
"""Province-by-year effects would absorb every province-level regressor."""


def every_strategy(claim: Claim) -> tuple[Spec, ...]:
    """Strategies S1 to S5 and the mechanisms of a claim, in this order."""
    return (
        *two_way(claim),
        *associations(claim),
        *event_studies(claim),
        *staggered(claim),
        *instrumented(claim),
        *spatial(claim),
        *heterogeneous(claim),
        *mediated(claim),
    )


def two_way(claim: Claim) -> tuple[Spec, ...]:
    """Strategy S1: every outcome on every treatment, two-way and province-by-year effects.

    No time-varying control enters: what the treatment may move (structure,
    spending, population) would be a bad control; subsets of controls are a
    robustness check, not the main estimate.
    """
    return tuple(
        _spec(claim, outcome, treatment, effects)
        for outcome in claim.outcomes
        for treatment in _treatments(outcome)
        for effects in (CITY_EFFECTS if outcome.unit == "city" else PROVINCE_EFFECTS)
    )


def _treatments(outcome: Outcome) -> tuple[str, ...]:
    """Treatments that are observed where and when the outcome is."""
    if outcome.unit == "province":
        return PROVINCE_TREATMENTS
    return CENSUS_TREATMENTS if outcome.two_years else CITY_TREATMENTS


def associations(claim: Claim) -> tuple[Spec, ...]:
    """Strategy S1 for the index and for citizenization: every city outcome, both effects.

    Neither is adopted at a date, so that there is no S2; both are made of what cities have
    become, and of some inputs of the outcomes (`overlap.shared_inputs`). The coefficients are
    associations; verdicts rest on the pilot. The index leaves out the dimension of the
    outcome.
    """
    return tuple(
        _spec(claim, outcome, treatment, effects).but(design="association")
        for outcome in claim.outcomes
        if outcome.unit == "city"
        for treatment in associated_treatments(outcome)
        for effects in CITY_EFFECTS
    )


def associated_treatments(outcome: Outcome) -> tuple[str, ...]:
    """Index without the outcome's dimension, and citizenization.

    The index ends before the second census, so that an outcome of the censuses has none.
    """
    index = () if outcome.two_years else (version_for(outcome.variable),)
    return (*index, CITIZENIZATION)


def event_studies(claim: Claim) -> tuple[Spec, ...]:
    """Event study of the pilot for every city-level outcome, two-way effects."""
    return tuple(
        _spec(claim, outcome, "pilot", CITY_EFFECTS[0]).but(design="event_study")
        for outcome in claim.outcomes
        if outcome.unit == "city" and not outcome.two_years
    )


def staggered(claim: Claim) -> tuple[Spec, ...]:
    """Strategy S2: the pilot as a staggered treatment, for every yearly city outcome."""
    designs: tuple[tuple[Design, str], ...] = (
        ("group_time", ""),
        ("group_time", "not-yet"),
        ("imputation", ""),
        ("honest", ""),
        ("bacon", ""),
        ("twfe_weights", ""),
    )
    return tuple(
        spec.but(design=design, through=through)
        for spec in event_studies(claim)
        for design, through in designs
    )


def instrumented(claim: Claim) -> tuple[Spec, ...]:
    """Strategy S3: the urban share instrumented, and as an endogenous regressor of GMM."""
    return tuple(
        spec.but(treatment="urban_share_benchmarked", design=design)
        for spec in event_studies(claim)
        for design in designs_of("shift_share", "terrain", "gmm")
    )


def spatial(claim: Claim) -> tuple[Spec, ...]:
    """Strategy S4: spatial Durbin model and rings of pilots, for every yearly city outcome."""
    return tuple(
        spec.but(design=design)
        for spec in event_studies(claim)
        for design in designs_of("durbin", "exposure")
    )


def heterogeneous(claim: Claim) -> tuple[Spec, ...]:
    """Strategy S5, for the primary outcome: region, size, threshold and quantiles."""
    designs: tuple[tuple[Design, str], ...] = (
        ("groups", "region"),
        ("groups", "size"),
        ("threshold", "urban_share_benchmarked"),
        ("quantile", ""),
    )
    return tuple(
        spec.but(design=design, through=through)
        for spec in event_studies(claim)
        if spec.primary
        for design, through in designs
    )


def mediated(claim: Claim) -> tuple[Spec, ...]:
    """Each mechanism as a mediator of the pilot's effect on the primary outcome."""
    return tuple(
        through_mediator(spec, mechanism)
        for spec in event_studies(claim)
        if spec.primary
        for mechanism in claim.mechanisms
    )


def through_mediator(spec: Spec, mechanism: str) -> Spec:
    """Return the equation with a mediator, within the years of its series."""
    last = MECHANISM_LAST_YEAR.get(mechanism, spec.sample.last_year)
    sample = replace(spec.sample, last_year=last)
    return spec.but(design="mediation", through=mechanism, sample=sample)


def designs_of(*names: Design) -> tuple[Design, ...]:
    """Names of designs, checked as such."""
    return names


def _spec(claim: Claim, outcome: Outcome, treatment: str, effects: tuple[str, ...]) -> Spec:
    return Spec(
        effect=claim.id,
        outcome=outcome.variable,
        treatment=treatment,
        fixed_effects=effects,
        cluster=(outcome.unit,),
        sample=Sample(outcome.first_year, outcome.last_year, outcome.unit),
        expected_sign=outcome.expected_sign,
        primary=outcome == claim.primary,
    )
