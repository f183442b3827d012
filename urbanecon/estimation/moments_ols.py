"""Least squares and two-stage least squares from cluster moments alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.covariance import symmetric
from urbanecon.estimation.gram import (
    RANK_TOLERANCE,
    eliminated,
    independent,
    independent_terms,
    inverse,
    within_squares,
)
from urbanecon.estimation.least_squares import COLLINEAR
from urbanecon.estimation.sample import Floats


@dataclass(frozen=True, eq=False)
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
    scores
        X_g'W(y_g - X_g b), G x K.
    rss
        Weighted residual sum of squares.
    tss
        Weighted sum of squares of the outcome within the effects.
    first_stage
        For two-stage least squares: positions of the L instruments in the moments
        and coefficients of the columns on them, L x K.
    """

    moments: Moments
    outcome: str
    terms: tuple[str, ...]
    dropped: tuple[str, ...]
    columns: list[int]
    params: Floats
    bread: Floats
    scores: Floats
    rss: float
    tss: float
    first_stage: tuple[list[int], Floats] | None = None

    @cached_property
    def gram(self) -> Floats:
        """X_g'WX_g of each cluster, G x K x K (projections for two stages)."""
        at, first = self.first_stage or (self.columns, None)
        gram = self.moments.cross[:, np.array(at)[:, None], at]
        if first is not None:
            gram = np.einsum("pa,gpq,qb->gab", first, gram, first, optimize=True)
        return np.asarray(gram)

    @property
    def two_stage(self) -> bool:
        """Whether it is two-stage least squares."""
        return self.first_stage is not None

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
    before = np.diag(total)
    levels, within = eliminated(total, moments.level_positions, RANK_TOLERANCE)
    kept, _ = eliminated(within, [j for j in wanted if before[j] > 0], COLLINEAR, before)
    terms = [j for j in wanted if j in kept]
    dropped = tuple(moments.variables[j] for j in wanted if j not in kept)
    tss = float(within[y, y])
    lost = [n for n in dropped if n == treatment or not terms]
    _refuse_unidentified(moments, lost, outcome=outcome, varies=tss > COLLINEAR * before[y])
    columns = [*terms, *levels]
    bread = inverse(total[np.ix_(columns, columns)])
    params = bread @ total[columns, y]
    residual = np.zeros(len(total))
    residual[columns], residual[y] = -params, 1.0
    return Linear(
        moments=moments,
        outcome=outcome,
        terms=tuple(moments.variables[j] for j in terms),
        dropped=dropped,
        columns=columns,
        params=params,
        bread=bread,
        scores=np.einsum("gpq,q->gp", moments.cross, residual)[:, columns],
        rss=float(total[y, y] - total[columns, y] @ params),
        tss=tss,
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
        scores=residual_scores @ first,
        rss=float(total[y, y] - 2 * params @ cross_y + params @ total[np.ix_(x, x)] @ params),
        tss=within_squares(total, levels, y),
        first_stage=(z, first),
    )


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


def _last_first(size: int, endogenous: int) -> list[int]:
    """Exogenous columns before the endogenous ones, whose projection is in question."""
    return [*range(endogenous, size), *range(endogenous)]
