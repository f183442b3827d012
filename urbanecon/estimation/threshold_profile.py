"""Sums of squares of threshold models over a whole grid, from one Gram matrix.

With e the outcome and L(g) the regime-dependent regressors below g, z 1{q < g},
effects and all other regressors taken out of both, one more threshold at g
leaves SSR(g) = e'e - e'L(L'L)^-1 L'e. As L(g)'e is a sum over the rows with
q < g, a cumulative sum in the order of q gives it for all g at once, for the
data and for any number of bootstrap outcomes. The products L(g)'L(h) are kept
for all pairs, so that thresholds already found are partialled out without
another look at the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.estimation.least_squares import COLLINEAR, cross, orthogonal
from urbanecon.estimation.sample import Codes, Floats, Mask
from urbanecon.estimation.threshold_grid import Grid
from urbanecon.estimation.within import Absorber

# Columns that are projected at once: bounds memory, not results.
CHUNK = 128


class Projection:
    """What takes effects and base regressors out of a column.

    Parameters
    ----------
    codes
        Effects, each of length n.
    base
        Raw base regressors, n x k; collinear ones add nothing.
    kept
        Rows kept after the effects are out, or None for all; then the
        projection is no longer one in the space of all rows.
    """

    def __init__(self, codes: Sequence[Codes], base: Floats, kept: Mask | None) -> None:
        self._absorber = Absorber(codes)
        self.kept = kept
        self._base = orthogonal(self.within(base))[0]

    def within(self, columns: Floats) -> Floats:
        """Take the effects out and keep the rows that are used."""
        out = self._absorber.residuals(columns)
        return out if self.kept is None else np.asfortranarray(out[self.kept])

    def off_base(self, columns: Floats) -> Floats:
        """Take the base regressors out of columns without effects."""
        shares = cross(self._base, columns)
        return np.asarray(columns - np.einsum("nk,kb->nb", self._base, shares))

    def residuals(self, columns: Floats) -> Floats:
        """Take effects and base regressors out of raw columns."""
        return self.off_base(self.within(columns))

    def of_errors(self, errors: Floats) -> Floats:
        """Take out of errors on the rows used what an outcome with them would lose."""
        return self.off_base(errors if self.kept is not None else self.within(errors))

    def on_raw(self, residuals: Floats) -> Floats:
        """Return v with x'v = (projected x)'residuals for every raw column x."""
        if self.kept is None:
            return residuals
        padded = np.zeros((len(self.kept), residuals.shape[1]))
        padded[self.kept] = residuals
        return self._absorber.residuals(padded)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Outcomes seen from the grid.

    Attributes
    ----------
    right
        L(g)'e, B x G x p.
    total
        e'e, length B.
    """

    right: Floats
    total: Floats


