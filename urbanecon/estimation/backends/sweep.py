"""Unit and period effects out of panels that are only seen through group-bys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.backends.passes import Passes, Survey
from urbanecon.estimation.gram import absorbed_columns
from urbanecon.estimation.sample import Floats, Mask

TOLERANCE = 1e-12
"""Share of a variable's length within units that a further alternation may still take out."""
MOST_ALTERNATIONS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """The effects of each variable: z - by_unit - by_period has neither.

    Attributes
    ----------
    by_unit, by_period
        Effects, U x V and T x V.
    alternations
        Alternations after the closed form; 0 in a balanced panel.
    spread, centre
        Sum of squares of each variable about its mean, and the mean, length V.
    """

    by_unit: Floats
    by_period: Floats
    alternations: int
    spread: Floats
    centre: Floats

    def absorbed(self, inside: Floats, weight: float) -> Mask:
        """Variables of which only rounding is left, given their sums of squares within."""
        return absorbed_columns(inside, self.spread, self.centre, weight)


def sweep(passes: Passes, survey: Survey) -> Effects:
    """Unit and period effects of every variable by group means.

    Closed form where the panel is balanced: period means of what the unit means
    leave. Where it is not, that is the start of alternating projections (group
    means by unit, then by period), with the steps of conjugate gradients
    (Hernandez-Ramos, Escalante and Raydan 2011, "Unconstrained optimization
    techniques for the acceleration of alternating projection methods"): the
    normal equations of the period effects, (D - W'U^-1 W) d = r, are solved
    without ever being formed. Each alternation is one pass by unit and one by
    period that read keys and weights alone.

    Raises
    ------
    EstimationError
        500 alternations were not enough.
    """
    weight_u = survey.weight[:, None]
    centre = (weight_u * survey.mean).sum(axis=0) / weight_u.sum()
    weight, moved, squares = passes.period_sums(survey.mean)
    spread = squares + (weight_u * (survey.mean - centre) ** 2).sum(axis=0)
    moves = ~absorbed_columns(squares, spread, centre, float(weight_u.sum()))
    right = moved[:, moves] - weight[:, None] * (moved[:, moves].sum(axis=0) / weight.sum())
    # means of a variable far from zero are only known to its own rounding
    level = (spread + weight.sum() * centre**2)[moves]
    enough = np.maximum(TOLERANCE**2 * squares[moves], (4 * np.finfo(float).eps) ** 2 * level)

    d, unit_means, steps = _alternate(passes, survey.weight[:, None], weight, right, enough)
    by_unit, by_period = survey.mean.copy(), np.zeros((len(weight), len(moves)))
    by_unit[:, moves] -= unit_means
    by_period[:, moves] = d
    return Effects(by_unit, by_period, steps, spread, centre)


def _alternate(
    passes: Passes, weight_u: Floats, weight: Floats, right: Floats, enough: Floats
) -> tuple[Floats, Floats, int]:
    """Period effects, their unit means, and the alternations it took.

    Parameters
    ----------
    weight_u, weight
        Weights of the units, U x 1, and of the periods, length T.
    right
        r, T x M.
    enough
        What may be left of each variable, squared, length M.
    """

    def project(d: Floats) -> tuple[Floats, Floats]:
        means = passes.sums_by_unit(d) / weight_u
        return means, passes.sums_by_period(means)

    d = right / weight[:, None]
    unit_means, left = project(d)  # what the closed form has left
    direction, before = np.zeros_like(d), np.zeros(d.shape[1])
    for steps in range(MOST_ALTERNATIONS):
        scaled = left / weight[:, None]
        now = (left * scaled).sum(axis=0)
        moving = now > enough
        if not moving.any():
            return d, unit_means, steps
        # a variable that is done stands still
        direction = np.where(moving, scaled + direction * _ratio(now, before), 0.0)
        means, back = project(direction)
        image = weight[:, None] * direction - back
        pace = np.where(moving, _ratio(now, (direction * image).sum(axis=0)), 0.0)
        d, unit_means = d + pace * direction, unit_means + pace * means
        left, before = left - pace * image, now
    raise EstimationError(
        f"the effects were not found in {MOST_ALTERNATIONS} alternations: units and periods hang "
        "together by too few rows; leave out units with very few rows"
    )


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
