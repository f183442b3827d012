"""Which city each row of a table is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.spellings import UNKNOWN
from urbanecon.intake import cells
from urbanecon.intake.cities import DAMAGED, CityMatch, chinese_part, match_city, match_exact
from urbanecon.intake.headers import one_line
from urbanecon.intake.mapping import CityPlan, TablePlan
from urbanecon.intake.workbook import Grid


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """One row: its number, the name as written, its city (empty with the reason), its year."""

    row: int
    written: str
    province: str
    city: str
    confidence: float
    why: str
    year: int | None

    @property
    def damaged(self) -> bool:
        """Whether the name is no spelling that is known exactly."""
        return self.why.startswith((UNKNOWN, DAMAGED))


def column_position(letter: str) -> int:
    """Return the 0-based position of a spreadsheet column (A -> 0, AA -> 26)."""
    position = 0
    for character in letter:
        position = position * 26 + ord(character) - 64
    return position - 1


def place_rows(grid: Grid, table: TablePlan, known: Iterable[CityPlan]) -> list[PlacedRow]:
    """Match the rows of a table to cities.

    Exact names first. A damaged name is then compared with the cities of its
    province that the table does not name elsewhere for the same year; the
    province is the one that the row says or stands under, or else the one in
    which the nearest exact names above and below agree. What `known` says of a
    name goes before all of this.
    """
    told = {(plan.written, plan.province): plan for plan in known}
    first = _exact_rows(grid, table)
    taken: dict[int | None, set[str]] = {}
    for row in first:
        taken.setdefault(row.year, set()).add(row.city)
    placed = []
    for at, row in enumerate(first):
        if not row.damaged:
            placed.append(row)
            continue
        home = row.province or _province_around(first, at)
        plan = told.get((row.written, home))
        if plan is not None:
            why = "the mapping says so"
            placed.append(replace(row, province=home, city=plan.city, why=why, confidence=1.0))
            continue
        if row.city:
            placed.append(replace(row, province=home))
            continue
        match = match_city(row.written, home, taken[row.year])
        placed.append(
            replace(
                row, province=home, city=match.city, confidence=match.confidence, why=match.why
            )
        )
    return placed


def _exact_rows(grid: Grid, table: TablePlan) -> list[PlacedRow]:
    city = column_position(table.city_column)
    years = column_position(table.year_column) if table.year_column else None
    homes = column_position(table.province_column) if table.province_column else None
    values = [column_position(plan.column) for plan in table.columns]
    placed, home, last = [], "", ""
    for at in range(table.first_row - 1, min(table.last_row, len(grid.rows))):
        cell = grid.rows[at]
        name = one_line(cell[city])
        empty = all(cell[value] is None for value in values)
        if empty and not name:
            continue
        if not name and years is not None:
            name = last  # a city named once above its years
        last = name
        if homes is not None:
            home = one_line(cell[homes]) or home
        match = match_exact(name, home)
        if match.why == "a province" and homes is None:
            home = chinese_part(name)
        if empty and match.why.startswith(UNKNOWN):
            match = CityMatch("", 0.0, "a note, not a row of the table")
        year = cells.year(cell[years]) if years is not None else table.year
        placed.append(PlacedRow(at + 1, name, home, match.city, match.confidence, match.why, year))
    return placed


def _province_around(rows: list[PlacedRow], at: int) -> str:
    """Name of the province in which the nearest exact names above and below lie, if one."""
    divisions = load_divisions()["province_zh"]
    above = next((row.city for row in reversed(rows[:at]) if row.city), "")
    below = next((row.city for row in rows[at + 1 :] if row.city), "")
    if not above or not below or divisions[above] != divisions[below]:
        return ""
    return str(divisions[above])
