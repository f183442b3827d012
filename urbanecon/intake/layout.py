"""Where the tables of a yearbook sheet are: titles, header rows, city column, body, notes.

A sheet may hold several tables: pages below each other that repeat the header
(续表) and half-pages beside each other. Each becomes one `Block`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from urbanecon.intake import cells, units
from urbanecon.intake.cities import COUNTY_CITY, TOTAL, chinese_part, match_exact
from urbanecon.intake.headers import Header, one_line, read_header, take_units
from urbanecon.intake.workbook import Grid

CITY_HEADER = re.compile(
    r"(城市|地区|市名?|地级市|名称|城市名称|行政区划|市别|指标|项目|甲)?\s*"
    r"(city|cities|region|area|name of cit(y|ies)|item)?",
    re.I,
)
UNIT_LINE = re.compile(r"^\(?\s*(计量)?单位\s*:|^\(?\s*unit\s*:", re.I)
UNIT_MARK = re.compile(r"\(?(?:计量)?(?:单位|unit)\s*:|[()]", re.I)
TITLE_LIKE = re.compile(
    r"^表?\s*\d{1,2}\s*[-—–]\s*\d{1,3}(?!\d)|续表|continued|年鉴|yearbook|单位:|unit\s*:", re.I
)
CONTINUED = re.compile(r"续表|continued", re.I)
NOTE = re.compile(r"^(注|资料来源|说明|备注|数据来源|note|source|a\)|1\))", re.I)


@dataclass(frozen=True, slots=True)
class Block:
    """One table of a sheet; rows and columns count from 0.

    Attributes
    ----------
    titles
        Lines above the header, on one line each.
    continues
        Those of the page before, if this one continues it (续表).
    headers
        Of each value column.
    rows
        First and last row of the body.
    years, provinces
        Columns that hold the year and the province of a row, if there are any.
    """

    titles: tuple[str, ...]
    city: int
    headers: dict[int, Header]
    rows: tuple[int, int]
    years: int | None = None
    provinces: int | None = None
    continues: tuple[str, ...] = ()


def find_blocks(grid: Grid, before: Block | None = None) -> list[Block]:
    """Return the tables of a sheet, from left to right and from top to bottom.

    Parameters
    ----------
    grid
        The sheet.
    before
        Last table of the sheet before, which the first of this one may continue (续表).
    """
    columns = city_columns(grid)
    blocks = []
    for at, city in enumerate(columns):
        end = columns[at + 1] if at + 1 < len(columns) else grid.width
        names = [city, *_translations(grid, city)]
        span = [column for column in range(city + 1, end) if column not in names]
        left = range(columns[at - 1] + 1 if at else 0, city)
        blocks += _continued(_blocks_of(grid, city, span, left), before)
    return blocks


def _continued(blocks: Iterable[Block], before: Block | None) -> list[Block]:
    """Pass the titles of a table, and headers that are not repeated, on to its next pages."""
    passed: list[Block] = []
    for block in blocks:
        marked = any(CONTINUED.search(line) for line in block.titles)
        last = passed[-1] if passed else before if marked else None
        if last is None or not (marked or not block.titles):
            passed.append(block)
            continue
        bare = not any(header.text for header in block.headers.values())
        headers = last.headers if bare and set(last.headers) >= set(block.headers) else {}
        passed.append(
            replace(
                block,
                continues=(*last.titles, *last.continues),
                headers={at: headers.get(at, header) for at, header in block.headers.items()},
            )
        )
    return passed


def city_columns(grid: Grid) -> list[int]:
    """Columns that name cities: by Chinese names; failing these, English names or codes."""
    written = [_named(grid, column, "chinese") for column in range(grid.width)]
    chinese = [column for column, named in enumerate(written) if named]
    if chinese:
        return chinese
    for kind in ("latin", "code"):
        for column in range(grid.width):
            if _named(grid, column, kind):
                return [column]
    return []


def _named(grid: Grid, column: int, kind: str) -> bool:
    """Whether a column's texts of a kind are, for a good part, names or codes of cities."""
    texts = [str(row[column]) for row in grid.rows if row[column] is not None]
    pattern = {"chinese": r"[\u3400-\u9fff]", "latin": r"^[A-Za-z' -]+$", "code": r"^\d{6}(\.0)?$"}
    texts = [text for text in texts if re.search(pattern[kind], text)]
    places = Counter(text for text in texts if is_place(text) and not _is_province(text))
    least = 0.9 if kind == "code" else 0.3
    return len(places) >= 2 and sum(places.values()) >= least * len(texts)


def is_place(text: object) -> bool:
    """Whether a cell is exactly a city's or a province's name or code."""
    return bool(match_exact(text).city) or match_exact(text).why in (COUNTY_CITY, "a province")


def _is_province(text: object) -> bool:
    return match_exact(text).why == "a province"


def _translations(grid: Grid, city: int) -> list[int]:
    """Columns that give the cities of a column again in English."""
    found = []
    for column in range(city + 1, grid.width):
        pairs = [
            (match_exact(row[city]).city, match_exact(row[column]).city)
            for row in grid.rows
            if isinstance(row[column], str) and re.fullmatch(r"[A-Za-z' -]+", row[column].strip())
        ]
        both = [one == two for one, two in pairs if one and two]
        if len(both) >= 2 and sum(both) >= 0.8 * len(both):
            found.append(column)
    return found


