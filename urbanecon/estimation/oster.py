"""Selection on unobservables proportional to that on observables: Oster (2019).

Outcome y, treatment x, an index of controls and an index of what is not
observed, the two orthogonal. With b, R2 the estimate and fit without the
controls, b~, R2~ those with them, t the variation of x that the controls leave,
and v = b~ - b* the bias left, proportional selection with factor d means

    (1 - d)(t s_x - t^2) v^3 + (2 - d) t s_x (b - b~) v^2
    + [(R~ - R) s_y t + s_x t (b - b~)^2 - d (Rmax - R~) s_y (s_x - t)] v
    - d (Rmax - R~) s_y (b - b~) s_x = 0

(Proposition 2 and 3 of the paper, solved for either d or v): linear in d, a
cubic in v, a quadratic when d is one. Fixed effects and controls that always
stand in the equation are partialled out of all variables first, so that R2 and
Rmax are within them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.omitted_bounds import squares_left
from urbanecon.estimation.sample import Floats

RMAX_FACTOR = 1.3
"""Rmax is at most one and this many times R2 with controls (section 4.2 of the paper)."""
NO_MOVEMENT = 1e-12


@dataclass(frozen=True, slots=True)
class Selection:
    """What the two regressions say.

    Attributes
    ----------
    beta_short, beta
        Estimates without and with the controls in question.
    r2_short, r2
        Their R2, within the effects and the controls that always stay.
    outcome_squares, treatment_squares, treatment_left
        Sums of squares within: of the outcome; of the treatment; of the
        treatment once the controls are out.

    Raises
    ------
    EstimationError
        A number that is not finite, R2 of one, or controls that explain nothing.
    """

    beta_short: float
    beta: float
    r2_short: float
    r2: float
    outcome_squares: float
    treatment_squares: float
    treatment_left: float

    def __post_init__(self) -> None:
        values = (self.beta_short, self.beta, self.r2_short, self.r2)
        squares = (self.outcome_squares, self.treatment_squares, self.treatment_left)
        if not all(map(math.isfinite, (*values, *squares))) or min(squares) <= 0:
            raise EstimationError(
                f"the estimates {values} and sums of squares {squares} must be finite, the "
                "latter positive"
            )
        if not self.r2_short <= self.r2 < 1:
            raise EstimationError(
                f"R2 is {self.r2_short:.6g} without and {self.r2:.6g} with the controls; it must "
                "not fall with controls and must stay below one"
            )

    def r2_max(self, factor: float = RMAX_FACTOR) -> float:
        """min(factor x R2, 1)."""
        if not (math.isfinite(factor) and factor >= 1):
            raise EstimationError(f"Rmax must be at least R2: the factor is {factor}, below one")
        return min(factor * self.r2, 1.0)

    def delta(self, beta: float = 0.0, r2_max: float | None = None) -> float:
        """Proportionality at which the true effect would be `beta` (Proposition 3).

        Infinite when no selection of any strength gives `beta`.
        """
        constant, slope = self._in_delta(self.beta - beta, self._checked(r2_max))
        if slope == 0:
            return math.nan if constant == 0 else math.inf
        return constant / slope

    def roots(self, delta: float = 1.0, r2_max: float | None = None) -> Floats:
        """All real bias-adjusted effects, nearest to the controlled estimate first."""
        if not math.isfinite(delta):
            raise EstimationError(f"delta must be finite, found {delta}")
        unit = self._unit
        biases = np.roots(_trimmed(self._cubic(delta, self._checked(r2_max), unit)))
        real = biases.real[np.abs(biases.imag) <= 1e-7 * np.maximum(1.0, np.abs(biases))]
        return np.asarray(self.beta - unit * real[np.argsort(np.abs(real), kind="stable")])

    def beta_star(self, delta: float = 1.0, r2_max: float | None = None) -> float:
        """Bias-adjusted effect for selection of strength `delta` (Proposition 2).

        Root: among the real ones those that move on from the controlled
        estimate in the direction in which the controls moved it (assumption 3;
        the opposite direction when `delta` is negative); of these the nearest
        to the controlled estimate. When none moves so, the nearest real one.
        """
        roots = self.roots(delta, r2_max)
        onward = (roots - self.beta) * (self.beta - self.beta_short) * np.sign(delta) > 0
        if delta == 0:
            return self.beta
        chosen = roots[onward] if onward.any() else roots
        if not len(chosen):
            raise EstimationError(f"no effect is consistent with delta = {delta:g}")
        return float(chosen[0])

    @property
    def _unit(self) -> float:
        """Scale of effects in which the cubic is solved: spread of y over that of x."""
        return math.sqrt(self.outcome_squares / self.treatment_squares)

    def _checked(self, r2_max: float | None) -> float:
        value = self.r2_max() if r2_max is None else r2_max
        if not (math.isfinite(value) and self.r2 <= value <= 1 and value > 0):
            raise EstimationError(
                f"Rmax is {value}; it must be positive, at least R2 with the controls "
                f"({self.r2:.4g}), and at most one"
            )
        return value

    def _parts(self, r2_max: float, unit: float) -> tuple[float, float, float, float]:
        """Treatment's share left, movement, gain of R2, room of R2, all free of units."""
        left = self.treatment_left / self.treatment_squares
        return (
            left,
            (self.beta_short - self.beta) / unit,
            self.r2 - self.r2_short,
            r2_max - self.r2,
        )

    def _in_delta(self, bias: float, r2_max: float) -> tuple[float, float]:
        """Constant and slope of the equation in delta at a bias."""
        t, moved, gain, room = self._parts(r2_max, self._unit)
        v = bias / self._unit
        cube, square = v**3 * (t - t**2), v**2 * t * moved
        constant = v * gain * t + v * t * moved**2 + 2 * square + cube
        slope = room * moved + v * room * (1 - t) + square + cube
        return constant, slope

    def _cubic(self, delta: float, r2_max: float, unit: float) -> Floats:
        t, moved, gain, room = self._parts(r2_max, unit)
        return np.array(
            [
                (1 - delta) * (t - t**2),
                (2 - delta) * t * moved,
                gain * t + t * moved**2 - delta * room * (1 - t),
                -delta * room * moved,
            ]
        )


