"""Covariances, jackknife and influence of an estimate from cluster moments alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.cluster_products import added_up
from urbanecon.estimation.covariance import make_psd, symmetric
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.gram import RANK_TOLERANCE, independent
from urbanecon.estimation.least_squares import COLLINEAR, cross
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.sample import Codes, Floats


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
    # of the terms alone, in units of the estimate
    scores = np.einsum("gk,qk->gq", estimate.scores, estimate.bread[: estimate.k])
    if not unions:
        return symmetric(cross(scores, scores)) * clustered_factor(estimate)
    meat = np.sum([_meat(scores, codes) for codes in unions], axis=0)
    if len(unions) == 2:
        joint = unions[0] * (unions[1].max() + 1) + unions[1]
        meat = meat - _meat(scores, np.unique(joint, return_inverse=True)[1])
    matrix = symmetric(meat) * clustered_factor(estimate, unions)
    return make_psd(matrix)[0] if len(unions) == 2 else matrix


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


def _meat(scores: Floats, codes: Codes) -> Floats:
    sums = added_up(scores, codes, int(codes.max()) + 1)
    return cross(sums, sums)


def _codes(labels: Sequence[object]) -> Codes:
    codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1]
    return np.asarray(codes, dtype=np.int64)
