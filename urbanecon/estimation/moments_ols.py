"""Least squares and two-stage least squares from cluster moments alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.covariance import make_psd, symmetric
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.least_squares import COLLINEAR
from urbanecon.estimation.moments import RANK_TOLERANCE, Moments, independent
from urbanecon.estimation.sample import Codes, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A linear estimate with the sums that its inference needs.

    K columns: the k terms first, then the levels of the effects that are kept.

    Attributes
    ----------
    moments
        What it was computed from.
    outcome, terms
        The outcome; the k terms that could be estimated.
    dropped
        Regressors that are collinear with those before them or the effects.
    columns
        Positions of the K columns in the moments.
    params
        Coefficients, length K.
    bread
        (X'WX)^-1, K x K; for two-stage least squares that of the projections.
    gram
        X_g'WX_g of each cluster, G x K x K (projections for two stages).
    scores
        X_g'W(y_g - X_g b), G x K.
    rss
        Weighted residual sum of squares.
    tss
        Weighted sum of squares of the outcome within the effects.
    two_stage
        Whether it is two-stage least squares.
    """

    moments: Moments
    outcome: str
    terms: tuple[str, ...]
    dropped: tuple[str, ...]
    columns: list[int]
    params: Floats
    bread: Floats
    gram: Floats
    scores: Floats
    rss: float
    tss: float
    two_stage: bool

    @property
    def k(self) -> int:
        """Number of terms."""
        return len(self.terms)

    @property
    def df_resid(self) -> int:
        """N - K with K as fixest counts it when clustering."""
        return self.moments.nobs - self.k - self.moments.absorbed

    def refuse_two_stage(self, what: str) -> None:
        """Raise if there is a first stage, which `what` would have to estimate anew."""
        if self.two_stage:
            raise EstimationError(
                f"{what} is that of least squares; the equation of {self.outcome!r} was estimated "
                "in two stages, the first of which would change too"
            )


def ols(
    moments: Moments, outcome: str, regressors: Sequence[str], treatment: str | None = None
) -> Linear:
    """Least squares of an outcome on regressors, the effects of the moments partialled out.

    Raises
    ------
    UnknownNameError
        A variable is not in the moments.
    NotEstimableError
        The outcome, the treatment or every regressor does not vary within the
        effects.
    EstimationError
        There is no regressor.
    """
    if not regressors:
        raise EstimationError(f"the equation of {outcome!r} has no regressor; name at least one")
    (y,) = moments.positions([outcome])
    wanted = moments.positions(regressors)
    total = moments.total
    kept = independent(total, moments.level_positions, RANK_TOLERANCE)
    levels = list(kept)
    ordered = independent_terms(total, levels, wanted)
    terms = [j for j in wanted if j in ordered]
    dropped = tuple(moments.variables[j] for j in wanted if j not in ordered)
    tss = within_squares(total, levels, y)
    lost = [n for n in dropped if n == treatment or not terms]
    _refuse_unidentified(moments, lost, outcome=outcome, varies=tss > COLLINEAR * total[y, y])
    columns = [*terms, *levels]
    bread = inverse(total[np.ix_(columns, columns)])
    params = bread @ total[columns, y]
    gram = moments.cross[:, np.array(columns)[:, None], columns]
    scores = moments.cross[:, columns, y] - gram @ params
    return Linear(
        moments=moments,
        outcome=outcome,
        terms=tuple(moments.variables[j] for j in terms),
        dropped=dropped,
        columns=columns,
        params=params,
        bread=bread,
        gram=gram,
        scores=scores,
        rss=float(total[y, y] - total[columns, y] @ params),
        tss=tss,
        two_stage=False,
    )


def two_stage(
    moments: Moments,
    outcome: str,
    endogenous: Sequence[str],
    instruments: Sequence[str],
    exogenous: Sequence[str] = (),
) -> Linear:
    """Two-stage least squares: b = (X'P_Z X)^-1 X'P_Z y.

    Scores are those of the projected regressors with the residuals of the
    regressors themselves. `rss` is that of the structural residuals.

    Raises
    ------
    NotEstimableError
        Fewer usable instruments than endogenous regressors, or the instruments
        do not move one of them.
    """
    (y,) = moments.positions([outcome])
    endogenous_at, exogenous_at = moments.positions(endogenous), moments.positions(exogenous)
    total = moments.total
    levels = independent(total, moments.level_positions, RANK_TOLERANCE)
    controls = independent_terms(total, levels, exogenous_at)
    excluded = independent_terms(total, [*levels, *controls], moments.positions(instruments))
    if len(excluded) < len(endogenous_at):
        raise NotEstimableError(
            f"{len(excluded)} usable instruments for {len(endogenous_at)} endogenous regressors "
            f"({', '.join(endogenous)}); name at least as many"
        )
    x = [*endogenous_at, *controls, *levels]
    z = [*excluded, *controls, *levels]
    first = inverse(total[np.ix_(z, z)]) @ total[np.ix_(z, x)]
    projected = first.T @ total[np.ix_(z, x)]
    if not len(independent(projected, _last_first(len(x), len(endogenous_at)), COLLINEAR)) == len(
        x
    ):
        raise NotEstimableError(
            f"the instruments do not move {', '.join(endogenous)} once effects and controls "
            "are out"
        )
    bread = inverse(symmetric(projected))
    params = bread @ (first.T @ total[z, y])
    z_x = moments.cross[:, np.array(z)[:, None], x]
    residual_scores = moments.cross[:, z, y] - z_x @ params
    z_z = moments.cross[:, np.array(z)[:, None], z]
    cross_y = total[x, y]
    return Linear(
        moments=moments,
        outcome=outcome,
        terms=tuple(moments.variables[j] for j in (*endogenous_at, *controls)),
        dropped=tuple(
            n for n, j in zip(exogenous, exogenous_at, strict=True) if j not in controls
        ),
        columns=x,
        params=params,
        bread=bread,
        gram=np.einsum("pa,gpq,qb->gab", first, z_z, first, optimize=True),
        scores=residual_scores @ first,
        rss=float(total[y, y] - 2 * params @ cross_y + params @ total[np.ix_(x, x)] @ params),
        tss=within_squares(total, levels, y),
        two_stage=True,
    )


