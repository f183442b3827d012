"""L1 to L3: the levers that You Shibing and Ma Rui name for urban development.

A lever is an outcome of the pilot, and a way by which the pilot may work: a mediator of
growth and of clean air, or another programme beside it. What an effect has estimated
already is cited (`EVIDENCE`), not estimated again.
"""

from __future__ import annotations

from collections.abc import Mapping

from urbanecon.effects import ecology, growth
from urbanecon.effects.claim import (
    RETAIL_LAST_YEAR,
    Claim,
    Outcome,
    event_studies,
    staggered,
)
from urbanecon.effects.routes import PRIMARIES, estimated, of_pilot, two_way_of_pilots
from urbanecon.effects.spec import Spec

ESSAY = "You Shibing and Ma Rui, on high-quality urban development"

CONSUMPTION_LAST_YEAR = 2017
"""Consumption of 2018 grows by one rate in every province, as the audit's rule of common growth
tells: no province reported it."""

PROGRAMMES = ("broadband_pilot", "low_carbon_pilot")
"""Other programmes of the same years: given by other ministries, so not moved by the pilot."""

INDUSTRY = Claim(
    id="L1",
    name="industry",
    words_en="Urbanization improves the industrial system, and through it growth and air",
    words_zh="优化产业体系：城镇化促进产业结构升级与合理化",
    essay=ESSAY,
    outcomes=(
        Outcome("upgrading", 1),
        Outcome(
            "rationalisation",
            -1,
            reason="smaller is more rational; staff of urban units only, to 2019",
        ),
    ),
)
CONSUMPTION = Claim(
    id="L2",
    name="consumption",
    words_en="Urbanization raises consumer demand, and through it growth",
    words_zh="扩大消费需求：城镇化提高人均消费",
    essay=ESSAY,
    outcomes=(
        Outcome(
            "ln_retail_sales_pc",
            1,
            last_year=RETAIL_LAST_YEAR,
            reason="a source of tier C, equal to a second compilation in nine of ten cells of "
            "2004-2012; revised from 2019 on",
        ),
        Outcome(
            "ln_consumption_pc_province",
            1,
            unit="province",
            last_year=CONSUMPTION_LAST_YEAR,
            reason="no source observes household consumption by city; 2018 is extrapolated",
        ),
    ),
)
GOVERNANCE = Claim(
    id="L3",
    name="governance",
    words_en="Urbanization strengthens urban governance, and digital and low-carbon programmes "
    "strengthen urbanization",
    words_zh="提升城市治理：智慧城市、数字基础设施与低碳试点",
    essay=ESSAY,
    outcomes=(Outcome("fiscal_effort", 1),),
)
LEVERS: dict[str, Claim] = {claim.id: claim for claim in (INDUSTRY, CONSUMPTION, GOVERNANCE)}


def as_outcome(claim: Claim) -> tuple[Spec, ...]:
    """What the pilot does to the lever: two-way, event study, staggered designs."""
    return (*two_way_of_pilots(claim), *event_studies(claim), *staggered(claim))


def _through(claim: Claim, mediator: str, *moved: Outcome) -> tuple[Spec, ...]:
    return tuple(of_pilot(claim, outcome, "mediation", mediator) for outcome in moved)


GROWTH, AIR = growth.CLAIM.primary, ecology.CLAIM.primary

SPECS: dict[str, tuple[Spec, ...]] = {
    "L1": (
        *as_outcome(INDUSTRY),
        *_through(INDUSTRY, "rationalisation", GROWTH, AIR),
    ),
    "L2": (
        *as_outcome(CONSUMPTION),
        *_through(CONSUMPTION, "ln_consumption_pc_province", GROWTH),
    ),
    "L3": (
        *as_outcome(GOVERNANCE),
        *(of_pilot(GOVERNANCE, outcome, "twfe").but(controls=PROGRAMMES) for outcome in PRIMARIES),
        *(
            of_pilot(GOVERNANCE, outcome, "moderation", programme)
            for outcome in PRIMARIES
            for programme in PROGRAMMES
        ),
    ),
}
"""Equations of each lever that no effect has."""

EVIDENCE: Mapping[str, tuple[Spec, ...]] = {
    "L1": tuple(
        spec
        for module in (growth, ecology)
        for spec in estimated(module.SPECS, "mediation", through="upgrading")
    ),
    "L2": tuple(estimated(growth.SPECS, "mediation", through="ln_retail_sales_pc")),
    "L3": (),
}
"""Equations of the effects that each lever cites."""
