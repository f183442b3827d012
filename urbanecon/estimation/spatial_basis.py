"""Orthonormal bases of panel columns, summed unit by unit.

Blocks of one unit are too small for a linear algebra library to split among
threads, which is what makes last digits depend on their number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from urbanecon.estimation.least_squares import orthogonal
from urbanecon.estimation.sample import Floats

# Share of the sum of squares of each column that earlier ones must leave for the
# Cholesky factor to be trusted; it loses twice the digits that Gram-Schmidt does.
CLEAR = 1e-6
# Share from which one Cholesky factor loses no more than two digits.
PLAIN = 1e-2


def products(a: Floats, b: Floats) -> Floats:
    """Sum of a_it b_it' over units and periods, p x q, for N x T x p and N x T x q."""
    return np.asarray(np.matmul(a.swapaxes(1, 2), b).sum(axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """X = QR and y = Qc + e, Q with orthonormal columns.

    Attributes
    ----------
    q
        N x T x k.
    triangle
        R, k x k upper triangular.
    coordinates
        c = Q'y, length k.
    residual
        e, N x T.
    """

    q: Floats
    triangle: Floats
    coordinates: Floats
    residual: Floats

    @classmethod
    def of(cls, z: Floats) -> Basis:
        """Build from independent columns [X, y], N x T x (k + 1).

        By Cholesky QR, done twice unless columns are far from each other, which is
        as good as Householder's up to a condition number of 1e7 (Yamamoto,
        Nakatsukasa, Yanagisawa and Fukaya 2015), or by Gram-Schmidt where columns
        are too close for that.
        """
        clear = cls.if_clear(z)
        if clear is not None:
            return clear
        q, r, _ = orthogonal(np.asfortranarray(z.reshape(-1, z.shape[2])), 0.0)
        return cls._from(q.reshape(z.shape), r)

    @classmethod
    def if_clear(cls, z: Floats) -> Basis | None:
        """As `of`, or None where a column, y included, is close to the earlier ones."""
        found = _cholesky_qr(z)
        return None if found is None else cls._from(*found)

    @classmethod
    def _from(cls, q: Floats, r: Floats) -> Basis:
        return cls(q[..., :-1], r[:-1, :-1], r[:-1, -1], q[..., -1] * r[-1, -1])

    def split(self, y: Floats) -> tuple[Floats, Floats]:
        """Coordinates of one more column, length k, and its residual, N x T x 1."""
        first = products(self.q, y)
        left = y - self.q @ first
        again = products(self.q, left)
        return (first + again)[:, 0], left - self.q @ again

    def coefficients(self, coordinates: Floats) -> Floats:
        """Least squares coefficients, length k, from coordinates."""
        return np.asarray(np.linalg.solve(self.triangle, coordinates), dtype=np.float64)

    @property
    def bread(self) -> Floats:
        """(X'X)^-1, k x k."""
        inverse = np.linalg.inv(self.triangle)
        return np.asarray(np.einsum("kn,ln->kl", inverse, inverse), dtype=np.float64)


def _cholesky_qr(z: Floats) -> tuple[Floats, Floats] | None:
    """Q and R, or None where columns are too close to each other."""
    r = np.eye(z.shape[2])
    for step in range(2):
        gram = products(z, z)
        scale = np.sqrt(np.diag(gram))
        if not scale.all():
            return None
        try:
            factor = np.linalg.cholesky(gram / np.outer(scale, scale)).T
        except np.linalg.LinAlgError:
            return None
        left = np.min(np.diag(factor)) ** 2
        if step == 0 and left < CLEAR:
            return None
        factor = factor * scale
        z, r = z @ np.linalg.inv(factor), factor @ r
        if left > PLAIN:
            break
    return z, r
