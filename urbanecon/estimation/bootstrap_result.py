"""What a wild bootstrap is asked and what it found."""

from __future__ import annotations

import math
import warnings as python_warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from urbanecon.errors import EstimationError, EstimationWarning, UnknownNameError, did_you_mean
from urbanecon.estimation.bootstrap_draws import DRAWS, WeightLaw, Weights
from urbanecon.estimation.bootstrap_intervals import TAILS, Tail
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.sample import Floats


@dataclass(frozen=True, slots=True)
class Wild:
    """How a wild bootstrap is drawn and read.

    Attributes
    ----------
    law
        "rademacher", "webb" or "mammen"; see `bootstrap_draws.Weights`.
    restricted
        Whether residuals satisfy the null hypothesis: WCR, the better test
        (Cameron, Gelbach and Miller 2008), or WCU.
    draws
        Draws; fewer where all 2^G vectors of Rademacher weights are no more.
    seed
        Seed or generator of the weights.
    tail
        "symmetric" or "equal-tailed" p-values and intervals.
    level
        Confidence level of the interval.

    Raises
    ------
    UnknownNameError
        The tail is not known.
    EstimationError
        A level outside (0, 1).
    """

    law: WeightLaw = "rademacher"
    restricted: bool = True
    draws: int = DRAWS
    seed: int | np.random.Generator = 0
    tail: Tail = "symmetric"
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.tail not in TAILS:
            raise UnknownNameError(
                f"unknown tail {self.tail!r}.{did_you_mean(self.tail, TAILS)} "
                f"Known: {', '.join(map(repr, TAILS))}"
            )
        if not 0 < self.level < 1:
            raise EstimationError(f"the level must lie between 0 and 1, found {self.level}")


@dataclass(frozen=True, eq=False)
class WildBootstrap:
    """A wild bootstrap test of one coefficient (t) or several (F).

    Attributes
    ----------
    outcome, terms
        What was tested in which equation.
    estimates, values
        Coefficients and the values they have under the null hypothesis.
    statistic
        t = (b - r) / se, or F = (b - r)'V^-1 (b - r) / q.
    p
        Share of the draws that are more extreme; see `bootstrap_intervals`.
    level, tail
        Of the interval; of p and interval. F has one tail.
    draws, enumerated
        Vectors of weights taken, and whether they are all there are.
    law, restricted
        Law of the weights; whether residuals satisfy the null hypothesis.
    clusters
        Number of clusters of the statistic by dimension.
    drawn_by, drawn_clusters
        What gets one weight, and how many there are.
    unusable
        Draws without a positive variance, left out of p.
    distribution
        Statistics of the draws, length B, in the order of the weights.
    warnings
        Caveats in words.
    inverted
        Finds `interval`.
    """

    outcome: str
    terms: tuple[str, ...]
    estimates: tuple[float, ...]
    values: tuple[float, ...]
    statistic: float
    p: float
    level: float
    tail: Tail
    draws: int
    enumerated: bool
    law: WeightLaw
    restricted: bool
    clusters: Mapping[str, int]
    drawn_by: str
    drawn_clusters: int
    unusable: int
    distribution: Floats
    warnings: tuple[str, ...]
    inverted: Callable[[], tuple[float, float]]

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Null values that are not rejected, by the same draws; NaN for several coefficients.

        Found when first asked for, since it takes more than the test itself.

        Warns
        -----
        EstimationWarning
            An end is infinite: no distant value is rejected.
        """
        ends = self.inverted()
        if any(map(math.isinf, ends)):
            python_warnings.warn(
                f"{self.outcome}: the interval is unbounded: no distant value of the coefficient "
                "is rejected",
                EstimationWarning,
                stacklevel=2,
            )
        return ends

    @property
    def words(self) -> str:
        """The inference in words, for the note of a table."""
        draws = f"all {self.draws:,} draws" if self.enumerated else f"{self.draws:,} draws"
        by = " and ".join(f"{name} ({n})" for name, n in self.clusters.items())
        words = (
            f"wild cluster bootstrap, {'restricted' if self.restricted else 'unrestricted'}, "
            f"{self.law.title()} weights, {draws}, clustered by {by}, CRV1"
        )
        if self.drawn_by not in self.clusters or len(self.clusters) > 1:
            words += f", weights by {self.drawn_by} ({self.drawn_clusters})"
        return words if len(self.terms) > 1 else f"{words}, {self.tail}"

    def diagnostic(self) -> Diagnostic:
        """Return the test as it is shown with a fit."""
        null = ", ".join(f"{t} = {r:g}" for t, r in zip(self.terms, self.values, strict=True))
        return Diagnostic(f"wild bootstrap test of {null}", self.statistic, (), self.p, self.words)


def notes_on(weights: Weights, drawn_by: str, unusable: int) -> tuple[str, ...]:
    """Caveats of a bootstrap in words."""
    notes = []
    if weights.few:
        notes.append(
            f"with {weights.clusters} clusters of {drawn_by} {weights.law} weights give only "
            f"{2**weights.clusters} different draws; use webb"
        )
    if unusable:
        notes.append(
            f"{unusable} of {weights.draws} draws have no positive variance and are left out of p"
        )
    return tuple(notes)
