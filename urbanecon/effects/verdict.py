"""The verdict on a claim, by a rule that was fixed before any estimate was seen.

supported
    The primary outcome has the claimed sign with p < 0.05, adjusted for the
    outcomes of the claim, by S1 (two-way fixed effects) or S2 (group-time
    effects); where S2 applies, leads are not rejected at 5 percent and the
    HonestDiD breakdown Mbar is at least 0.5; and at least 75 percent of the
    multiverse has the sign, with a median p below 0.10.
contradicted
    The same with the opposite sign.
mixed
    Something is significant, but not all of that holds.
not supported
    Nothing is.
not estimable
    The data are missing; they are named.

A claim about several effects, or with several tests, needs each of them to fulfil all
conditions (`rule_family`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Ruling = Literal["supported", "contradicted", "mixed", "not supported", "not estimable"]
Condition = Literal[
    "estimate", "strategies", "coefficient", "leads", "bounds", "share", "median_p"
]
"""That there is an estimate; that S1 or S2, or the coefficient where S2 does not apply, is
significant with the sign; leads; bounds; share of the multiverse; its median p."""

LEVEL = 0.05
BREAKDOWN = 0.5
SHARE, MEDIAN_P = 0.75, 0.10


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rule reads of one test of a claim; NaN where there is none.

    Attributes
    ----------
    expected_sign
        1 or -1.
    s1, s1_p
        Estimate by two-way fixed effects, or the other coefficient that is tested, and
        its p-value, adjusted across the outcomes of the claim.
    s2, s2_p
        The same by group-time effects.
    leads_p
        Joint test of the leads.
    breakdown
        Largest Mbar whose set leaves out zero.
    share, median_p
        Share of the multiverse with the claimed sign, and its median p.
    secondary
        Outcomes beside the primary one that are significant, adjusted.
    staggered
        Whether what is tested is adopted at some time, so that S2 applies: the pilot is,
        its product with a moderator and its spillover are not.
    """

    expected_sign: int
    s1: float = math.nan
    s1_p: float = math.nan
    s2: float = math.nan
    s2_p: float = math.nan
    leads_p: float = math.nan
    breakdown: float = math.nan
    share: float = math.nan
    median_p: float = math.nan
    secondary: tuple[str, ...] = ()
    staggered: bool = True


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition of "supported" that does not hold, with its numbers; words are the reader's.

    Attributes
    ----------
    condition
        Which one.
    numbers
        What was found, by name; NaN where it was not tested.
    test
        Which test of a claim with several; empty where there is one.
    """

    condition: Condition
    numbers: Mapping[str, float] = field(default_factory=dict)
    test: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A ruling, and the conditions of "supported" that do not hold."""

    ruling: Ruling
    unmet: tuple[Unmet, ...] = ()


def rule(found: Findings) -> Verdict:
    """Apply the rule of this module.

    A condition whose number is missing is not met: what was not tested supports
    nothing.
    """
    if math.isnan(found.s1) and math.isnan(found.s2):
        return Verdict("not estimable", (Unmet("estimate"),))
    claimed, opposite = unmet(found, found.expected_sign), unmet(found, -found.expected_sign)
    if not claimed:
        return Verdict("supported")
    if not opposite:
        return Verdict("contradicted", claimed)
    somewhere = (
        found.s1_p < LEVEL
        or found.s2_p < LEVEL
        or bool(found.secondary)
        or (found.median_p < MEDIAN_P and max(found.share, 1 - found.share) >= SHARE)
    )
    return Verdict("mixed" if somewhere else "not supported", claimed)


def rule_family(tests: Mapping[str, Findings]) -> Verdict:
    """Judge a claim by several tests, each by `rule`.

    Supported when each test is, contradicted when each is, mixed when something is
    significant in one of them, not supported when nothing is. A test that could not be
    made supports nothing.

    Parameters
    ----------
    tests
        Findings by name of the test; p-values adjusted for their number.
    """
    verdicts = {name: rule(found) for name, found in tests.items()}
    rulings = [verdict.ruling for verdict in verdicts.values()]
    if all(ruling == "not estimable" for ruling in rulings):
        return Verdict("not estimable", (Unmet("estimate"),))
    missing = tuple(replace(u, test=name) for name, v in verdicts.items() for u in v.unmet)
    for whole in ("supported", "contradicted"):
        if all(ruling == whole for ruling in rulings):
            return Verdict(whole, missing)
    nothing = all(ruling in ("not supported", "not estimable") for ruling in rulings)
    return Verdict("not supported" if nothing else "mixed", missing)


def unmet(found: Findings, sign: int) -> tuple[Unmet, ...]:
    """Conditions of "supported" for an effect of `sign` that do not hold, with their numbers."""
    missing = []
    if not (significant(found.s1, found.s1_p, sign) or significant(found.s2, found.s2_p, sign)):
        missing.append(_insignificant(found))
    if found.staggered:
        if not found.leads_p >= LEVEL:
            missing.append(Unmet("leads", {"p": found.leads_p}))
        if not found.breakdown >= BREAKDOWN:
            missing.append(Unmet("bounds", {"mbar": found.breakdown}))
    share = found.share if sign == found.expected_sign else 1 - found.share
    if not share >= SHARE:
        missing.append(Unmet("share", {"share": share}))
    if not found.median_p < MEDIAN_P:
        missing.append(Unmet("median_p", {"p": found.median_p}))
    return tuple(missing)


def _insignificant(found: Findings) -> Unmet:
    if not found.staggered:
        return Unmet("coefficient", {"p": found.s1_p})
    return Unmet("strategies", {"s1": found.s1_p, "s2": found.s2_p})


def significant(estimate: float, p: float, sign: int) -> bool:
    """Whether an estimate has a sign at 5 percent."""
    return bool(p < LEVEL and estimate * sign > 0)
