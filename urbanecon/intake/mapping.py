"""The mapping file: what was understood of a user's tables, in a form the user can edit.

Whatever could not be told is written as ``"?"``; a mapping that still asks is
applied to the rest of the file only.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from urbanecon.atomic import write_text
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.spellings import unit_table
from urbanecon.errors import DataError, UnknownNameError, did_you_mean
from urbanecon.intake import units

ASKED = "?"
DISTRICTS = "_districts"
"""Ends the name of a variable that covers the urban districts (市辖区) alone."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One column: header, codebook variable (empty: not read), unit, year if it has its own."""

    column: str
    header: str
    variable: str
    unit: str
    year: int | None = None
    confidence: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One table of the file; rows and columns as a spreadsheet shows them.

    Attributes
    ----------
    year
        Of the whole table; None if its columns or a year column say it, or if
        it is not known (``"?"`` in the file, see `asks_year`).
    """

    sheet: str
    first_row: int
    last_row: int
    city_column: str
    columns: tuple[ColumnPlan, ...]
    year_column: str = ""
    province_column: str = ""
    year: int | None = None
    year_from: str = ""

    @property
    def asks_year(self) -> bool:
        """Whether a column that is read has no year from anywhere."""
        if self.year is not None or self.year_column:
            return False
        return any(column.variable and column.year is None for column in self.columns)


@dataclass(frozen=True, slots=True)
class CityPlan:
    """What a name that is no exact spelling means; an empty city sets its rows aside."""

    written: str
    province: str
    city: str
    confidence: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class FileMapping:
    """All tables of one file, and the names in it that are no exact spellings."""

    file: str
    sha256: str
    tables: tuple[TablePlan, ...]
    cities: tuple[CityPlan, ...] = ()

    def questions(self) -> list[str]:
        """What the user has to fill in, one line each."""
        asked = []
        for table in self.tables:
            place = f"sheet {table.sheet!r}" if table.sheet else self.file
            if table.asks_year:
                asked.append(f"{place}, row {table.first_row}: year ({table.year_from})")
            asked += [
                f"{place}, column {column.column} ({column.header}): unit ({column.why})"
                for column in table.columns
                if column.variable and column.unit == ASKED
            ]
        return asked


COLUMN_FIELDS = ("column", "header", "variable", "unit", "year", "confidence", "why")

HEAD = """\
# What was understood of {file}. Edit it and pass it back:
#   urbanecon import {file} --mapping <this file>
#
# variable   codebook name, "" leaves the column out; _districts ends it for 市辖区
# unit       as written in the table; "?" where none was found or it cannot be right
# year       of a table whose columns and rows do not say it; "?" where none was found
# [[city]]   names that are no exact spelling; city = "" sets the rows aside
# confidence and why are for the reader and change nothing.
"""


def write_mapping(mapping: FileMapping, target: Path) -> None:
    """Write a mapping as TOML.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    lines = [HEAD.format(file=mapping.file), f"file = {_quoted(mapping.file)}"]
    lines.append(f"sha256 = {_quoted(mapping.sha256)}")
    for table in mapping.tables:
        fields: dict[str, object] = {
            "sheet": table.sheet, "first_row": table.first_row, "last_row": table.last_row,
            "city_column": table.city_column, "province_column": table.province_column,
            "year_column": table.year_column,
        }  # fmt: skip
        if table.year is not None or table.asks_year:
            fields["year"] = ASKED if table.year is None else table.year
            fields["year_from"] = table.year_from
        lines += ["", "[[table]]", *_fields(fields)]
        for column in table.columns:
            fields = {name: getattr(column, name) for name in COLUMN_FIELDS}
            if column.year is None:
                del fields["year"]
            lines += ["", "[[table.column]]", *_fields(fields)]
    for city in mapping.cities:
        lines += ["", "[[city]]", *_fields(asdict(city))]
    write_text(target, "\n".join(lines) + "\n")


def read_mapping(path: Path) -> FileMapping:
    """Read and check a mapping file.

    Raises
    ------
    DataError
        If the file is absent, no TOML, or lacks a field. The message names it.
    UnknownNameError
        If a variable or a city is not known; the message gives the closest one.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"The mapping {path} cannot be read: {error}") from error
    try:
        tables = tuple(_table(table) for table in content["table"])
        cities = tuple(CityPlan(**entry) for entry in content.get("city", ()))
        mapping = FileMapping(content["file"], content["sha256"], tables, cities)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"The mapping {path} lacks or misspells a field: {error}. Write it anew with "
            "`urbanecon import FILE` and edit that."
        ) from error
    for table in mapping.tables:
        for column in table.columns:
            check_column(column, path.name)
    _check_cities(mapping.cities, path.name)
    return mapping


def _table(entry: Mapping[str, Any]) -> TablePlan:
    fields = dict(entry)
    columns = tuple(ColumnPlan(**column) for column in fields.pop("column"))
    if fields.get("year") == ASKED:
        fields["year"] = None
    table = TablePlan(**fields, columns=columns)
    numbers = (table.first_row, table.last_row, table.year or 0)
    if not all(isinstance(one, int) for one in numbers):
        raise TypeError("first_row, last_row and year are whole numbers")
    return table


def base_variable(variable: str) -> str:
    """Codebook name behind a variable of the urban districts; others as they are."""
    return variable.removesuffix(DISTRICTS)


def check_column(column: ColumnPlan, file: str) -> None:
    """Raise if a column names an unknown variable or a unit it cannot be measured in."""
    if not column.variable:
        return
    codebook = load_codebook()
    name = base_variable(column.variable)
    if name not in codebook:
        raise UnknownNameError(
            f"{file}: column {column.column} ({column.header}) is mapped to {name!r}, which is "
            f"not in the codebook.{did_you_mean(name, codebook)}"
        )
    if column.unit != ASKED and factor(column) is None:
        raise DataError(
            f"{file}: column {column.column} ({column.header}): {column.unit!r} is no unit of "
            f"{name}, which is in {codebook[name].unit}. Write the unit as the table has it, "
            "such as 万元, 10 000 persons or %."
        )


def factor(column: ColumnPlan) -> float | None:
    """Factor from a column's unit to the codebook's; None if there is none."""
    wanted = load_codebook()[base_variable(column.variable)].unit
    return 1.0 if column.unit == wanted else units.conversion(column.unit, wanted)


def _check_cities(cities: Iterable[CityPlan], file: str) -> None:
    known = unit_table().index
    for entry in cities:
        if entry.city and entry.city not in known:
            raise UnknownNameError(
                f"{file}: {entry.written!r} is mapped to {entry.city!r}, which is no city key."
                f"{did_you_mean(entry.city, known)}"
            )


def _fields(fields: Mapping[str, object]) -> list[str]:
    return [f"{name} = {_quoted(value)}" for name, value in fields.items()]


def _quoted(value: object) -> str:
    """Return a TOML value: JSON strings and numbers are TOML's too, DEL apart."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
