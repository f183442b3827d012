"""Partialling out fixed effects exactly, any number of them, weighted or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.sample import Codes, Floats

if TYPE_CHECKING:
    from scipy import sparse

# Up to this many levels outside the largest effect the normal equations are
# factored (32 MB); above it they are solved by conjugate gradients.
DENSE_LEVELS = 2_000
# Pivots below this share of a level's weight are rounding, not information.
RANK_TOLERANCE = 1e-11
CG_TOLERANCE = 1e-13
CG_ITERATIONS = 10_000


@dataclass(slots=True, eq=False)
class Absorber:
    """Projection off the dummies of one or several effects.

    The largest effect is eliminated in closed form (group means). What is left
    are normal equations of the other effects, S a = r, with S the Schur
    complement D2'W D2 - D2'W D1 (D1'W D1)^-1 D1'W D2. For city and year effects
    S has one row a year and is factored once; the solution is exact, balanced
    or not. With more than `dense_levels` levels S is never formed and the
    equations are solved by preconditioned conjugate gradients, as in Correia
    (2016, "Linear models with high-dimensional fixed effects"). Each column is
    projected twice, which leaves it orthogonal to the dummies to rounding.

    Parameters
    ----------
    codes
        One array of length n an effect, values 0 ... G-1, each level present.
    weights
        Positive weights, length n, or None.
    dense_levels
        Where the direct solution gives way to the iterative one.
    """

    codes: Sequence[Codes]
    weights: Floats | None = None
    dense_levels: int = DENSE_LEVELS
    sizes: tuple[int, ...] = field(init=False)
    _first: Codes = field(init=False)
    _mass: Floats = field(init=False)
    _rest: list[Codes] = field(init=False)
    _system: _DenseSystem | _SparseSystem | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not self.codes:
            raise ValueError("an Absorber needs at least one effect")
        self.sizes = tuple(int(c.max()) + 1 for c in self.codes)
        # a stable order: the largest effect leads, ties in the order given
        order = sorted(range(len(self.sizes)), key=lambda j: -self.sizes[j])
        self._first = self.codes[order[0]]
        self._mass = _group_sum(self._first, self.weights, self.sizes[order[0]])
        self._rest = [self.codes[j] for j in order[1:]]
        if self._rest:
            self._system = _normal_equations(
                self._first, self._mass, self._rest, self.weights, self.dense_levels
            )

    def residuals(self, columns: Floats) -> Floats:
        """Return the columns without the effects, n x p (Fortran order).

        Raises
        ------
        EstimationError
            Conjugate gradients did not converge.
        """
        out = np.array(columns, dtype=np.float64, order="F", copy=True)
        weighted = out if self.weights is None else out * np.sqrt(self.weights)[:, None]
        lengths = np.sqrt(np.sum(weighted**2, axis=0))
        for _ in range(2):
            self._project(out, lengths)
        return out

    @property
    def rank(self) -> int:
        """Dimension of the space of the dummies.

        Exact for one effect, for two (levels less connected components, as
        Abowd, Creecy and Kramarz 2002) and for more whenever the equations are
        factored; otherwise redundant levels are counted pair by pair, as
        reghdfe does, which can only overstate the rank.
        """
        first = len(self._mass)
        if self._system is None:
            return first
        if isinstance(self._system, _DenseSystem):
            return first + self._system.rank
        effects = [self._first, *self._rest]
        return first + sum(
            int(effects[j].max()) + 1 - max(components(effects[i], effects[j]) for i in range(j))
            for j in range(1, len(effects))
        )

    def _project(self, columns: Floats, lengths: Floats) -> None:
        """Take the effects out of `columns` in place; `lengths` sets the precision."""
        self._subtract_means(columns)
        if self._system is None:
            return
        sizes = [int(c.max()) + 1 for c in self._rest]
        right = np.empty((sum(sizes), columns.shape[1]))
        for p in range(columns.shape[1]):
            x = columns[:, p] if self.weights is None else columns[:, p] * self.weights
            right[:, p] = np.concatenate(
                [np.bincount(c, x, g) for c, g in zip(self._rest, sizes, strict=True)]
            )
        solution = self._system.solve(right, lengths)
        start = 0
        for codes, size in zip(self._rest, sizes, strict=True):
            for p in range(columns.shape[1]):
                columns[:, p] -= solution[start : start + size, p][codes]
            start += size
        self._subtract_means(columns)

    def _subtract_means(self, columns: Floats) -> None:
        for p in range(columns.shape[1]):
            x = columns[:, p] if self.weights is None else columns[:, p] * self.weights
            columns[:, p] -= (np.bincount(self._first, x, len(self._mass)) / self._mass)[
                self._first
            ]


class _DenseSystem:
    """Normal equations factored by a pivoted Cholesky decomposition."""

    def __init__(self, schur: Floats, mass: Floats) -> None:
        from scipy.linalg.lapack import dpstrf

        # scaled by the weight of each level, so that the tolerance has no unit
        self._scale = 1 / np.sqrt(mass)
        scaled = schur * self._scale[:, None] * self._scale[None, :]
        factor, pivots, rank, _ = dpstrf(scaled, tol=RANK_TOLERANCE, lower=0)
        self.rank = int(rank)
        self._kept = np.asarray(pivots[: self.rank] - 1)
        self._factor = np.triu(factor[: self.rank, : self.rank])

    def solve(self, right: Floats, _lengths: Floats) -> Floats:
        """Solve exactly; levels that add no rank get zero."""
        from scipy.linalg import cho_solve

        solution = np.zeros_like(right)
        if self.rank:
            scaled = right[self._kept] * self._scale[self._kept, None]
            inner = cho_solve((self._factor, False), scaled, check_finite=False)
            solution[self._kept] = inner * self._scale[self._kept, None]
        return solution


class _SparseSystem:
    """Normal equations solved by conjugate gradients, scaled by level weights."""

    def __init__(
        self, gram: sparse.csr_array, cross: sparse.csr_array, first_mass: Floats, mass: Floats
    ) -> None:
        self._gram = gram
        self._cross = cross
        self._first_mass = first_mass
        self._scale = 1 / np.sqrt(mass)

    def _times(self, x: Floats) -> Floats:
        x = self._scale * x
        through = self._cross.T @ ((self._cross @ x) / self._first_mass)
        return np.asarray(self._scale * (self._gram @ x - through))

    def solve(self, right: Floats, lengths: Floats) -> Floats:
        """Solve until what is left is `CG_TOLERANCE` of a column's length."""
        columns = [
            self._one(self._scale * right[:, p], CG_TOLERANCE * float(lengths[p]))
            for p in range(right.shape[1])
        ]
        return np.column_stack(columns) * self._scale[:, None]

    def _one(self, right: Floats, goal: float) -> Floats:
        """Conjugate gradients for one column (Hestenes and Stiefel 1952)."""
        solution = np.zeros_like(right)
        residual = right.copy()
        direction = residual.copy()
        size = float(np.sum(residual**2))
        for _ in range(CG_ITERATIONS):
            if size <= goal**2:
                return solution
            image = self._times(direction)
            step = size / float(np.sum(direction * image))
            solution += step * direction
            residual -= step * image
            smaller = float(np.sum(residual**2))
            direction = residual + (smaller / size) * direction
            size = smaller
        raise EstimationError(
            f"the fixed effects were not partialled out in {CG_ITERATIONS} iterations; "
            "the levels are too weakly connected. Use fewer or coarser effects"
        )


def _normal_equations(
    first: Codes,
    first_mass: Floats,
    rest: Sequence[Codes],
    weights: Floats | None,
    dense_levels: int,
) -> _DenseSystem | _SparseSystem:
    """Build the equations that are left once the largest effect is eliminated."""
    dummies, into_first = _dummies(rest), _dummies([first])
    weighted = dummies if weights is None else dummies * weights[:, None]
    gram = (dummies.T @ weighted).tocsr()
    cross = (into_first.T @ weighted).tocsr()
    mass = gram.diagonal()
    if len(mass) > dense_levels:
        return _SparseSystem(gram, cross, first_mass, mass)
    through = cross.T @ (cross / first_mass[:, None])
    return _DenseSystem((gram - through).toarray(), mass)


def _dummies(effects: Sequence[Codes]) -> Any:
    """Sparse dummies of the effects side by side, n x (sum of levels)."""
    from scipy import sparse

    n = len(effects[0])
    starts = np.cumsum([0, *(int(c.max()) + 1 for c in effects)])
    columns = np.concatenate([c + s for c, s in zip(effects, starts[:-1], strict=True)])
    rows = np.tile(np.arange(n), len(effects))
    shape = (n, int(starts[-1]))
    return sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()


def _group_sum(codes: Codes, weights: Floats | None, size: int) -> Floats:
    return np.asarray(np.bincount(codes, weights, size), dtype=np.float64)


def components(a: Codes, b: Codes) -> int:
    """Count the connected components of the graph that links levels sharing a row."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    offset = int(a.max()) + 1
    size = offset + int(b.max()) + 1
    graph = coo_array((np.ones(len(a)), (a, b + offset)), shape=(size, size))
    count: int = connected_components(graph, directed=False, return_labels=True)[0]
    return count


def is_nested(effect: Codes, cluster: Codes) -> bool:
    """Whether every level of the effect lies in one cluster."""
    home = np.zeros(int(effect.max()) + 1, dtype=np.int64)
    home[effect] = cluster
    return bool((home[effect] == cluster).all())
