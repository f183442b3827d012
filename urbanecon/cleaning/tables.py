"""Raw files as they are: cells under their headers, each with its address.

Reads csv, xlsx and Stata files without interpreting anything; numbers are
parsed only where a reader asks for a column of numbers, so that a text in a
number cell is an error that names the cell.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.cleaning.observations import addresses, column_letter, require_columns
from urbanecon.cleaning.rawfiles import csv_grid, stata_frame, xlsx_grid
from urbanecon.errors import DataError, DataWarning

MISSING_MARKERS = frozenset(
    {
        "",
        "-",
        "--",
        "—",
        "——",
        "–",
        "…",
        "……",
        "...",
        "..",
        ".",
        "na",
        "n.a.",
        "n/a",
        "nan",
        "null",
    }
)
"""What yearbooks and software write into a cell that has no number (in lower case)."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
PLAUSIBLE_YEARS = (1900, 2100)


@dataclass(frozen=True, slots=True)
class RawTable:
    """One sheet of a raw file.

    Attributes
    ----------
    file
        ``<source id>/<file name>``.
    sheet
        Name of the sheet; empty in csv and Stata files.
    frame
        Cells as read. Columns are the headers, without line breaks (those that
        occur twice carry their letter: ``name [C]``; empty ones are ``[C]``),
        the index is the row number (see `RawCell`). Rows without any content
        are left out.
    letters
        Address of each column, by header.
    """

    file: str
    sheet: str
    frame: pd.DataFrame
    letters: dict[str, str]

    @property
    def place(self) -> str:
        """File and sheet, for messages."""
        return f"{self.file}, sheet {self.sheet!r}" if self.sheet else self.file

    def require(self, columns: Iterable[str]) -> None:
        """Raise `MissingColumnError` for the first header that the table lacks."""
        require_columns(self.frame.columns, columns, file=self.place)

    def raw(self, column: str) -> list[str]:
        """Addresses of the cells of one column."""
        return addresses(self.file, self.sheet, self.frame.index, self.letters[column])

    def text(self, column: str) -> pd.Series:
        """Cells of a column as text without surrounding spaces; empty where missing."""
        self.require([column])
        cells = self.frame[column]
        return cells.map(lambda cell: "" if _is_blank(cell) else _header(cell)).astype("str")

    def numbers(self, column: str, *, where: Sequence[str] = ()) -> pd.Series:
        """Cells of a column as float64.

        Parameters
        ----------
        column
            Header.
        where
            Headers whose cells say in an error which city and year is meant.

        Raises
        ------
        DataError
            If a cell is neither a finite number nor a known mark of a missing
            one. The message names file, sheet, row, column and what was found.

        Warns
        -----
        DataWarning
            If the table has rows but the column has no number in any of them.
        """
        self.require([column, *where])
        cells = self.frame[column].tolist()
        values = np.array([_number(cell) for cell in cells], dtype="float64")
        bad = np.flatnonzero(np.isinf(values))
        if len(bad):
            self._refuse(column, int(bad[0]), where, "a finite number")
        if len(values) and np.isnan(values).all():
            warnings.warn(
                f"{self.place}: column {self.letters[column]} ({column}) holds no number in any "
                f"of {len(values)} rows: nothing is read from it.",
                DataWarning,
                stacklevel=2,
            )
        return pd.Series(values, index=self.frame.index)

    def years(self, column: str) -> pd.Series:
        """Cells of a column as calendar years (int64); every row must have one."""
        values = self.numbers(column)
        low, high = PLAUSIBLE_YEARS
        bad = np.flatnonzero(~(values.between(low, high) & (values % 1 == 0)))
        if len(bad):
            self._refuse(column, int(bad[0]), (), f"a year from {low} to {high}")
        return values.astype("int64")

    def _refuse(self, column: str, at: int, where: Sequence[str], expected: str) -> None:
        row = self.frame.index[at]
        about = ", ".join(_header(self.frame[name].iloc[at]) for name in where)
        raise DataError(
            f"{self.place}: row {row}, column {self.letters[column]} ({column})"
            f"{f', {about}' if about else ''}: expected {expected}, found "
            f"{self.frame[column].iloc[at]!r}. Correct the cell, or leave it empty if the "
            "value is not known."
        )


def read_table(
    path: Path,
    *,
    source: str,
    sheet: str | int = 0,
    columns: Sequence[str] | None = None,
) -> RawTable:
    """Read one sheet of a csv, xlsx or Stata file.

    Parameters
    ----------
    path
        The file; its suffix says how it is read.
    source
        Registry id, the first part of the cells' addresses.
    sheet
        Name, or position from 0, of the sheet of a workbook.
    columns
        Headers to keep, when a file holds much that is not needed.

    Raises
    ------
    MissingColumnError
        If one of `columns` is absent; the message gives the closest match.
    DataError
        If the file is absent, empty, truncated, no table, in another encoding
        than UTF-8, or lacks the sheet.
    """
    file = f"{source}/{path.name}"
    if not path.is_file():
        raise DataError(f"{file} is not at {path}. Run `urbanecon fetch {source}` to get it.")
    if path.stat().st_size == 0:
        raise DataError(f"{file} is empty (0 bytes). Delete it and fetch it again.")
    if path.suffix == ".dta":
        return _stata_table(stata_frame(path, file), file, columns)
    if path.suffix == ".csv":
        name, grid = "", csv_grid(path, file)
    elif path.suffix == ".xlsx":
        name, grid = xlsx_grid(path, file, sheet)
    else:
        raise DataError(
            f"{file}: files of type {path.suffix!r} are not read; expected csv, xlsx, dta."
        )
    return _table(grid, file, name, columns)


def _table(grid: pd.DataFrame, file: str, sheet: str, columns: Sequence[str] | None) -> RawTable:
    place = f"{file}, sheet {sheet!r}" if sheet else file
    if len(grid) < 2:
        raise DataError(f"{place} has no rows below its header. Fetch the file again.")
    letters = [column_letter(position) for position in range(grid.shape[1])]
    given = [_one_line(_header(cell)) for cell in grid.iloc[0]]
    names = [
        name if name and given.count(name) == 1 else f"{name} [{letter}]".strip()
        for name, letter in zip(given, letters, strict=True)
    ]
    body = grid.iloc[1:].set_axis(names, axis=1)
    body.index = pd.RangeIndex(2, len(grid) + 1)
    if columns is not None:
        require_columns(names, columns, file=place)
        body = body[list(columns)]
    blank = body.isna() | (body == "")
    return RawTable(file, sheet, body[~blank.all(axis=1)], dict(zip(names, letters, strict=True)))


def _stata_table(frame: pd.DataFrame, file: str, columns: Sequence[str] | None) -> RawTable:
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    if columns is not None:
        require_columns(frame.columns, columns, file=file)
        frame = frame[list(columns)]
    return RawTable(file, "", frame, {name: name for name in frame.columns})


def _number(cell: object) -> float:
    """Number in a cell; nan where it has none, infinity where it holds something else."""
    if isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool):
        return float(cell)
    if cell is None or cell is pd.NA:
        return np.nan
    if not isinstance(cell, str):
        return np.inf
    text = unicodedata.normalize("NFKC", cell).strip().lower()
    if NUMBER.fullmatch(text):
        return float(text)
    if THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    return np.nan if text in MISSING_MARKERS or cell.strip() in MISSING_MARKERS else np.inf


def _is_blank(cell: object) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))


def _header(cell: object) -> str:
    """Text of a cell; whole numbers without the decimals that workbooks give them."""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return "" if _is_blank(cell) else str(cell).strip()


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n]+", "", text)
