"""Any data file as frames under its own headers, quickly enough for a million rows."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from urbanecon.cleaning.observations import column_letter
from urbanecon.cleaning.tables import MISSING_MARKERS
from urbanecon.errors import DataError
from urbanecon.intake.headers import one_line
from urbanecon.intake.workbook import (
    TEXTS,
    WORKBOOKS,
    check_file,
    delimiter_of,
    encoding_of,
    read_grids,
)

TYPES = (*WORKBOOKS, *TEXTS, ".dta", ".parquet")
LOOK_FOR_HEADER = 30
"""Rows in which the header is looked for."""


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One table of a file.

    Attributes
    ----------
    name
        Name of the sheet; empty where the file has none.
    frame
        Cells; columns are the headers on one line, the index is the row number
        that a spreadsheet shows.
    letters
        Address of each column, by header.
    labels
        Long names of columns, where the format has them (Stata).
    notes
        What was inferred on reading, in sentences.
    """

    name: str
    frame: pd.DataFrame
    letters: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_sheets(path: Path) -> list[RawSheet]:
    """Read every sheet of a data file.

    Raises
    ------
    DataError
        If the file is absent, empty, truncated, of another type or encoding, or
        holds no rows.
    """
    check_file(path)
    suffix = path.suffix.lower()
    if suffix not in TYPES:
        raise DataError(
            f"{path.name}: files of type {suffix!r} are not read; expected {', '.join(TYPES)}."
        )
    if suffix in TEXTS:
        sheets = [_text(path)]
    elif suffix in WORKBOOKS:
        sheets = [_sheet_of_grid(grid.sheet, grid.rows) for grid in read_grids(path)]
    else:
        sheets = [_stata(path) if suffix == ".dta" else _parquet(path)]
    filled = [sheet for sheet in sheets if len(sheet.frame) and sheet.frame.shape[1]]
    if not filled:
        raise DataError(f"{path.name} holds no rows below a header.")
    return filled


def _text(path: Path) -> RawSheet:
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as handle:
        sample = handle.read(1 << 16)
    delimiter = delimiter_of(sample)
    try:
        head = list(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), 400))
    except csv.Error as error:
        raise DataError(f"{path.name} is no regular csv table: {error}.") from error
    at = _header_row(head)
    headers = _unique(head[at] if head else [])
    below = head[at + 1 : -1]
    try:
        frame = pd.read_csv(
            path,
            encoding=encoding,
            sep=delimiter,
            header=None,
            names=headers,
            skiprows=at + 1,
            index_col=False,
            dtype=_codes(headers, below),
            na_values=sorted(MISSING_MARKERS),
            thousands="," if delimiter != "," or '"' in sample else None,
            skip_blank_lines=False,
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path.name} is no regular csv table: {error}.") from error
    notes = [] if encoding == "utf-8-sig" else [f"the text is encoded in {encoding}"]
    return _sheet("", frame, headers, at, notes)


def _codes(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Columns whose leading zeros are part of an identifier and not to be lost."""
    zeros = {
        headers[at]
        for row in rows
        for at, cell in enumerate(row[: len(headers)])
        if len(cell) > 1 and cell.isdigit() and cell.startswith("0")
    }
    return dict.fromkeys(sorted(zeros), "str")


def _sheet_of_grid(name: str, rows: Sequence[Sequence[Any]]) -> RawSheet:
    at = _header_row(rows[:LOOK_FOR_HEADER])
    headers = _unique(rows[at])
    body = pd.DataFrame(rows[at + 1 :], columns=headers, dtype="object")
    return _sheet(name, body.infer_objects(), headers, at, [])


def _sheet(
    name: str, frame: pd.DataFrame, headers: Sequence[str], at: int, notes: list[str]
) -> RawSheet:
    frame.index = pd.RangeIndex(at + 2, at + 2 + len(frame))
    letters = {header: column_letter(position) for position, header in enumerate(headers)}
    empty = frame.isna().all(axis=1)
    if empty.any():
        frame = frame[~empty]
    if at:
        notes.append(f"the header is row {at + 1}")
    return RawSheet(name, frame, letters, {}, tuple(notes))


def _header_row(rows: Sequence[Sequence[Any]]) -> int:
    """Return the first row, from 0, that fills most of the columns: titles stand above it."""
    filled = [sum(cell not in (None, "") for cell in row) for row in rows[:LOOK_FOR_HEADER]]
    most = max(filled, default=0)
    return next((at for at, count in enumerate(filled) if count >= 0.6 * most), 0)


def _unique(cells: Iterable[Any]) -> list[str]:
    """Headers on one line; a repeated or empty one carries its letter."""
    headers = [one_line(cell) for cell in cells]
    return [
        header
        if header and headers.count(header) == 1
        else f"{header} [{column_letter(at)}]".strip()
        for at, header in enumerate(headers)
    ]


def _stata(path: Path) -> RawSheet:
    from pandas.io.stata import StataReader

    try:
        with StataReader(path) as reader:
            labels = reader.variable_labels()
        frame = pd.read_stata(path, convert_categoricals=False, convert_dates=False)
    except (ValueError, OSError, UnicodeDecodeError, EOFError, struct.error) as error:
        raise DataError(
            f"{path.name} cannot be read as a Stata file ({error}); it is truncated or of "
            "another type. Save it again."
        ) from error
    return _named(frame, labels)


def _parquet(path: Path) -> RawSheet:
    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as a parquet file ({error}); it is truncated or of "
            "another type. Save it again."
        ) from error
    if any(frame.index.names):
        frame = frame.reset_index()
    return _named(frame, {})


def _named(frame: pd.DataFrame, labels: dict[str, str]) -> RawSheet:
    """Sheet of a format that addresses cells by observation and variable name."""
    headers = _unique(frame.columns)
    letters = {header: str(name) for header, name in zip(headers, frame.columns, strict=True)}
    renamed = {header: labels.get(name, "") for header, name in letters.items()}
    frame = frame.set_axis(headers, axis=1)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return RawSheet("", frame, letters, renamed)
