"""Wild cluster bootstrap tests and intervals from cluster moments."""

from __future__ import annotations

import math
import warnings as python_warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.bootstrap_draws import Weights
from urbanecon.estimation.bootstrap_grouping import Grouping, grouping_of
from urbanecon.estimation.bootstrap_intervals import interval, p_value
from urbanecon.estimation.bootstrap_result import Wild, WildBootstrap, notes_on
from urbanecon.estimation.bootstrap_sums import (
    Bootstrapped,
    Restriction,
    StudentDraws,
    observed_covariance,
    quadratic_forms,
    resampled,
    student,
)
from urbanecon.estimation.mapping import MapLike
from urbanecon.estimation.moments import moments_of
from urbanecon.estimation.moments_errors import clustered_factor
from urbanecon.estimation.moments_ols import Linear, ols
from urbanecon.estimation.sample import EstimationSample, Floats, draw_sample


def wild_bootstrap(
    estimate: Linear,
    terms: str | Sequence[str],
    values: float | Sequence[float] = 0.0,
    how: Wild | None = None,
    *,
    cluster: str | Sequence[str] = (),
    draw_by: str | None = None,
    unions: Mapping[str, Sequence[object] | pd.Series] | None = None,
    map_: MapLike = map,
) -> WildBootstrap:
    """Test coefficients of a least-squares estimate by the wild cluster bootstrap.

    Each draw multiplies the residuals of a cluster by one weight, and the
    statistic is studentised by CRV1 in sample and draw alike (Cameron, Gelbach
    and Miller 2008; Roodman et al. 2019). Weights by finer clusters than the
    statistic's are the subcluster bootstrap (MacKinnon and Webb 2018); two
    clusterings are those of MacKinnon, Nielsen and Webb (2021).

    Parameters
    ----------
    terms, values
        Coefficients and their values under the null hypothesis; one value
        stands for all.
    how
        Law of the weights, restriction, draws, seed, tail, level.
    cluster
        Clusters of the statistic: the moments' own (default), or one or two
        names of `unions`.
    draw_by
        What gets one weight: the moments' own clusters, a name of `unions`, or
        "a:b", the intersections of two. Default: `cluster`; of two the one with
        fewer clusters.
    unions
        Labels, length G in the order of the moments' clusters, by name:
        ``{"province": [...]}``.
    map_
        Runs the draws, some at a time, with the same digits anywhere; see
        `mapping.MapLike`.

    Raises
    ------
    UnknownNameError
        A term, clustering, law or tail is not known.
    NotEstimableError
        A term was dropped from the estimate.
    EstimationError
        Swept moments, an estimate by two stages, one cluster, labels missing, or
        a covariance that is not positive definite.

    Warns
    -----
    EstimationWarning
        Few distinct draws, or draws without a variance; an unbounded interval,
        once it is asked for.
    """
    how = how or Wild()
    estimate.moments.refuse_swept("the wild bootstrap")
    estimate.refuse_two_stage("the wild bootstrap")
    at, distance, null = _null(estimate, terms, values)
    names, drawn_by, grouping = grouping_of(estimate.moments, cluster, draw_by, unions or {})
    weights = Weights(how.law, int(grouping.drawn.max()) + 1, how.draws, how.seed)
    test = _Hypothesis(estimate, Restriction(at, distance), grouping, weights, how, map_)
    statistic, distribution = test.by_t() if len(at) == 1 else test.by_f()
    unusable = int(np.isnan(distribution).sum())
    notes = notes_on(weights, drawn_by, unusable)
    for note in notes:
        python_warnings.warn(f"{estimate.outcome}: {note}", EstimationWarning, stacklevel=2)
    return WildBootstrap(
        outcome=estimate.outcome,
        terms=tuple(estimate.terms[j] for j in at),
        estimates=tuple(float(estimate.params[j]) for j in at),
        values=null,
        statistic=statistic,
        p=p_value(distribution, statistic, how.tail if len(at) == 1 else "symmetric"),
        level=how.level,
        tail=how.tail,
        draws=weights.draws,
        enumerated=weights.enumerated,
        law=how.law,
        restricted=how.restricted,
        clusters=dict(zip(names, grouping.clusters, strict=True)),
        drawn_by=drawn_by,
        drawn_clusters=weights.clusters,
        unusable=unusable,
        distribution=distribution,
        warnings=notes,
        inverted=test.inverted,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Hypothesis:
    """A restriction, the clusters of its statistic, and the weights of its draws."""

    estimate: Linear
    restriction: Restriction
    grouping: Grouping
    weights: Weights
    how: Wild
    map_: MapLike

    def by_t(self) -> tuple[float, Floats]:
        """Statistic t of one coefficient, and those of the draws."""
        moves, variances = self._drawn([self._scores(self.restriction.distance)])
        return float(self.restriction.distance[0]) / self._se, student(
            moves[:, 0], variances[:, 0, 0]
        )

    def by_f(self) -> tuple[float, Floats]:
        """Statistic F of several coefficients, and those of the draws."""
        distance, q = self.restriction.distance, len(self.restriction.at)
        statistic = float(distance @ np.linalg.solve(self._covariance, distance) / q)
        return statistic, quadratic_forms(*self._drawn([self._scores(distance)])) / q

    def inverted(self) -> tuple[float, float]:
        """Null values of one coefficient that are not rejected; F has no interval."""
        if len(self.restriction.at) > 1:
            return math.nan, math.nan
        scores = [self.estimate.scores]
        if self.how.restricted:
            scores.append(self._scores(np.ones(1)) - self.estimate.scores)
        drawn, covariances = self._drawn(scores)
        sets, size = len(scores), self.weights.draws
        moves, variances = np.zeros((size, 2)), np.zeros((size, 2, 2))
        moves[:, :sets], variances[:, :sets, :sets] = drawn, covariances
        draws = StudentDraws(moves, variances[:, *np.tril_indices(2)], self._se)
        estimate = float(self.estimate.params[self.restriction.at[0]])
        return interval(draws, estimate, self.how.level, self.how.tail)

    def _scores(self, distance: Floats) -> Floats:
        """Scores of the residuals that are drawn: under the null hypothesis if restricted."""
        if self.how.restricted:
            return self.restriction.scores(self.estimate, distance)
        return self.estimate.scores

    def _drawn(self, scores: Sequence[Floats]) -> tuple[Floats, Floats]:
        """Moves of the draws and their covariances, small-sample factor included."""
        sums = Bootstrapped(self.estimate, self.restriction.at, self.grouping)
        moves, covariances = resampled(sums, scores, self.weights, self.map_)
        return moves, covariances * self._factor

    @property
    def _factor(self) -> float:
        return clustered_factor(self.estimate, self.grouping.clusterings)

    @property
    def _covariance(self) -> Floats:
        return observed_covariance(self.estimate, self.restriction.at, self.grouping, self._factor)

    @property
    def _se(self) -> float:
        return float(np.sqrt(self._covariance[0, 0]))


def bootstrap_equation(
    data: pd.DataFrame,
    outcome: str,
    terms: str | Sequence[str],
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("city", "year"),
    *,
    cluster: str | Sequence[str] = "city",
    how: Wild | None = None,
    values: float | Sequence[float] = 0.0,
    draw_by: str | None = None,
    weights: str | None = None,
    map_: MapLike = map,
) -> WildBootstrap:
    """Estimate an equation and test `terms` by the wild cluster bootstrap.

    Parameters
    ----------
    data
        Panel indexed by (city, year).
    terms, controls
        Regressors that are tested, and the others.
    cluster, draw_by
        Columns, index levels or interactions; see `wild_bootstrap`.
    weights
        Column of observation weights.
    map_
        As `wild_bootstrap`.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        As `sample.draw_sample` and `wild_bootstrap`.
    """
    tested = [terms] if isinstance(terms, str) else list(terms)
    by = [cluster] if isinstance(cluster, str) else list(cluster)
    drawn = [] if draw_by is None else [draw_by] if draw_by in data.columns else draw_by.split(":")
    keys = list(dict.fromkeys([*by, *drawn]))
    finest = ":".join(keys)
    regressors = list(dict.fromkeys([*tested, *controls]))
    variables = [outcome, *regressors]
    sample = draw_sample(data, variables, tuple(effects), [*keys, finest], weights=weights)
    moments = moments_of(sample, tuple(effects), finest)
    unions = {key: _labels(sample, key, finest) for key in keys if key != finest}
    estimate = ols(moments, outcome, regressors, tested[0])
    return wild_bootstrap(
        estimate, tested, values, how, cluster=by, draw_by=draw_by, unions=unions, map_=map_
    )


def _labels(sample: EstimationSample, key: str, finest: str) -> Sequence[object]:
    """What each of the finest clusters is called in a coarser key."""
    first = np.unique(sample.codes[finest], return_index=True)[1]
    return list(sample.labels[key][sample.codes[key][first]])


def _null(
    estimate: Linear, terms: str | Sequence[str], values: float | Sequence[float]
) -> tuple[list[int], Floats, tuple[float, ...]]:
    """Positions of the terms, distances from their null values, and these."""
    names = [terms] if isinstance(terms, str) else list(dict.fromkeys(terms))
    if not names:
        raise EstimationError("name at least one term to test")
    for name in names:
        if name in estimate.dropped:
            raise NotEstimableError(
                f"{name!r} was dropped as collinear, so that it cannot be tested"
            )
        if name not in estimate.terms:
            raise UnknownNameError(
                f"{name!r} is not a term of the estimate.{did_you_mean(name, estimate.terms)}"
            )
    null = np.ravel(np.asarray(values, dtype=np.float64))
    if len(null) not in (1, len(names)) or not np.isfinite(null).all():
        raise EstimationError(
            f"{len(names)} terms need one finite null value or {len(names)}, found {values}"
        )
    null = np.resize(null, len(names))
    at = [estimate.terms.index(name) for name in names]
    return at, np.asarray(estimate.params[at] - null), tuple(map(float, null))
