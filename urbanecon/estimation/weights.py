"""Spatial weights: who is a neighbour of whom, and how strongly.

Units are always held in sorted order, so that no result depends on the order in
which neighbours, places or matrices were given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.errors import DataError, EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.blocked_products import product
from urbanecon.estimation.sample import Codes, Floats
from urbanecon.estimation.spatial_determinants import (
    Band,
    Determinants,
    Eigenvalues,
    eigenvalues,
    factors_of,
    interval,
)

# Row sums this close to one are one.
ROW_SUM_TOLERANCE = 1e-12
# Points at which a search over the admissible interval looks first.
GRID = 65
# How close to the ends of the admissible interval the search goes.
MARGIN = 1e-4
# Above this share of nonzero weights, W is multiplied as a dense matrix.
DENSE = 0.2
# Walks over the map, each from where the last ended, to find an order of the units.
SWEEPS = 3
# Subsets of the units whose weights are remembered, with their eigenvalues.
SUBSETS = 4


@dataclass(frozen=True, eq=False)
class Weights:
    """A spatial weights matrix W, zero on the diagonal.

    Attributes
    ----------
    units
        Sorted units, length N.
    raw
        Weights before standardisation, N x N, no negative entry.
    standardised
        Whether each row of `matrix` is divided by its sum (rows of islands stay
        zero).
    words
        What the weights are, in words.
    """

    units: pd.Index
    raw: Floats
    standardised: bool
    words: str

    def __post_init__(self) -> None:
        _check_matrix(self.raw, self.units)

    @cached_property
    def matrix(self) -> Floats:
        """W, N x N."""
        return self.raw / self._divisors[:, None]

    @cached_property
    def _sums(self) -> Floats:
        """Sums of the rows of the raw weights, length N."""
        return np.asarray(self.raw.sum(axis=1), dtype=np.float64)

    @property
    def _divisors(self) -> Floats:
        """What each row of the raw weights is divided by, length N."""
        return np.where(self.standardised & (self._sums > 0), self._sums, 1.0)

    @cached_property
    def links(self) -> tuple[Codes, Codes]:
        """Positions of the units and of their neighbours, one of each weight that is not zero."""
        rows, columns = np.divmod(np.flatnonzero(self.raw > 0), len(self.units))
        return rows, columns

    @cached_property
    def linked(self) -> Floats:
        """Entries of W at these positions; few weights need no N x N matrix."""
        rows, columns = self.links
        return np.asarray(self.raw[rows, columns] / self._divisors[rows], dtype=np.float64)

    @cached_property
    def islands(self) -> tuple[Hashable, ...]:
        """Units without a neighbour."""
        alone = np.flatnonzero(self._sums == 0)
        return tuple(self.units[alone]) if len(alone) else ()

    @cached_property
    def rows_sum_to_one(self) -> bool:
        """Whether W maps a constant to itself: standardised and without islands."""
        sums = np.bincount(self.links[0], self.linked, len(self.units))
        return bool(np.abs(sums - 1).max() < ROW_SUM_TOLERANCE)

    @property
    def holds_shares(self) -> bool:
        """Whether each row sums to one or, of islands, to zero."""
        return self.standardised or self.rows_sum_to_one

    @cached_property
    def sparse(self) -> Any:
        """W in compressed rows; its products add up in a fixed order."""
        from scipy.sparse import csr_array

        rows, columns = self.links
        n = len(self.units)
        starts = np.searchsorted(rows, np.arange(n + 1))
        return csr_array((self.linked, columns, starts), shape=(n, n))

    @cached_property
    def is_dense(self) -> bool:
        """Whether so many weights are not zero that W is better multiplied as a whole."""
        return len(self.links[0]) > DENSE * self.raw.size

    def lag(self, values: Floats) -> Floats:
        """Apply W to the first axis of an array of shape (N, ...)."""
        flat = values.reshape(len(values), -1)
        lagged = product(self.matrix, flat) if self.is_dense else self.sparse @ flat
        return np.asarray(lagged, dtype=np.float64).reshape(values.shape)

    @cached_property
    def order(self) -> Codes:
        """Positions in an order that keeps neighbours together, length N.

        The levels of neighbours from one end of the map to the other, found in
        `SWEEPS` (Gibbs, Poole and Stockmeyer 1976), whichever keeps them closest; of a
        map in pieces the order of Cuthill and McKee (1969). As they are for dense
        weights.
        """
        if self.is_dense:
            return np.arange(len(self.units))
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order, reverse_cuthill_mckee

        rows, columns = self.links
        both = np.concatenate([rows, columns]), np.concatenate([columns, rows])
        linked = csr_array((np.ones(2 * len(rows)), both), shape=self.raw.shape)
        orders: list[Codes] = []
        for _ in range(SWEEPS):
            end = orders[-1][-1] if orders else 0
            levels = breadth_first_order(linked, end, return_predecessors=False)
            if len(levels) < len(self.units):
                levels = reverse_cuthill_mckee(linked, symmetric_mode=True)
            orders.append(levels.astype(np.int64))
        return min(orders, key=self._distance)

    def _distance(self, order: Codes) -> int:
        """Largest distance between neighbours in an order of the units."""
        place = np.argsort(order)
        rows, columns = self.links
        return int(np.abs(place[rows] - place[columns]).max(initial=0))

    @cached_property
    def ordered_links(self) -> tuple[Codes, Codes]:
        """As `links`, positions in that order."""
        place = np.empty_like(self.order)
        place[self.order] = np.arange(len(place))
        rows, columns = self.links
        return place[rows], place[columns]

    @cached_property
    def ordered(self) -> Floats:
        """W with rows and columns in that order, N x N."""
        if self.is_dense:
            return self.matrix
        ordered = np.zeros_like(self.raw)
        ordered[self.ordered_links] = self.linked
        return ordered

    def filter(self, r: float) -> Floats:
        """I - rW with rows and columns in that order, N x N."""
        if self.is_dense:
            filtered = -r * self.matrix
            np.fill_diagonal(filtered, 1.0)
            return filtered
        filtered = np.eye(len(self.units))
        filtered[self.ordered_links] = -r * self.linked
        return filtered

    @cached_property
    def width(self) -> int:
        """Largest distance between neighbours in that order."""
        rows, columns = self.ordered_links
        return int(np.abs(rows - columns).max(initial=0))

    @property
    def band(self) -> Band:
        """W with rows and columns in that order, as a band around the diagonal."""
        return Band.of(*self.ordered_links, self.linked, self.width, len(self.units))

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether W is D^-1 S with S symmetric, which makes its eigenvalues real."""
        return np.array_equal(self.raw, self.raw.T)

    @cached_property
    def eigenvalues(self) -> npt.NDArray[np.complex128] | Floats:
        """Eigenvalues of W, length N, computed once; real where W is D^-1 S."""
        return eigenvalues(self.raw, standardised=self.standardised, symmetric=self.is_symmetric)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Open interval around zero on which I - rho W is invertible.

        For W = D^-1 S, S symmetric, from the reciprocals of the smallest and the
        largest eigenvalue (Ord 1975). Other weights have complex eigenvalues:
        |rho| is below one where rows hold shares, else below the reciprocal of the
        spectral radius (Kelejian and Prucha 2010, J. Econometrics 157, section 2).
        """
        if self.holds_shares and not self.is_symmetric:
            return -1.0, 1.0
        found = interval(self.eigenvalues, symmetric=self.is_symmetric)
        if found is None:
            raise EstimationError(f"the weights ({self.words}) link no units in both directions")
        return found

    @cached_property
    def grid(self) -> Floats:
        """Points over the admissible interval at which a search looks first."""
        low, high = self.bounds
        margin = MARGIN * (high - low)
        return np.linspace(low + margin, high - margin, GRID)

    @cached_property
    def determinants(self) -> Determinants:
        """ln|I - rW| over the admissible interval, prepared once."""
        if self.holds_shares and not self.is_symmetric:
            found = factors_of(self.band, float(self.grid[0]))
            if found is not None:
                return found
        return Eigenvalues(self.eigenvalues)

    @cached_property
    def log_determinants(self) -> Floats:
        """ln|I - rW| at the points of the grid, computed once."""
        return self.determinants.logdets(self.grid)

    @cached_property
    def _subsets(self) -> deque[Weights]:
        """Weights of the subsets asked for last."""
        return deque(maxlen=SUBSETS)

    def restrict(self, units: pd.Index) -> Weights:
        """Keep some units, in sorted order; standardised weights are standardised anew.

        The last few subsets are remembered: the specifications of a table share
        one, and its eigenvalues.

        Raises
        ------
        UnknownNameError
            A unit has no row in the weights.
        """
        for known in (self, *self._subsets):
            if known.units.equals(units):
                return known
        position = np.unique(self.units.get_indexer(units))
        if position[0] < 0:
            lost = units[self.units.get_indexer(units) < 0].unique()
            raise UnknownNameError(
                f"{len(lost)} units have no row in the spatial weights ({self.words}): "
                f"{', '.join(map(str, lost[:5]))}."
                f"{did_you_mean(lost[0], self.units)} Supply their neighbours or coordinates, "
                "or leave them out of the sample; note that '1' and 1 are different units"
            )
        if len(position) == len(self.units):
            return self
        raw = self.raw[position].take(position, axis=1)
        kept = Weights(self.units[position], raw, self.standardised, self.words)
        self._subsets.append(kept)
        return kept


def weights_from_matrix(matrix: pd.DataFrame, *, standardise: bool = True) -> Weights:
    """Weights from a square table whose rows and columns are units.

    Raises
    ------
    DataError
        Rows and columns differ, a unit is named twice, or an entry is negative,
        not finite or on the diagonal.
    """
    if set(matrix.index) != set(matrix.columns):
        odd = sorted(set(matrix.index) ^ set(matrix.columns), key=str)[:5]
        raise DataError(
            "rows and columns of the weights must be the same units; "
            f"only on one side: {', '.join(map(str, odd))}"
        )
    values = matrix.to_numpy(dtype=np.float64)
    return sorted_weights(
        matrix.index,
        values[:, matrix.columns.get_indexer(matrix.index)]
        if matrix.columns.is_unique
        else values,
        standardise,
        "given matrix",
    )


def sorted_weights(units: pd.Index, values: Floats, standardise: bool, words: str) -> Weights:
    """Weights between units given in any order."""
    refuse_duplicates(units)
    order = np.asarray(units.argsort())
    return Weights(units[order], values[np.ix_(order, order)].copy(), standardise, words)


def refuse_duplicates(units: pd.Index) -> None:
    """Raise when a unit is named twice."""
    if not units.is_unique:
        raise DataError(f"{units[units.duplicated()][0]!r} occurs more than once in the weights")


def _check_matrix(raw: Floats, units: pd.Index) -> None:
    if raw.shape != (len(units), len(units)):
        raise DataError(f"weights are {raw.shape}, expected {(len(units), len(units))}")
    bad = ~np.isfinite(raw) | (raw < 0)
    np.fill_diagonal(bad, np.diag(raw) != 0)
    if bad.any():
        i, j = (int(k) for k in np.argwhere(bad)[0])
        raise DataError(
            f"the weight of {units[j]} for {units[i]} is {raw[i, j]:g}; weights must be finite, "
            "not negative, and zero on the diagonal"
        )
