"""Estimates without each city, or each province, with their errors, in one pass.

Coefficients and clustered errors are those of a refit on the remaining
clusters: effects estimated anew, degrees of freedom counted anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.blocked_products import product
from urbanecon.estimation.gram import independent
from urbanecon.estimation.least_squares import COLLINEAR
from urbanecon.estimation.level_counts import are_nested, positions_by_effect
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.sample import Codes, Floats


def leave_out(
    estimate: Linear,
    term: str,
    groups: Sequence[object] | pd.Series | None = None,
    by: str | None = None,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate and clustered error of a term without each group of clusters in turn.

    Errors stay clustered by the clusters of the moments (cities) when whole
    provinces are left out. As `moments_ols.crv1` of `moments.keep`, but from
    the sums that are there: with A the cross products that remain, b moves by
    -A^-1 X_p'e_p, and each remaining score by X_g'X_g times that.

    Parameters
    ----------
    groups
        Group of each cluster, length G; None leaves out one cluster at a time.
    by
        What the groups are ("province"); the name of the frame's index.

    Returns
    -------
    DataFrame
        Indexed by group, in sorted order: estimate, se, t, p, low, high (t law
        with remaining clusters - 1), change (from the full estimate), dfbeta
        (change over the full standard error), rows and clusters left. NaN where
        the term cannot be estimated without the group, or one cluster remains.

    Raises
    ------
    UnknownNameError
        The term is not in the estimate.
    EstimationError
        The effects were swept out; two stages; one group only; a group is missing.
    """
    if term not in estimate.terms:
        raise UnknownNameError(
            f"{term!r} is not a term of this estimate.{did_you_mean(term, estimate.terms)}"
        )
    estimate.moments.refuse_swept("leaving out clusters")
    estimate.refuse_two_stage("leaving out clusters")
    codes, labels = _groups(estimate, groups, by)
    at = estimate.terms.index(term)
    moves, rows_of_bread, terms_left = _without_each(estimate, codes, at)
    nobs = estimate.moments.nobs - np.bincount(codes, estimate.moments.rows)
    clusters = len(codes) - np.bincount(codes)
    df_resid = nobs - terms_left - _absorbed_without(estimate, codes)
    factor = _factor(clusters, nobs, df_resid)
    se = np.sqrt(factor * _meat_without(estimate, codes, moves, rows_of_bread))
    found = estimate.params[at] + moves[:, at]
    full_se = float(np.sqrt(crv1(estimate)[at, at]))
    change = found - estimate.params[at]
    table = pd.DataFrame({"estimate": found, "se": se}, index=labels)
    return _with_law(table, clusters - 1, level).assign(
        change=change, dfbeta=change / full_se, rows=nobs, clusters=clusters
    )


def most_influential(left_out: pd.DataFrame, most: int = 10) -> pd.DataFrame:
    """Rows of `leave_out` that move the estimate most, by absolute change.

    Groups without which there is no estimate come first.
    """
    size = left_out["change"].abs().fillna(np.inf)
    return left_out.loc[size.sort_values(ascending=False, kind="stable").index[:most]]


def _groups(
    estimate: Linear, groups: Sequence[object] | pd.Series | None, by: str | None
) -> tuple[Codes, pd.Index]:
    clusters = estimate.moments.clusters
    given = pd.Series(clusters if groups is None else groups)
    if len(given) != len(clusters) or given.isna().any():
        raise EstimationError(
            f"{by or 'a group'!r} must be known for each of the {len(clusters)} clusters of "
            f"{estimate.moments.by!r}; found {int(given.notna().sum())}"
        )
    codes, names = pd.factorize(given, sort=True)
    if len(names) < 2:
        raise EstimationError(
            f"all clusters belong to one group ({names[0]}): nothing remains without it"
        )
    name = by if groups is not None else estimate.moments.by
    return codes.astype(np.int64), pd.Index(names, name=name)


