"""Coefficients and t statistics for any assignment of paths, from moments alone.

With year dummies among the columns of a city's moments, any path over the years
is a combination of these columns, so that its cross products with itself, the
outcome and the controls are in the moments already: one row for each city and
distinct path. An assignment picks one row a city, and its sums give the
coefficient by Frisch and Waugh (1933); no panel is built again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from urbanecon.errors import EstimationError
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.gram import RANK_TOLERANCE, independent, independent_terms
from urbanecon.estimation.least_squares import COLLINEAR
from urbanecon.estimation.randomization_paths import Paths
from urbanecon.estimation.sample import Codes, Floats

AT_ONCE = 256
"""Assignments whose scores are in memory at once."""
MOST_NUMBERS = 2**27
"""Numbers in the table of units, paths and columns: 1 GB."""


@dataclass(frozen=True, slots=True, eq=False)
class PathSums:
    """Cross products of each unit (n) and path (P) with an orthonormal basis (K).

    The basis spans controls and levels; the outcome is its residual on them.

    Attributes
    ----------
    squares
        d'Wd, n x P.
    outcome
        d'W(y residual), n x P.
    basis
        d'WQ, n x P x K.
    basis_outcome
        Q'W(y residual), n x K.
    basis_squares
        Q'WQ, n x K x K.
    """

    squares: Floats
    outcome: Floats
    basis: Floats
    basis_outcome: Floats
    basis_squares: Floats

    def coefficients(self, assigned: npt.NDArray[np.int32]) -> tuple[Floats, Floats, Floats]:
        """Coefficient, what is left of the paths' squares, and their loadings on the basis.

        Parameters
        ----------
        assigned
            B x n codes of paths.

        Returns
        -------
        Lengths B, B and B x K; NaN where the basis leaves nothing of the paths.
        """
        n, kinds, width = self.basis.shape
        table = np.concatenate([self.outcome[:, :, None], self.squares[:, :, None], self.basis], 2)
        flat = table.reshape(n * kinds, width + 2)
        sums = _picked(assigned, flat, kinds)
        loadings = sums[:, 2:]
        left = sums[:, 1] - np.einsum("bk,bk->b", loadings, loadings)
        varies = left > COLLINEAR * sums[:, 1]
        left = np.where(varies, left, np.nan)
        return sums[:, 0] / left, left, loadings

    def statistics(
        self, assigned: npt.NDArray[np.int32], clusters: Codes, factor: float | None
    ) -> tuple[Floats, Floats]:
        """Coefficients and t statistics, lengths B.

        Parameters
        ----------
        clusters
            Cluster of each unit, length n.
        factor
            Small-sample factor of CRV1; None gives the coefficients twice.
        """
        coefficient, left, loadings = self.coefficients(assigned)
        if factor is None:
            return coefficient, coefficient
        meat = np.empty(len(assigned))
        order = np.argsort(clusters, kind="stable")
        starts = np.searchsorted(clusters[order], np.arange(int(clusters.max()) + 1))
        for start in range(0, len(assigned), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            scores = self._scores(assigned[rows], coefficient[rows], loadings[rows])
            sums = np.add.reduceat(scores[:, order], starts, axis=1)
            meat[rows] = np.einsum("bc,bc->b", sums, sums)
        sound = meat > 0
        se = np.sqrt(np.where(sound, meat, 1.0) * factor) / left
        return coefficient, np.where(sound, coefficient / se, np.nan)

    def _scores(
        self, assigned: npt.NDArray[np.int32], coefficient: Floats, loadings: Floats
    ) -> Floats:
        """(d - Qc)'W(y - b(d - Qc)) of each unit, B x n, d and Q city by city."""
        units = np.arange(assigned.shape[1])
        upper = np.triu_indices(loadings.shape[1])
        twice = np.where(upper[0] == upper[1], 1.0, 2.0)
        pairs = loadings[:, upper[0]] * loadings[:, upper[1]] * twice
        by_pair = np.ascontiguousarray(self.basis_squares[:, upper[0], upper[1]].T)
        squares = (
            self.squares[units, assigned]
            - 2 * np.einsum("bnk,bk->bn", self.basis[units, assigned], loadings)
            + np.einsum("bm,mn->bn", pairs, by_pair)
        )
        outcome = self.outcome[units, assigned] - np.einsum(
            "bk,kn->bn", loadings, np.ascontiguousarray(self.basis_outcome.T)
        )
        return np.asarray(outcome - coefficient[:, None] * squares)


