"""What every figure asks of the frame it is given, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import (
    DataError,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)

YEARS = frozenset({"year", "relative_year"})
"""Key columns that hold whole years."""


def check_frame(
    frame: pd.DataFrame, figure: str, *, keys: Sequence[str], numbers: Sequence[str]
) -> pd.DataFrame:
    """Return the columns a figure needs, in order, its numbers as float64.

    Parameters
    ----------
    frame
        Tidy frame from the caller.
    figure
        Name of the figure function, for messages.
    keys
        Columns that say what a row is about. They may not be missing in any row and
        together they may not repeat.
    numbers
        Numeric columns; NaN is allowed (and drawn as a gap), infinity is not.

    Raises
    ------
    MissingColumnError
        If a column is absent; the message names the closest one present.
    NotEstimableError
        If a numeric column has no value in any row, or there is no row.
    DataError
        If a key is missing or repeats, a year is not whole, or a number cell holds text or
        infinity.
    """
    for name in (*keys, *numbers):
        if name not in frame.columns:
            raise MissingColumnError(
                f"{figure}: column {name!r} is missing.{did_you_mean(name, frame.columns)} "
                f"Columns found: {[str(column) for column in frame.columns]}."
            )
    table = frame.loc[:, [*keys, *numbers]].reset_index(drop=True)
    for name in keys:
        if table[name].isna().any():
            raise DataError(f"{figure}: row {_first(table[name].isna())} has no {name!r}.")
    repeated = table.duplicated(list(keys))
    if repeated.any():
        row = table.loc[repeated, list(keys)].iloc[0].to_dict()
        raise DataError(f"{figure}: more than one row for {row}; expected one.")
    for name in numbers:
        table[name] = _numbers(table[name], figure)
    for name in YEARS.intersection(keys):
        table[name] = _whole_years(table[name], figure)
    for name in numbers:
        if table[name].isna().all():
            raise nothing_to_draw(f"{figure}: {name!r}")
    return table


def check_cells(cells: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return a wide frame of shares between 0 and 1 (NaN allowed) as float64.

    Raises
    ------
    NotEstimableError
        If the frame is empty or all missing.
    DataError
        If a row or column label repeats, or a cell is no number between 0 and 1.
    """
    for axis, labels in (("row", cells.index), ("column", cells.columns)):
        if labels.has_duplicates:
            raise DataError(
                f"{figure}: the {axis} {labels[labels.duplicated()][0]!r} stands twice."
            )
    table = pd.DataFrame(
        {name: _numbers(cells[name], figure) for name in cells.columns}, index=cells.index
    )
    if table.empty or table.isna().all(axis=None):
        raise nothing_to_draw(figure)
    outside = (table < 0) | (table > 1)
    if outside.any(axis=None):
        row, column = next(zip(*np.nonzero(outside.to_numpy()), strict=True))
        raise DataError(
            f"{figure}: {table.index[row]!r}, {table.columns[column]!r} is "
            f"{table.to_numpy()[row, column]:g}; expected a share between 0 and 1."
        )
    return table


def nothing_to_draw(what: str) -> NotEstimableError:
    """Return the error of a figure, or a column of its frame, without a single number."""
    return NotEstimableError(
        f"{what} has no value to draw. Check the sample and the variables it was made from."
    )


def check_known(names: Iterable[object], known: Iterable[object], what: str) -> None:
    """Raise `UnknownNameError` for the first name that is not among the known ones."""
    known = list(known)
    for name in pd.Series(list(names)).tolist():
        if name not in known:
            raise UnknownNameError(
                f"{name!r} is no {what}.{did_you_mean(name, known)} Expected one of {known}."
            )


def with_gaps(series: pd.DataFrame, year: str = "year") -> pd.DataFrame:
    """Return rows by year with a NaN row for each year skipped, so that a line breaks there."""
    years = np.arange(series[year].min(), series[year].max() + 1)
    return series.set_index(year).reindex(years).rename_axis(year).reset_index()


def _numbers(column: pd.Series, figure: str) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    text = column.map(lambda cell: isinstance(cell, str)).astype(bool)
    bad = text | np.isinf(numbers) | (numbers.isna() & column.notna())
    if bad.any():
        raise DataError(
            f"{figure}: {column.name!r} is {column[bad].tolist()[0]!r} in row {_first(bad)!r}; "
            "expected a finite number or a missing value."
        )
    return numbers


def _whole_years(column: pd.Series, figure: str) -> pd.Series:
    years = _numbers(column, figure)
    broken = years != years.round()
    if broken.any():
        raise DataError(
            f"{figure}: {column.name!r} is {column[broken].tolist()[0]!r} in row "
            f"{_first(broken)!r}; expected a whole year."
        )
    return years.astype("int64")


def _first(mask: pd.Series) -> object:
    return mask.index[mask.to_numpy()][0]
