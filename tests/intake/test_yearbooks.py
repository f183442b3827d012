"""How well `urbanecon import` understands yearbooks, measured on layouts with known truth."""

from __future__ import annotations

import warnings
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest
from yearbooks import Book, Truth, books

from urbanecon.cleaning.observations import RawCell, check_observations
from urbanecon.intake.auditing import audit_file
from urbanecon.intake.mapping import read_mapping, write_mapping
from urbanecon.intake.observe import import_file, write_import

BOOKS = list(books())
LEAST = 0.98
"""Share of header cells, and of city rows, that must be understood over all layouts."""


class Score(NamedTuple):
    """Header cells and city rows: how many there are, how many are understood, how many wrong."""

    headers: int
    headers_right: int
    headers_wrong: int
    rows: int
    rows_right: int
    strays: int


def measure(book: Book, folder: Path) -> Score:
    """Compare what is imported with the truth, cell by cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = import_file(book.save(folder)).observations
    cells = {}
    for row in found.itertuples(index=False):
        raw = RawCell.parse(row.raw)
        cells[raw.sheet, raw.row, raw.column] = row
    headers, rows = defaultdict(list), defaultdict(list)
    for key, truth in book.truth.items():
        row = cells.get(key)
        headers[book.headers[key]].append(None if row is None else is_right(row, truth))
        rows[key[:2]].append(None if row is None else row.city == truth.city)
    return Score(
        len(headers), sum(map(all, headers.values())),
        sum(False in told for told in headers.values()),
        len(rows), sum(all(told) for told in rows.values()), len(set(cells) - set(book.truth)),
    )  # fmt: skip


def is_right(row: object, truth: Truth) -> bool:
    found = (row.variable, row.year, row.value)  # type: ignore[attr-defined]
    return found == (truth.variable, truth.year, pytest.approx(truth.value, rel=1e-9))


def test_headers_and_cities_of_every_layout_are_understood(tmp_path: Path) -> None:
    scores = {}
    for at, (layout, book) in enumerate(BOOKS):
        folder = tmp_path / str(at)
        folder.mkdir()
        scores[f"{at} {layout}"] = measure(book, folder)
    total = Score(*map(sum, zip(*scores.values(), strict=True)))
    assert total.headers_wrong == 0, scores
    assert total.strays == 0, scores
    assert total.headers_right >= LEAST * total.headers, scores
    assert total.rows_right >= LEAST * total.rows, scores
    assert len({layout for layout, _ in BOOKS}) >= 12


@pytest.mark.parametrize("layout", ["merged_calibers", "facing_pages", "continued_sheets"])
def test_the_mapping_is_read_back_and_gives_the_same(tmp_path: Path, layout: str) -> None:
    path = dict(BOOKS)[layout].save(tmp_path)
    done = import_file(path)
    write_mapping(done.mapping, tmp_path / "mapping.toml")
    again = import_file(path, tmp_path / "mapping.toml")
    assert read_mapping(tmp_path / "mapping.toml") == done.mapping
    assert again.observations.equals(done.observations)


def test_continued_pages_take_the_year_of_the_first(tmp_path: Path) -> None:
    done = import_file(dict(BOOKS)["continued_sheets"].save(tmp_path))
    assert [table.year for table in done.mapping.tables] == [2009] * 4


def test_county_level_cities_and_totals_are_set_aside_with_their_reason(tmp_path: Path) -> None:
    done = import_file(dict(BOOKS)["old_names_and_counties"].save(tmp_path))
    reasons = {name: reason for name, _, reason in done.unmatched}
    assert reasons["宜城市"] == reasons["恩施市"] == "a county-level city"
    assert reasons["城市合计 National Total"] == reasons["地级市"] == "a total"
    assert reasons["河北省"] == "a province"


def test_the_caliber_of_a_title_is_said(tmp_path: Path) -> None:
    done = import_file(dict(BOOKS)["caliber_in_the_title"].save(tmp_path))
    districts = [column for table in done.mapping.tables for column in table.columns
                 if column.variable.endswith("_districts")]  # fmt: skip
    assert districts
    assert all("市辖区 from title or sheet name" in column.why for column in districts)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_what_is_imported_can_be_audited(tmp_path: Path, kind: str) -> None:
    done = import_file(dict(BOOKS)["sheet_a_year"].save(tmp_path))
    check_observations(done.observations, source="2-22 经济")
    write_import(done, tmp_path / "out", with_mapping=True)
    audit = audit_file(tmp_path / "out" / f"observations.{kind}")
    assert set(audit.observations["variable"]) == {"gdp", "gdp_pc", "gdp_growth"}
    assert len(audit.observations) == len(done.observations)
    assert all(reading.known for reading in audit.panel.readings)
    assert not (audit.flags["rule"] == "impossible").any()
