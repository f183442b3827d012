"""Cluster moments: a panel reduced once to the cross products of each cluster.

For a linear model the effects that are nested in the clusters (city effects,
clusters of cities) are taken out row by row, the levels of the other effects
(years) are kept as columns, and the data become one matrix Z_g'WZ_g a cluster.
Least squares, clustered errors, the jackknife, the wild bootstrap, every subset
of controls and every subsample of whole clusters follow from these alone,
without another pass over the rows (MacKinnon, Nielsen and Webb 2023, "Fast and
reliable jackknife and bootstrap methods for cluster-robust inference").

Two routes. In "columns" the levels of the effects that are not nested stand in
the matrix, so that whatever leaves clusters out or redraws them estimates these
effects anew: exact. Where clusters times columns squared would not fit, and for
effects with very many levels (province by year), every effect is taken out
first and only the variables' cross products stay: "swept". Coefficients and
clustered errors are the same; leaving out clusters is not exact then, and is
refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.estimation.cluster_products import Moments, digest
from urbanecon.estimation.gram import absorbed_columns
from urbanecon.estimation.level_products import Levels, level_products
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, draw_sample
from urbanecon.estimation.within import Absorber, is_nested

MOST_NUMBERS = 2**25
"""Clusters times columns squared up to which levels stay as columns: 256 MB."""
MOST_LEVELS = 400
"""Levels up to which they stay as columns: beyond, one solution costs more than a sweep."""
CONSTANT = "constant"
"""What stands in the columns where there are no effects: an effect of one level."""


def cluster_moments(
    data: pd.DataFrame,
    variables: Sequence[str],
    effects: Sequence[str] = ("city", "year"),
    cluster: str = "city",
    *,
    weights: str | None = None,
    nested: Sequence[str] | None = None,
    most_numbers: int = MOST_NUMBERS,
) -> Moments:
    """One pass from a panel to the moments of its clusters.

    Parameters
    ----------
    data
        Panel indexed by (city, year).
    variables
        Outcomes, treatments, controls and instruments that any equation on
        these rows will read. Rows that lack one of them are left out.
    effects
        Columns, index levels or interactions such as "province:year"; without
        any, a constant, which is a column like the level of a year.
    cluster
        Column, index level or interaction that errors are clustered by.
    weights
        Column of weights; rows of weight zero are left out.
    nested
        Effects each level of which lies in one cluster; None finds them. To be
        said of a piece that is to be joined to others, where a level of a year
        may lie in one city by chance.
    most_numbers
        Clusters times columns squared from which effects are swept out first.

    Raises
    ------
    MissingColumnError, DataError, EstimationError, NotEstimableError
        As `sample.draw_sample`.
    """
    names = tuple(dict.fromkeys(variables))
    sample = draw_sample(data, names, tuple(effects), (cluster,), weights=weights)
    return moments_of(sample, tuple(effects), cluster, nested, most_numbers)


def moments_of(
    sample: EstimationSample,
    effects: tuple[str, ...],
    cluster: str,
    nested: Sequence[str] | None = None,
    most_numbers: int = MOST_NUMBERS,
) -> Moments:
    """Moments of a sample drawn before."""
    by, labels = sample.codes[cluster], sample.labels[cluster]
    if nested is None:
        nested = [e for e in effects if is_nested(sample.codes[e], by)]
    crossing = _crossing(sample, effects, nested)
    levels = tuple(f"{e}={label}" for e, (_, names) in crossing.items() for label in names)
    columns = [(codes, len(names)) for codes, names in crossing.values()]
    width = len(sample.variables) + len(levels)
    fits = len(labels) * width**2 <= most_numbers and len(levels) <= MOST_LEVELS
    counted = len(labels) * len(levels) <= MOST_NUMBERS
    inside = [sample.codes[e] for e in nested]
    return Moments(
        variables=sample.variables,
        levels=levels if counted else (),
        cross=_with_levels(sample, by, columns, inside)
        if fits
        else _by_cluster(sample, by, _without(sample, [*inside, *(c for c, _ in columns)])),
        rows=np.bincount(by, minlength=len(labels)),
        level_rows=_level_rows(columns if counted else [], by, len(labels)),
        clusters=labels,
        by=cluster,
        effects=effects,
        nested=tuple(nested),
        route="columns" if fits else "swept",
        absorbed=1 + sum(size - 1 for _, size in columns),
        key=sample_key(sample, effects, cluster),
    )


def _crossing(
    sample: EstimationSample, effects: Sequence[str], nested: Sequence[str]
) -> dict[str, tuple[Codes, pd.Index]]:
    """Codes and labels of the effects that cross the clusters; without any effect a constant."""
    if not effects:
        return {CONSTANT: (np.zeros(sample.nobs, dtype=np.int64), pd.Index([1]))}
    return {e: (sample.codes[e], sample.labels[e]) for e in effects if e not in nested}


def sample_key(sample: EstimationSample, effects: Sequence[str], cluster: str) -> str:
    """Fingerprint of what two equations must have in common to share moments."""
    rows = pd.util.hash_pandas_object(sample.index, index=False).to_numpy().tobytes()
    weights = b"" if sample.weights is None else sample.weights.tobytes()
    return digest("|".join(effects), cluster, rows, weights)


def _without(sample: EstimationSample, codes: Sequence[Codes]) -> Floats:
    """Variables without the effects; what they absorb whole is exactly zero."""
    values, w = sample.values, sample.weights  # noqa: PD011
    if not codes:
        return values  # the levels in the columns span the constant
    within = Absorber(codes, w).residuals(values)
    weights = np.ones(sample.nobs) if w is None else w
    total = float(weights.sum())
    centre = np.einsum("n,np->p", weights, values) / total
    spread, inside = (
        np.einsum("np,np,n->p", moved, moved, weights) for moved in (values - centre, within)
    )
    within[:, absorbed_columns(inside, spread, centre, total)] = 0.0
    return within


def _by_cluster(sample: EstimationSample, by: Codes, values: Floats) -> Floats:
    """Z_g'WZ_g of the variables by sums in the order of the rows, G x V x V."""
    size, v = len(np.bincount(by)), values.shape[1]
    weighted = values if sample.weights is None else values * sample.weights[:, None]
    cross = np.empty((size, v, v))
    for i in range(v):
        for j in range(i + 1):
            cross[:, i, j] = np.bincount(by, weighted[:, i] * values[:, j], size)
            cross[:, j, i] = cross[:, i, j]
    return cross


