"""The clusters of a bootstrap statistic and those that get one weight.

Both are unions of the clusters of the moments: errors clustered by province
with weights by city (MacKinnon and Webb 2018, "The wild bootstrap for few
(treated) clusters"), or clustered in two dimensions (MacKinnon, Nielsen and
Webb 2021, "Wild bootstrap and asymptotic inference with multiway clustering").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.sample import Codes


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """How G clusters of the moments form the clusters of a statistic and of the weights.

    Attributes
    ----------
    cells
        Finest unions that the statistic tells apart, length G.
    ways
        Each clustering: its codes by cell, and its sign in the covariance.
    drawn
        Code of the weight that a cluster gets, length G.
    """

    cells: Codes
    ways: tuple[tuple[Codes, int], ...]
    drawn: Codes

    @classmethod
    def of(cls, clusterings: Sequence[Codes], drawn: Codes) -> Grouping:
        """One clustering, or two: M_A + M_B - M_AB (Cameron, Gelbach and Miller 2011)."""
        joint = clusterings[0] if len(clusterings) == 1 else joined(*clusterings)
        first = np.unique(joint, return_index=True)[1]
        ways = [(codes[first], 1) for codes in clusterings]
        if len(clusterings) == 2:
            ways.append((np.arange(len(first)), -1))
        return cls(joint, tuple(ways), drawn)

    @property
    def clusters(self) -> tuple[int, ...]:
        """Number of clusters in each dimension."""
        return tuple(int(codes.max()) + 1 for codes in self.clusterings)

    @property
    def clusterings(self) -> list[Codes]:
        """Codes of each dimension, length G."""
        return [codes[self.cells] for codes, sign in self.ways if sign > 0]


def joined(a: Codes, b: Codes) -> Codes:
    """Codes of the intersections of two groupings."""
    keys = a * (int(b.max()) + 1) + b
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)


def grouping_of(
    moments: Moments,
    cluster: str | Sequence[str],
    draw_by: str | None,
    unions: Mapping[str, Sequence[object] | pd.Series],
) -> tuple[list[str], str, Grouping]:
    """Names of the clusterings, name of what is drawn, and both as codes.

    Parameters are those of `bootstrap.wild_bootstrap`.

    Raises
    ------
    UnknownNameError
        A name is neither the moments' own nor a union.
    EstimationError
        More than two clusterings, or a label is missing.
    """
    names = [cluster] if isinstance(cluster, str) else list(cluster)
    names = names or [moments.by]
    if len(names) > 2:
        raise EstimationError(f"cluster in one or two dimensions, found {', '.join(names)}")
    codes = [_codes(moments, name, unions) for name in names]
    if draw_by is None:
        fewest = min(range(len(names)), key=lambda j: (codes[j].max(), j))
        draw_by, drawn = names[fewest], codes[fewest]
    else:
        drawn = _codes(moments, draw_by, unions)
    return names, draw_by, Grouping.of(codes, drawn)


def _codes(
    moments: Moments, name: str, unions: Mapping[str, Sequence[object] | pd.Series]
) -> Codes:
    """Codes of a grouping of the moments' clusters, length G."""
    size = len(moments.clusters)
    if name == moments.by:
        return np.arange(size)
    if name not in unions and ":" in name:
        first, *rest = (_codes(moments, part, unions) for part in name.split(":"))
        for other in rest:
            first = joined(first, other)
        return first
    if name not in unions:
        known = [moments.by, *unions]
        raise UnknownNameError(
            f"{name!r} is neither what the moments are clustered by nor a union of it."
            f"{did_you_mean(name, known)} Known: {', '.join(known)}"
        )
    labels = pd.Series(np.asarray(unions[name], dtype=object))
    if len(labels) != size or labels.isna().any():
        raise EstimationError(
            f"{name!r} must be known for each of the {size} clusters of {moments.by!r}"
        )
    return np.asarray(pd.factorize(labels, sort=True)[0], dtype=np.int64)
