"""Spatial weights: who is a neighbour of whom, and how strongly.

Units are always held in sorted order, so that no result depends on the order in
which neighbours, places or matrices were given.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.sample import Floats

# Row sums this close to one are one.
ROW_SUM_TOLERANCE = 1e-12
# Points at which a search over the admissible interval looks first.
GRID = 65
# How close to the ends of the admissible interval the search goes.
MARGIN = 1e-6
# Above this share of nonzero weights, W is multiplied as a dense matrix.
DENSE = 0.2
# Multiplications in a block that no linear algebra library splits among threads.
BLOCK_WORK = 200_000
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
        if not self.standardised:
            return self.raw
        sums = self.raw.sum(axis=1)
        return self.raw / np.where(sums > 0, sums, 1.0)[:, None]

    @cached_property
    def islands(self) -> tuple[Hashable, ...]:
        """Units without a neighbour."""
        return tuple(self.units[self.raw.sum(axis=1) == 0])

    @cached_property
    def rows_sum_to_one(self) -> bool:
        """Whether W maps a constant to itself: standardised and without islands."""
        return bool(np.abs(self.matrix.sum(axis=1) - 1).max() < ROW_SUM_TOLERANCE)

    @cached_property
    def sparse(self) -> Any:
        """W in compressed rows; its products add up in a fixed order."""
        from scipy.sparse import csr_array

        return csr_array(self.matrix)

    @cached_property
    def is_dense(self) -> bool:
        """Whether so many weights are not zero that W is better multiplied as a whole."""
        return bool(np.count_nonzero(self.raw) > DENSE * self.raw.size)

    def lag(self, values: Floats) -> Floats:
        """Apply W to the first axis of an array of shape (N, ...)."""
        flat = values.reshape(len(values), -1)
        lagged = product(self.matrix, flat) if self.is_dense else self.sparse @ flat
        return np.asarray(lagged, dtype=np.float64).reshape(values.shape)

    @cached_property
    def eigenvalues(self) -> npt.NDArray[np.complex128] | Floats:
        """Eigenvalues of W, length N, computed once.

        Real, and from a symmetric problem, when W is D^-1 S with S symmetric
        (Ord 1975). Their last digits may depend on the number of threads; what
        is reported uses none of these digits.
        """
        if np.array_equal(self.raw, self.raw.T):
            sums = self.raw.sum(axis=1)
            root = np.sqrt(np.where(sums > 0, sums, 1.0)) if self.standardised else 1.0
            scale = np.broadcast_to(root, len(self.units))
            symmetric = self.raw / scale[:, None] / scale[None, :]
            return np.linalg.eigvalsh(symmetric)
        return np.linalg.eigvals(self.matrix).astype(np.complex128)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Open interval around zero on which I - rho W is invertible.

        From the reciprocals of the smallest and largest real eigenvalue (LeSage
        and Pace 2009, section 4.3.2); where no real one is negative, minus the
        reciprocal of the spectral radius bounds rho from below.
        """
        values = self.eigenvalues
        radius = float(np.abs(values).max())
        real = values.real[np.abs(values.imag) < 1e-9 * max(radius, 1e-300)]
        if radius == 0 or not len(real) or real.max() <= 0:
            raise EstimationError(f"the weights ({self.words}) link no units in both directions")
        smallest = float(real.min())
        low = 1 / smallest if smallest < -1e-9 * radius else -1 / radius
        # nine digits, which threads do not touch
        return float(f"{low:.9g}"), float(f"{1 / real.max():.9g}")

    @cached_property
    def log_determinants(self) -> tuple[Floats, Floats]:
        """Points over the admissible interval and ln|I - rW| there, computed once."""
        low, high = self.bounds
        margin = MARGIN * (high - low)
        points = np.linspace(low + margin, high - margin, GRID)
        values = np.sum(np.log(np.abs(1 - points[:, None] * self.eigenvalues)), axis=1)
        return points, np.asarray(values, dtype=np.float64)

    @cached_property
    def _subsets(self) -> dict[bytes, Weights]:
        """Weights of the subsets asked for last, by the positions of their units."""
        return {}

    def restrict(self, units: pd.Index) -> Weights:
        """Keep some units, in sorted order; standardised weights are standardised anew.

        The last few subsets are remembered: the specifications of a table share
        one, and its eigenvalues.

        Raises
        ------
        UnknownNameError
            A unit has no row in the weights.
        """
        wanted = units.unique()
        if not wanted.is_monotonic_increasing:
            wanted = wanted.sort_values()
        if wanted.equals(self.units):
            return self
        position = self.units.get_indexer(wanted)
        if (position < 0).any():
            lost = wanted[position < 0]
            raise UnknownNameError(
                f"{len(lost)} units have no row in the spatial weights ({self.words}): "
                f"{', '.join(map(str, lost[:5]))}."
                f"{did_you_mean(lost[0], self.units)} Supply their neighbours or coordinates, "
                "or leave them out of the sample; note that '1' and 1 are different units"
            )
        key = position.tobytes()
        if key not in self._subsets:
            if len(self._subsets) == SUBSETS:
                del self._subsets[next(iter(self._subsets))]
            kept = np.ascontiguousarray(self.raw[np.ix_(position, position)])
            self._subsets[key] = Weights(wanted, kept, self.standardised, self.words)
        return self._subsets[key]


