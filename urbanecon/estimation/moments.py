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

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.least_squares import independent_columns
from urbanecon.estimation.level_counts import parameters
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, Mask, draw_sample
from urbanecon.estimation.within import Absorber, is_nested

Route = Literal["columns", "swept"]

MOST_NUMBERS = 2**25
"""Clusters times columns squared up to which levels stay as columns: 256 MB."""
MOST_LEVELS = 400
"""Levels up to which they stay as columns: beyond, one solution costs more than a sweep."""
CONSTANT = "constant"
"""What stands in the columns where there are no effects: an effect of one level."""
RANK_TOLERANCE = 1e-11
"""A level that the others leave less of than this share adds nothing to their span."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Cross products of each cluster, G clusters by P columns.

    Attributes
    ----------
    variables
        Names of the first columns; the effects nested in the clusters are out.
    levels
        Levels of the effects that are not nested ("year=2004"), or the constant:
        the columns after the variables unless swept. Empty too when there are so
        many that not even their rows are counted.
    cross
        Z_g'WZ_g, G x P x P.
    rows
        Rows of each cluster, length G.
    level_rows
        Rows of each cluster in each level, G x (number of levels).
    clusters
        Labels, length G, in sorted order.
    by
        What the clusters are: "city".
    effects, nested
        Names of all effects, and of those that the clusters nest.
    route
        "columns" or "swept".
    absorbed
        Parameters that the effects add to K in the small-sample factor of
        fixest: effects nested in the clusters count as one mean. For unions of
        the clusters, in which further effects may be nested: `absorbed_in`.
    key
        Fingerprint of rows, weights, effects and clusters: moments with one key
        may share everything but the variables.
    """

    variables: tuple[str, ...]
    levels: tuple[str, ...]
    cross: Floats
    rows: Codes
    level_rows: Codes
    clusters: pd.Index
    by: str
    effects: tuple[str, ...]
    nested: tuple[str, ...]
    route: Route
    absorbed: int
    key: str

    @property
    def nobs(self) -> int:
        """Rows in all clusters."""
        return int(self.rows.sum())

    @property
    def total(self) -> Floats:
        """Z'WZ over all clusters, P x P."""
        return np.asarray(self.cross.sum(axis=0))

    def positions(self, names: Sequence[str]) -> list[int]:
        """Columns of variables.

        Raises
        ------
        UnknownNameError
            One of them was not in the pass.
        """
        for name in names:
            if name not in self.variables:
                raise UnknownNameError(
                    f"{name!r} is not among the variables of these moments."
                    f"{did_you_mean(name, self.variables)}"
                )
        return [self.variables.index(name) for name in names]

    @property
    def level_positions(self) -> list[int]:
        """Columns of the levels; none when swept."""
        return list(range(len(self.variables), self.cross.shape[1]))

    def absorbed_in(self, clusterings: Sequence[Codes]) -> int:
        """`absorbed` when errors are clustered by unions of the clusters.

        Where the rows of the levels were not counted, no further effect is taken
        to be nested.

        Parameters
        ----------
        clusterings
            Codes of the unions, length G each.
        """
        if not self.levels:
            return self.absorbed
        return parameters(self.levels, self.level_rows, clusterings)

    def keep(self, which: Mask) -> Moments:
        """Moments of some of the clusters: a subsample, its year effects its own.

        Raises
        ------
        EstimationError
            The moments are swept, so that effects rest on all clusters; or none
            is kept.
        """
        self.refuse_swept("a subsample of clusters")
        if not which.any():
            raise EstimationError(f"no cluster of {self.by!r} is kept")
        chosen = "\n".join(map(str, self.clusters[which]))
        return self._recounted(
            cross=self.cross[which],
            rows=self.rows[which],
            level_rows=self.level_rows[which],
            clusters=self.clusters[which],
            key=_digest(self.key, "keep", chosen),
        )

    def coarsen(self, labels: Sequence[object] | pd.Series, by: str) -> Moments:
        """Moments of unions of clusters: provinces from cities.

        Parameters
        ----------
        labels
            The union that each cluster belongs to, length G, in the order of
            `clusters`.
        by
            What the unions are: "province".

        Raises
        ------
        EstimationError
            A label is missing, or the number of labels is not G.
        """
        if len(labels) != len(self.clusters) or pd.isna(np.asarray(labels, dtype=object)).any():
            raise EstimationError(
                f"{by!r} must be known for each of the {len(self.clusters)} clusters of "
                f"{self.by!r}"
            )
        codes, names = pd.factorize(pd.Series(labels), sort=True)
        unions = pd.Index(names, name=by)
        return replace(
            self,
            cross=_add_up(self.cross, codes, len(unions)),
            rows=_add_up(self.rows, codes, len(unions)),
            level_rows=_add_up(self.level_rows, codes, len(unions)),
            clusters=unions,
            by=by,
            absorbed=self.absorbed_in([np.asarray(codes, dtype=np.int64)]),
            key=_digest(self.key, by, *map(str, labels)),
        )

    def __add__(self, other: Moments) -> Moments:
        """Join two pieces: clusters of one piece only are kept, shared ones add.

        A nested effect (a city) must lie whole in one piece; for rows split
        anywhere see `moments_pieces`.

        Raises
        ------
        EstimationError
            The pieces have other columns, effects or clusters.
        """
        for what in ("variables", "by", "effects", "nested", "route"):
            ours, theirs = getattr(self, what), getattr(other, what)
            if ours != theirs:
                raise EstimationError(f"the pieces differ in {what}: {ours} and {theirs}")
        self.refuse_swept("joining pieces")
        levels = tuple(dict.fromkeys([*self.levels, *other.levels]))
        pieces = [self._with_levels(levels), other._with_levels(levels)]
        clusters = self.clusters.union(other.clusters, sort=True)
        codes = np.concatenate([clusters.get_indexer(m.clusters) for m in pieces])

        def both(what: str) -> np.ndarray:
            parts = [getattr(m, what) for m in pieces]
            return _add_up(np.concatenate(parts), codes, len(clusters))

        return self._recounted(
            levels=levels,
            cross=both("cross"),
            rows=both("rows"),
            level_rows=both("level_rows"),
            clusters=clusters,
            key=_digest(self.key, other.key),
        )

    def sweep(self) -> Moments:
        """Take the levels out: moments of the variables' residuals alone.

        With P the coefficients of the variables on the levels, each cluster's
        (X - DP)'W(X - DP) is a combination of its own blocks.
        """
        if not self.level_positions:
            return self
        v = len(self.variables)
        total = self.total
        kept = independent(total, self.level_positions, RANK_TOLERANCE)
        loadings = _solve(total[np.ix_(kept, kept)], total[kept, :v])
        out = np.zeros((self.cross.shape[1], v))
        out[:v] = np.eye(v)
        out[kept] = -loadings
        cross = np.einsum("gvq,qw->gvw", np.einsum("pv,gpq->gvq", out, self.cross), out)
        return replace(self, cross=(cross + cross.transpose(0, 2, 1)) / 2, route="swept")

    def refuse_swept(self, what: str) -> None:
        """Raise if effects rest on all clusters, so that `what` would not be exact."""
        if self.route == "swept":
            raise EstimationError(
                f"{what} is not exact once effects that cross the clusters of {self.by!r} are "
                "swept out; cluster at a level in which they are nested, or refit"
            )

    def _with_levels(self, levels: tuple[str, ...]) -> Moments:
        """Moments with zero columns for the levels that have no rows here."""
        v, old = len(self.variables), len(self.levels)
        at = np.array([levels.index(name) for name in self.levels], dtype=np.int64)
        width = v + len(levels)
        place = np.concatenate([np.arange(v), v + at])
        cross = np.zeros((len(self.clusters), width, width))
        cross[:, place[:, None], place] = self.cross
        level_rows = np.zeros((len(self.clusters), len(levels)), dtype=np.int64)
        level_rows[:, at] = self.level_rows[:, :old]
        return replace(self, levels=levels, cross=cross, level_rows=level_rows)

    def _recounted(self, **changes: object) -> Moments:
        """Copy with other clusters; levels without rows no longer count."""
        new: Moments = replace(self, **changes)  # type: ignore[arg-type]
        return replace(new, absorbed=new.absorbed_in([np.arange(len(new.clusters))]))


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
    width = len(sample.variables) + len(levels)
    fits = len(labels) * width**2 <= most_numbers and len(levels) <= MOST_LEVELS
    inside = [sample.codes[e] for e in nested]
    columns = [(codes, len(names)) for codes, names in crossing.values()]
    counted = len(labels) * len(levels) <= MOST_NUMBERS
    return Moments(
        variables=sample.variables,
        levels=levels if counted else (),
        cross=_cross_products(
            _without(sample.values, inside, sample.weights)
            if fits
            else _without(sample.values, [*inside, *(c for c, _ in columns)], sample.weights),
            _dummies(columns if fits else [], inside, sample),
            columns if fits else [],
            by=by,
            clusters=len(labels),
            weights=sample.weights,
        ),
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
    return _digest("|".join(effects), cluster, rows.hex(), weights.hex())


def independent(gram: Floats, order: Sequence[int], tolerance: float) -> list[int]:
    """Positions, in `order`, that are not spanned by those before them.

    Outer-product Cholesky of the cross products; a column is left out when the
    columns before it leave no more than `tolerance` of its sum of squares.
    """
    left = np.array(gram, dtype=np.float64)
    before = np.diag(gram).copy()
    kept = []
    for j in order:
        pivot = left[j, j]
        if not pivot > tolerance * before[j]:
            continue
        kept.append(j)
        column = left[:, j] / np.sqrt(pivot)
        left -= np.outer(column, column)
    return kept


def _solve(gram: Floats, right: Floats) -> Floats:
    """Solve gram a = right with columns scaled to unit length."""
    scale = 1 / np.sqrt(np.diag(gram))
    scaled = gram * scale[:, None] * scale
    return np.asarray(np.linalg.solve(scaled, right * scale[:, None]) * scale[:, None])


def _without(values: Floats, codes: Sequence[Codes], weights: Floats | None) -> Floats:
    """Variables without the effects; what they absorb whole is exactly zero."""
    if not codes:
        return values  # the levels in the columns span the constant
    within = Absorber(codes, weights).residuals(values)
    _, absorbed = independent_columns(values, within, weights)
    within[:, absorbed] = 0.0
    return within


def _dummies(
    columns: Sequence[tuple[Codes, int]], nested: Sequence[Codes], sample: EstimationSample
) -> Floats:
    """Dummies of the effects that cross the clusters, nested effects taken out."""
    if not columns:
        return np.empty((sample.nobs, 0))
    blocks = [np.eye(size)[codes] for codes, size in columns]
    dummies = np.asfortranarray(np.column_stack(blocks))
    return Absorber(nested, sample.weights).residuals(dummies) if nested else dummies


def _cross_products(
    values: Floats,
    dummies: Floats,
    columns: Sequence[tuple[Codes, int]],
    *,
    by: Codes,
    clusters: int,
    weights: Floats | None,
) -> Floats:
    """Z_g'WZ_g by sums in the order of the rows, G x P x P.

    The projection M off the nested effects is symmetric in the metric W, so
    (MD)'W(MZ) = D'W(MZ): the products with the levels are sums of the weighted
    columns over the cells (cluster, level), not products.
    """
    z = np.column_stack([values, dummies])
    weighted = z if weights is None else z * weights[:, None]
    v, width = values.shape[1], z.shape[1]
    cross = np.empty((clusters, width, width))
    for i in range(v):
        for j in range(i + 1):
            cross[:, i, j] = np.bincount(by, weighted[:, i] * z[:, j], clusters)
            cross[:, j, i] = cross[:, i, j]
    start = v
    for codes, size in columns:
        cells = by * size + codes
        for j in range(width):
            sums = np.bincount(cells, weighted[:, j], clusters * size).reshape(clusters, size)
            cross[:, start : start + size, j] = sums
            if j < v:
                cross[:, j, start : start + size] = sums
        start += size
    return cross


def _level_rows(columns: Sequence[tuple[Codes, int]], by: Codes, clusters: int) -> Codes:
    counts = [
        np.bincount(by * size + codes, minlength=clusters * size).reshape(clusters, size)
        for codes, size in columns
    ]
    return np.hstack(counts) if counts else np.zeros((clusters, 0), dtype=np.int64)


def _add_up(values: np.ndarray, codes: Codes, size: int) -> np.ndarray:
    """Sum the rows of each group, in their order."""
    out = np.zeros((size, *values.shape[1:]), dtype=values.dtype)
    np.add.at(out, codes, values)
    return out


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
