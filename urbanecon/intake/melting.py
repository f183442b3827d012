"""Turn a sheet of any layout into one row a cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.errors import DataError
from urbanecon.intake.dates import table_year
from urbanecon.intake.roles import Roles, numbers, year_values
from urbanecon.intake.sheets import RawSheet

CATEGORIES = ("unit", "header", "column")


def melt(sheet: RawSheet, roles: Roles, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return a sheet's filled cells, and what was inferred on the way.

    Returns
    -------
    tuple
        Frame with `unit` and `home` as the file writes them, `year`, `header`
        of the variable, `value` (nan if the cell holds text), `text`, and the
        address `sheet`, `row`, `column`; and sentences.

    Raises
    ------
    DataError
        If neither columns, headers, sheet name nor file name give a year.
    """
    years, notes = _years(sheet, roles, path)
    units = _units(sheet.frame, roles.unit)
    title = sheet.name or path.stem
    parts = [
        _column(sheet, roles, header, units=units, years=years, title=title)
        for header in roles.measured
    ]
    for header, part in zip(roles.measured, parts, strict=True):
        if part.empty:
            notes.append(f"{header!r} has no value in any row")
    return _stack(parts).assign(sheet=sheet.name), notes


def _years(sheet: RawSheet, roles: Roles, path: Path) -> tuple[np.ndarray, list[str]]:
    """Year of each row; nan where the columns give it."""
    if roles.year:
        return year_values(sheet.frame[roles.year]), []
    if roles.by_year:
        return np.full(len(sheet.frame), np.nan), []
    year, where = table_year((), sheet.name, path.stem)
    if year is None:
        raise DataError(
            f"no column of years, no years in the headers, {where}. Name the column with "
            "--year, or put the year into the file's name."
        )
    return np.full(len(sheet.frame), float(year)), [f"all rows are of {year} ({where})"]


def _units(frame: pd.DataFrame, headers: Sequence[str]) -> pd.Series:
    """Units as the file writes them, whole numbers without decimals; two columns are joined."""
    names = pd.Series("", index=frame.index, dtype="object")
    for at, header in enumerate(headers):
        codes, uniques = pd.factorize(frame[header])
        written = np.array([*map(_written, uniques), None], dtype="object")[codes]
        column = pd.Series(written, index=frame.index, dtype="object")
        names = column if at == 0 else names + " / " + column
    return names.astype("category")


def _written(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).strip()  # type: ignore[call-overload]


def _column(
    sheet: RawSheet,
    roles: Roles,
    header: str,
    *,
    units: pd.Series,
    years: np.ndarray,
    title: str,
) -> pd.DataFrame:
    """Filled cells of one column; `title` names the variable where no header does."""
    frame = sheet.frame
    values, text = numbers(frame[header])
    kept = ~np.isnan(values) | text
    rows = frame[kept]
    words = pd.Series(None, index=rows.index, dtype="object")
    words[text[kept]] = rows.loc[text[kept], header].astype("object")
    return pd.DataFrame(
        {
            "unit": header if roles.by_city else units[kept],
            "home": rows[roles.home].astype("category") if roles.home else None,
            "year": float(roles.by_year[header]) if header in roles.by_year else years[kept],
            "header": _names(rows, roles, roles.stem(header) or title),
            "value": values[kept],
            "text": words,
            "row": rows.index.to_numpy(dtype="int32"),
            "column": sheet.letters[header],
        },
        index=rows.index,
    )


def _names(rows: pd.DataFrame, roles: Roles, stem: str) -> pd.Series | str:
    """Name of the variable of each row; of a list it is in the item column."""
    if not roles.item:
        return stem
    items = rows[roles.item].astype("str").str.strip()
    alone = len(roles.measured) == 1 or bool(roles.by_year)
    return items if alone else items + " " + stem


def _stack(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack frames, their categories united."""
    coded = [part.astype(dict.fromkeys(CATEGORIES, "category")) for part in parts]
    united = {
        name: pd.api.types.union_categoricals([part[name] for part in coded])
        for name in CATEGORIES
    }
    plain = pd.concat([part.drop(columns=list(CATEGORIES)) for part in coded], ignore_index=True)
    return plain.assign(**united)
