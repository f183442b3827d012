"""Cross products of each cluster: what they hold, and how they join, split and coarsen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.gram import RANK_TOLERANCE, independent, solved
from urbanecon.estimation.level_counts import parameters
from urbanecon.estimation.sample import Codes, Floats, Mask

Route = Literal["columns", "swept"]


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
            key=digest(self.key, "keep", chosen),
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
            cross=added_up(self.cross, codes, len(unions)),
            rows=added_up(self.rows, codes, len(unions)),
            level_rows=added_up(self.level_rows, codes, len(unions)),
            clusters=unions,
            by=by,
            absorbed=self.absorbed_in([np.asarray(codes, dtype=np.int64)]),
            key=digest(self.key, by, *map(str, labels)),
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
            return added_up(np.concatenate(parts), codes, len(clusters))

        return self._recounted(
            levels=levels,
            cross=both("cross"),
            rows=both("rows"),
            level_rows=both("level_rows"),
            clusters=clusters,
            key=digest(self.key, other.key),
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
        loadings = solved(total[np.ix_(kept, kept)], total[kept, :v])
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


def added_up(values: np.ndarray, codes: Codes, size: int) -> np.ndarray:
    """Sum the rows of each group, in their order."""
    out = np.zeros((size, *values.shape[1:]), dtype=values.dtype)
    np.add.at(out, codes, values)
    return out


def digest(*parts: str | bytes) -> str:
    """Short fingerprint of names and arrays."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part.encode() if isinstance(part, str) else part)
        hashed.update(b"\x1f")
    return hashed.hexdigest()[:16]