class Profile:
    """Products of the regime-dependent regressors below every candidate.

    Parameters
    ----------
    projection
        Takes effects and base regressors out.
    regressors
        Regime-dependent regressors z, n x p, raw.
    variable
        Threshold variable q, length n.
    grid
        Candidates.
    """

    def __init__(
        self, projection: Projection, regressors: Floats, variable: Floats, grid: Grid
    ) -> None:
        self.projection, self.grid = projection, grid
        self._regressors, self._variable = regressors, variable
        self._order = np.argsort(variable, kind="stable")
        self._ends = np.searchsorted(variable[self._order], grid.candidates, side="left")
        self._squares = self._below(np.ones((len(variable), 1)), regressors**2)[0]
        self.gram = self._gram()

    def columns(self, at: Sequence[int] | Codes) -> Floats:
        """L of the candidates at some positions, effects and base out, rows x (positions p)."""
        return self.projection.residuals(self._raw(at))

    def outcomes(self, residuals: Floats) -> Outcomes:
        """See outcomes (rows x B, effects and base regressors out) from the grid."""
        on_raw = self.projection.on_raw(residuals)
        right = self._below(on_raw, self._regressors)
        return Outcomes(right, np.sum(residuals**2, axis=0))

    def _raw(self, at: Sequence[int] | Codes) -> Floats:
        below = self._variable[:, None] < self.grid.candidates[np.asarray(at)]
        n = len(below)
        raw = (below[:, :, None] * self._regressors[:, None, :]).reshape(n, -1)
        return np.asarray(raw, dtype=np.float64)

    def _below(self, columns: Floats, regressors: Floats) -> Floats:
        """Sums of column times regressor over the rows with q < g, B x G x p."""
        rows = self._order[: self._ends[-1]]
        starts = np.concatenate([[0], self._ends[:-1]])
        ordered = np.ascontiguousarray(columns[rows])
        sums = np.empty((columns.shape[1], len(starts), regressors.shape[1]))
        for j in range(regressors.shape[1]):
            between = np.add.reduceat(ordered * regressors[rows, j][:, None], starts, axis=0)
            sums[:, :, j] = np.cumsum(between, axis=0).T
        return sums

    def _gram(self) -> Floats:
        """L(g)'L(h), G x p x G x p."""
        size, p = len(self.grid.candidates), self._regressors.shape[1]
        gram = np.empty((size, p, size, p))
        step = max(1, CHUNK // p)
        for start in range(0, size, step):
            some = np.arange(start, min(start + step, size))
            seen = self.outcomes(self.columns(some)).right
            gram[:, :, some, :] = seen.reshape(len(some), p, size, p).transpose(2, 3, 0, 1)
        return gram

    def coefficients(self, outcomes: Outcomes, held: Codes) -> Floats:
        """Coefficients of L at the held positions (B x s) for each outcome, B x s x p."""
        gram, right = self._held(outcomes, held)
        b = np.linalg.solve(gram, right[..., None])[..., 0]
        return np.asarray(b.reshape(*held.shape, -1), dtype=np.float64)

    def sums_of_squares(self, outcomes: Outcomes, held: Codes, share: float) -> Floats:
        """SSR with one more threshold at each candidate, B x G.

        Infinite where the candidate is too near to a held one or a slope of a
        regime is not identified.

        Parameters
        ----------
        held
            Positions of the thresholds in the model, B x s, s possibly 0.
        share
            Least size of a regime, see `Grid`.
        """
        each = np.arange(len(self.grid.candidates))
        own: Floats = np.asarray(self.gram[each, :, each, :], dtype=np.float64)[None]
        right, explained = outcomes.right, np.zeros(len(held))
        if held.shape[1]:
            own, right, explained = self._given(outcomes, held, own)
        left = (outcomes.total - explained)[:, None]
        gain, identified = _explained(own, right, COLLINEAR * self._squares)
        out = ~identified | self.grid.refused(held, share)
        return np.where(out, np.inf, left - gain)

    def _held(self, outcomes: Outcomes, held: Codes) -> tuple[Floats, Floats]:
        """Gram matrix of L at the held positions, B x sp x sp, and L'e, B x sp."""
        draws, s = held.shape
        gram = self.gram[held[:, :, None], :, held[:, None, :], :].transpose(0, 1, 3, 2, 4)
        right = outcomes.right[np.arange(draws)[:, None], held]
        return gram.reshape(draws, s * gram.shape[2], -1), right.reshape(draws, -1)

    def _given(
        self, outcomes: Outcomes, held: Codes, own: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Partial L at the held positions out of L(g)'L(g) and L(g)'e; what they explain."""
        gram, right = self._held(outcomes, held)
        draws, k = right.shape
        size, p = self.gram.shape[:2]
        # B x sp x Gp
        across = self.gram[:, :, held, :].transpose(2, 3, 4, 0, 1).reshape(draws, k, size * p)
        solved = np.linalg.solve(gram, np.concatenate([across, right[..., None]], axis=2))
        on_held, b = solved[..., :-1].reshape(draws, k, size, p), solved[..., -1]
        by_candidate = across.reshape(draws, k, size, p)
        left = own - np.asarray(np.einsum("bkgp,bkgq->bgpq", by_candidate, on_held))
        explained = np.asarray(np.sum(right * b, axis=1))
        return left, outcomes.right - np.einsum("bkgp,bk->bgp", by_candidate, b), explained


def _explained(own: Floats, right: Floats, least: Floats) -> tuple[Floats, Mask]:
    """r'D^-1 r by elimination, and whether every pivot is above its least value."""
    p = own.shape[-1]
    own, right = own.copy(), right.copy()
    gain = np.zeros(right.shape[:-1])
    identified = np.ones(own.shape[:-2], dtype=bool)
    for j in range(p):
        good = own[..., j, j] > least[..., j]
        pivot = np.where(good, own[..., j, j], np.inf)
        identified &= good
        gain += right[..., j] ** 2 / pivot
        ratio = own[..., j + 1 :, j] / pivot[..., None]
        right[..., j + 1 :] -= ratio * right[..., j, None]
        own[..., j + 1 :, j + 1 :] -= ratio[..., None] * own[..., j, None, j + 1 :]
    return gain, identified
