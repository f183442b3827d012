"""What raw cells read, looked up in the raw files when a person asks for it.

The panel keeps the addresses of raw cells, not their contents. With the file at
hand, the cell itself shows what was converted: the number as printed, the power
of ten between it and the codebook's unit, and the name or code by which its row
was taken for a city's.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.cleaning.divisions import NATION
from urbanecon.cleaning.observations import RawCell, column_letter
from urbanecon.cleaning.rawfiles import csv_grid, stata_frame, xlsx_grid
from urbanecon.cleaning.registry import load_registry, locate
from urbanecon.cleaning.spellings import match, plain, province_code
from urbanecon.errors import SourceMissingError, UnknownNameError

AT_HAND = 8
"""Sheets that are kept in memory while one tree is printed."""

UNIT_ONLY = 1e-9
"""Distance from a whole power of ten, in powers, below which only the unit was changed."""

NAMES = 6
"""Columns from the left in which the name or code of a row's unit is looked for."""


def describe(cell: RawCell, unit: str, value: float) -> str:
    """Say what a raw cell reads, and what became of it.

    Parameters
    ----------
    cell
        Address.
    unit
        Key of the city or province that the value is given for.
    value
        The value made of it, in the unit of the codebook.

    Returns
    -------
    str
        Empty if the raw file is not at hand.

    Raises
    ------
    ChecksumError, DataError
        If the file at hand is not the registry's, or cannot be read.
    """
    grid = _grid_of(cell)
    if grid is None:
        return ""
    found = [grid.at[row, column] for row in cell.rows for column in cell.columns]
    total = float(pd.to_numeric(pd.Series(found, dtype="object"), errors="coerce").sum())
    factor = _factor(total, value)
    if len(found) == 1:
        said = f"reads {_shown(found[0])}"
    elif factor:
        said = f"{len(found)} cells, in sum {total:.10g}"
    else:
        said = f"{len(found)} cells, from {_shown(found[0])} to {_shown(found[-1])}"
    if not factor:
        said += ", from which the reader of the source computes the value"
    elif factor != 1:
        said += f", times {factor:g}"
    return said + _name_in_row(grid, cell.row, unit)


def _factor(printed: float, value: float) -> float:
    """Power of ten between the printed number and the value; 0 if it is none."""
    if printed == value:
        return 1.0
    if not np.isfinite(printed) or printed * value <= 0:
        return 0.0
    power = np.log10(value / printed)
    return float(10.0 ** np.round(power)) if abs(power - np.round(power)) < UNIT_ONLY else 0.0


def _name_in_row(grid: pd.DataFrame, row: int, unit: str) -> str:
    """By which name or code the row belongs to the unit."""
    if unit == NATION:
        return ""
    for content in grid.loc[row].iloc[:NAMES]:
        text = plain(content).removesuffix(".0")
        if text and (match(text, "")[0] == unit or province_code(text) == unit):
            return f", in the row of {_shown(content)}"
    return ""


def _grid_of(cell: RawCell) -> pd.DataFrame | None:
    source = cell.file.split("/")[0]
    try:
        path = locate(load_registry()[source]).path
    except (SourceMissingError, UnknownNameError):
        return None
    file = path / cell.file.split("/", 1)[1] if path.is_dir() else path
    return _grid(file, cell.file, cell.sheet)


@lru_cache(maxsize=AT_HAND)
def _grid(path: Path, file: str, sheet: str) -> pd.DataFrame:
    """Cells of one sheet by row number and column as `RawCell` counts them."""
    if path.suffix == ".dta":
        frame = stata_frame(path, file)
        return frame.set_axis(pd.RangeIndex(1, len(frame) + 1))
    grid = csv_grid(path, file) if path.suffix == ".csv" else xlsx_grid(path, file, sheet)[1]
    letters = [column_letter(position) for position in range(grid.shape[1])]
    return grid.set_axis(letters, axis=1).set_axis(pd.RangeIndex(1, len(grid) + 1))


def _shown(content: object) -> str:
    whole = isinstance(content, float | np.floating) and float(content).is_integer()
    return f"{content:.0f}" if whole else str(content)
