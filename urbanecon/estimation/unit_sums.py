"""Sums over the rows of one piece of a panel, by unit and by unit and period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.estimation.moments_pieces import UnitPieces
from urbanecon.estimation.sample import Codes, Floats


def unit_pieces(
    values: Floats,
    variables: Sequence[str],
    units: tuple[str, Codes, pd.Index],
    periods: tuple[str, Codes, pd.Index],
    weights: Floats | None = None,
) -> UnitPieces:
    """Sums over the rows of one piece.

    Parameters
    ----------
    values
        Variables without gaps, n x V.
    variables
        Their names, length V.
    units, periods
        Name of the effect, code of each row (length n), label of each code;
        in any order, and codes without rows are left out.
    weights
        Positive weights, length n, or None.
    """
    unit, u, unit_labels = _present(*units)
    period, t, period_labels = _present(*periods)
    shape = (len(unit_labels), len(period_labels))
    w = np.ones(len(values)) if weights is None else weights
    cells = u * shape[1] + t
    n_cells = shape[0] * shape[1]
    rows = np.bincount(cells, minlength=n_cells)
    weight = np.bincount(cells, w, n_cells).astype(np.float64)
    mean = _sums(values, w, u, shape[0]) / np.bincount(u, w, shape[0])[:, None]
    centred = values - mean[u]
    # sums of the movements rather than of the levels: no digits lost
    moved = _sums(centred, w, cells, n_cells) / np.where(rows > 0, weight, 1.0)[:, None]
    first = np.repeat(mean, shape[1], axis=0)
    return UnitPieces(
        variables=tuple(variables),
        unit=unit,
        period=period,
        units=unit_labels,
        periods=period_labels,
        mean=mean,
        cross=cross_by(centred, w, u, shape[0]),
        cell_weight=weight.reshape(shape),
        cell_mean=np.where(rows[:, None] > 0, first + moved, 0.0).reshape(*shape, -1),
        cell_rows=rows.reshape(shape),
    )


def cross_by(values: Floats, weights: Floats, codes: Codes, size: int) -> Floats:
    """Sum of w z z' over the rows of each group, size x V x V, in the order of the rows."""
    v = values.shape[1]
    cross = np.empty((size, v, v))
    for i in range(v):
        weighted = weights * values[:, i]
        for j in range(i + 1):
            cross[:, i, j] = np.bincount(codes, weighted * values[:, j], size)
            cross[:, j, i] = cross[:, i, j]
    return cross


def _present(name: str, codes: Codes, labels: pd.Index) -> tuple[str, Codes, pd.Index]:
    """Codes in the sorted order of the labels that have rows."""
    order = labels[np.unique(codes)].sort_values()
    place = order.get_indexer(labels)
    return name, np.asarray(place[codes], dtype=np.int64), order.rename(name)


def _sums(values: Floats, weights: Floats, codes: Codes, size: int) -> Floats:
    return np.column_stack([np.bincount(codes, weights * z, size) for z in values.T])
