"""ln|I - rW| and its slope at many r, at the cost of a few matrices.

Eigenvalues give both everywhere (Ord 1975) and are cheap where W is similar to a
symmetric matrix. Elsewhere they cost five times as much; weights with few neighbours
are then factored at some points between which the logarithm is interpolated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from urbanecon.estimation.sample import Codes, Floats

# Digits of sums over eigenvalues that are reported; threads touch the fifteenth.
DIGITS = 10
# Points at which W is factored, and the size of the last coefficients of the
# interpolation that says they were enough to find the neighbourhood of a maximum.
NODES = 14
SETTLED = 1e-3
# Above this r interpolation needs many more points, and W is factored for each r.
INNER = 0.97
# Distance, in u, of the two factors from which the slope at a point is taken.
STEP = 1e-3
# LAPACK factors bands from this width on in blocks, which takes less time.
BLOCKED = 32
# Factors cost less than eigenvalues above this size, and below this share of the
# size between the first and the last neighbour of a row.
FACTORED_FROM = 100
NARROW = 0.2


class Expansion(NamedTuple):
    """ln|A|, tr G and tr G^2 of A = I - rW and G = W A^-1 at one r."""

    parameter: float
    logdet: float
    trace: float
    trace_square: float


class Determinants(Protocol):
    """What a search over r needs of W."""

    def logdets(self, r: Floats) -> Floats:
        """ln|I - rW| at each r."""

    def traces(self, r: Floats) -> Floats:
        """Trace of W (I - rW)^-1 at each r."""

    def slopes(self, r: float) -> tuple[float, float]:
        """Traces of G and G^2 at one r, close enough for a Newton step from a search."""

    def logdet_near(self, r: float, near: Expansion) -> float:
        """ln|I - rW| to the last digits, given all that is known at another point."""


@dataclass(frozen=True, slots=True, eq=False)
class Eigenvalues:
    """ln|I - rW| = sum_i ln|1 - r w_i|, w the N eigenvalues of W."""

    values: npt.NDArray[np.complex128] | Floats

    def logdets(self, r: Floats) -> Floats:
        """ln|I - rW| at each r."""
        return np.asarray(np.sum(np.log(np.abs(1 - r[:, None] * self.values)), axis=1))

    def traces(self, r: Floats) -> Floats:
        """Trace of W (I - rW)^-1 at each r."""
        return np.asarray(np.sum((self.values / (1 - r[:, None] * self.values)).real, axis=1))

    def slopes(self, r: float) -> tuple[float, float]:
        """Traces of G and G^2 at one r."""
        g = self.values / (1 - r * self.values)
        return float(np.sum(g).real), float(np.sum(g**2).real)

    def logdet_near(self, r: float, near: Expansion) -> float:
        """ln|I - rW| to the last digits, given all that is known at another point.

        The first two terms of the expansion are exact; the rest is small, comes
        from the eigenvalues and is rounded.
        """
        step = r - near.parameter
        g = step * self.values / (1 - near.parameter * self.values)
        rest = float(np.sum(np.log(np.abs(1 - g)) + (g + g**2 / 2).real))
        exact = near.logdet - step * near.trace - step**2 / 2 * near.trace_square
        return exact + float(settled(np.array([rest]))[0])


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """W as a band around the diagonal, from an order that keeps neighbours together.

    Attributes
    ----------
    weights
        The weights that are not zero.
    places
        Where each lies in the table of a band that LAPACK expects, flattened.
    width
        Largest distance from the diagonal.
    size
        N.
    """

    weights: Floats
    places: Codes
    width: int
    size: int

    @classmethod
    def of(cls, rows: Codes, columns: Codes, weights: Floats, width: int, size: int) -> Band:
        """Band of the weights that are not zero, in rows and columns in the order given."""
        b = max(width, BLOCKED)
        return cls(weights, columns * 3 * b + 2 * b + rows, width, size)

    @property
    def _stored(self) -> int:
        """Width of the band as LAPACK is given it."""
        return max(self.width, BLOCKED)

    def _factors(self, r: float) -> tuple[Floats, Codes]:
        """Factors of I - rW and their pivots."""
        from scipy.linalg import lapack

        b = self._stored
        table = np.zeros((self.size, 3 * b + 1))
        table[:, 2 * b] = 1.0
        table.ravel()[self.places] = -r * self.weights
        factors, pivots, _ = lapack.dgbtrf(table.T, b, b, overwrite_ab=1)
        return factors, pivots

    def logdet(self, r: float) -> float:
        """ln|I - rW|."""
        return float(np.sum(np.log(np.abs(self._factors(r)[0][2 * self._stored]))))

    def logdets(self, r: Floats) -> Floats:
        """ln|I - rW| at each r."""
        return np.array([self.logdet(float(one)) for one in r])

    def traces(self, r: Floats) -> Floats:
        """Trace of W (I - rW)^-1 at each r, by the difference of two factors."""
        step = _step(r)
        return np.asarray((self.logdets(r - step) - self.logdets(r + step)) / (2 * step))

    def row_sums(self, r: float) -> Floats:
        """Sums of the rows of (I - rW)^-1, length N."""
        from scipy.linalg import lapack

        factors, pivots = self._factors(r)
        b = self._stored
        return np.asarray(lapack.dgbtrs(factors, b, b, np.ones(self.size), pivots)[0])


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """ln|I - rW| between factors at Chebyshev points of u = ln((2 + r) / (1 - r)).

    For W of which no eigenvalue is larger than one, as rows sum to one or zero. Where
    ln|I - rW| is singular at real r above one (close to it where regions are
    nearly cut off from each other) or below minus two, u lies pi away from the
    line of -1 < r < 1. A search over r ends some 1e-5 from where it should; two
    more factors there give the slope from which a Newton step goes on.

    Attributes
    ----------
    band
        W.
    coefficients
        Of the Chebyshev polynomials in u.
    ends
        Interval of u.
    """

    band: Band
    coefficients: Floats
    ends: tuple[float, float]

    @classmethod
    def of(cls, band: Band, low: float) -> Factors:
        """Interpolate from low to `INNER`."""
        # wider by the step that `slopes` takes; at the ends themselves there is no slope
        ends = float(_stretched(low)) - 2 * STEP, float(_stretched(INNER)) + 2 * STEP
        angle = (2 * np.arange(NODES) + 1) * np.pi / (2 * NODES)
        u = np.exp(sum(ends) / 2 + (ends[1] - ends[0]) / 2 * np.cos(angle))
        values = band.logdets((u - 2) / (u + 1))
        cosines = np.cos(np.arange(NODES)[:, None] * angle)
        coefficients = np.einsum("kn,n->k", cosines, values) * (2 / NODES)
        coefficients[0] /= 2
        return cls(band, coefficients, ends)

    def logdets(self, r: Floats) -> Floats:
        """ln|I - rW| at each r."""
        return _by_place(r, self._curve, self.band.logdets)

    def traces(self, r: Floats) -> Floats:
        """Trace of W (I - rW)^-1 at each r."""
        return _by_place(r, self._slope, self.band.traces)

    def slopes(self, r: float) -> tuple[float, float]:
        """Traces of G and G^2 at one r, the first without the slope of what interpolation misses.

        That slope comes from two more factors, on either side of r.
        """
        step = float(_step(np.array(r)))
        ends = np.array([r - step, r + step])
        low, trace, high = self.traces(np.array([ends[0], r, ends[1]]))
        if r <= INNER:
            missed = self.band.logdets(ends) - self._curve(ends)
            trace -= (missed[1] - missed[0]) / (2 * step)
        return float(trace), float((high - low) / (2 * step))

    def _curve(self, r: Floats) -> Floats:
        return np.asarray(np.cos(self._angles(r)) @ self.coefficients, dtype=np.float64)

    def _slope(self, r: Floats) -> Floats:
        angles, (low, high) = self._angles(r), self.ends
        slope = (np.sin(angles) @ self._by_order) / np.sin(angles[:, 1])
        return np.asarray(-slope * 6 / (high - low) / (2 + r) / (1 - r), dtype=np.float64)

    def _angles(self, r: Floats) -> Floats:
        """Angle of the Chebyshev polynomials, cos(k angle), at each r."""
        low, high = self.ends
        place = (2 * _stretched(r) - low - high) / (high - low)
        return np.asarray(np.arccos(place)[:, None] * np.arange(NODES), dtype=np.float64)

    @property
    def _by_order(self) -> Floats:
        """Coefficient of polynomial k times k: its slope is k sin(k a) / sin(a)."""
        return self.coefficients * np.arange(NODES)

    def logdet_near(self, r: float, near: Expansion) -> float:
        """ln|I - rW| to the last digits, by factors at r itself."""
        return self.band.logdet(r)


def factors_of(band: Band, low: float) -> Factors | None:
    """Factors of W from low up, or None where eigenvalues serve better.

    That is in small or wide matrices, and where the points are too few.
    """
    if band.size < FACTORED_FROM or band.width > NARROW * band.size:
        return None
    found = Factors.of(band, low)
    return found if np.abs(found.coefficients[-3:]).max() < SETTLED else None


def eigenvalues(
    raw: Floats, *, standardised: bool, symmetric: bool
) -> npt.NDArray[np.complex128] | Floats:
    """Eigenvalues of the raw weights, or of these over the sums of their rows, length N.

    Real, and from a symmetric problem, when the raw weights are symmetric (Ord
    1975). Their last digits may depend on the number of threads; what is reported
    uses none of these digits.
    """
    sums = raw.sum(axis=1)
    scale = np.where(sums > 0, sums, 1.0) if standardised else np.ones(len(raw))
    if symmetric:
        root = np.sqrt(scale)
        return np.asarray(
            np.linalg.eigvalsh(raw / root[:, None] / root[None, :]), dtype=np.float64
        )
    return np.linalg.eigvals(raw / scale[:, None]).astype(np.complex128)


def interval(
    values: npt.NDArray[np.complex128] | Floats, *, symmetric: bool
) -> tuple[float, float] | None:
    """Ends of the interval on which no 1 - r w_i is zero; None where all eigenvalues are zero."""
    radius = float(np.abs(values).max())
    if not values.real.max() > 1e-9 * radius:
        return None
    low = 1 / float(values.real.min()) if symmetric else -1 / radius
    # nine digits, which threads do not touch
    return float(f"{low:.9g}"), float(f"{1 / radius:.9g}")


def _by_place(
    r: Floats, inner: Callable[[Floats], Floats], outer: Callable[[Floats], Floats]
) -> Floats:
    """Values at each r, by one function up to `INNER` and by another from there."""
    out, near = np.empty_like(r), r <= INNER
    out[near], out[~near] = inner(r[near]), outer(r[~near])
    return out


def _step(r: Floats) -> Floats:
    """`STEP` in u, at each r."""
    return np.asarray(STEP * (2 + r) * (1 - r) / 3)


def _stretched(r: Floats | float) -> Floats:
    """Place of r on the line of u = ln((2 + r) / (1 - r))."""
    return np.asarray(np.log((2 + r) / (1 - r)), dtype=np.float64)


def settled(values: Floats) -> Floats:
    """Round to digits that the number of threads does not touch."""
    return np.array([float(f"{v:.{DIGITS}g}") for v in values])