def _blocks_of(grid: Grid, city: int, span: Sequence[int], left: Iterable[int]) -> list[Block]:
    """Split the rows of one city column into tables, each under its own header."""
    blocks: list[Block] = []
    pending: list[int] = []
    start: tuple[int, list[int]] | None = None
    last = -1
    for row in range(len(grid.rows)):
        if not _is_body(grid, row, city, span):
            pending.append(row)
            continue
        if start is None or any(_is_header(grid, above, city, span) for above in pending):
            if start is not None:
                blocks += _block(grid, city, span, left, start=start, last=last)
            start = (row, pending)
        pending, last = [], row
    if start is not None:
        blocks += _block(grid, city, span, left, start=start, last=last)
    return blocks


def _is_body(grid: Grid, row: int, city: int, span: Sequence[int]) -> bool:
    name = grid.rows[row][city]
    given = [grid.rows[row][at] for at in span if grid.rows[row][at] is not None]
    if name is not None and match_exact(name).why == TOTAL:
        return any(cells.year(cell) is None for cell in given)
    if name is None or CITY_HEADER.fullmatch(chinese_part(name)) or NOTE.match(one_line(name)):
        return False
    if is_place(name) and not any(TITLE_LIKE.search(one_line(grid.rows[row][at])) for at in span):
        return True
    return bool(given) and not any(cells.is_text(cell) for cell in given)


def _is_header(grid: Grid, row: int, city: int, span: Sequence[int]) -> bool:
    """Whether a row outside the body carries words, or years, above the value columns."""
    name = grid.rows[row][city]
    if name is not None and NOTE.match(one_line(name)):
        return False
    if grid.rows[row][city] is not None and CITY_HEADER.fullmatch(one_line(name)):
        return True
    values = [grid.rows[row][at] for at in span]
    return any(cells.is_text(cell) for cell in values) and len({*values, name}) > 1


def _block(
    grid: Grid,
    city: int,
    span: Sequence[int],
    left: Iterable[int],
    *,
    start: tuple[int, list[int]],
    last: int,
) -> list[Block]:
    first, above = start
    titles = [row for row in above if _is_title(grid, row, city, above)]
    levels = [row for row in above if row not in titles and any(
        grid.rows[row][at] is not None for at in [city, *span])]  # fmt: skip
    body = range(first, last + 1)
    beside = [*left, *span]
    years = next((at for at in beside if _is_years(grid, at, body)), None)
    homes = next((at for at in beside if _is_provinces(grid, at, body)), None)
    headers = {
        at: read_header(texts)
        for at, texts in _levels(grid, levels, span).items()
        if at not in (years, homes)
        and any(cells.number(grid.rows[row][at]) is not None and grid.rows[row][at] is not None
                for row in body)
    }  # fmt: skip
    lines = tuple(line for row in titles for line in _texts(grid, row))
    return [Block(lines, city, headers, (first, last), years, homes)] if headers else []


def _texts(grid: Grid, row: int) -> list[str]:
    """Return the different texts of a row, from the left."""
    return list(dict.fromkeys(one_line(cell) for cell in grid.rows[row] if cell is not None))


def _is_title(grid: Grid, row: int, city: int, above: Sequence[int]) -> bool:
    """Whether a row above the body is a title, a translation of it, or a line of units."""
    texts = [text for text in _texts(grid, row) if not UNIT_LINE.search(text)]
    if not texts:
        return True
    if len(texts) > 1 or CITY_HEADER.fullmatch(texts[0]):
        return False
    if units.parse(texts[0].strip("()")) is not None:
        return False
    first = next(at for at, cell in enumerate(grid.rows[row]) if cell is not None)
    return first <= city or row == above[0] or bool(TITLE_LIKE.search(texts[0]))


def _levels(grid: Grid, rows: Sequence[int], span: Sequence[int]) -> dict[int, list[object]]:
    """Cells above each column; a group's name counts for the columns it stands over.

    In a sheet without merged cells the name stands over the first column of its
    group only. It is carried to the right as long as the columns have a lower
    header of their own.
    """
    levels: dict[int, list[object]] = {at: [] for at in span}
    for depth, row in enumerate(rows):
        merged = {at for top, lef, bottom, rig in grid.merged if top <= row <= bottom
                  for at in range(lef, rig + 1)}  # fmt: skip
        group: object = None
        for at in span:
            cell = grid.rows[row][at]
            has_lower = any(grid.rows[lower][at] is not None for lower in rows[depth + 1 :])
            if cell is not None:
                group = None if at in merged else cell
            elif group is not None and has_lower:
                cell = group
            else:
                group = None
            if cell is not None and (cells.is_text(cell) or cells.year(cell)):
                levels[at].append(cell)
    return levels


def _is_years(grid: Grid, column: int, body: range) -> bool:
    given = [grid.rows[row][column] for row in body if grid.rows[row][column] is not None]
    return len(given) >= 0.5 * len(body) and all(cells.year(cell) for cell in given)


def _is_provinces(grid: Grid, column: int, body: range) -> bool:
    given = [grid.rows[row][column] for row in body if grid.rows[row][column] is not None]
    return bool(given) and sum(map(_is_home, given)) >= 0.9 * len(given)


def _is_home(cell: object) -> bool:
    """Whether a cell names a province, or a municipality, which is one too."""
    matched = match_exact(cell)
    return isinstance(cell, str) and (matched.why == "a province" or matched.city[2:] == "0000")


def title_unit(titles: Iterable[str]) -> str:
    """Return the unit that the lines above a table give for all of it; empty without one."""
    found: list[str] = []
    for title in map(one_line, titles):
        line = UNIT_LINE.sub("", title).strip(" ()") if UNIT_LINE.search(title) else ""
        embedded = [part.strip() for part in UNIT_MARK.split(title)[1:]]
        for text in [line, *embedded, *take_units(title)[1]]:
            if text and units.parse(text) is not None:
                found.append(text)
    one = found and all(units.agree(found[0], text) for text in found)
    return re.sub(r"^.*:\s*", "", found[0]) if one else ""
