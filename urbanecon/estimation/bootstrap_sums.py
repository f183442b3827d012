"""Bootstrap statistics from sums over clusters, one matrix product for all draws.

With S_g the scores X_g'e_g of the restricted or unrestricted residuals, a draw
w moves the estimate by (X'X)^-1 sum_g w_g S_g and has the scores
w_g S_g - X_g'X_g (X'X)^-1 sum_h w_h S_h: no row is read again (Roodman,
Nielsen, MacKinnon and Webb 2019, "Fast and wild: bootstrap inference in Stata
using boottest", section 5; MacKinnon, Nielsen and Webb 2023). The scores under
a restriction are linear in its distance from the estimate, so that one pass
serves every null value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.bootstrap_draws import Weights
from urbanecon.estimation.bootstrap_grouping import Grouping, joined
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.sample import Codes, Floats

NO_VARIANCE = 1e-18
"""A variance below this share of the largest of the draws is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Restriction:
    """R b = r for q of the terms.

    Attributes
    ----------
    at
        Positions of the q terms.
    distance
        R b - r at the estimate, length q.
    """

    at: Sequence[int]
    distance: Floats

    def scores(self, estimate: Linear, distance: Floats) -> Floats:
        """X_g'e_g of the residuals under the restriction, G x K."""
        rows = estimate.bread[self.at]
        move = np.linalg.solve(rows[:, self.at], distance) @ rows
        return np.asarray(estimate.scores + np.einsum("gij,j->gi", estimate.gram, move))


class Bootstrapped:
    """Moves of the q tested coefficients and scores along them, for any weights."""

    def __init__(self, estimate: Linear, at: Sequence[int], grouping: Grouping) -> None:
        self.grouping, self.q = grouping, len(at)
        self.at, self.bread = list(at), estimate.bread
        self.rows = estimate.bread[self.at]
        cells = int(grouping.cells.max()) + 1
        along = np.einsum("qk,gkl->gql", self.rows, estimate.gram)
        self.along = np.zeros((cells, *along.shape[1:]))
        np.add.at(self.along, grouping.cells, along)
        pairs = joined(grouping.cells, grouping.drawn)
        first = np.unique(pairs, return_index=True)[1]
        self.pairs, self.pair_weight = pairs, grouping.drawn[first]
        self.starts = np.searchsorted(grouping.cells[first], np.arange(cells))

    def of(self, weights: Floats, scores: Floats) -> tuple[Floats, list[Floats]]:
        """Moves (B x q) and, by tested coefficient, scores of the cells (B x cells).

        Parameters
        ----------
        weights
            B x (number of weights).
        scores
            G x K.
        """
        sums = np.zeros((weights.shape[1], scores.shape[1]))
        np.add.at(sums, self.grouping.drawn, scores)
        moves = np.einsum("bd,dk->bk", weights, np.einsum("dk,kl->dl", sums, self.bread))
        pair_scores = np.zeros((len(self.pair_weight), self.q))
        np.add.at(pair_scores, self.pairs, np.einsum("gk,qk->gq", scores, self.rows))
        drawn = weights if self._plain else weights[:, self.pair_weight]
        cells = []
        for j in range(self.q):
            own = drawn * pair_scores[:, j]
            if len(self.starts) < own.shape[1]:
                own = np.add.reduceat(own, self.starts, axis=1)
            own -= np.einsum("bk,kc->bc", moves, np.ascontiguousarray(self.along[:, j].T))
            cells.append(own)
        return moves[:, self.at], cells

    @property
    def _plain(self) -> bool:
        """Whether the weights are those of the pairs, in their order."""
        return np.array_equal(self.pair_weight, np.arange(int(self.grouping.drawn.max()) + 1))

    def meat(self, a: Floats, b: Floats) -> Floats:
        """Sum over clusters of products of two scores of the cells, length B."""
        total = np.zeros(len(a))
        for codes, sign in self.grouping.ways:
            left, right = _by_cluster(a, codes), _by_cluster(b, codes)
            total += sign * np.einsum("bc,bc->b", left, right)
        return total


