"""What each verdict rests on, as data: the tests of every row of the ledger.

Effects, levers and R3 are judged by the pilot's effect on their primary outcome. Three
routes say something else. R1 is about how every effect differs with citizenization and
R2 about what every effect does to neighbours: one coefficient in the primary equation of
each effect. R4 is both tests that the claims name for it: the pilot's effect on the gap,
which is that of E4 and cited, and a threshold in the urban share beyond which the pilot
does more. A claim of several tests needs all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from urbanecon.effects import CLAIMS, ROWS
from urbanecon.effects.claim import Outcome
from urbanecon.effects.spec import Design


@dataclass(frozen=True, slots=True)
class Criterion:
    """One number that a verdict rests on.

    Attributes
    ----------
    row
        Row of the ledger whose evidence and multiverse hold it: another's if it is cited.
    of
        Row whose outcome it is about.
    outcome
        The primary outcome of that row.
    design
        "twfe" for the pilot's effect by S1 and S2; "moderation" for the product with
        `through`; "durbin" for the indirect effect; "threshold" for the slope above less
        that below a threshold in `through`.
    through
        Moderator or threshold variable.
    """

    row: str
    of: str
    outcome: Outcome
    design: Design = "twfe"
    through: str = ""

    @property
    def staggered(self) -> bool:
        """Whether strategy S2 applies: only an effect of the pilot itself has its dates."""
        return self.design == "twfe"


def _of_effects(row: str, design: Design, through: str = "") -> tuple[Criterion, ...]:
    """One test on the primary outcome of each effect."""
    return tuple(
        Criterion(row, effect, CLAIMS[effect].primary, design, through) for effect in CLAIMS
    )


CRITERIA: Mapping[str, tuple[Criterion, ...]] = {
    **{row: (Criterion(row, row, claim.primary),) for row, claim in ROWS.items()},
    "R1": _of_effects("R1", "moderation", "citizenization"),
    "R2": _of_effects("R2", "durbin"),
    "R4": (
        Criterion("E4", "E4", CLAIMS["E4"].primary),
        Criterion("R4", "E4", CLAIMS["E4"].primary, "threshold", "urban_share_benchmarked"),
    ),
}
"""Tests of each row, in the order of the ledger."""

RESAMPLED = tuple(
    row
    for row, tests in CRITERIA.items()
    if any(test.row == row and test.design in ("twfe", "moderation") for test in tests)
)
"""Rows with linear coefficients of their own, for which there is inference by resampling."""
