"""Fixed effects fitted on untreated rows and carried over to treated ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from urbanecon.estimation.least_squares import cross, independent_columns, orthogonal, times
from urbanecon.estimation.sample import Codes, Floats, Mask
from urbanecon.estimation.within import RANK_TOLERANCE, Absorber

# A treated row whose effects are not pinned down misses by more than this share.
IDENTIFIED = 1e-8


@dataclass(slots=True, eq=False)
class DummyEquations:
    """Normal equations D'WD a = q of the dummies of several effects.

    The largest effect is eliminated in closed form, as in `within.Absorber`;
    what is left is solved through its eigenvalues, those at zero left out.
    Where `Absorber` gives what the dummies leave of a column, this gives the
    coefficients, which rows outside the fit need.

    Parameters
    ----------
    codes
        One array of length n an effect, values 0 ... G-1, each level present.
    weights
        Positive weights, length n.
    """

    codes: Sequence[Codes]
    weights: Floats
    _order: list[int] = field(init=False)
    _mass: Floats = field(init=False)
    _starts: list[int] = field(init=False)
    _link: Floats = field(init=False)
    _scale: Floats = field(init=False)
    _null: Floats = field(init=False)
    _inverse: Floats = field(init=False)

    def __post_init__(self) -> None:
        sizes = [int(c.max()) + 1 for c in self.codes]
        self._order = sorted(range(len(sizes)), key=lambda j: -sizes[j])
        first, *rest = (self.codes[j] for j in self._order)
        self._mass = np.bincount(first, self.weights).astype(np.float64)
        self._starts = np.cumsum([0, *(sizes[j] for j in self._order[1:])]).tolist()
        total = self._starts[-1]
        shifted = [c + s for c, s in zip(rest, self._starts[:-1], strict=True)]
        self._link = np.zeros((len(self._mass), total))
        gram = np.zeros((total, total))
        for a in shifted:
            np.add.at(self._link, (first, a), self.weights)
            for b in shifted:
                np.add.at(gram, (a, b), self.weights)
        self._scale = 1 / np.sqrt(np.diag(gram))
        schur = gram - cross(self._link, self._link / self._mass[:, None])
        values, vectors = np.linalg.eigh(schur * np.outer(self._scale, self._scale))
        real = values > RANK_TOLERANCE * max(1, len(values))
        self._null = vectors[:, ~real]
        kept = vectors[:, real] / np.sqrt(values[real])
        self._inverse = cross(kept.T, kept.T)

    def totals(self, codes: Sequence[Codes], values: Floats) -> list[Floats]:
        """D'v for rows with these codes: sums by level of each effect."""
        sizes = [int(c.max()) + 1 for c in self.codes]
        return [
            np.asarray(np.bincount(c, values, size), dtype=np.float64)
            for c, size in zip(codes, sizes, strict=True)
        ]

    def solve(self, right: Sequence[Floats]) -> list[Floats]:
        """Coefficients a by effect; redundant levels get the smallest ones."""
        q_first, q_rest = self._reduced(right)
        scaled = q_rest * self._scale
        rest = times(self._inverse, scaled) * self._scale
        first = (q_first - times(self._link, rest)) / self._mass
        solution: list[Floats] = [first] * len(self._order)
        for place, j in enumerate(self._order[1:]):
            solution[j] = rest[self._starts[place] : self._starts[place + 1]]
        return solution

    def identified(self, codes: Sequence[Codes]) -> Mask:
        """Whether the sum of the effects of each of these rows is determined, length m."""
        if not self._null.shape[1]:
            return np.ones(len(codes[0]), dtype=bool)
        first, *rest = (codes[j] for j in self._order)
        null = self._null * self._scale[:, None]
        miss = -(cross(self._link.T, null) / self._mass[:, None])[first]
        for c, start in zip(rest, self._starts[:-1], strict=True):
            miss += null[c + start]
        size = np.max(np.abs(null), axis=0)
        return np.asarray((np.abs(miss) <= IDENTIFIED * size).all(axis=1))

    def _reduced(self, right: Sequence[Floats]) -> tuple[Floats, Floats]:
        first = right[self._order[0]]
        rest = [right[j] for j in self._order[1:]]
        stacked = np.concatenate(rest) if rest else np.zeros(0)
        return first, stacked - np.einsum("gk,g->k", self._link, first / self._mass)


@dataclass(slots=True, eq=False)
class UntreatedFit:
    """y = effects + x'b fitted by weighted least squares on untreated rows.

    Parameters
    ----------
    codes, x, weights
        Effects, controls (n x k) and weights of the n untreated rows.
    names
        Names of the controls; those that are collinear are in `dropped`.
    """

    codes: Sequence[Codes]
    x: Floats
    weights: Floats
    names: Sequence[str] = ()
    dropped: list[str] = field(init=False)
    equations: DummyEquations = field(init=False)
    _absorber: Absorber = field(init=False)
    _kept: list[int] = field(init=False)
    _q: Floats = field(init=False)
    _r: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.equations = DummyEquations(self.codes, self.weights)
        self._absorber = Absorber(self.codes, self.weights)
        within = self._absorber.residuals(self.x)
        self._kept = (
            independent_columns(self.x, within, self.weights)[0] if self.x.shape[1] else []
        )
        self.dropped = [n for j, n in enumerate(self.names) if j not in self._kept]
        root = np.sqrt(self.weights)[:, None]
        self._q, self._r, _ = orthogonal(within[:, self._kept] * root, 0.0)

    def predict(self, y: Floats, codes: Sequence[Codes], x: Floats) -> tuple[Floats, Floats]:
        """Fitted values of the untreated rows, length n, and of other rows, length m."""
        b = self._slopes(y)
        inside = times(self.x[:, self._kept], b)
        effects = self.equations.solve(
            self.equations.totals(self.codes, self.weights * (y - inside))
        )
        outside = times(x[:, self._kept], b)
        for level, own, other in zip(effects, self.codes, codes, strict=True):
            inside = inside + level[own]
            outside = outside + level[other]
        return inside, outside

    def _slopes(self, y: Floats) -> Floats:
        within = self._absorber.residuals(y[:, None])[:, 0] * np.sqrt(self.weights)
        shares = np.einsum("nk,n->k", self._q, within)
        return np.asarray(np.linalg.solve(self._r, shares), dtype=np.float64)

    def loadings(self, weights: Floats, codes: Sequence[Codes], x: Floats) -> Floats:
        """How sum_m w_m yhat_m depends on each untreated y, length n.

        W0 Z0 (Z0'W0 Z0)^- Z1'w: first the part through the effects, then what
        the controls add.
        """
        effects = self.equations.solve(self.equations.totals(codes, weights))
        through = np.zeros(len(self.weights))
        for level, own in zip(effects, self.codes, strict=True):
            through += level[own]
        through *= self.weights
        gap = np.einsum("mk,m->k", x[:, self._kept], weights) - np.einsum(
            "nk,n->k", self.x[:, self._kept], through
        )
        share = np.linalg.solve(self._r.T, gap)
        return np.asarray(through + times(self._q, share) * np.sqrt(self.weights))