def selection(
    moments: Moments,
    outcome: str,
    treatment: str,
    controls: Sequence[str],
    always: Sequence[str] = (),
) -> Selection:
    """Both regressions from cluster moments.

    Parameters
    ----------
    controls
        Observed controls that stand for the unobserved ones.
    always
        Controls that both regressions keep, partialled out like the effects
        (`mcontrol` of psacalc).

    Raises
    ------
    UnknownNameError
        A variable is not in the moments.
    NotEstimableError
        The outcome or the treatment does not vary.
    EstimationError
        No control is named, or one stands in both lists.
    """
    twice = sorted(set(controls) & {*always, treatment, outcome})
    if not controls or twice:
        raise EstimationError(
            f"{', '.join(twice)} cannot be a control here too" if twice
            else "name at least one control whose selection is compared"
        )  # fmt: skip
    squares = squares_left(moments, outcome, always)
    short = ols(moments, outcome, [treatment, *always], treatment)
    full = ols(moments, outcome, [treatment, *always, *controls], treatment)
    return Selection(
        beta_short=float(short.params[0]),
        beta=float(full.params[0]),
        r2_short=1 - short.rss / squares,
        r2=1 - full.rss / squares,
        outcome_squares=squares,
        treatment_squares=squares_left(moments, treatment, always),
        treatment_left=squares_left(moments, treatment, [*always, *controls]),
    )


def selection_table(
    found: Selection,
    deltas: Sequence[float] = (1.0,),
    factors: Sequence[float] = (RMAX_FACTOR, 1.5, 2.0),
) -> pd.DataFrame:
    """Bias-adjusted effects over strengths of selection and Rmax.

    Returns
    -------
    DataFrame
        factor, r2_max, delta, beta_star, onward (the root moves as assumption 3
        says), roots (number of real ones), delta_zero (strength that would
        bring the effect to zero at this Rmax), low and high (the identified
        set between the controlled and the adjusted estimate).

    Raises
    ------
    EstimationError
        No delta or factor is named, or one is impossible.
    """
    if not len(deltas) or not len(factors):
        raise EstimationError("name at least one delta and one factor of Rmax")
    rows = []
    for factor, delta in product(factors, deltas):
        r2_max = found.r2_max(factor)
        star = found.beta_star(delta, r2_max)
        moved = (star - found.beta) * (found.beta - found.beta_short) * np.sign(delta)
        rows.append(
            {
                "factor": factor,
                "r2_max": r2_max,
                "delta": delta,
                "beta_star": star,
                "onward": bool(moved >= 0),
                "roots": len(found.roots(delta, r2_max)),
                "delta_zero": found.delta(0.0, r2_max),
                "low": min(star, found.beta),
                "high": max(star, found.beta),
            }
        )
    return pd.DataFrame(rows)


def _trimmed(coefficients: Floats) -> Floats:
    """Without leading coefficients that are zero to rounding."""
    largest = np.abs(coefficients).max()
    if largest <= NO_MOVEMENT:
        return np.array([1.0, 0.0])
    first = int(np.argmax(np.abs(coefficients) > NO_MOVEMENT * largest))
    return coefficients[first:]
