"""What a randomization test is asked and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from urbanecon.errors import UnknownNameError, did_you_mean
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.randomization_paths import Exchange, Paths
from urbanecon.estimation.sample import Floats

Statistic = Literal["t", "coefficient"]

DRAWS = 9_999
TIE = 1e-9
"""Statistics nearer than this share are equal: a path may return to its own city."""
FEW = 20
"""Assignments below which p cannot reach 0.05."""
NAME = 40


@dataclass(frozen=True, slots=True)
class Permutations:
    """How paths are handed out and compared.

    Attributes
    ----------
    statistic
        "t": studentised by CRV1, in large samples a test of
        no mean effect as well; or "coefficient".
    draws
        Permutations; all distinct assignments once, where they are no more.
    seed
        Seed or generator.
    exchange
        Between which units of a stratum paths are read to move: "all" or "same
        years"; see `randomization_paths.treatment_paths`. Paths read before say so
        themselves.

    Raises
    ------
    UnknownNameError
        The statistic or the exchange is not known.
    """

    statistic: Statistic = "t"
    draws: int = DRAWS
    seed: int | np.random.Generator = 0
    exchange: Exchange = "all"

    def __post_init__(self) -> None:
        for value, known in (
            (self.statistic, get_args(Statistic)),
            (self.exchange, get_args(Exchange)),
        ):
            if value not in known:
                raise UnknownNameError(
                    f"unknown choice {value!r}.{did_you_mean(value, known)} "
                    f"Known: {', '.join(map(repr, known))}"
                )


@dataclass(frozen=True, slots=True, eq=False)
class RandomizationTest:
    """Test of no effect on anybody, by permuted paths.

    Attributes
    ----------
    outcome, treatment
        The equation.
    estimate
        Coefficient of the treatment.
    statistic, observed
        "t" or "coefficient", and its value.
    p
        #{|s*| >= |s|} / B over all assignments, the observed one included; with
        random ones (1 + #{|s*| >= |s|}) / (B + 1), exact for any B (Phipson and
        Smyth 2010).
    draws, enumerated
        Assignments taken, and whether they are all there are.
    possible
        Distinct assignments there are.
    exchange, strata, n_strata
        Between whom paths move; `strata` is empty without any.
    kept
        Units of strata in which no other assignment is possible.
    clusters, clustered_by
        Of the t statistic.
    undefined
        Assignments for which the statistic cannot be computed; they count as
        more extreme.
    coefficients, distribution
        Coefficients and statistics of the draws, length B.
    warnings
        Caveats in words.
    """

    outcome: str
    treatment: str
    estimate: float
    statistic: Statistic
    observed: float
    p: float
    draws: int
    enumerated: bool
    possible: int
    exchange: Exchange
    strata: str
    n_strata: int
    kept: int
    clusters: int
    clustered_by: str
    undefined: int
    coefficients: Floats
    distribution: Floats
    warnings: tuple[str, ...]

    @property
    def words(self) -> str:
        """The inference in words, for the note of a table."""
        draws = f"all {self.draws:,}" if self.enumerated else f"{self.draws:,} random"
        where = f" within {self.strata}" if self.strata else ""
        where += " between units seen in the same years" if self.exchange == "same years" else ""
        of = f"t, CRV1 by {self.clustered_by} ({self.clusters})"
        return (
            f"randomization inference, {draws} assignments of whole paths{where}, statistic: "
            f"{of if self.statistic == 't' else 'coefficient'}"
        )

    def diagnostic(self) -> Diagnostic:
        """Return the test as it is shown with a fit."""
        name = f"randomization test of {self.treatment}"
        return Diagnostic(name, self.observed, (), self.p, self.words)


def randomization_p(draws: Floats, observed: float, enumerated: bool) -> float:
    """Share of assignments at least as extreme, ties and undefined ones among them."""
    extreme = int((~(np.abs(draws) < abs(observed) * (1 - TIE))).sum())
    return extreme / len(draws) if enumerated else (1 + extreme) / (1 + len(draws))


def notes_on(paths: Paths, undefined: int) -> tuple[str, ...]:
    """Caveats of an assignment in words."""
    notes = []
    if paths.fixed:
        reasons = [_reason(why, paths.fixed) for why in sorted(set(paths.fixed.values()))]
        notes.append(f"{paths.kept} units keep their paths: {'; '.join(reasons)}")
    if paths.extended:
        notes.append(
            f"the paths of {paths.extended} units are used in years in which they are not known: "
            "a policy once adopted stays, one not yet seen is not there"
        )
    if paths.count < FEW:
        notes.append(f"only {paths.count} assignments differ: p is at least {1 / paths.count:.3f}")
    if undefined:
        notes.append(f"{undefined} assignments leave the statistic undefined and count as extreme")
    return tuple(notes)


def _reason(why: str, fixed: Mapping[str, str]) -> str:
    """Strata with one reason, three of them by name."""
    names = [label if len(label) < NAME else f"{label[:NAME]}..." for label in fixed]
    with_it = [n for n, reason in zip(names, fixed.values(), strict=True) if reason == why]
    more = ", ..." if len(with_it) > 3 else ""
    return f"{why} in {len(with_it)} strata ({', '.join(with_it[:3])}{more})"