def crv1(estimate: Linear, groups: Sequence[Sequence[object]] = ()) -> Floats:
    """Clustered covariance of the terms, k x k, factor G/(G-1) (N-1)/(N-K).

    Parameters
    ----------
    groups
        None: the clusters of the moments. One or two sequences of length G:
        unions of them (provinces; size bands); with two, M_A + M_B - M_AB, G
        the smaller number (Cameron, Gelbach and Miller 2011). Effects that are
        nested in the unions do not count in K (`clustered_factor`).

    Raises
    ------
    EstimationError
        One cluster, or no residual degrees of freedom.
    """
    unions = [_codes(labels) for labels in groups]
    codes = unions or [np.arange(len(estimate.scores))]
    meat = sum(_meat(estimate.scores, c) for c in codes)
    if len(codes) == 2:
        joint = codes[0] * (codes[1].max() + 1) + codes[1]
        meat = meat - _meat(estimate.scores, np.unique(joint, return_inverse=True)[1])
    rows = estimate.bread[: estimate.k]
    matrix = symmetric(rows @ meat @ rows.T) * clustered_factor(estimate, unions)
    return make_psd(matrix)[0] if len(codes) == 2 else matrix


def clustered_factor(estimate: Linear, clusterings: Sequence[Codes] = ()) -> float:
    """G/(G-1) (N-1)/(N-K) as fixest, G the smallest number of clusters.

    Effects nested in one of the clusterings do not count in K.

    Parameters
    ----------
    clusterings
        Codes of unions of the moments' clusters, length G each; default the
        clusters themselves.

    Raises
    ------
    EstimationError
        One cluster, or no residual degrees of freedom.
    """
    moments = estimate.moments
    clusters = min((int(c.max()) + 1 for c in clusterings), default=len(moments.clusters))
    if clusters < 2:
        raise EstimationError(
            f"all {moments.nobs} rows lie in one cluster of {moments.by!r}; "
            "clustered errors need at least two, and many to be trusted"
        )
    absorbed = moments.absorbed_in(clusterings) if len(clusterings) else moments.absorbed
    parameters = estimate.k + absorbed
    if parameters >= moments.nobs:
        raise EstimationError(
            f"no residual degrees of freedom: {moments.nobs} rows for {parameters} parameters"
        )
    return clusters / (clusters - 1) * (moments.nobs - 1) / (moments.nobs - parameters)


def leave_one_out(estimate: Linear) -> Floats:
    """Coefficients without each cluster in turn, effects estimated anew, G x k.

    b_(g) = (X'X - X_g'X_g)^-1 (X'y - X_g'y_g). A term that only one cluster
    identifies is NaN without it.

    Raises
    ------
    EstimationError
        Effects that cross the clusters were swept out, or there are two stages.
    """
    estimate.moments.refuse_swept("leaving out clusters")
    estimate.refuse_two_stage("leaving out clusters")
    remaining = estimate.gram.sum(axis=0) - estimate.gram
    # b_(g) - b = -(X'X - X_g'X_g)^-1 X_g'e_g: no digits lost in differences
    total, k = np.diag(estimate.gram.sum(axis=0)), estimate.k
    moves = [
        _minus_solution(gram, score, total, k)
        for gram, score in zip(remaining, estimate.scores, strict=True)
    ]
    return estimate.params[:k] + np.stack(moves)


