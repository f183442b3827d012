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
from functools import partial
from typing import NamedTuple

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.bootstrap_draws import Points, Weights
from urbanecon.estimation.bootstrap_grouping import Grouping, joined
from urbanecon.estimation.cluster_products import added_up
from urbanecon.estimation.exact_sums import signed_sums
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.mapping import MapLike
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.sample import Codes, Floats

IN_CACHE = 256
"""Draws computed at once: few enough for their scores to stay in the processor's cache."""
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


class Summed(NamedTuple):
    """Scores as the draws need them.

    Attributes
    ----------
    moves
        What each weight moves the K coefficients by, (number of weights) x K.
    scores
        Scores of the q tested coefficients by cell and weight, (pairs of them) x q.
    """

    moves: Floats
    scores: Floats


class Bootstrapped:
    """Moves of the q tested coefficients and scores along them, for any weights."""

    def __init__(self, estimate: Linear, at: Sequence[int], grouping: Grouping) -> None:
        self.grouping, self.q = grouping, len(at)
        self.at, self.bread = list(at), estimate.bread
        self.rows = estimate.bread[self.at]
        self.cells = int(grouping.cells.max()) + 1
        along = np.einsum("qk,gkl->gql", self.rows, estimate.gram)
        by_cell = added_up(along, grouping.cells, self.cells)
        self.along = np.ascontiguousarray(by_cell.transpose(1, 2, 0))
        self.pairs = joined(grouping.cells, grouping.drawn)
        first = np.unique(self.pairs, return_index=True)[1]
        self.pair_weight = grouping.drawn[first]
        self.starts = np.searchsorted(grouping.cells[first], np.arange(self.cells))
        # whether the weights are those of the pairs, in their order
        self.plain = np.array_equal(self.pair_weight, np.arange(int(grouping.drawn.max()) + 1))

    def summed(self, scores: Floats) -> Summed:
        """Sum scores (G x K) by what is drawn together."""
        by_weight = added_up(scores, self.grouping.drawn, int(self.grouping.drawn.max()) + 1)
        tested = np.einsum("gk,qk->gq", scores, self.rows)
        return Summed(
            np.einsum("dk,kl->dl", by_weight, self.bread),
            added_up(tested, self.pairs, len(self.pair_weight)),
        )

    def of(
        self, weights: Floats, summed: Summed, *, signs: bool = False
    ) -> tuple[Floats, list[Floats]]:
        """Moves (B x q) and, by tested coefficient, scores of the cells (B x cells).

        Parameters
        ----------
        weights
            B x (number of weights).
        signs
            Whether the weights are all -1 or 1, which is faster.
        """
        if signs:
            moves = signed_sums(weights, summed.moves)
        else:
            moves = np.einsum("bd,dk->bk", weights, summed.moves)
        drawn = weights if self.plain else weights[:, self.pair_weight]
        cells = []
        for j in range(self.q):
            own = drawn * summed.scores[:, j]
            if self.cells < own.shape[1]:
                own = np.add.reduceat(own, self.starts, axis=1)
            own -= np.einsum("bk,kc->bc", moves, self.along[j])
            cells.append(own)
        return moves[:, self.at], cells

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


def resampled(
    sums: Bootstrapped, scores: Sequence[Floats], weights: Weights, map_: MapLike
) -> tuple[Floats, Floats]:
    """All draws of the tested coefficients, from one set of scores or several.

    With q coefficients and m sets there are M = mq columns, set by set.

    Returns
    -------
    Moves, B x M, and their covariances without small-sample factor, B x M x M.
    """
    summed = tuple(map(sums.summed, scores))
    found = list(map_(partial(_chunk, sums, summed, weights), weights.points()))
    moves, covariances = zip(*found, strict=True)
    return np.concatenate(moves), np.concatenate(covariances)


def _chunk(
    sums: Bootstrapped, scores: tuple[Summed, ...], weights: Weights, points: Points
) -> tuple[Floats, Floats]:
    """A work unit of `resampled`: some of the draws, few at a time."""
    columns = len(scores) * sums.q
    moves = np.empty((len(points), columns))
    covariance = np.empty((len(points), columns, columns))
    for start in range(0, len(points), IN_CACHE):
        here = slice(start, start + IN_CACHE)
        drawn, signs = weights.at(points[here]), weights.law == "rademacher"
        found = [sums.of(drawn, each, signs=signs) for each in scores]
        moves[here] = np.hstack([move for move, _ in found])
        cells = [column for _, by_term in found for column in by_term]
        for i, one in enumerate(cells):
            for j, other in enumerate(cells[: i + 1]):
                covariance[here, i, j] = covariance[here, j, i] = sums.meat(one, other)
    return moves, covariance


def student(moves: Floats, variances: Floats) -> Floats:
    """Statistics t of draws, length B; NaN where one has no positive variance."""
    sound = variances > NO_VARIANCE * max(float(variances.max()), 0.0)
    return np.where(sound, moves / np.sqrt(np.where(sound, variances, 1.0)), np.nan)


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
        v00, v01, v11 = self.variances.T
        variance = v00 + distance * (2 * v01 + distance * v11)
        return student(self.moves[:, 0] + distance * self.moves[:, 1], variance)


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
    cells = added_up(scores, grouping.cells, int(grouping.cells.max()) + 1)
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
