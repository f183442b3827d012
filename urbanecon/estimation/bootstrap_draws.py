"""The random weights of the wild bootstrap: laws, enumeration, chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.sample import Floats

WeightLaw = Literal["rademacher", "webb", "mammen"]
LAWS: tuple[str, ...] = get_args(WeightLaw)

DRAWS = 9_999
"""Draws by default: alpha (B + 1) is whole for the usual levels."""
AT_ONCE = 1_024
"""Draws in memory at once. Part of what a seed means: changing it changes the draws."""
FEW = 7
"""Clusters below which the two-point laws have fewer than 64 distinct draws of |t|."""

WEBB = np.array([-math.sqrt(1.5), -1.0, -math.sqrt(0.5), math.sqrt(0.5), 1.0, math.sqrt(1.5)])
GOLDEN = (1 + math.sqrt(5)) / 2
MAMMEN = np.array([GOLDEN, 1 - GOLDEN])

Points = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of mean zero and variance one, one for each of G clusters and draw.

    Attributes
    ----------
    law
        "rademacher": -1 or 1 with even odds (Davidson and Flachaire 2008);
        "webb": six points, for few clusters (Webb 2023); "mammen": two points,
        skewed by one (Mammen 1993).
    clusters
        G.
    asked
        Draws asked for. With Rademacher weights and 2^G no greater than that,
        each of the 2^G vectors is taken once instead.
    seed
        Seed, or a generator that gives one; unused when every vector is taken.
        Once made, the weights are the same however often they are read.

    Raises
    ------
    UnknownNameError
        The law is not known.
    EstimationError
        One cluster, or no draws.
    """

    law: WeightLaw
    clusters: int
    asked: int = DRAWS
    seed: int | np.random.Generator = 0

    def __post_init__(self) -> None:
        if self.law not in LAWS:
            raise UnknownNameError(
                f"unknown weights {self.law!r}.{did_you_mean(self.law, LAWS)} "
                f"Known: {', '.join(map(repr, LAWS))}"
            )
        if self.clusters < 2:
            raise EstimationError(
                f"weights are drawn for {self.clusters} cluster; the bootstrap needs at least two"
            )
        if self.asked < 1:
            raise EstimationError(f"the number of draws must be positive, found {self.asked}")
        if isinstance(self.seed, np.random.Generator):
            object.__setattr__(self, "seed", int(self.seed.integers(2**63)))

    @property
    def enumerated(self) -> bool:
        """Whether every vector of weights is taken once."""
        return self.law == "rademacher" and 2**self.clusters <= self.asked

    @property
    def draws(self) -> int:
        """Vectors of weights taken."""
        return 2**self.clusters if self.enumerated else self.asked

    @property
    def few(self) -> bool:
        """Whether a two-point law repeats itself too often to be a law of t."""
        return self.law != "webb" and self.clusters < FEW

    def points(self) -> Iterator[Points]:
        """Which point of the law each weight is, at most `AT_ONCE` x G at a time."""
        rng = np.random.default_rng(self.seed)
        for start in range(0, self.draws, AT_ONCE):
            size = min(AT_ONCE, self.draws - start)
            if self.enumerated:
                yield _bits(np.arange(start, start + size, dtype="<u8")[:, None], self.clusters)
            else:
                yield _drawn(self.law, (size, self.clusters), rng)

    def at(self, points: Points) -> Floats:
        """Vectors of weights at these points of the law, B x G."""
        if self.law == "rademacher":
            signs = np.asarray(points * -2.0)
            signs += 1.0
            return signs
        return (WEBB if self.law == "webb" else MAMMEN)[points]

    def chunks(self) -> Iterator[Floats]:
        """Vectors of weights, at most `AT_ONCE` x G at a time."""
        return map(self.at, self.points())

    def matrix(self) -> Floats:
        """All vectors of weights, draws x G; for one draw at a time and for checks."""
        return np.concatenate(list(self.chunks()))


def _drawn(law: WeightLaw, shape: tuple[int, int], rng: np.random.Generator) -> Points:
    draws, clusters = shape
    if law == "rademacher":
        words = -(-clusters // 64)
        return _bits(rng.integers(2**64, size=(draws, words), dtype=np.uint64), clusters)
    if law == "webb":
        return rng.integers(0, 6, size=shape, dtype=np.int8).view(np.uint8)
    return (rng.random(shape) < GOLDEN / math.sqrt(5)).view(np.uint8)


def _bits(words: np.ndarray, count: int) -> Points:
    """The lowest bits of the words of each row, rows x count."""
    octets = words.astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=1, count=count, bitorder="little")
