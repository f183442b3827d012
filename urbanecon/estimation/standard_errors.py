"""Standard errors of a linear estimate: a word of inference made a matrix.

Factors follow fixest 0.14. With N rows, k regressors and effects that count as
`count_effects` says, K is k plus all effects; when clustering, less the effects
nested in a cluster dimension (of which one parameter stays, the mean). T is the
number of periods, G that of clusters:

=================  ============================  ==========
inference          factor on V                   df of t
=================  ============================  ==========
iid                s2 = RSS / (N - K)            N - K
hetero (HC1)       N / (N - K)                   N - K
cluster (CRV1)     G/(G-1) (N-1)/(N-K)           G - 1
several clusters   the same, G the smallest      G - 1
CRV3               (G-1)/G, nothing else         G - 1
Driscoll-Kraay     T/(T-1) (N-1)/(N-K)           T - 1
Newey-West         T/(T-1) (N-1)/(N-K)           T - 1
Conley             N / (N - K)                   N - K
=================  ============================  ==========

`small_sample.SmallSample` states what else each of them (but CRV3) can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation import covariance as cov
from urbanecon.estimation.inference import (
    Cluster,
    Conley,
    Crv3,
    DriscollKraay,
    Hetero,
    Iid,
    Inference,
    NeweyWest,
    variables_of,
)
from urbanecon.estimation.least_squares import bread
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, Mask
from urbanecon.estimation.small_sample import EffectsCounted, SmallSample
from urbanecon.estimation.within import Absorber, is_nested

# Below this many clusters the t law is a poor guide (Cameron, Gelbach and
# Miller 2008, "Bootstrap-based improvements for inference with clustered errors").
FEW_CLUSTERS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What a covariance needs to know of a linear estimate.

    Attributes
    ----------
    params
        Estimates, length k.
    x
        Regressors without the effects, n x k (for an instrumental estimator,
        their projection on the instruments).
    residuals
        Residuals, length n.
    sample
        The rows, with keys and weights.
    effects
        Names of the absorbed effects.
    refit
        Re-estimates on the rows of a mask, effects included; length k.
    exact_count
        How `count_effects` counts.
    """

    params: Floats
    x: Floats
    residuals: Floats
    sample: EstimationSample
    effects: tuple[str, ...]
    refit: Callable[[Mask], Floats]
    exact_count: bool = False

    @property
    def scores(self) -> Floats:
        """w_i x_i e_i, n x k."""
        e, weights = self.residuals, self.sample.weights
        return self.x * (e if weights is None else e * weights)[:, None]

    def n_params(
        self, clusters: Sequence[Codes] = (), counted: EffectsCounted = "nonnested"
    ) -> int:
        """K: regressors and effects, less the effects nested in a cluster dimension."""
        if counted == "none":
            return int(self.x.shape[1])
        codes = [self.sample.codes[e] for e in self.effects]
        k: int = self.x.shape[1] + count_effects(codes, self.exact_count)
        nested = [c for c in codes if any(is_nested(c, g) for g in clusters)]
        if counted == "full":
            return k
        return k - count_effects(nested, self.exact_count) + int(bool(nested))


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """A covariance matrix with what must be said about it."""

    matrix: Floats
    df: float
    words: str
    n_clusters: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def count_effects(codes: Sequence[Codes], exact: bool = False) -> int:
    """Parameters that effects take up.

    As fixest: the levels, less one for each effect after the first. `exact`
    takes the rank instead, which is lower when the levels fall into separate
    groups (city effects with province-by-year effects: one group a province);
    reghdfe counts so for two effects.
    """
    if not codes:
        return 0
    if exact:
        return Absorber(codes).rank
    return sum(int(c.max()) + 1 for c in codes) - (len(codes) - 1)


def estimate_covariance(inference: Inference, estimate: Estimate) -> Covariance:
    """Covariance of `estimate` under `inference`, with the factor of this module's table.

    Raises
    ------
    EstimationError
        One cluster, one period, no residual degrees of freedom, coordinates out
        of range, or a regressor that only one cluster identifies (CRV3).
    """
    match inference:
        case Iid(small_sample=small):
            return _iid(estimate, small)
        case Hetero(small_sample=small):
            v, df = _by_rows(estimate, cov.meat_hetero(estimate.scores), small)
            kind = "HC1" if small == SmallSample() else "HC"
            words = f"heteroskedasticity-robust ({kind}), factor {small.in_words('N')}"
            return Covariance(v, df, words)
        case Cluster():
            return _clustered(estimate, inference)
        case Crv3(by=one):
            return _jackknifed(estimate, one)
        case DriscollKraay() | NeweyWest():
            return _serial(estimate, inference)
        case Conley():
            return _spatial(estimate, inference)


def _residual_df(estimate: Estimate, small: SmallSample, clusters: Sequence[Codes] = ()) -> int:
    k = estimate.n_params(clusters, small.k_fixef)
    if estimate.sample.nobs <= k:
        raise EstimationError(
            f"no residual degrees of freedom: {estimate.sample.nobs} rows for "
            f"{k} parameters. Use fewer effects or regressors"
        )
    return estimate.sample.nobs - k


def _bread(estimate: Estimate) -> Floats:
    return bread(estimate.x, estimate.sample.weights)


def _iid(estimate: Estimate, small: SmallSample) -> Covariance:
    df = _residual_df(estimate, small)
    e, w = estimate.residuals, estimate.sample.weights
    rss = float(np.sum(e**2 if w is None else w * e**2))
    divisor = df if small.k_adj else estimate.sample.nobs - 1
    words = f"iid, RSS/({'N-K' if small.k_adj else 'N-1'})"
    return Covariance(_bread(estimate) * rss / divisor, df, words)


