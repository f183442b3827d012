"""Bootstrap test of the number of thresholds, with residuals drawn by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.estimation.sample import Codes, Floats, Mask
from urbanecon.estimation.threshold_profile import Outcomes, Profile
from urbanecon.estimation.threshold_search import Stage, positions, residuals_given, sequential


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Which units can lend their residuals to which.

    Hansen (1999, section 4) draws whole units of a balanced panel. Here a unit
    borrows from units that are observed in all periods that it is observed in
    (itself among them), period by period; in a balanced panel these are all
    units. A unit that could borrow only from itself keeps its own residuals,
    all with one random sign.

    Attributes
    ----------
    row
        Row of a unit in a period, U x T; -1 where there is none.
    lenders
        For each pattern of periods, the units that have it and those that can
        lend to them.
    unit, period
        Codes of each row, length n.
    """

    row: Codes
    lenders: tuple[tuple[Codes, Codes], ...]
    unit: Codes
    period: Codes

    @classmethod
    def of(cls, unit: Codes, period: Codes) -> Blocks:
        """Arrange rows by unit and period."""
        row = np.full((int(unit.max()) + 1, int(period.max()) + 1), -1, dtype=np.int64)
        row[unit, period] = np.arange(len(unit))
        present = row >= 0
        patterns, which = np.unique(present, axis=0, return_inverse=True)
        lenders = tuple(
            (
                np.flatnonzero(which.ravel() == k),
                np.flatnonzero(present[:, pattern].all(axis=1)),
            )
            for k, pattern in enumerate(patterns)
        )
        return cls(row, lenders, unit, period)

    @property
    def alone(self) -> Mask:
        """Units that can borrow from nobody else, length U."""
        alone = np.zeros(len(self.row), dtype=bool)
        for members, others in self.lenders:
            alone[members] = len(others) == 1
        return alone

    def draw(self, residuals: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap errors, n x draws."""
        lender = np.empty((len(self.row), draws), dtype=np.int64)
        for members, others in self.lenders:
            lender[members] = others[rng.integers(len(others), size=(len(members), draws))]
        errors = residuals[self.row[lender[self.unit], self.period[:, None]]]
        alone = self.alone
        if alone.any():
            signs = np.ones((len(self.row), draws))
            signs[alone] = rng.integers(0, 2, size=(int(alone.sum()), draws)) * 2.0 - 1
            errors = errors * signs[self.unit]
        return np.asarray(errors)


def bootstrap_tests(
    profile: Profile,
    outcome: Floats,
    stages: Sequence[Stage],
    trims: Sequence[float],
    blocks: Blocks,
    *,
    rows: float,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """F statistics of each number of thresholds under one threshold less, draws x count.

    A bootstrap outcome is the fit with one threshold less plus residuals of the
    model with the threshold, drawn by unit; regressors and threshold variable
    are held fixed (Hansen 1999, sections 4 and 5). Every draw repeats the whole
    sequential search.

    Parameters
    ----------
    outcome
        The outcome, effects and base regressors out, length of the rows used.
    stages
        What `sequential` found for it.
    rows
        The factor of F.
    """
    data = profile.outcomes(outcome[:, None])
    count = positions(stages).shape[1]
    statistics = np.empty((draws, count))
    for k in range(1, count + 1):
        found = [stage for stage in stages if _within(stage, k)]
        null = positions([s for s in stages if _within(s, k - 1)]) if k > 1 else None
        errors = blocks.draw(residuals_given(profile, outcome, data, positions(found)), draws, rng)
        drawn = profile.outcomes(profile.projection.of_errors(errors))
        if null is not None:
            drawn = _plus_fit(profile, drawn, profile.coefficients(data, null)[0], null[0])
        last = next(s for s in sequential(profile, drawn, k, trims) if s.name == str(k))
        statistics[:, k - 1] = last.test(rows)
    return statistics


def _within(stage: Stage, count: int) -> bool:
    """Whether a stage belongs to the search of `count` thresholds."""
    return max(int(name) for name in stage.name.split(" given ")) <= count


def _plus_fit(profile: Profile, drawn: Outcomes, b: Floats, held: Codes) -> Outcomes:
    """Add L(held) b to every outcome, from the products alone.

    Parameters
    ----------
    b
        Coefficients, s x p, of the thresholds at `held`, length s.
    """
    fit = np.einsum("gpsq,sq->gp", profile.gram[:, :, held, :], b)
    total = (
        drawn.total
        + 2 * np.einsum("bsp,sp->b", drawn.right[:, held], b)
        + float(np.sum(fit[held] * b))
    )
    return Outcomes(drawn.right + fit, np.asarray(total))
