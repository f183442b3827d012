"""Naming and lining up the cells that a measure is computed from.

A measure that meets a cell it cannot use says which one: every message names
the city, the year and the variable as far as the data know them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from urbanecon.errors import DataError, MissingColumnError, did_you_mean

Vector: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[Any]

NAMED_CELLS = 5
"""Cells that a message lists by name before it only counts the rest."""


def cell_name(key: Hashable, names: list[Hashable] | None = None) -> str:
    """Return ``city 420100, year 2015`` for a key of a (city, year) index."""
    parts = key if isinstance(key, tuple) else (key,)
    labels = names or [None] * len(parts)
    return ", ".join(
        f"{label} {part}" if label else str(part)
        for label, part in zip(labels, parts, strict=True)
    )


def list_cells(cells: pd.Index) -> str:
    """Return the first cells by name and the number of the others."""
    names = list(cells.names)
    shown = "; ".join(cell_name(key, names) for key in cells[:NAMED_CELLS])
    more = len(cells) - NAMED_CELLS
    return f"{shown}; and {more} more" if more > 0 else shown


def as_series(values: ArrayLike | pd.Series, name: str) -> pd.Series:
    """Return a float Series; a cell that holds no number is an error that names it.

    Raises
    ------
    DataError
        If a cell holds text, or is infinite.
    """
    series = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values), name=name)
    numbers = pd.to_numeric(series, errors="coerce").astype("float64")
    bad = (numbers.isna() & series.notna()) | np.isinf(numbers)
    if bad.any():
        found = series[bad].iloc[0]
        raise DataError(
            f"{series.name or name}: {_shown(found)} is no finite number "
            f"({int(bad.sum())} cells: {list_cells(bad[bad].index)}); "
            "correct the cell or leave it empty."
        )
    return pd.Series(
        numbers.to_numpy(), index=series.index, name=name if series.name is None else series.name
    )


def _shown(found: object) -> str:
    return repr(found) if isinstance(found, str) else str(found)


def refuse(bad: Vector | NDArray[np.bool_] | pd.Series, series: pd.Series, expected: str) -> None:
    """Raise `DataError` that names the first cells where `bad` holds."""
    mask = np.asarray(bad, dtype=bool)
    if mask.any():
        found = float(series.to_numpy()[mask][0])
        raise DataError(
            f"{series.name}: expected {expected}, found {found:g} "
            f"({int(mask.sum())} cells: {list_cells(series.index[mask])})."
        )


def complete_rows(
    values: ArrayLike | pd.Series, weights: ArrayLike | pd.Series | None
) -> tuple[pd.Series, pd.Series]:
    """Return values and weights of the rows that have both; no weights means ones.

    Weights given as a Series are lined up with the values by label.

    Raises
    ------
    DataError
        If a label occurs twice, lengths differ, a weight is not positive, or no
        row is left.
    """
    y = as_series(values, "values")
    if not y.index.is_unique:
        twice = y.index[y.index.duplicated()].unique()
        raise DataError(f"{y.name}: two rows for {list_cells(twice)}; keep one.")
    if weights is None:
        w = pd.Series(1.0, index=y.index, name="weights")
    elif isinstance(weights, pd.Series):
        w = as_series(weights.reindex(y.index), "weights")
    else:
        w = as_series(weights, "weights")
        if len(w) != len(y):
            raise DataError(f"{y.name}: {len(y)} values but {len(w)} weights.")
        w = w.set_axis(y.index)
    kept = y.notna() & w.notna()
    if not kept.any():
        raise DataError(f"{y.name}: no row has both a value and a weight.")
    y, w = y[kept], w[kept]
    refuse(w <= 0, w, "a positive weight")
    return y, w


def group_labels(groups: ArrayLike | pd.Series, index: pd.Index) -> Labels:
    """Return one group label per row of `index`.

    `groups` is a Series keyed by city or by the whole (city, year) index, or an
    array in the order of the rows.

    Raises
    ------
    DataError
        If a row has no group; the message names it.
    """
    if not isinstance(groups, pd.Series):
        groups = pd.Series(np.asarray(groups), index=index)
    by_city = isinstance(index, pd.MultiIndex) and not isinstance(groups.index, pd.MultiIndex)
    keys = index.get_level_values("city") if by_city else index
    labels = groups.reindex(keys)
    lost = labels.isna().to_numpy()
    if lost.any():
        raise DataError(f"{groups.name or 'groups'}: no group for {list_cells(index[lost])}.")
    return np.asarray(labels.to_numpy(), dtype=object)


def require_panel_index(index: pd.Index, what: str) -> None:
    """Raise `MissingColumnError` unless `index` has the levels city and year, each row once."""
    for level in ("city", "year"):
        if level not in index.names:
            raise MissingColumnError(
                f"{what}: the index lacks the level {level!r}."
                f"{did_you_mean(level, index.names)} Levels found: {list(index.names)}."
            )
    if not index.is_unique:
        twice = index[index.duplicated()].unique()
        raise DataError(f"{what}: two rows for {list_cells(twice)}; keep one.")


def numeric_columns(data: pd.DataFrame, names: list[str], what: str) -> pd.DataFrame:
    """Return the columns `names` as floats.

    Raises
    ------
    MissingColumnError
        For the first column that `data` lacks; the message suggests the closest.
    DataError
        For a cell that holds text or is infinite.
    """
    for name in names:
        if name not in data.columns:
            raise MissingColumnError(
                f"{what}: column {name!r} is missing.{did_you_mean(name, data.columns)}"
            )
    return pd.DataFrame({name: as_series(data[name], name) for name in names}, index=data.index)


def by_year(index: pd.Index) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each year, in order, with the positions of its rows."""
    years = index.get_level_values("year").to_numpy()
    for year in np.unique(years):
        yield int(year), np.flatnonzero(years == year)
