"""From the sheets of a file to a proposed mapping."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.observations import column_letter
from urbanecon.errors import DataError
from urbanecon.intake import cells, units
from urbanecon.intake.dates import table_year
from urbanecon.intake.headers import Header, read_header, title_caliber
from urbanecon.intake.layout import UNIT_LINE, Block, find_blocks, title_unit
from urbanecon.intake.mapping import (
    ASKED,
    DISTRICTS,
    CityPlan,
    ColumnPlan,
    FileMapping,
    TablePlan,
    factor,
)
from urbanecon.intake.rows import place_rows
from urbanecon.intake.vocabulary import match_variable, names_nothing, take_glued_unit
from urbanecon.intake.workbook import Grid, fingerprint

TABLE_MARK = re.compile(r"^表?\s*\d+\s*[-—–]\s*\d+|续表?\s*\d*|\(?continued\)?\s*\d*", re.I)
DOUBTFUL = 0.5
"""Share of a column's values outside the valid range above which its unit cannot be right."""


def propose(path: Path, grids: Sequence[Grid]) -> FileMapping:
    """Return what can be understood of a file without asking.

    Raises
    ------
    DataError
        If no sheet holds a table with city names under a header.
    """
    tables: list[TablePlan] = []
    names: dict[tuple[str, str], CityPlan] = {}
    before: Block | None = None
    for grid in grids:
        blocks = find_blocks(grid, before)
        before = blocks[-1] if blocks else before
        for block in blocks:
            table = _table(grid, block, path)
            tables.append(table)
            for row in place_rows(grid, table, ()):
                if row.damaged:
                    names[row.written, row.province] = CityPlan(
                        row.written, row.province, row.city, row.confidence, row.why
                    )
    if not tables:
        raise DataError(
            f"{path.name}: no table found in {len(grids)} sheets. Expected a column of city "
            "names or 6-digit codes, at least two of them known, beside columns of numbers "
            "with a header above."
        )
    return FileMapping(path.name, fingerprint(path), tuple(tables), tuple(names.values()))


def _table(grid: Grid, block: Block, path: Path) -> TablePlan:
    titles = (*block.titles, *block.continues)
    year, where = table_year(titles, grid.sheet, path.stem, path.resolve().parent.name)
    by_column = all(header.year is not None for header in block.headers.values())
    if block.years is not None or by_column:
        year, where = None, ""
    default = title_unit(block.titles) or title_unit(block.continues)
    columns = [_column(grid, block, at, header, default) for at, header in block.headers.items()]
    return TablePlan(
        sheet=grid.sheet,
        first_row=block.rows[0] + 1,
        last_row=block.rows[1] + 1,
        city_column=column_letter(block.city),
        columns=tuple(_once(columns)),
        year_column="" if block.years is None else column_letter(block.years),
        province_column="" if block.provinces is None else column_letter(block.provinces),
        year=year,
        year_from=where,
    )


def _column(grid: Grid, block: Block, at: int, header: Header, default: str) -> ColumnPlan:
    """Return the plan of one column; a header without a name is named by the table's title."""
    header = take_glued_unit(header) if not default else header
    unit = header.unit or default
    titles = (*block.titles, *block.continues)
    if names_nothing(header):  # only 全市, 市辖区 or 合计: the title names the variable
        named = read_header([*_named_by(titles), header.text])
        unit = header.unit or named.unit or default
        header = replace(named, text=header.text, unit=header.unit)
    matched = match_variable(header, unit, titles)
    plan = ColumnPlan(
        column_letter(at), header.text, matched.variable, unit, header.year,
        matched.confidence, matched.why,
    )  # fmt: skip
    if not matched.variable:
        return plan
    values = np.array(
        [cells.number(row[at]) for row in grid.rows[block.rows[0] : block.rows[1] + 1]],
        dtype="float64",
    )
    plan = settle_unit(plan, values, from_title=not header.unit)
    caliber = header.caliber or title_caliber((*titles, grid.sheet))
    if caliber == "districts":
        plan = replace(plan, variable=plan.variable + DISTRICTS)
        if not header.caliber:
            plan = replace(plan, why=f"{plan.why}; 市辖区 from title or sheet name")
    return plan


def _named_by(titles: Sequence[str]) -> list[str]:
    """Lines of a title that may name a variable: without table numbers, marks and units."""
    bare = [TABLE_MARK.sub("", title).strip() for title in titles]
    return [title for title in bare if title and not UNIT_LINE.search(title)]


def settle_unit(plan: ColumnPlan, values: np.ndarray, *, from_title: bool = False) -> ColumnPlan:
    """Return the plan with the unit its values allow, or with the question for it.

    A unit is asked for if none is written, or if the written one puts most
    values outside the codebook's range, or if it says percent over values that
    are all fractions.
    """
    entry = load_codebook()[plan.variable]
    if not plan.unit:
        if units.parse(entry.unit) is None:
            return replace(plan, unit=entry.unit)  # an index has no unit to tell
        return replace(plan, unit=ASKED, why=f"{plan.why}; no unit in header or title")
    per_head = f"{plan.unit}/人"
    if factor(plan) is None and factor(replace(plan, unit=per_head)) is not None:
        plan = replace(plan, unit=per_head)
    scale = factor(plan)
    if scale is None:
        return replace(plan, unit=ASKED, why=f"{plan.why}; {plan.unit!r} is no unit of it")
    values = values[np.isfinite(values)]
    if entry.kind == "share" and scale < 1 and len(values) > 2 and np.abs(values).max() <= 1:
        why = f"{plan.why}; the header says {plan.unit}, all values are fractions"
        return replace(plan, unit=ASKED, why=why)
    outside = (values * scale < entry.low) | (values * scale > entry.high)
    if len(values) and outside.mean() > DOUBTFUL:
        why = f"{plan.why}; under {plan.unit} {outside.mean():.0%} of the values cannot be"
        return replace(plan, unit=ASKED, why=why)
    return replace(plan, why=f"{plan.why}; unit from the title") if from_title else plan


def _once(columns: Sequence[ColumnPlan]) -> list[ColumnPlan]:
    """Leave out a variable's later columns where it is found in several of one year.

    Of two columns that match one variable, the surer stays; which is meant
    cannot be told if they are equally sure, and then the first does.
    """
    best: dict[tuple[str, int | None], ColumnPlan] = {}
    for plan in columns:
        key = (plan.variable, plan.year)
        if plan.variable and (key not in best or plan.confidence > best[key].confidence):
            best[key] = plan
    return [
        plan
        if not plan.variable or (kept := best[plan.variable, plan.year]) is plan
        else replace(plan, variable="", why=f"{plan.variable} is column {kept.column}")
        for plan in columns
    ]
