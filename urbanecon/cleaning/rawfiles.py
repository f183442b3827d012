"""Open csv, xlsx and Stata files, and say plainly what is wrong with those that do not open.

In every function `file` is what messages call the file, and `DataError` is
raised when it is truncated, a web page, without rows or in another encoding
than UTF-8.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pandas as pd

from urbanecon.errors import DataError, did_you_mean


def csv_grid(path: Path, file: str) -> pd.DataFrame:
    """Return the records of a csv file as text, header included, by position."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: not UTF-8 (byte {error.start}); tried utf-8 and utf-8-sig."
            f"{_likely_encoding(content)} Save the file as UTF-8 and run again."
        ) from error
    if text.lstrip()[:1] == "<":
        raise DataError(f"{file} is a web page, not a table. Delete it and fetch it again.")
    try:
        return pd.read_csv(
            io.StringIO(text),
            header=None,
            dtype="str",
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{file} is no regular csv table: {error}. Fetch it again.") from error


def _likely_encoding(content: bytes) -> str:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return " It reads as GB18030, the encoding of Chinese Windows."


def _workbook(path: Path, file: str) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook

    with path.open("rb") as handle:
        head = handle.read(512).lstrip()
    if head[:1] == b"<":
        raise DataError(f"{file} is a web page saved as .xlsx. Delete it and fetch it again.")
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise DataError(
            f"{file} cannot be opened as a workbook ({error}); it is truncated or of another "
            "type. Delete it and fetch it again."
        ) from error


def xlsx_grid(path: Path, file: str, sheet: str | int) -> tuple[str, pd.DataFrame]:
    """Return the name of one sheet and its cells, header included, by position."""
    from python_calamine import CalamineError

    workbook = _workbook(path, file)
    names = list(workbook.sheet_names)
    if isinstance(sheet, int) and sheet < len(names):
        sheet = names[sheet]
    if sheet not in names:
        raise DataError(
            f"{file} has no sheet {sheet!r}.{did_you_mean(sheet, names)} It has {names}."
        )
    try:
        rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise DataError(
            f"{file}, sheet {sheet!r} cannot be read ({error}). Delete it and fetch it again."
        ) from error
    return str(sheet), pd.DataFrame(rows, dtype="object")


def stata_frame(path: Path, file: str) -> pd.DataFrame:
    """Return the observations of a Stata file, codes left as they are."""
    try:
        frame = pd.read_stata(path, convert_categoricals=False, convert_dates=False)
    except (ValueError, OSError, UnicodeDecodeError, EOFError, struct.error) as error:
        raise DataError(
            f"{file} cannot be read as a Stata file ({error}); it is truncated or of another "
            "type. Delete it and fetch it again."
        ) from error
    if frame.empty:
        raise DataError(f"{file} has no observations. Fetch the file again.")
    return frame
