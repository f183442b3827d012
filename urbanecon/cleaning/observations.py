"""The contract between the readers and the panel: long tables of observations.

A reader returns one row per raw cell that it used, in canonical units, with the
address of that cell. Nothing is filled and nothing is dropped without being
listed; `flag` says what is doubtful about a cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, MissingColumnError, did_you_mean

COLUMNS = ("city", "year", "variable", "value", "source", "raw", "flag")


class Flag(StrEnum):
    """The closed set of what can be said of a cell, mildest first."""

    OK = "ok"
    DERIVED = "derived"
    OUTLIER = "outlier"
    BOUNDARY_BREAK = "boundary_break"
    INTERPOLATED = "interpolated"
    EXTRAPOLATED = "extrapolated"
    CONFLICT = "conflict"
    ANACHRONISM = "anachronism"
    PASTED = "pasted"
    IMPOSSIBLE = "impossible"


SEVERITY = {flag: rank for rank, flag in enumerate(Flag)}
"""A cell that several rules flag carries the flag of the highest rank."""


@dataclass(frozen=True, slots=True)
class RawCell:
    """The address of one raw cell, or of the block of cells that a sum rests on.

    `row` is 1-based and counts the header, as a spreadsheet shows it; in a
    Stata file, which has no header row, it is the 1-based observation. `column`
    is the spreadsheet letter (A, B, ..., AA) in csv and xlsx files and the
    variable name in Stata files. `sheet` is empty where the format has none.

    A sum over rows or columns names the others in `more_rows` and
    `more_columns`; it rests on every cell of these rows in these columns. Its
    address reads ``file|sheet|12-25,31|F,G``.
    """

    file: str
    sheet: str
    row: int
    column: str
    more_rows: tuple[int, ...] = ()
    more_columns: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[int, ...]:
        """All rows of the block, in their order."""
        return (self.row, *self.more_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the block, in their order."""
        return (self.column, *self.more_columns)

    def __str__(self) -> str:
        return f"{self.file}|{self.sheet}|{_ranges(self.rows)}|{','.join(self.columns)}"

    @classmethod
    def parse(cls, raw: str) -> RawCell:
        """Read an address back from the `raw` column."""
        file, sheet, listed, columns = raw.split("|")
        rows: list[int] = []
        for part in listed.split(","):
            first, _, last = part.partition("-")
            rows += range(int(first), int(last or first) + 1)
        column, *more_columns = columns.split(",")
        return cls(file, sheet, rows[0], column, tuple(rows[1:]), tuple(more_columns))


def _ranges(rows: tuple[int, ...]) -> str:
    """Rows as text, neighbours drawn together: 2, 3, 4, 8 become ``2-4,8``."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], row]
        else:
            runs.append([row])
    return ",".join("-".join(str(end) for end in run) for run in runs)


def addresses(file: str, sheet: str, rows: Iterable[int], column: str) -> list[str]:
    """Return the `raw` entries of many cells of one column (see `RawCell`)."""
    return [f"{file}|{sheet}|{row}|{column}" for row in rows]


def column_letter(position: int) -> str:
    """Return the spreadsheet letter of a 0-based column position (0 -> A, 26 -> AA)."""
    letters = ""
    position += 1
    while position:
        position, remainder = divmod(position - 1, 26)
        letters = chr(65 + remainder) + letters
    return letters


def make_observations(
    *,
    city: Iterable[str],
    year: Iterable[int],
    variable: str,
    value: Iterable[float],
    source: str,
    raw: Iterable[str],
    flag: Flag = Flag.OK,
) -> pd.DataFrame:
    """Return observations of one variable; cells without a value are left out.

    A cell that is empty in the raw file is no observation: its absence from the
    table is the record that the source does not give it.
    """
    table = pd.DataFrame(
        {
            "city": pd.Series(list(city), dtype="str"),
            "year": np.asarray(list(year), dtype="int64"),
            "variable": variable,
            "value": np.asarray(list(value), dtype="float64"),
            "source": source,
            "raw": pd.Series(list(raw), dtype="str"),
            "flag": str(flag),
        }
    )
    return table[table["value"].notna() & table["city"].notna()].reset_index(drop=True)


def concat_observations(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Stack observation tables; an empty input gives an empty table with the columns."""
    kept = [table for table in tables if len(table)]
    if not kept:
        empty = pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
        return empty.astype({"year": "int64", "value": "float64"})
    return pd.concat(kept, ignore_index=True)


def check_observations(table: pd.DataFrame, *, source: str) -> pd.DataFrame:
    """Return `table` if it keeps the contract of this module.

    Raises
    ------
    DataError
        If a column is missing, a city key is not six digits, a flag is outside
        the closed set, or a value is not finite. The message names the first
        offending row.
    """
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise MissingColumnError(
            f"{source}: observations lack the column {missing[0]!r}; expected {list(COLUMNS)}."
        )
    bad_key = ~table["city"].str.fullmatch(r"\d{6}")
    bad_flag = ~table["flag"].isin([str(flag) for flag in Flag])
    bad_value = ~np.isfinite(table["value"].to_numpy())
    for bad, expected in (
        (bad_key, "a 6-digit city key"),
        (bad_flag, f"a flag among {[str(flag) for flag in Flag]}"),
        (pd.Series(bad_value, index=table.index), "a finite value"),
    ):
        if bad.any():
            row = table[bad].iloc[0]
            raise DataError(
                f"{source}: {row['variable']} of {row['city']} in {row['year']} "
                f"(raw cell {row['raw']}): expected {expected}, found "
                f"city={row['city']!r}, value={row['value']!r}, flag={row['flag']!r}."
            )
    return table.loc[:, list(COLUMNS)]


def require_columns(found: Iterable[object], required: Iterable[str], *, file: str) -> None:
    """Raise `MissingColumnError` for the first required header that `file` lacks."""
    headers = [str(name) for name in found]
    for name in required:
        if name not in headers:
            raise MissingColumnError(
                f"{file}: column {name!r} is missing.{did_you_mean(name, headers)} "
                f"Columns found: {headers[:40]}."
            )
