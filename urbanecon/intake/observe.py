"""From a mapping to observations with the addresses of their raw cells."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.atomic import writing
from urbanecon.cleaning.divisions import Unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import (
    RawCell,
    concat_observations,
    make_observations,
)
from urbanecon.errors import DataError, DataWarning, did_you_mean
from urbanecon.intake import cells
from urbanecon.intake.mapping import (
    ASKED,
    ColumnPlan,
    FileMapping,
    TablePlan,
    factor,
    read_mapping,
    write_mapping,
)
from urbanecon.intake.propose import propose
from urbanecon.intake.rows import PlacedRow, column_position, place_rows
from urbanecon.intake.workbook import Grid, fingerprint, read_grids

UNMATCHED_COLUMNS = ("name", "raw", "reason")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gives: observations, rows and cells set aside, and the mapping used."""

    observations: pd.DataFrame
    unmatched: list[Unmatched]
    mapping: FileMapping


def import_file(path: Path, mapping: Path | None = None) -> Imported:
    """Read a user's yearbook tables as observations.

    Parameters
    ----------
    path
        Workbook (xlsx, xls, xlsb, ods) or csv.
    mapping
        A mapping file to apply; default: what can be understood of the file.

    Returns
    -------
    Imported
        Columns whose unit or year the mapping still asks for are left out.

    Raises
    ------
    DataError
        If the file cannot be read or holds no table, or the mapping belongs to
        other content.
    UnknownNameError
        If the mapping names an unknown variable or city.
    """
    grids = read_grids(path)
    plan = propose(path, grids) if mapping is None else read_mapping(mapping)
    if plan.sha256 != fingerprint(path):
        raise DataError(
            f"The mapping {mapping} was written for other content than {path.name} has now. "
            "Its rows and columns may have moved: run the import without --mapping and edit "
            "the new mapping."
        )
    observations, unmatched = apply_mapping(grids, plan)
    return Imported(observations, unmatched, plan)


def apply_mapping(
    grids: Sequence[Grid], mapping: FileMapping
) -> tuple[pd.DataFrame, list[Unmatched]]:
    """Return the observations of a mapped file, and the rows and cells set aside."""
    by_name = {grid.sheet: grid for grid in grids}
    source = Path(mapping.file).stem
    parts: list[pd.DataFrame] = []
    unmatched: list[Unmatched] = []
    for table in mapping.tables:
        grid = _grid_of(table, by_name, mapping.file)
        rows = place_rows(grid, table, mapping.cities)
        letter = table.city_column
        unmatched += [
            (row.written, _address(mapping, table, row.row, letter), row.why or "set aside")
            for row in rows
            if not row.city
        ]
        placed = [row for row in rows if row.city]
        for column in table.columns:
            if _is_known(table, column):
                part, refused = _column(mapping, table, grid, column, rows=placed)
                parts.append(part)
                unmatched += refused
    with warnings.catch_warnings():
        # the list itself is returned, and printed by who asked for it
        warnings.filterwarnings("ignore", "[\\s\\S]*match no city of the panel", DataWarning)
        observations = finish(
            concat_observations(parts), source=source, unmatched=dict.fromkeys(unmatched)
        )
    return observations, list(dict.fromkeys(unmatched))


def _is_known(table: TablePlan, column: ColumnPlan) -> bool:
    """Whether the mapping says all that reading the column takes."""
    dated = column.year is not None or not table.asks_year
    return bool(column.variable) and column.unit != ASKED and dated


def _column(
    mapping: FileMapping,
    table: TablePlan,
    grid: Grid,
    column: ColumnPlan,
    *,
    rows: Sequence[PlacedRow],
) -> tuple[pd.DataFrame, list[Unmatched]]:
    """Observations of one column, and the cells that hold no finite number."""
    at = column_position(column.column)
    unmatched: list[Unmatched] = []
    kept: list[tuple[str, int, float, str]] = []
    for row in rows:
        cell = grid.rows[row.row - 1][at]
        value, year = cells.number(cell), column.year or row.year
        address = _address(mapping, table, row.row, column.column)
        if value is None or np.isinf(value):
            unmatched.append((str(cell), address, "expected a finite number"))
        elif year is None:
            unmatched.append((row.written, address, "no year"))
        elif not np.isnan(value):
            kept.append((row.city, year, value, address))
    scale = factor(column)
    assert scale is not None  # noqa: S101  # the mapping has been checked
    observations = make_observations(
        city=[city for city, *_ in kept],
        year=[year for _, year, *_ in kept],
        variable=column.variable,
        value=[value * scale for *_, value, _ in kept],
        source=Path(mapping.file).stem,
        raw=[address for *_, address in kept],
    )
    return observations, unmatched


def _grid_of(table: TablePlan, by_name: dict[str, Grid], file: str) -> Grid:
    if table.sheet not in by_name:
        raise DataError(
            f"{file} has no sheet {table.sheet!r}.{did_you_mean(table.sheet, by_name)} Its "
            f"sheets are {list(by_name)}."
        )
    grid = by_name[table.sheet]
    for letter in (
        table.city_column, table.year_column, table.province_column,
        *(column.column for column in table.columns),
    ):  # fmt: skip
        if column_position(letter) >= grid.width:
            raise DataError(f"{file}, sheet {table.sheet!r} has no column {letter!r}.")
    return grid


def _address(mapping: FileMapping, table: TablePlan, row: int, letter: str) -> str:
    """Return the address of a cell; the bar that separates its parts cannot be within one."""
    file, sheet = (name.replace("|", "/") for name in (mapping.file, table.sheet))
    return str(RawCell(file, sheet, row, letter))


def write_import(imported: Imported, folder: Path, *, with_mapping: bool) -> list[Path]:
    """Write observations (parquet, CSV), the list of what was set aside, and the mapping.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    return list(_written(imported, folder, with_mapping))


def _written(imported: Imported, folder: Path, with_mapping: bool) -> Iterator[Path]:
    with writing(target := folder / "observations.parquet") as temporary:
        table = imported.observations.copy()
        table.attrs = {}  # addresses of repeated cells are no part of the table
        table.to_parquet(temporary, index=False)
    yield target
    with writing(target := folder / "observations.csv") as temporary:
        imported.observations.to_csv(temporary, index=False, lineterminator="\n")
    yield target
    with writing(target := folder / "unmatched.csv") as temporary:
        listed = pd.DataFrame(imported.unmatched, columns=list(UNMATCHED_COLUMNS), dtype="str")
        listed.to_csv(temporary, index=False, lineterminator="\n")
    yield target
    if with_mapping:
        write_mapping(imported.mapping, target := folder / "mapping.toml")
        yield target
