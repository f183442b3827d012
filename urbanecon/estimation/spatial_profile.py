"""Sums of squares of spatial panel models as functions of the spatial parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from urbanecon.estimation.sample import Floats
from urbanecon.estimation.spatial_basis import products
from urbanecon.estimation.weights import Weights


class Profile(Protocol):
    """Sum of squared residuals as a function of the spatial parameter."""

    def squares(self, r: Floats) -> tuple[Floats, Floats]:
        """S(r) and S'(r) at each r."""


@dataclass(frozen=True, slots=True, eq=False)
class LagProfile:
    """S(r) = |e_0 - r e_1|^2, e_0 and e_1 the residuals of y and Wy on X."""

    moments: Floats

    def squares(self, r: Floats) -> tuple[Floats, Floats]:
        """S(r) and S'(r) at each r."""
        (a, b), (_, c) = self.moments
        return a - 2 * r * b + r**2 * c, -2 * b + 2 * r * c


@dataclass(frozen=True, slots=True, eq=False)
class ErrorProfile:
    """S(r) = min_b |M (I - rW)(y - Xb)|^2, M the projection off the filtered constant.

    The cross products of M (I - rW) [y, X] are polynomials in r, so that the
    data are read once. A constant c in every unit becomes (I - rW)c, which is a
    constant only when rows of W sum to one; M handles both.

    Attributes
    ----------
    quadratic
        Coefficients of 1, r, r^2, 3 x p x p.
    means
        The same of v'(I - rW)[y, X] by period (or pooled), 3 x S x p; S is zero
        with unit effects alone.
    length
        Coefficients of v'v, v = (I - rW)l (times T when pooled), 3.
    """

    quadratic: Floats
    means: Floats
    length: Floats

    def squares(self, r: Floats) -> tuple[Floats, Floats]:
        """S(r) and S'(r) at each r."""
        power, slope = _powers(r)
        flat, shape = self.quadratic.reshape(3, -1), self.quadratic.shape[1:]
        c, dc = ((z @ flat).reshape(-1, *shape) for z in (power, slope))
        if self.means.shape[1]:
            b, db = (np.einsum("mj,jsp->msp", z, self.means) for z in (power, slope))
            v, dv = ((z @ self.length)[:, None, None] for z in (power, slope))
            bb = np.einsum("msp,msq->mpq", b, b)
            cross_ = np.einsum("msp,msq->mpq", db, b)
            c = c - bb / v
            dc = dc - (cross_ + cross_.transpose(0, 2, 1)) / v + bb * dv / v**2
        b_hat = np.linalg.solve(c[:, 1:, 1:], c[:, 1:, :1])
        contrast = np.concatenate([np.ones((len(r), 1, 1)), -b_hat], axis=1)
        s, ds = (contrast.swapaxes(1, 2) @ z @ contrast for z in (c, dc))
        return s.ravel(), ds.ravel()

    @classmethod
    def of(
        cls, z: Floats, weights: Weights, unit_effects: bool, time_effects: bool
    ) -> ErrorProfile:
        """Build from [y, X] in deviation from unit means (with unit effects), N x T x p.

        X is best a basis and y its residual, which costs fewest digits.
        """
        n, t = z.shape[:2]
        lagged = weights.lag(z)
        quadratic = _quadratic(z, lagged)
        u = weights.lag(np.ones(n))
        means = np.zeros((3, 0, z.shape[2]))
        if time_effects or not unit_effects:
            l_z, l_w, u_z, u_w = (
                np.einsum("n,ntp->tp", v, c) for v in (np.ones(n), u) for c in (z, lagged)
            )
            means = np.stack([l_z, -(l_w + u_z), u_w])
            if not time_effects:
                means = means.sum(axis=1, keepdims=True)
        scale = 1 if time_effects else t
        length = scale * np.array([float(n), -2 * float(np.sum(u)), float(np.sum(u**2))])
        return cls(quadratic, means, length)

    @classmethod
    def of_coordinates(cls, z: Floats, lagged: Floats) -> ErrorProfile:
        """Build from what is left of [y, X] and W[y, X] without the effects, in some basis.

        Parameters
        ----------
        z, lagged
            Coordinates, q x p. Right where rows of W sum to one, or without time
            effects: the effects of the filtered columns are then those of the columns.
        """
        quadratic = _quadratic(z[None], lagged[None])
        return cls(quadratic, np.zeros((3, 0, z.shape[1])), np.zeros(3))


def _quadratic(z: Floats, lagged: Floats) -> Floats:
    """Coefficients of 1, r, r^2 in the cross products of z - r Wz, 3 x p x p."""
    mixed = products(z, lagged)
    return np.stack([products(z, z), -(mixed + mixed.T), products(lagged, lagged)])


def _powers(r: Floats) -> tuple[Floats, Floats]:
    one, zero = np.ones_like(r), np.zeros_like(r)
    return np.stack([one, r, r**2], axis=1), np.stack([zero, one, 2 * r], axis=1)