def _by_cluster(cells: Floats, codes: Codes) -> Floats:
    """Sum the cells (B x M) of each cluster, B x C."""
    if np.array_equal(codes, np.arange(len(codes))):
        return cells
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(int(codes.max()) + 1))
    return np.asarray(np.add.reduceat(cells[:, order], starts, axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class StudentDraws:
    """t statistics of the draws as functions of the distance b - r.

    The move of a draw is m0 + d m1 and its variance v00 + 2 d v01 + d^2 v11; the
    second terms are zero in the unrestricted bootstrap.

    Attributes
    ----------
    moves
        B x 2.
    variances
        B x 3, small-sample factor included.
    se
        Standard error of the estimate, by which its own t is d / se.
    """

    moves: Floats
    variances: Floats
    se: float

    def t(self, distance: float) -> Floats:
        """Statistics of the draws; NaN where a draw has no positive variance."""
        move = self.moves[:, 0] + distance * self.moves[:, 1]
        v00, v01, v11 = self.variances.T
        variance = v00 + distance * (2 * v01 + distance * v11)
        sound = variance > NO_VARIANCE * max(float(variance.max()), 0.0)
        return np.where(sound, move / np.sqrt(np.where(sound, variance, 1.0)), np.nan)


def student_draws(
    estimate: Linear,
    at: int,
    grouping: Grouping,
    weights: Weights,
    *,
    restricted: bool,
    factor: float,
) -> StudentDraws:
    """All draws for one coefficient.

    Parameters
    ----------
    at
        Position of the term.
    restricted
        Whether the residuals satisfy the null hypothesis (WCR) or not (WCU).
    factor
        Small-sample factor of the covariance.
    """
    sums = Bootstrapped(estimate, [at], grouping)
    slope = Restriction([at], np.ones(1)).scores(estimate, np.ones(1)) - estimate.scores
    moves, variances = np.zeros((weights.draws, 2)), np.zeros((weights.draws, 3))
    start = 0
    for w in weights.chunks():
        chunk = slice(start, start + len(w))
        move, (cells,) = sums.of(w, estimate.scores)
        moves[chunk, 0], variances[chunk, 0] = move[:, 0], sums.meat(cells, cells)
        if restricted:
            move, (sloped,) = sums.of(w, slope)
            moves[chunk, 1] = move[:, 0]
            variances[chunk, 1] = sums.meat(cells, sloped)
            variances[chunk, 2] = sums.meat(sloped, sloped)
        start = chunk.stop
    se = np.sqrt(observed_covariance(estimate, [at], grouping, factor)[0, 0])
    return StudentDraws(moves, variances * factor, float(se))


def wald_draws(
    estimate: Linear,
    restriction: Restriction,
    grouping: Grouping,
    weights: Weights,
    *,
    restricted: bool,
    factor: float,
) -> Floats:
    """F statistics of the draws for q restrictions at once, length B; NaN as above."""
    at = restriction.at
    sums = Bootstrapped(estimate, at, grouping)
    scores = restriction.scores(estimate, restriction.distance) if restricted else estimate.scores
    found = []
    for w in weights.chunks():
        move, cells = sums.of(w, scores)
        covariance = np.empty((len(w), len(at), len(at)))
        for i in range(len(at)):
            for j in range(i + 1):
                covariance[:, i, j] = covariance[:, j, i] = sums.meat(cells[i], cells[j])
        found.append(quadratic_forms(move, covariance * factor) / len(at))
    return np.concatenate(found)


def quadratic_forms(moves: Floats, covariance: Floats) -> Floats:
    """m'V^-1 m of each draw; NaN where V is not positive definite."""
    scale = np.sqrt(np.abs(np.einsum("bii->bi", covariance)))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = covariance / (scale[:, :, None] * scale[:, None, :])
    sound = np.linalg.eigvalsh(scaled)[:, 0] > np.sqrt(NO_VARIANCE)
    scaled[~sound] = np.eye(moves.shape[1])
    m = moves / scale
    forms = np.einsum("bi,bi->b", m, np.linalg.solve(scaled, m[:, :, None])[:, :, 0])
    return np.where(sound, forms, np.nan)


def observed_covariance(
    estimate: Linear, at: Sequence[int], grouping: Grouping, factor: float
) -> Floats:
    """CRV1 of the tested terms, q x q, under the clustering of the statistic.

    Raises
    ------
    EstimationError
        It is not positive definite: fewer clusters than restrictions, or two
        clusterings whose intersection weighs more than they.
    """
    scores = np.einsum("gk,qk->gq", estimate.scores, estimate.bread[list(at)])
    cells = np.zeros((int(grouping.cells.max()) + 1, len(at)))
    np.add.at(cells, grouping.cells, scores)
    meat = np.zeros((len(at), len(at)))
    for codes, sign in grouping.ways:
        sums = _by_cluster(cells.T, codes).T
        meat += sign * cross(sums, sums)
    if np.isnan(quadratic_forms(np.ones((1, len(at))), meat[None])).any():
        names = ", ".join(estimate.terms[j] for j in at)
        raise EstimationError(
            f"the clustered covariance of {names} is not positive definite with "
            f"{' and '.join(map(str, grouping.clusters))} clusters; test fewer terms or "
            "cluster in one dimension"
        )
    return meat * factor