def _by_rows(estimate: Estimate, meat: Floats, small: SmallSample) -> tuple[Floats, float]:
    """Sandwich with its factor, N/(N-K), and its degrees of freedom."""
    df = _residual_df(estimate, small)
    factor = small.over_rows(estimate.sample.nobs, df)
    return cov.sandwich(_bread(estimate), meat) * factor, float(df)


def _by_groups(
    estimate: Estimate,
    meat: Floats,
    small: SmallSample,
    groups: int,
    clusters: Sequence[Codes] = (),
) -> tuple[Floats, float]:
    """Sandwich with its factor, G/(G-1) (N-1)/(N-K), and its degrees of freedom."""
    df = _residual_df(estimate, small, clusters)
    factor = small.over_groups(estimate.sample.nobs, df, groups)
    of_t = groups - 1 if small.t_df == "min" else df
    return cov.sandwich(_bread(estimate), meat) * factor, float(of_t)


def _cluster_counts(estimate: Estimate, by: Sequence[str]) -> dict[str, int]:
    counts = {name: int(estimate.sample.codes[name].max()) + 1 for name in by}
    for name, groups in counts.items():
        if groups < 2:
            raise EstimationError(
                f"all {estimate.sample.nobs} rows lie in one cluster of {name!r}; "
                "clustered errors need at least two, and many to be trusted"
            )
    return counts


def _few(counts: dict[str, int]) -> tuple[str, ...]:
    return tuple(
        f"only {groups} clusters of {name!r}: t-based p-values are too small with fewer than "
        f"{FEW_CLUSTERS}; show a wild cluster bootstrap beside them"
        for name, groups in counts.items()
        if groups < FEW_CLUSTERS
    )


def _clustered(estimate: Estimate, inference: Cluster) -> Covariance:
    by, small = tuple(inference.by), inference.small_sample
    counts = _cluster_counts(estimate, by)
    clusters = [estimate.sample.codes[name] for name in by]
    smallest = min(counts.values())
    own = small.g_adj and small.g_df == "conventional"
    meat = cov.meat_multiway(estimate.scores, clusters, own_factors=own)
    outside = replace(small, g_adj=False) if own else small
    matrix, df = _by_groups(estimate, meat, outside, smallest, clusters)
    warnings = _few(counts)
    words = f"clustered by {' and '.join(by)} (CRV1), factor {small.in_words('G')}"
    if len(by) > 1:
        matrix, repaired = cov.make_psd(matrix)
        warnings += _repair_note(repaired)
        if small.g_adj:
            words += (
                " with each term's own G" if own else f" with G = {smallest}, the fewest clusters"
            )
    return Covariance(matrix, df, words, counts, warnings)


def _repair_note(repaired: bool) -> tuple[str, ...]:
    if not repaired:
        return ()
    return (
        "the covariance was not positive semidefinite: negative eigenvalues were set to zero "
        "(Cameron, Gelbach and Miller 2011)",
    )


def _jackknifed(estimate: Estimate, by: str) -> Covariance:
    counts = _cluster_counts(estimate, (by,))
    matrix, _ = cov.jackknife(estimate.params, estimate.sample.codes[by], estimate.refit)
    words = f"cluster jackknife by {by} (CRV3), factor (G-1)/G"
    return Covariance(cov.symmetric(matrix), counts[by] - 1, words, counts, _few(counts))


def _serial(estimate: Estimate, inference: DriscollKraay | NeweyWest) -> Covariance:
    period = estimate.sample.codes[inference.time]
    periods = int(period.max()) + 1
    if periods < 2:
        raise EstimationError(f"the sample has one {inference.time!r} only; serial lags need two")
    lags = int(periods**0.25) if inference.lags is None else inference.lags
    if isinstance(inference, DriscollKraay):
        meat = cov.meat_driscoll_kraay(estimate.scores, period, lags)
        name = "Driscoll-Kraay"
    else:
        unit = estimate.sample.codes[inference.unit]
        meat = cov.meat_newey_west(estimate.scores, unit, period, lags)
        name = f"Newey-West within {inference.unit}"
    small = inference.small_sample
    matrix, df = _by_groups(estimate, meat, small, periods)
    matrix, repaired = cov.make_psd(matrix)
    words = f"{name}, {lags} lags (Bartlett), factor {small.in_words('T')}"
    return Covariance(matrix, df, words, {}, _repair_note(repaired))


def _spatial(estimate: Estimate, inference: Conley) -> Covariance:
    sample = estimate.sample
    latitude, longitude = (sample.column(name) for name in variables_of(inference))
    for values, limit in ((latitude, 90), (longitude, 360)):
        if np.abs(values).max() > limit:
            raise EstimationError(
                f"coordinates must be degrees: found {np.abs(values).max():g}, "
                f"expected at most {limit} in absolute value"
            )
    period = (
        np.zeros(sample.nobs, dtype=np.int64)
        if inference.time is None
        else sample.codes[inference.time]
    )
    scores = estimate.scores
    meat = cov.meat_conley(
        scores,
        latitude,
        longitude,
        period,
        inference.cutoff_km,
        kernel=inference.kernel,
        radius_km=inference.radius_km,
    )
    if inference.lags:
        unit = sample.codes[inference.unit]
        meat = meat + cov.meat_serial(scores, unit, period, inference.lags)
    matrix, df = _by_rows(estimate, meat, inference.small_sample)
    matrix, repaired = cov.make_psd(matrix)
    words = (
        f"Conley, {inference.kernel} kernel, {inference.cutoff_km:g} km, "
        f"{inference.lags} own lags, factor {inference.small_sample.in_words('N')}"
    )
    return Covariance(matrix, df, words, {}, _repair_note(repaired))