def crv3(estimate: Linear) -> Floats:
    """Cluster jackknife CV3 of the terms, k x k, factor (G-1)/G.

    MacKinnon, Nielsen and Webb (2023), centred on the full estimate.

    Raises
    ------
    EstimationError
        Effects were swept out, or a term is not identified without one cluster.
    """
    left_out = leave_one_out(estimate)
    if np.isnan(left_out).any():
        cluster = estimate.moments.clusters[int(np.isnan(left_out).any(axis=1).argmax())]
        raise EstimationError(
            f"the jackknife is undefined: without {estimate.moments.by} {cluster} "
            f"{', '.join(estimate.terms)} can no longer be estimated. Use coarser clusters"
        )
    moves = left_out - estimate.params[: estimate.k]
    clusters = len(moves)
    return np.asarray((clusters - 1) / clusters * np.einsum("gi,gj->ij", moves, moves))


def leverage(estimate: Linear) -> Floats:
    """Leverage of each cluster, tr(X_g'X_g (X'X)^-1), length G; they sum to K.

    MacKinnon, Nielsen and Webb (2023, "Leverage, influence, and the jackknife in
    clustered regression models", eq. 12).
    """
    return np.asarray(np.einsum("gij,ji->g", estimate.gram, estimate.bread))


def wald(estimate: Linear, vcov: Floats, terms: Sequence[str], df: float) -> Diagnostic:
    """F test that the coefficients of `terms` are all zero, F(q, df)."""
    from scipy import stats

    at = [estimate.terms.index(name) for name in terms]
    b, v = estimate.params[at], vcov[np.ix_(at, at)]
    q = int(np.linalg.matrix_rank(v, hermitian=True))
    statistic = float(b @ np.linalg.pinv(v, hermitian=True) @ b / max(q, 1))
    p = float(stats.f.sf(statistic, q, df))
    return Diagnostic(f"joint test of {', '.join(terms)}", statistic, (q, df), p)


def independent_terms(total: Floats, before: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Of the columns `wanted`, those that `before` and the earlier ones do not span."""
    order = [*before, *(j for j in wanted if total[j, j] > 0)]
    kept = independent(total, order, COLLINEAR)
    return [j for j in kept if j in set(wanted)]


def inverse(gram: Floats) -> Floats:
    """Inverse of cross products, columns scaled to unit length first."""
    scale = 1 / np.sqrt(np.diag(gram))
    scaled = gram * scale[:, None] * scale
    return symmetric(np.linalg.inv(scaled) * scale[:, None] * scale)


def within_squares(total: Floats, levels: Sequence[int], y: int) -> float:
    """Sum of squares of a column once the levels are out."""
    if not levels:
        return float(total[y, y])
    right = total[levels, y]
    return float(total[y, y] - right @ inverse(total[np.ix_(levels, levels)]) @ right)


def _minus_solution(gram: Floats, score: Floats, total: Floats, k: int) -> Floats:
    """-(gram)^-1 score, length k; NaN for what gram does not identify.

    Columns are scaled to their length in the whole sample, `total`: what is left
    of one that a single cluster carries is rounding.
    """
    scale = 1 / np.sqrt(total)
    scaled = gram * scale[:, None] * scale
    present = np.flatnonzero(np.diag(scaled) > RANK_TOLERANCE)
    kept = present.tolist()
    pivots = _pivots(scaled[np.ix_(kept, kept)])
    if pivots is None or (pivots <= COLLINEAR * np.diag(scaled)[kept]).any():
        # levels first, then terms: what is lost is named, never an effect in its place
        order = [*(j for j in kept if j >= k), *(j for j in kept if j < k)]
        kept = sorted(independent(scaled, order, COLLINEAR))
    solution = np.linalg.solve(scaled[np.ix_(kept, kept)], (score * scale)[kept])
    out = np.full(len(gram), np.nan)
    out[kept] = -solution * scale[kept]
    return out[:k]


def _pivots(gram: Floats) -> Floats | None:
    """Squared pivots of the Cholesky factor; None if it has none."""
    try:
        return np.diag(np.linalg.cholesky(gram)) ** 2
    except np.linalg.LinAlgError:
        return None


def _refuse_unidentified(
    moments: Moments, lost: Sequence[str], *, outcome: str, varies: bool
) -> None:
    effects = ", ".join(moments.effects) or "constant"
    if not varies:
        raise NotEstimableError(
            f"the outcome {outcome!r} does not vary within the effects ({effects}) in the "
            f"{moments.nobs} rows of the sample"
        )
    if lost:
        raise NotEstimableError(
            f"{', '.join(map(repr, lost))} cannot be estimated: nothing is left of it once the "
            f"effects ({effects}) and the regressors before it are taken out"
        )


def _meat(scores: Floats, codes: np.ndarray) -> Floats:
    sums = np.zeros((int(codes.max()) + 1, scores.shape[1]))
    np.add.at(sums, codes, scores)
    return np.asarray(np.einsum("gi,gj->ij", sums, sums))


def _codes(labels: Sequence[object]) -> Codes:
    codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1]
    return np.asarray(codes, dtype=np.int64)


def _last_first(size: int, endogenous: int) -> list[int]:
    """Exogenous columns before the endogenous ones, whose projection is in question."""
    return [*range(endogenous, size), *range(endogenous)]