def path_sums(
    moments: Moments, outcome: str, controls: Sequence[str], paths: Paths, time: str
) -> PathSums:
    """Tables from moments whose clusters are the units of the paths.

    Raises
    ------
    EstimationError
        The moments are swept, the years are not among their levels, or units and
        paths are too many.
    """
    moments.refuse_swept("randomization inference")
    (y,) = moments.positions([outcome])
    years = year_positions(moments, paths, time)
    total, cross = moments.total, moments.cross
    levels = independent(total, moments.level_positions, RANK_TOLERANCE)
    z = [*independent_terms(total, levels, moments.positions(controls)), *levels]
    whiten = _whitening(total[np.ix_(z, z)])
    fitted = whiten @ (whiten.T @ total[z, y])
    if len(paths.of) * len(paths.by_period) * len(z) > MOST_NUMBERS:
        raise EstimationError(
            f"{len(paths.of)} units with {len(paths.by_period)} different paths and {len(z)} "
            "columns do not fit in memory; round the treatment, or test a random part of the units"
        )
    at = np.array(z)
    year_z = cross[:, years[:, None], at]
    year_y = cross[:, years, y] - year_z @ fitted
    year_year = cross[:, years[:, None], years]
    z_z = cross[:, at[:, None], at]
    half = np.einsum("pt,gtk->gpk", paths.by_period, year_year)
    return PathSums(
        squares=np.einsum("gpt,pt->gp", half, paths.by_period),
        outcome=np.einsum("gt,pt->gp", year_y, paths.by_period),
        basis=np.einsum("pt,gtk->gpk", paths.by_period, year_z @ whiten),
        basis_outcome=np.einsum("gz,zk->gk", cross[:, at, y] - z_z @ fitted, whiten),
        basis_squares=whiten.T @ z_z @ whiten,
    )


def year_positions(moments: Moments, paths: Paths, time: str) -> Codes:
    """Columns of the moments that are the dummies of the paths' periods."""
    names = [f"{time}={period}" for period in paths.periods]
    missing = [name for name in names if name not in moments.levels]
    if missing:
        raise EstimationError(
            f"randomization inference reads paths from the effects of {time!r}, but the moments "
            f"have no level {missing[0]!r}; name {time!r} among the effects"
        )
    start = len(moments.variables)
    return np.array([start + moments.levels.index(name) for name in names], dtype=np.int64)


def _whitening(gram: Floats) -> Floats:
    """C with C'(Z'WZ)C = I, columns scaled to unit length first."""
    scale = 1 / np.sqrt(np.diag(gram))
    factor = np.linalg.cholesky(gram * scale[:, None] * scale)
    return np.asarray(scale[:, None] * np.linalg.inv(factor).T)


def _picked(assigned: npt.NDArray[np.int32], table: Floats, kinds: int) -> Floats:
    """Sum over units of the rows (unit, assigned path) of a table, B x width."""
    from scipy import sparse

    draws, n = assigned.shape
    rows = (assigned + np.arange(n, dtype=assigned.dtype) * kinds).ravel()
    ends = np.arange(0, rows.size + 1, n, dtype=assigned.dtype)
    picks = sparse.csr_array((np.ones(rows.size), rows, ends), shape=(draws, len(table)))
    return np.asarray(picks @ table)