def _without_each(estimate: Linear, codes: Codes, at: int) -> tuple[Floats, Floats, Codes]:
    """Moves of all K coefficients, row `at` of the inverse, and terms left, by group."""
    size, k_all = int(codes.max()) + 1, estimate.gram.shape[1]
    gram = np.zeros((size, k_all, k_all))
    score = np.zeros((size, k_all))
    np.add.at(gram, codes, estimate.gram)
    np.add.at(score, codes, estimate.scores)
    total, before = estimate.gram.sum(axis=0), np.diag(estimate.gram.sum(axis=0))
    moves, inverse_rows = np.zeros((size, k_all)), np.zeros((size, k_all))
    terms_left = np.empty(size, dtype=np.int64)
    for g in range(size):
        kept = _identified(total - gram[g], before)
        terms_left[g] = sum(j < estimate.k for j in kept)
        if at not in kept:
            moves[g], inverse_rows[g] = np.nan, np.nan
            continue
        remaining = (total - gram[g])[np.ix_(kept, kept)]
        unit = np.zeros(len(kept))
        unit[kept.index(at)] = 1.0
        scale = 1 / np.sqrt(np.diag(remaining))
        right = np.column_stack([-score[g, kept], unit]) * scale[:, None]
        solved = np.linalg.solve(remaining * scale[:, None] * scale, right) * scale[:, None]
        moves[g, kept], inverse_rows[g, kept] = solved.T
    return moves, inverse_rows, terms_left


def _identified(remaining: Floats, before: Floats) -> list[int]:
    """Columns that what remains still tells apart: effects first, later terms go first."""
    lost = np.diag(remaining) <= COLLINEAR * before
    scale = 1 / np.sqrt(np.where(lost, 1.0, np.diag(remaining)))
    scaled = remaining * scale[:, None] * scale
    try:
        if not lost.any() and (np.diag(np.linalg.cholesky(scaled)) ** 2).min() > COLLINEAR:
            return list(range(len(before)))
    except np.linalg.LinAlgError:
        pass
    return sorted(independent(scaled, np.flatnonzero(~lost)[::-1].tolist(), COLLINEAR))


def _meat_without(estimate: Linear, codes: Codes, moves: Floats, rows: Floats) -> Floats:
    """Row' (sum of squared scores over the clusters that remain) row, by group."""
    g, k_all = estimate.scores.shape
    # scores of all clusters at each group's coefficients: s_g - X_g'X_g move, in the
    # direction of that group's row of the inverse
    direct = product(estimate.scores, rows.T)
    size = len(moves)
    shift = np.empty((g, size))
    step = max(1, 2**22 // (g * k_all))
    flat = estimate.gram.reshape(g * k_all, k_all)
    for start in range(0, size, step):
        part = slice(start, start + step)
        moved = product(flat, moves[part].T).reshape(g, k_all, -1)
        shift[:, part] = np.einsum("gkp,pk->gp", moved, rows[part])
    scores = direct - shift
    scores[np.arange(g), codes] = np.where(np.isnan(rows[codes, 0]), np.nan, 0.0)
    return np.asarray((scores**2).sum(axis=0))


def _absorbed_without(estimate: Linear, codes: Codes) -> Codes:
    """Parameters of the effects on the rows that remain, by group."""
    moments = estimate.moments
    size = int(codes.max()) + 1
    inside = np.zeros((size, len(moments.levels)), dtype=np.int64)
    np.add.at(inside, codes, moments.level_rows)
    present = moments.level_rows.sum(axis=0) > inside
    absorbed = np.ones(size, dtype=np.int64)
    own = np.arange(len(moments.clusters))
    for at in positions_by_effect(moments.levels).values():
        if not are_nested(moments.level_rows[:, at] > 0, own):
            absorbed += present[:, at].sum(axis=1) - 1
    return absorbed


def _factor(clusters: Codes, nobs: Codes, df_resid: Codes) -> Floats:
    """G/(G-1) (N-1)/(N-K); NaN where it is not defined."""
    possible = (clusters > 1) & (df_resid > 0)
    g, df = np.where(possible, clusters, 2), np.where(possible, df_resid, 1)
    return np.where(possible, g / (g - 1) * (nobs - 1) / df, np.nan)


def _with_law(table: pd.DataFrame, df: Codes, level: float) -> pd.DataFrame:
    from scipy import stats

    if not 0 < level < 1:
        raise EstimationError(f"level must lie in (0, 1), found {level}")
    law_df = np.maximum(df, 1)
    reach = stats.t.ppf(0.5 + level / 2, law_df) * table["se"]
    t = table["estimate"] / table["se"]
    return table.assign(
        t=t,
        p=2 * stats.t.sf(t.abs(), law_df),
        low=table["estimate"] - reach,
        high=table["estimate"] + reach,
    )