def _with_levels(
    sample: EstimationSample, by: Codes, columns: Levels, nested: Sequence[Codes]
) -> Floats:
    """Z_g'WZ_g of the variables and the levels, nested effects taken out, G x P x P.

    The projection M off the nested effects is symmetric in the metric W, so
    (MD)'W(MZ) = D'W(MZ): the products with the levels are sums of the weighted
    columns over the cells (cluster, level), not products.
    """
    values = _without(sample, nested)
    variables = _by_cluster(sample, by, values)
    clusters, v = variables.shape[:2]
    width = v + sum(size for _, size in columns)
    cross = np.empty((clusters, width, width))
    cross[:, :v, :v] = variables
    weighted = values if sample.weights is None else values * sample.weights[:, None]
    start = v
    for codes, size in columns:
        cells, here = by * size + codes, slice(start, start + size)
        sums = np.empty((v, clusters, size))
        for j in range(v):
            sums[j] = np.bincount(cells, weighted[:, j], clusters * size).reshape(clusters, size)
        cross[:, :v, here] = sums.transpose(1, 0, 2)
        cross[:, here, :v] = sums.transpose(1, 2, 0)
        start += size
    if columns:
        level_products(columns, nested, by, sample.weights, cross[:, v:, v:])
    return cross


def _level_rows(columns: Levels, by: Codes, clusters: int) -> Codes:
    counts = [
        np.bincount(by * size + codes, minlength=clusters * size).reshape(clusters, size)
        for codes, size in columns
    ]
    return np.hstack(counts) if counts else np.zeros((clusters, 0), dtype=np.int64)
