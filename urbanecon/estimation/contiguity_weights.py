"""Spatial weights from common borders: given as a list of neighbours, or as polygons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, EstimationError, did_you_mean
from urbanecon.estimation.weights import Weights, sorted_weights


def contiguity(
    neighbours: Mapping[Any, Iterable[Any]], *, directed: bool = False, standardise: bool = True
) -> Weights:
    """Binary weights from a list of neighbours: w_ij = 1 if j is a neighbour of i.

    Parameters
    ----------
    neighbours
        Neighbours of each unit; islands have an empty list.
    directed
        Whether a neighbour need not name the unit back. Common borders are
        mutual, so that a one-sided entry is otherwise an error in the list.

    Raises
    ------
    DataError
        A neighbour is no unit, or the list is one-sided.
    """
    units = pd.Index(list(neighbours))
    values = np.zeros((len(units), len(units)))
    for i, unit in enumerate(units):
        for other in neighbours[unit]:
            if other not in neighbours:
                raise DataError(
                    f"{other!r}, a neighbour of {unit!r}, has no list of neighbours of its own."
                    f"{did_you_mean(other, units)}"
                )
            values[i, units.get_loc(other)] = 1.0
    if not directed and not np.array_equal(values, values.T):
        i, j = (int(k) for k in np.argwhere(values > values.T)[0])
        raise DataError(
            f"{units[j]!r} is a neighbour of {units[i]!r} but not the other way round; complete "
            "the list, or say directed=True"
        )
    return sorted_weights(units, values, standardise, "contiguity")


def contiguity_of_polygons(
    polygons: Mapping[Any, Any], *, queen: bool = True, standardise: bool = True
) -> Weights:
    """Contiguity of shapely polygons: a shared point (queen) or border (rook).

    Raises
    ------
    EstimationError
        shapely is not installed.
    """
    try:
        from shapely import STRtree  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise EstimationError(
            "contiguity from polygons needs the package shapely; install it, or give a list of "
            "neighbours to `contiguity`"
        ) from None
    units, shapes = list(polygons), list(polygons.values())
    neighbours: dict[Any, set[Any]] = {unit: set() for unit in units}
    for i, j in STRtree(shapes).query(shapes, predicate="intersects").T.tolist():
        if i != j and (queen or shapes[i].intersection(shapes[j]).length > 0):
            neighbours[units[i]].add(units[j])
            neighbours[units[j]].add(units[i])
    return contiguity(neighbours, standardise=standardise)
