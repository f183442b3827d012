"""Thresholds found one after another on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.estimation.least_squares import times
from urbanecon.estimation.sample import Codes, Floats
from urbanecon.estimation.threshold_profile import Outcomes, Profile


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One search over the grid, for every outcome.

    Attributes
    ----------
    name
        Which threshold was searched: "1", "2", "1 given 2", "3".
    ssr
        Sums of squares by candidate, B x G.
    null
        Sum of squares without the threshold searched, length B.
    """

    name: str
    ssr: Floats
    null: Floats

    @property
    def best(self) -> Codes:
        """Position of the least sum of squares, length B."""
        return np.asarray(np.argmin(self.ssr, axis=1), dtype=np.int64)

    @property
    def least(self) -> Floats:
        """The least sum of squares, length B."""
        return np.asarray(np.min(self.ssr, axis=1))

    def test(self, rows: float) -> Floats:
        """F = rows (S0 - S1) / S1 of the threshold searched, length B; 0 without a candidate."""
        found = np.isfinite(self.least)
        least = np.where(found, self.least, 1.0)
        return np.where(found, rows * (self.null - least) / least, 0.0)


def sequential(
    profile: Profile, outcomes: Outcomes, count: int, trims: Sequence[float]
) -> list[Stage]:
    """Search one to three thresholds one after another (Hansen 1999, section 5).

    The second is searched given the first; the first again given the second
    (Bai 1997: only then is it as precise as if the second were known); the
    third given these two.
    """
    none = np.empty((len(outcomes.total), 0), dtype=np.int64)
    stages = [Stage("1", profile.sums_of_squares(outcomes, none, trims[0]), outcomes.total)]
    if count >= 2:
        held = stages[0].best[:, None]
        ssr = profile.sums_of_squares(outcomes, held, trims[1])
        stages.append(Stage("2", ssr, stages[0].least))
        held = stages[1].best[:, None]
        ssr = profile.sums_of_squares(outcomes, held, trims[1])
        at_second = stages[0].ssr[np.arange(len(held)), held[:, 0]]
        stages.append(Stage("1 given 2", ssr, at_second))
    if count >= 3:
        held = positions(stages)
        ssr = profile.sums_of_squares(outcomes, held, trims[2])
        stages.append(Stage("3", ssr, stages[2].least))
    return stages


def positions(stages: Sequence[Stage]) -> Codes:
    """Positions of the thresholds found, in the order of the search, B x s."""
    found = {stage.name[0]: stage.best for stage in stages}
    return np.column_stack([found[name] for name in sorted(found)])


def residuals_given(profile: Profile, outcome: Floats, outcomes: Outcomes, held: Codes) -> Floats:
    """Residuals of the model with the held thresholds, length of the rows used.

    Parameters
    ----------
    outcome
        The one outcome of `outcomes`, effects and base regressors out.
    held
        Positions, 1 x s.
    """
    b = profile.coefficients(outcomes, held).ravel()
    return outcome - times(profile.columns(held[0]), b)
