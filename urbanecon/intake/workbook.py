"""Any file of cells as grids: workbooks (xlsx, xls, xlsb, ods) and csv of any encoding."""

from __future__ import annotations

import codecs
import csv
import io
import re
import struct
import warnings
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from urbanecon.errors import DataError, DataWarning

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
TEXTS = (".csv", ".tsv", ".txt")
ENCODINGS = ("utf-8-sig", "gb18030")
"""Tried in this order: hardly any text in GB18030 is valid UTF-8 by chance."""

LARGEST = 30_000_000
"""Bytes of a csv that `import` reads: a yearbook's tables of all years are a tenth of it."""

COMPOUND = b"\xd0\xcf\x11\xe0"
"""How an old workbook, or one that is locked by a password, begins."""

CELL = re.compile(rb'<c r="([A-Z]+\d+)"([^>]*[^/>])?>(.*?)</c>', re.S)
VALUE = re.compile(rb"<v[^>/]*>[^<]")

WIDEST = 16_384
"""Columns a sheet can have; a line of more is no table."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one sheet.

    Attributes
    ----------
    sheet
        Its name; empty in a csv file.
    rows
        Cells from A1 on, None where empty, all rows of one length.
    merged
        Merged ranges as (top, left, bottom, right), from 0, ends included. Each
        cell of a range holds the text of its first.
    """

    sheet: str
    rows: list[list[Any]]
    merged: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0]) if self.rows else 0


def read_grids(path: Path) -> list[Grid]:
    """Read every sheet that holds anything.

    Raises
    ------
    DataError
        If the file is absent, empty, truncated, locked by a password, or of a
        type that is not read.
    """
    check_file(path)
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        grids = _workbook(path)
    elif suffix in TEXTS:
        grids = [_text(path)]
    else:
        raise DataError(
            f"{path.name}: files of type {suffix!r} are not read; expected one of "
            f"{', '.join((*WORKBOOKS, *TEXTS))}."
        )
    filled = [grid for grid in grids if any(cell is not None for row in grid.rows for cell in row)]
    if not filled:
        raise DataError(f"{path.name} holds no cell with content. Save it again and retry.")
    return filled


def check_file(path: Path) -> None:
    """Raise `DataError` for a file that is absent or empty."""
    if not path.is_file():
        raise DataError(f"There is no file {path}. Check the name and the folder.")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty (0 bytes). Save or copy it again.")


def encoding_of(path: Path) -> str:
    """Return the encoding of a csv file.

    Raises
    ------
    DataError
        If it is in none of `ENCODINGS` nor UTF-16, holds binary data, or is a
        web page.
    """
    with path.open("rb") as handle:
        head = handle.read(4096)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        raise DataError(f"{path.name} is a web page, not a table. Fetch the table itself.")
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ENCODINGS:
        if (wide or b"\0" not in head) and _decodes(path, encoding):
            return encoding
    raise DataError(
        f"{path.name}: the text is neither UTF-8, UTF-16 nor GB18030. Save the table as UTF-8 "
        "csv or as xlsx and run again."
    )


def _decodes(path: Path, encoding: str) -> bool:
    """Whether a whole file decodes; read piecewise, because it may be large."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as handle:
            while piece := handle.read(1 << 22):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def delimiter_of(text: str) -> str:
    """Return the separator of a csv text: the commonest of comma, tab, semicolon, bar."""
    head = text[:20_000]
    return max(",\t;|", key=head.count)


def fingerprint(path: Path) -> str:
    """Return the sha256 of a file, by which a mapping knows its table again."""
    return sha256(path.read_bytes()).hexdigest()


def open_workbook(path: Path) -> Any:
    """Open a workbook.

    Raises
    ------
    DataError
        If it is truncated, of another type, or locked by a password.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        _check_compound(path)
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError, ValueError) as error:
        raise DataError(
            f"{path.name} cannot be opened as a workbook ({error}): it is truncated, locked or "
            "of another type. Open it in a spreadsheet program, save it as xlsx and run again."
        ) from error