def product(a: Floats, b: Floats) -> Floats:
    """A B, n x p, whose digits do not depend on the number of threads.

    In blocks of rows of A and columns of B, each too small for a linear algebra
    library to split among threads.
    """
    (n, m), p = a.shape, b.shape[1]
    width = min(max(p, 1), 32)
    height = max(1, BLOCK_WORK // (m * width))
    left = np.zeros((-(-n // height), height, m))
    left.reshape(-1, m)[:n] = a
    out = np.empty((left.shape[0] * height, p))
    for start in range(0, p, width):
        columns = np.ascontiguousarray(b[:, start : start + width])
        out[:, start : start + width] = (left @ columns).reshape(len(out), -1)
    return out[:n]


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
    return _sorted(
        matrix.index,
        values[:, matrix.columns.get_indexer(matrix.index)]
        if matrix.columns.is_unique
        else values,
        standardise,
        "given matrix",
    )


def contiguity(
    neighbours: Mapping[Any, Iterable[Any]], *, directed: bool = False, standardise: bool = True
) -> Weights:
    """Binary weights from a list of neighbours: w_ij = 1 if j is a neighbour of i.

    Parameters
    ----------
    neighbours
        Neighbours of each unit; islands have an empty list.
    directed
        Whether a neighbour need not name the unit back. Common borders are
        mutual, so that a one-sided entry is otherwise an error in the list.

    Raises
    ------
    DataError
        A neighbour is no unit, or the list is one-sided.
    """
    units = pd.Index(list(neighbours))
    values = np.zeros((len(units), len(units)))
    for i, unit in enumerate(units):
        for other in neighbours[unit]:
            if other not in neighbours:
                raise DataError(
                    f"{other!r}, a neighbour of {unit!r}, has no list of neighbours of its own."
                    f"{did_you_mean(other, units)}"
                )
            values[i, units.get_loc(other)] = 1.0
    if not directed and not np.array_equal(values, values.T):
        i, j = (int(k) for k in np.argwhere(values > values.T)[0])
        raise DataError(
            f"{units[j]!r} is a neighbour of {units[i]!r} but not the other way round; complete "
            "the list, or say directed=True"
        )
    return _sorted(units, values, standardise, "contiguity")


def contiguity_of_polygons(
    polygons: Mapping[Any, Any], *, queen: bool = True, standardise: bool = True
) -> Weights:
    """Contiguity of shapely polygons: a shared point (queen) or border (rook).

    Raises
    ------
    EstimationError
        shapely is not installed.
    """
    try:
        from shapely import STRtree  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise EstimationError(
            "contiguity from polygons needs the package shapely; install it, or give a list of "
            "neighbours to `contiguity`"
        ) from None
    units, shapes = list(polygons), list(polygons.values())
    neighbours: dict[Any, set[Any]] = {unit: set() for unit in units}
    for i, j in STRtree(shapes).query(shapes, predicate="intersects").T.tolist():
        if i != j and (queen or shapes[i].intersection(shapes[j]).length > 0):
            neighbours[units[i]].add(units[j])
            neighbours[units[j]].add(units[i])
    return contiguity(neighbours, standardise=standardise)


def _sorted(units: pd.Index, values: Floats, standardise: bool, words: str) -> Weights:
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
