"""Linear GMM on stacked unit blocks: weights, two steps, covariances.

Products are sums in a fixed order (einsum, sparse matrices, a plain Cholesky),
so that no digit depends on the number of threads; only the generalised inverse
of singular second-step weights, which comes with a warning, uses LAPACK.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from urbanecon.estimation.covariance import symmetric
from urbanecon.estimation.least_squares import COLLINEAR, cross, orthogonal, product, times
from urbanecon.estimation.sample import Floats

# A moment is redundant when the ones before it leave less than this share of
# its variance: far above rounding, far below what sampling leaves.
SINGULAR = 1e-11
# Eigenvalues below this share of the largest count as zero (MASS::ginv in R).
GENERALISED = float(np.sqrt(np.finfo(float).eps))


def sparse_rows(columns: Floats) -> Any:
    """Stacked columns N x R x m as one sparse matrix of NR rows, m columns."""
    from scipy import sparse

    rows = columns.reshape(-1, columns.shape[2])
    present = rows != 0
    at = np.flatnonzero(present)
    ends = np.concatenate([[0], np.cumsum(np.count_nonzero(present, axis=1))])
    return sparse.csr_array((rows.ravel()[at], at % rows.shape[1], ends), shape=rows.shape)


def factor(matrix: Floats, tolerance: float) -> tuple[Floats, list[int]]:
    """Cholesky of the scaled matrix: L (r x r) with A = S L L'S on the rows kept.

    A row is left out when those before it leave less than `tolerance` of its
    diagonal. Returns S L and the positions kept.
    """
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    safe = np.where(scale > 0, scale, 1.0)
    a = matrix / np.outer(safe, safe)
    lower = np.zeros_like(a)
    kept: list[int] = []
    for j in range(len(a)):
        rank = len(kept)
        left = a[j:, j] - times(lower[j:, :rank], lower[j, :rank])
        if scale[j] == 0 or left[0] <= tolerance:
            continue
        lower[j:, rank] = left / np.sqrt(left[0])
        kept.append(j)
    return lower[np.ix_(kept, range(len(kept)))] * safe[kept][:, None], kept


def inverse_lower(lower: Floats) -> Floats:
    """Inverse of a lower triangular matrix, by forward substitution."""
    out = np.zeros_like(lower)
    for j in range(len(lower)):
        out[j] = -np.einsum("k,kq->q", lower[j, :j], out[:j])
        out[j, j] += 1.0
        out[j] /= lower[j, j]
    return out


def half_of_inverse(matrix: Floats) -> tuple[Floats, bool]:
    """C with C'C = A^-1, or the Moore-Penrose inverse of a singular A, and whether it was.

    plm takes the same generalised inverse (eigenvalues below 1.5e-8 of the
    largest are zero); xtabond2 another, with which its singular cases differ.
    """
    lower, kept = factor(matrix, SINGULAR)
    if len(kept) == len(matrix):
        return inverse_lower(lower), False
    values, vectors = np.linalg.eigh(matrix)
    keep = values > GENERALISED * values[-1]
    return np.asarray((vectors[:, keep] / np.sqrt(values[keep])).T, dtype=np.float64), True


@dataclass(slots=True, eq=False)
class Moments:
    """Stacked rows y = X b + e with instruments Z, E[Z_i'e_i] = 0 for each unit i.

    Attributes
    ----------
    y, x, z
        N x R, N x R x k, N x R x q; unused rows are zero.
    sparse_z
        `sparse_rows` of Z.
    """

    y: Floats
    x: Floats
    z: Floats
    sparse_z: Any
    # sums over units: Z'X, Z'y
    zx: Floats = field(init=False)
    zy: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.zx = self.z_times(self.x)
        self.zy = self.z_times(self.y[:, :, None])[:, 0]

    def z_times(self, columns: Floats) -> Floats:
        """Z'C for stacked columns N x R x m, q x m."""
        flat = columns.reshape(-1, columns.shape[2])
        return np.asarray(self.sparse_z.T @ flat, dtype=np.float64)

    def by_unit(self, e: Floats) -> Floats:
        """Z_i'e_i of each unit, N x q."""
        return np.asarray(np.einsum("nrq,nr->nq", self.z, e), dtype=np.float64)

    def residuals(self, b: Floats) -> Floats:
        """Return y - X b, N x R."""
        return np.asarray(self.y - np.einsum("nrk,k->nr", self.x, b), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A GMM estimate with one weight matrix A = `half`' `half`.

    `bread` is (X'Z A Z'X)^-1 and `map` is A Z'X bread (q x k), so that
    b = map' Z'y; `scores` are Z_i'e_i at b, N x q.
    """

    params: Floats
    bread: Floats
    map: Floats
    half: Floats
    residuals: Floats
    scores: Floats
    singular: bool = False

    @property
    def moments(self) -> Floats:
        """Z'e at b, length q."""
        return np.asarray(self.scores.sum(axis=0), dtype=np.float64)

    def criterion(self, half: Floats | None = None) -> float:
        """Return e'Z A Z'e, at its own or other weights."""
        moments = times(self.half if half is None else half, self.moments)
        return float(np.sum(moments**2))

    def sandwich(self) -> Floats:
        """Covariance clustered by unit, k x k (Arellano and Bond 1991, eq. 7)."""
        influence = np.einsum("nq,qk->nk", self.scores, self.map)
        return symmetric(cross(influence, influence))


def take_step(moments: Moments, half: Floats, singular: bool = False) -> Step:
    """Minimise e'Z A Z'e for A = `half`' `half`; X must have full rank in Z."""
    b, bread, mapping = minimise(half, moments.zx, moments.zy)
    e = moments.residuals(b)
    return Step(b, bread, mapping, half, e, moments.by_unit(e), singular)


def minimise(half: Floats, zx: Floats, zy: Floats) -> tuple[Floats, Floats, Floats]:
    """Estimate, bread and map of weights `half`' `half`."""
    q, r, _ = orthogonal(product(half, zx), 0.0)
    inverse = np.asarray(np.linalg.inv(r), dtype=np.float64)
    mapping = product(product(half.T, q), inverse.T)
    return times(mapping.T, zy), cross(inverse.T, inverse.T), mapping


def second_step(moments: Moments, first: Step) -> Step:
    """Weights from the first step's scores, (sum Z_i'e_i e_i'Z_i)^-1 (Hansen 1982)."""
    return take_step(moments, *half_of_inverse(cross(first.scores, first.scores)))


def windmeijer(moments: Moments, first: Step, second: Step) -> Floats:
    """Two-step covariance with the finite-sample correction, k x k (Windmeijer 2005, eq. 3.2).

    V = B2 + D B2 + B2 D' + D V1 D', D the derivative of the second estimate with
    respect to the first that its weights rest on:
    D_k = map2' [sum Z_i'(x_ik e1_i' + e1_i x_ik')Z_i] A2 Z'e2.
    """
    weighted = times(second.half.T, times(second.half, second.moments))
    inner = times(first.scores, weighted)
    forward = moments.z_times(moments.x * inner[:, None, None])
    fitted = np.einsum("nrq,q->nr", moments.z, weighted)
    backward = cross(first.scores, np.einsum("nrk,nr->nk", moments.x, fitted))
    d = cross(second.map, forward + backward)
    cross_term = product(d, second.bread)
    rest = product(product(d, first.sandwich()), d.T)
    return symmetric(second.bread + cross_term + cross_term.T + rest)


def independent_instruments(weights: Floats) -> tuple[Floats, list[int]]:
    """C with C'C = (Z'HZ)^-1 on the instruments kept, and which those are."""
    lower, kept = factor(weights, COLLINEAR)
    return inverse_lower(lower), kept


def independent_regressors(half: Floats, zx: Floats) -> list[int]:
    """Positions of the regressors whose projections on the instruments are independent."""
    return orthogonal(product(half, zx))[2]
