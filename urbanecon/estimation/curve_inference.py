"""Joint inference for a specification curve by permuting adoption paths.

Simonsohn, Simmons and Nelson (2020, "Specification curve analysis", Nature Human
Behaviour 4: 1208-1214): the specifications of a curve are too alike for their p
values to be added up, so the whole curve is run again on data in which the
treatment is known to do nothing. Here whole adoption paths change hands between
cities, which leaves the timing of the programme and the dependence of each city's
outcomes over time as they are; every specification of a draw reads the same
permutation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.curve_paths import Curves
from urbanecon.estimation.curve_summary import SIGNIFICANT
from urbanecon.estimation.sample import Floats

TINY_P = 1e-300
"""Smallest p whose normal score is taken."""


@dataclass(frozen=True, slots=True)
class JointTest:
    """Whether a curve as a whole is more than chance.

    Attributes
    ----------
    statistic
        "median" (of estimates in standard deviations of the outcome), "share
        significant" (p < 0.05 and the claimed sign), "Stouffer Z" (sum of the
        signed normal scores of p over the root of their number).
    observed
        Positive where it agrees with the claim.
    p
        (1 + draws at least as large) / (1 + draws); in absolute value for the
        median and Z, for the share as it is.
    null_low, null_high
        2.5 and 97.5% quantiles over the draws.
    """

    statistic: str
    observed: float
    p: float
    null_low: float
    null_high: float


def joint_tests(curves: Curves, signs: Sequence[int]) -> tuple[JointTest, ...]:
    """Test the curve as a whole by its median, its significant share and Stouffer's Z.

    Parameters
    ----------
    curves
        What `run_paths` returns.
    signs
        Sign that the claim predicts for each specification.

    Raises
    ------
    EstimationError
        The number of signs is not that of specifications.
    """
    if len(signs) != curves.estimate.shape[1]:
        raise EstimationError(
            f"{len(signs)} signs for {curves.estimate.shape[1]} specifications; one each"
        )
    statistics = _statistics(curves, np.asarray(signs, dtype=np.float64))
    return tuple(
        _test(name, values, two_sided=name != "share significant")
        for name, values in statistics.items()
    )


def _statistics(curves: Curves, signs: Floats) -> Mapping[str, Floats]:
    """Each statistic by draw."""
    from scipy.special import ndtri

    effect = signs * curves.estimate / curves.outcome_sd
    known = np.isfinite(effect) & np.isfinite(curves.p)
    sure = known & (curves.p < SIGNIFICANT) & (effect > 0)
    score = np.sign(effect) * -ndtri(np.clip(curves.p, TINY_P, 1.0) / 2)
    count = np.maximum(known.sum(axis=1), 1)
    return {
        "median": np.nanmedian(np.where(known, effect, np.nan), axis=1),
        "share significant": sure.sum(axis=1) / count,
        "Stouffer Z": np.where(known, score, 0.0).sum(axis=1) / np.sqrt(count),
    }


def _test(name: str, values: Floats, *, two_sided: bool) -> JointTest:
    observed, null = values[0], values[1:]
    size = np.abs(null) if two_sided else null
    goal = abs(observed) if two_sided else observed
    # a draw that repeats what was observed must count, whatever its rounding
    extreme = int((size >= goal - 1e-12 * max(abs(goal), 1.0)).sum())
    low, high = np.quantile(null, [0.025, 0.975])
    return JointTest(
        name, float(observed), (1 + extreme) / (1 + len(null)), float(low), float(high)
    )