def _check_compound(path: Path) -> None:
    """Raise `ValueError` if an old workbook ends before the sectors that its header names.

    The reader would panic on it. The header holds the sector size, the number of
    sectors of the allocation table, and where the directory and that table begin
    (Microsoft, MS-CFB, section 2.2).
    """
    size = path.stat().st_size
    with path.open("rb") as handle:
        header = handle.read(512)
    if not header.startswith(COMPOUND):
        return
    if len(header) < 512:
        raise ValueError("the file ends within its header")
    sector = 1 << struct.unpack_from("<H", header, 30)[0]
    count, directory = struct.unpack_from("<II", header, 44)
    table = struct.unpack_from("<109I", header, 76)[: min(count, 109)]
    if any((at + 1) * sector >= size for at in (directory, *table)):
        raise ValueError("the file ends before the parts that its header names")


def sheet_rows(workbook: Any, name: str, file: str) -> tuple[list[list[Any]], Any]:
    """Return the rows of one sheet and its merged ranges.

    Raises
    ------
    DataError
        If the sheet cannot be read.
    """
    from python_calamine import CalamineError, WorksheetNotFound

    try:
        sheet = workbook.get_sheet_by_name(name)
        return sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or ()
    except WorksheetNotFound:
        return [], ()  # a sheet of charts has no cells
    except (CalamineError, OSError, ValueError) as error:
        raise DataError(
            f"{file}, sheet {name!r} cannot be read ({error}). Save the workbook again."
        ) from error


def _workbook(path: Path) -> list[Grid]:
    workbook = open_workbook(path)
    grids = []
    for name in workbook.sheet_names:
        rows, ranges = sheet_rows(workbook, name, path.name)
        merged = tuple((top, left, bottom, right) for (top, left), (bottom, right) in ranges)
        grids.append(_grid(name, rows, merged))
    if zipfile.is_zipfile(path):
        _warn_of_formulas(path)
    return grids


def _warn_of_formulas(path: Path) -> None:
    """Warn of cells whose formula has no stored result or ended in an error: they are missing."""
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", part):
                continue
            content = archive.read(part)
            if b"<f" not in content and b't="e"' not in content:
                continue
            empty = [
                address.decode()
                for address, kind, inside in CELL.findall(content)
                if b't="e"' in kind or (b"<f" in inside and not VALUE.search(inside))
            ]
            if empty:
                warnings.warn(
                    f"{path.name}, {Path(part).stem}: {len(empty)} cells hold a formula without a "
                    f"stored result, or an error, and count as missing; first {empty[0]}. Open "
                    "the workbook in a spreadsheet program, correct and save it.",
                    DataWarning,
                    stacklevel=4,
                )


def _text(path: Path) -> Grid:
    if path.stat().st_size > LARGEST:
        raise DataError(
            f"{path.name} has {path.stat().st_size / 1e6:.0f} MB; tables of up to "
            f"{LARGEST / 1e6:.0f} MB are imported. Cut it into parts; `urbanecon audit` reads "
            "panels of any size."
        )
    text = path.read_text(encoding=encoding_of(path))
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter_of(text)))
    except csv.Error as error:
        raise DataError(f"{path.name} is no regular csv table: {error}.") from error
    if max(map(len, rows), default=0) > WIDEST:
        raise DataError(f"{path.name} has a line of more than {WIDEST} cells; it is no table.")
    return _grid("", rows, ())


def _grid(name: str, rows: list[list[Any]], merged: tuple[tuple[int, int, int, int], ...]) -> Grid:
    width = max(map(len, rows), default=0)
    cells = [[_content(cell) for cell in row] + [None] * (width - len(row)) for row in rows]
    inside = tuple(span for span in merged if span[2] < len(cells) and span[3] < width)
    for top, left, bottom, right in inside:
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                cells[row][column] = cells[top][left]
    return Grid(name, cells, inside)


def _content(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell if cell.strip() else None
    return cell
