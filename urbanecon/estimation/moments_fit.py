"""A `Fit` of least squares with effects, from cluster moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from urbanecon.estimation.fit import Fit
from urbanecon.estimation.moments import moments_of
from urbanecon.estimation.moments_errors import crv1, crv3
from urbanecon.estimation.moments_ols import Linear, ols
from urbanecon.estimation.sample import draw_sample

ROUTE_WORDS = {
    "columns": "levels of the crossing effects as columns",
    "swept": "all effects swept out first",
}


def moments_fit(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    effects: Sequence[str] = ("city", "year"),
    cluster: str = "city",
    *,
    errors: Literal["crv1", "crv3"] = "crv1",
    weights: str | None = None,
    treatment: str | None = None,
) -> Fit:
    """Least squares with effects by the moments of the clusters.

    The same estimand, rows and factors as `fixed_effects` with clustered
    errors, reached by another way: the two check each other.

    Parameters
    ----------
    data
        Panel indexed by (city, year).
    outcome, regressors, effects, weights, treatment
        As `fixed_effects.fixed_effects`.
    cluster
        What errors are clustered by.
    errors
        "crv1", or the jackknife "crv3".

    Returns
    -------
    Fit
        `estimator` says which route the moments took; `stats`: rss, r2_within.

    Raises
    ------
    MissingColumnError, DataError, EstimationError, NotEstimableError
        As `moments.cluster_moments`, `moments_ols.ols` and the covariance.
    """
    names = (outcome, *dict.fromkeys(regressors))
    sample = draw_sample(data, names, tuple(effects), (cluster,), weights=weights)
    moments = moments_of(sample, tuple(effects), cluster)
    estimate = ols(moments, outcome, names[1:], treatment)
    matrix = crv1(estimate) if errors == "crv1" else crv3(estimate)
    terms = list(estimate.terms)
    return Fit(
        params=pd.Series(estimate.params[: estimate.k], index=terms, name="estimate"),
        vcov=pd.DataFrame(matrix, index=terms, columns=terms),
        nobs=moments.nobs,
        df=float(len(moments.clusters) - 1),
        sample=sample.index,
        outcome=outcome,
        estimator=f"least squares from cluster moments, {ROUTE_WORDS[moments.route]}",
        inference=f"clustered by {cluster} ({errors.upper()})",
        n_clusters={cluster: len(moments.clusters)},
        fixed_effects=tuple(effects),
        stats=_stats(estimate),
        warnings=tuple(f"{name!r} was dropped: collinear" for name in estimate.dropped),
    )


def _stats(estimate: Linear) -> dict[str, float]:
    return {"rss": estimate.rss, "r2_within": 1 - estimate.rss / estimate.tss}
