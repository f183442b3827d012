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
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Ruling = Literal["supported", "contradicted", "mixed", "not supported", "not estimable"]

LEVEL = 0.05
BREAKDOWN = 0.5
SHARE, MEDIAN_P = 0.75, 0.10


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rule reads of a claim's primary outcome; NaN where there is none.

    Attributes
    ----------
    expected_sign
        1 or -1.
    s1, s1_p
        Estimate by two-way fixed effects and its p-value, adjusted across the
        outcomes of the claim.
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
        Whether the treatment is adopted at some time, so that S2 applies.
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
class Verdict:
    """A ruling, and the conditions of "supported" that do not hold."""

    ruling: Ruling
    unmet: tuple[str, ...] = ()


def rule(found: Findings) -> Verdict:
    """Apply the rule of this module.

    A condition whose number is missing is not met: what was not tested supports
    nothing.
    """
    if math.isnan(found.s1) and math.isnan(found.s2):
        return Verdict("not estimable", ("the primary outcome could not be estimated",))
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


def rule_family(tests: Sequence[tuple[int, float, float]]) -> Verdict:
    """Judge a claim about several effects by one coefficient in each.

    Supported when all have the claimed sign with p < 0.05, contradicted when all
    have the opposite one, mixed when some are significant, not supported when
    none is.

    Parameters
    ----------
    tests
        Expected sign, estimate and p-value, adjusted for their number.
    """
    if not tests:
        return Verdict("not estimable", ("none of its equations could be estimated",))
    agree = [significant(estimate, p, sign) for sign, estimate, p in tests]
    oppose = [significant(estimate, p, -sign) for sign, estimate, p in tests]
    if all(agree):
        return Verdict("supported")
    missing = (f"{sum(agree)} of {len(tests)} coefficients are significant with the claimed sign",)
    if all(oppose):
        return Verdict("contradicted", missing)
    return Verdict("mixed" if any(agree) or any(oppose) else "not supported", missing)


def unmet(found: Findings, sign: int) -> tuple[str, ...]:
    """Conditions of "supported" for an effect of `sign` that do not hold, with their numbers."""
    missing = []
    if not (significant(found.s1, found.s1_p, sign) or significant(found.s2, found.s2_p, sign)):
        missing.append(
            f"neither S1 (p {_p(found.s1_p)}) nor S2 (p {_p(found.s2_p)}) is significant with "
            "that sign"
        )
    if found.staggered:
        if not found.leads_p >= LEVEL:
            missing.append(f"leads are rejected or untested (p {_p(found.leads_p)})")
        if not found.breakdown >= BREAKDOWN:
            missing.append(
                f"zero enters the bounds at Mbar {_number(found.breakdown)}, below {BREAKDOWN}"
            )
    share = found.share if sign == found.expected_sign else 1 - found.share
    if not share >= SHARE:
        missing.append(f"{_percent(share)} of the multiverse has that sign, below {SHARE:.0%}")
    if not found.median_p < MEDIAN_P:
        missing.append(f"the median p of the multiverse is {_p(found.median_p)}")
    return tuple(missing)


def significant(estimate: float, p: float, sign: int) -> bool:
    """Whether an estimate has a sign at 5 percent."""
    return bool(p < LEVEL and estimate * sign > 0)


def _p(value: float) -> str:
    if math.isnan(value):
        return "not available"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _number(value: float) -> str:
    return "not available" if math.isnan(value) else f"{value:.2f}"


def _percent(value: float) -> str:
    return "an unknown share" if math.isnan(value) else f"{value:.0%}"
