"""A dynamic panel equation on the grid of units and periods, and its transformations.

Every variable is an N x T array, missing cells NaN, so that a lag is a shift and
a transformation of the equation one T x T matrix a unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, NotEstimableError
from urbanecon.estimation.sample import Codes, Floats, Mask, describe_row, draw_sample

POSITION = "position of the row"


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Variables laid out by unit and period.

    Attributes
    ----------
    index
        Index of the rows given, in the order of the units and periods.
    rows
        Position of each cell in `index`, N x T; -1 where there is no row.
    periods
        The periods in order, length T: neighbours are one lag apart.
    values
        Variables by name, each N x T, NaN where missing.
    """

    index: pd.MultiIndex
    rows: Codes
    periods: pd.Index
    values: Mapping[str, Floats]

    def lag(self, name: str, lag: int) -> Floats:
        """Value `lag` periods ago, N x T; NaN where there is none."""
        return shifted(self.values[name], lag)


def shifted(values: Floats, lag: int) -> Floats:
    """Shift N x T values `lag` periods on, NaN coming in."""
    if lag == 0:
        return values
    out = np.full_like(values, np.nan)
    out[:, lag:] = values[:, :-lag]
    return out


def lay_out(data: pd.DataFrame, variables: Sequence[str]) -> Grid:
    """Lay the variables out by the first two index levels, unit and period.

    Raises
    ------
    DataError
        The index has one level, a unit has a period twice, or a variable holds text.
    MissingColumnError, EstimationError, NotEstimableError
        As `sample.draw_sample`, which reads each variable.
    """
    if not isinstance(data.index, pd.MultiIndex):
        raise DataError(
            f"the index has one level, {data.index.name!r}; a panel is indexed by unit and period"
        )
    if data.empty:
        raise NotEstimableError("the data have no rows")
    data = data.sort_index(kind="stable")
    index = data.index
    assert isinstance(index, pd.MultiIndex)  # noqa: S101 - sorting keeps the index
    levels = [pd.factorize(index.get_level_values(k), sort=True) for k in (0, 1)]
    (unit, units), (period, periods) = levels
    cell = np.where((unit < 0) | (period < 0), -1, unit * len(periods) + period)
    _refuse_repeated(index, cell)
    shape = (len(units), len(periods))
    marked = data.assign(**{POSITION: np.arange(len(data))})
    values = {}
    for name in dict.fromkeys(variables):
        sample = draw_sample(marked, [name, POSITION])
        at = cell[sample.column(POSITION).astype(np.int64)]
        flat = np.full(shape[0] * shape[1], np.nan)
        flat[at[at >= 0]] = sample.column(name)[at >= 0]
        values[name] = flat.reshape(shape)
    rows = np.full(shape[0] * shape[1], -1, dtype=np.int64)
    rows[cell[cell >= 0]] = np.flatnonzero(cell >= 0)
    return Grid(index, rows.reshape(shape), pd.Index(periods), values)


def _refuse_repeated(index: pd.Index, cell: Codes) -> None:
    known = cell[cell >= 0]
    if len(np.unique(known)) < len(known):
        counts = pd.Series(cell).duplicated() & (cell >= 0)
        raise DataError(
            f"{describe_row(index, index[int(counts.to_numpy().argmax())])} is not the only row "
            "of its unit and period; a panel has one"
        )


def absent_periods(periods: pd.Index) -> list[int]:
    """Whole numbers between the first and last period that no unit has."""
    if not pd.api.types.is_integer_dtype(periods):
        return []
    present = {int(p) for p in periods}
    return [p for p in range(min(present), max(present)) if p not in present]


def first_differences(complete: Mask) -> Floats:
    """D, N x T x T: row t of a unit is x_t - x_(t-1), zero unless both are complete."""
    n, t = complete.shape
    out = np.zeros((n, t, t))
    later = np.arange(1, t)
    both = (complete[:, 1:] & complete[:, :-1]).astype(float)
    out[:, later, later] = both
    out[:, later, later - 1] = -both
    return out


def forward_deviations(complete: Mask) -> Floats:
    """Forward orthogonal deviations, N x T x T (Arellano and Bover 1995).

    c (x_t - mean of the complete later x), c = (n / (n + 1))^(1/2) with n of them,
    in row t + 1: dated one period on, so that the lags that are valid instruments
    are those of the differences (as xtabond2). Rows are orthonormal.
    """
    n, t = complete.shape
    later = np.triu(np.ones((t, t)), 1) * complete[:, None, :]
    count = later.sum(axis=2)
    use = complete & (count > 0)
    safe = np.maximum(count, 1)
    scale = np.where(use, np.sqrt(safe / (safe + 1)), 0.0)
    deviations = scale[:, :, None] * (np.eye(t) - later / safe[:, :, None])
    out = np.zeros((n, t, t))
    out[:, 1:] = deviations[:, :-1]
    return out


def transformed(matrix: Floats, columns: Floats) -> Floats:
    """Apply a transformation to N x T x k columns; missing where it needs a missing cell.

    What rounding leaves of a constant is set to zero.
    """
    known = np.nan_to_num(columns)
    out = np.einsum("nst,ntk->nsk", matrix, known)
    size = np.einsum("nst,ntk->nsk", np.abs(matrix), np.abs(known))
    out[np.abs(out) <= 8 * np.finfo(float).eps * size] = 0.0
    missing = np.isnan(columns)
    if missing.any():
        out[np.einsum("nst,ntk->nsk", np.abs(matrix), missing.astype(float)) > 0] = np.nan
    return np.asarray(out, dtype=np.float64)
