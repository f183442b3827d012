"""Every reader on spoilt files: a clear error or a named warning, and nothing lost in silence.

Each source has a specimen here, a tiny synthetic file that its reader takes. The
tests spoil the specimens, one defect at a time, and at random.
"""

from __future__ import annotations

import csv
import importlib
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from urbanecon.cleaning.observations import SEVERITY, RawCell, column_letter
from urbanecon.errors import DataError, DataWarning, MissingColumnError, UrbaneconError
from urbanecon.pipeline import reader_ids

Grid = list[list[Any]]
NOTE = ["备注", "一", "二", "三", "四"]
"""A column that no reader asks for, with text that is not ASCII."""


@dataclass(frozen=True)
class Specimen:
    """A tiny synthetic file of one source.

    `sheet` is the one that the tests spoil; `required`, `number` and `city` are
    headers in it, the last one empty where no row names a city. `twice` is what
    is said of a second row for a city-year with other numbers.
    """

    suffix: str
    sheets: dict[str, Grid]
    sheet: str
    required: str
    number: str
    city: str
    twice: str

    @property
    def grid(self) -> Grid:
        return self.sheets[self.sheet]

    def position(self, header: str) -> int:
        return self.grid[0].index(header)

    def with_grid(self, grid: Grid) -> Specimen:
        return replace(self, sheets=self.sheets | {self.sheet: grid})

    def with_cell(self, row: int, header: str, cell: object) -> Specimen:
        """The specimen with another cell; row 0 is the header."""
        grid = [[*line] for line in self.grid]
        grid[row][self.position(header)] = cell
        return self.with_grid(grid)

    def written(self, folder: Path, encoding: str = "utf-8") -> Path:
        path = folder / f"specimen{self.suffix}"
        if self.suffix == ".csv":
            with path.open("w", encoding=encoding, newline="") as handle:
                csv.writer(handle).writerows(self.grid)
        elif self.suffix == ".dta":
            frame = pd.DataFrame(self.grid[1:], columns=self.grid[0])
            for name in frame.select_dtypes("object").columns:
                frame[name] = frame[name].map(lambda cell: "" if cell is None else str(cell))
            frame.to_stata(path, write_index=False, version=118)
        else:
            write_workbook(path, self.sheets)
        return path


def write_workbook(path: Path, sheets: dict[str, Grid]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, grid in sheets.items():
        sheet = book.create_sheet(name)
        for line in grid:
            sheet.append(line)
    book.save(path)


def reader(source: str) -> ModuleType:
    return importlib.import_module(f"urbanecon.cleaning.sources.{source}")


UNITS = {
    "code": [420100, 420100, 340100],
    "short code": [4201, 4201, 3401],
    "name": ["武汉市", "武汉市", "合肥市"],
}
YEARS = [2010, 2011, 2010]


def columns_of(*named: tuple[str, list[Any]]) -> Grid:
    """A grid from columns."""
    return [
        list(line) for line in zip(*([header, *cells] for header, cells in named), strict=True)
    ]


def by_year(source: str, suffix: str, unit: str, sheet: str = "", *more: Any) -> Specimen:
    """Specimen of a source with one row a city-year."""
    room = reader(source)
    headers = [column.header for column in room.COLUMNS]
    numbers = [(header, [2 + i, 3 + i, 5 + i]) for i, header in enumerate(headers)]
    note = [] if suffix == ".dta" else [(NOTE[0], NOTE[1:4])]
    grid = columns_of((room.CITY, UNITS[unit]), (room.YEAR, YEARS), *more, *numbers, *note)
    return Specimen(suffix, {sheet: grid}, sheet, headers[0], headers[0], room.CITY, "conflict")


def one_year(source: str, suffix: str, sheet: str = "", code: str = "") -> Specimen:
    """Specimen of a source that describes cities in one year; `code` if it names no column."""
    room = reader(source)
    code = code or getattr(room, "CODE", None) or room.CITY
    headers = [column.header for column in room.COLUMNS]
    numbers = [(header, [2 + i, 3 + i]) for i, header in enumerate(headers)]
    names = (room.NAME, ["武汉市", "合肥市"])
    grid = columns_of((code, [420100, 340100]), names, *numbers, (NOTE[0], NOTE[1:3]))
    return Specimen(suffix, {sheet: grid}, sheet, headers[0], headers[0], code, "conflict")


def first_years(source: str, suffix: str, sheet: str = "") -> Specimen:
    """Specimen of a list of treated cities."""
    room = reader(source)
    grid = columns_of(
        (room.CITY, ["武汉市", "合肥市"]), (room.YEAR, [2010, 2012]), (NOTE[0], NOTE[1:3])
    )
    return Specimen(suffix, {sheet: grid}, sheet, room.YEAR, room.YEAR, room.CITY, "conflict")


def plain(suffix: str, city: str, number: str, twice: str, *columns: Any, sheet: str = ""):
    """Specimen from its columns; the first row of `number` may be spoilt."""
    return Specimen(suffix, {sheet: columns_of(*columns)}, sheet, number, number, city, twice)


def policies() -> Specimen:
    room = reader("city_policies")
    more = [(header, [2012, 2012, 2013]) for header in room.FIRST_YEARS]
    return by_year("city_policies", ".csv", "code", "", (room.NAME, UNITS["name"]), *more)


def year_sheets(source: str, names: list[str], years: tuple[int, ...]) -> dict[str, Grid]:
    """Sheets of one variable each: a row a unit, a column a year."""
    numbers = [[10 * row + column for column in range(len(years))] for row in range(len(names))]
    return {
        name: [
            [declared.corner or None, *years],
            *([unit, *line] for unit, line in zip(names, numbers, strict=True)),
        ]
        for name, declared in reader(source).SHEETS.items()
    }


def prefectures() -> Specimen:
    room = reader("gpi_prefecture")
    listed = columns_of(
        (room.NAME, ["Wuhan", "Hefei"]),
        (room.NAME_ZH, ["武汉市", "合肥市"]),
        ("Province", ["Hubei", "Anhui"]),
        (room.PROVINCE_ZH, ["湖北省", "安徽省"]),
    )
    sheets = year_sheets("gpi_prefecture", ["Wuhan", "Hefei"], (2010, 2011))
    return Specimen(
        ".xlsx", sheets | {room.LIST: listed}, room.LIST, room.NAME_ZH, "", room.NAME_ZH, ""
    )


def provinces() -> Specimen:
    names = [str(name) for name in reader("gpi_province").PROVINCES.index]
    sheets = year_sheets("gpi_province", names, (2010, 2011))
    return Specimen(".xlsx", sheets, "GDP", "", 2010, "", "units in the first block")  # type: ignore[arg-type]


def landcover() -> Specimen:
    room = reader("landcover")
    classes = [(header, [2, 3, 5]) for header in room.CLASSES["land_area"]]
    return plain(
        ".csv", room.CITY, "12", "conflict",
        (room.CITY, UNITS["code"]), (room.YEAR, YEARS), *classes, (NOTE[0], NOTE[1:4]),
    )  # fmt: skip


SPECIMENS: dict[str, Callable[[], Specimen]] = {
    "admin_boundary_flags": lambda: by_year("admin_boundary_flags", ".csv", "name"),
    "admin_district_events": lambda: plain(
        ".csv", "prefecture_name", "year", "",
        ("prefecture_name", UNITS["name"]), ("year", YEARS),
        ("event_category", ["district_merge"] * 3),
    ),
    "admin_entities": lambda: plain(
        ".csv", "canonical_name_zh", "entity_id", "conflict",
        ("entity_id", ["CNUR-000001", "CNUR-000002"]), ("canonical_name_zh", ["武汉市", "合肥市"]),
        ("province_name_zh", ["湖北省", "安徽省"]),
    ),
    "admin_events": lambda: plain(
        ".csv", "prefecture_names", "year", "",
        ("year", YEARS), ("event_type", ["rename"] * 3), ("prefecture_names", UNITS["name"]),
        ("old_prefecture_name", UNITS["name"]), ("new_prefecture_name", UNITS["name"]),
        ("automatic_continuity", ["true"] * 3),
    ),
    "broadband_china": lambda: first_years("broadband_china", ".csv"),
    "census_2010_2020": lambda: plain(
        ".csv", "city", "popu_2010", "conflict",
        ("city_code", [420100, 340100]), ("city", ["武汉市", "合肥市"]),
        *((f"{stem}_{year}", [2, 3]) for year in (2010, 2020)
          for stem in reader("census_2010_2020").VARIABLES),
    ),
    "census_county_2010": lambda: one_year("census_county_2010", ".xlsx", "Sheet1"),
    "census_county_2020": lambda: one_year(
        "census_county_2020", ".xlsx", "Sheet1", reader("census_county_2010").CODE
    ),
    "city_macro": lambda: by_year("city_macro", ".csv", "code"),
    "city_policies": policies,
    "city_sustainability": lambda: by_year("city_sustainability", ".xlsx", "name", "Sheet1"),
    "co2_ceads": lambda: plain(
        ".xlsx", "city", "emission", "conflict",
        ("city", ["湖北武汉", "湖北武汉", "安徽合肥"]), ("year", YEARS),
        ("emission", [2.5, 3.5, 5.5]), sheet="emission vector",
    ),
    "co2_county": lambda: plain(
        ".xlsx", "City Name", "C1997", "second one for the county 420102",
        ("DISTCODE地区代码", [420102, 420103, 340102]),
        ("County Name", ["江岸区", "江汉区", "瑶海区"]),
        ("County Name", ["Jiang'an", "Jianghan", "Yaohai"]),
        ("City Name", UNITS["name"]), ("City Name", ["Wuhan", "Wuhan", "Hefei"]),
        ("Province Name", ["湖北省", "湖北省", "安徽省"]),
        ("Province Name", ["Hubei", "Hubei", "Anhui"]),
        ("C1997", [2.5, 3.5, 5.5]), ("C1998", [2.5, 3.5, 5.5]), sheet="Sheet1",
    ),
    "co2_edgar": lambda: by_year("co2_edgar", ".xlsx", "code", "Sheet1"),
    "employment_industry": lambda: by_year(
        "employment_industry", ".xlsx", "code", reader("employment_industry").SHEET
    ),
    "facts_coordinates": lambda: one_year("facts_coordinates", ".csv"),
    "facts_pilots": lambda: plain(
        ".csv", "city", "first_year", "conflict",
        ("city", [420100, 340100]), ("first_year", [2014, 2015]), (NOTE[0], NOTE[1:3]),
    ),
    "facts_prices": lambda: plain(
        ".csv", "", "cpi_previous_year_100", "",
        ("year", [2000, 2001, 2002]), ("cpi_previous_year_100", [100.4, 100.7, 99.2]),
        ("source", NOTE[1:4]),
    ),
    "gpi_prefecture": prefectures,
    "gpi_province": provinces,
    "landcover": landcover,
    "light_inequality": lambda: by_year("light_inequality", ".dta", "code"),
    "low_carbon_pilot": lambda: first_years("low_carbon_pilot", ".xlsx", "Sheet1"),
    "npp": lambda: by_year("npp", ".csv", "code"),
    "ntl_class": lambda: by_year("ntl_class", ".csv", "code"),
    "ntl_sum": lambda: by_year("ntl_sum", ".csv", "code"),
    "ntu_pilot": lambda: plain(
        ".dta", "city", "did", "second one for 武汉市 in 2010",
        ("city", UNITS["name"]), ("year", YEARS), ("did", [0, 1, 1]),
    ),
    "pm25_chap": lambda: by_year(
        "pm25_chap", ".csv", "name", "", ("province", ["湖北省", "湖北省", "安徽省"])
    ),
    "pm25_wiebe": lambda: by_year("pm25_wiebe", ".dta", "short code"),
    "pop_grid": lambda: by_year("pop_grid", ".csv", "code"),
    "so2_ceic": lambda: by_year("so2_ceic", ".dta", "short code"),
}  # fmt: skip
EVERY = pytest.mark.parametrize("source", sorted(SPECIMENS))
ADDED_UP = ("admin_district_events", "admin_events")
"""Sources whose rows are events: a second one in a year is one more event."""


def read(source: str, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Observations and the package's warnings; any other warning is an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", DataWarning)
        cells = reader(source).read(path)
    return cells, [str(warning.message) for warning in caught]


def outcome(source: str, path: Path) -> str:
    """The message of the error, or those of the warnings; empty if the file is taken."""
    try:
        _, said = read(source, path)
    except UrbaneconError as error:
        return str(error)
    return "\n".join(said)


def spoilt_number(source: str, cell: object) -> tuple[Specimen, str, int, str]:
    """Specimen with another cell in its third row, and the sheet, row and column of it."""
    specimen = SPECIMENS[source]()
    if source == "gpi_prefecture":
        specimen = replace(specimen, sheet="wage-average", number=2010)  # type: ignore[arg-type]
    spoilt = specimen.with_cell(2, specimen.number, cell)
    if specimen.suffix == ".dta":
        return spoilt, "", 2, specimen.number
    letter = column_letter(specimen.position(specimen.number))
    return spoilt, specimen.sheet, 3, letter


def test_every_reader_has_a_specimen():
    assert sorted(SPECIMENS) == reader_ids()


@EVERY
def test_the_specimen_itself_is_read_without_a_word(source, tmp_path):
    cells, said = read(source, SPECIMENS[source]().written(tmp_path))
    assert len(cells) >= 2
    assert said == []


@EVERY
def test_a_missing_column_is_named_with_the_closest_one(source, tmp_path):
    if source == "gpi_province":
        specimen = SPECIMENS[source]()
        grid = [["GDP in CNY", *specimen.grid[0][1:]], *specimen.grid[1:]]
        said = outcome(source, specimen.with_grid(grid).written(tmp_path))
        assert "sheet 'GDP': cell A1 states 'GDP in CNY'; expected 'hundred million" in said
        return
    specimen = SPECIMENS[source]()
    required = "DISTCODE地区代码" if source == "co2_county" else specimen.required
    path = specimen.with_cell(0, required, f"{required}x").written(tmp_path)
    with pytest.raises(MissingColumnError) as caught:
        read(source, path)
    assert f"{source}/specimen{specimen.suffix}" in str(caught.value)
    assert f"{required!r} is missing. Did you mean '{required}x'?" in str(caught.value)


@EVERY
@pytest.mark.parametrize("text", ["约12", "1e999"], ids=["text", "an infinite number"])
def test_no_number_in_a_number_cell_names_the_cell(source, text, tmp_path):
    specimen, sheet, row, column = spoilt_number(source, text)
    with pytest.raises(DataError) as caught:
        read(source, specimen.written(tmp_path))
    message = str(caught.value)
    assert message.startswith(f"{source}/specimen{specimen.suffix}")
    assert f"row {row}, column {column}" in message
    assert sheet in message
    assert f"found {text!r}" in message


@EVERY
def test_two_rows_for_one_city_year_are_told(source, tmp_path):
    if source in ADDED_UP:
        pytest.skip("the rows are events")
    specimen = SPECIMENS[source]()
    again = [*specimen.grid[1]]
    if specimen.number:
        at = specimen.position(specimen.number)
        values = {"admin_entities": "CNUR-000009", "ntu_pilot": 1}
        again[at] = values.get(source) or again[at] + 1
    said = outcome(source, specimen.with_grid([*specimen.grid, again]).written(tmp_path))
    assert specimen.twice in said
    assert said


@pytest.mark.parametrize("source", ADDED_UP)
def test_a_second_event_of_a_year_is_no_conflict(source, tmp_path):
    specimen = SPECIMENS[source]()
    path = specimen.with_grid([*specimen.grid, [*specimen.grid[1]]]).written(tmp_path)
    cells, said = read(source, path)
    assert said == []
    assert not cells.duplicated(["city", "year", "variable"]).any()


@EVERY
def test_an_unknown_city_is_listed_and_never_lost_in_silence(source, tmp_path):
    specimen = SPECIMENS[source]()
    if not specimen.city:
        pytest.skip("no row names a city")
    known = specimen.grid[1][specimen.position(specimen.city)]
    number = {420100: 999900, 4201: 9999}.get(known)
    unknown = number or str(known).replace("武汉", "亚特兰蒂斯")
    lines = [[*line] for line in specimen.grid]
    for line in lines[1:]:
        same = line[specimen.position(specimen.city)] == known
        line[specimen.position(specimen.city)] = (
            unknown if same else line[specimen.position(specimen.city)]
        )
        if same and source == "census_2010_2020":
            line[specimen.position("city_code")] = 999900
    cells, said = read(source, specimen.with_grid(lines).written(tmp_path))
    assert str(unknown) in {name.removesuffix(".0") for name, _, _ in cells.attrs["unmatched"]}
    assert any(str(unknown) in message for message in said)
    assert set(cells["city"]) == {"340100"}


@EVERY
def test_a_variable_without_any_number_is_named(source, tmp_path):
    specimen = SPECIMENS[source]()
    if source == "gpi_prefecture":
        specimen = replace(specimen, sheet="wage-average", number=2010)  # type: ignore[arg-type]
    at = specimen.position(specimen.number)
    lines = [
        specimen.grid[0],
        *([*line[:at], None, *line[at + 1 :]] for line in specimen.grid[1:]),
    ]
    said = outcome(source, specimen.with_grid(lines).written(tmp_path))
    assert f"{source}/specimen" in said
    assert re.search(rf"column {column_letter(at)}\b|{specimen.number}", said)


@EVERY
def test_an_empty_file_is_said_to_be_empty(source, tmp_path):
    path = tmp_path / f"specimen{SPECIMENS[source]().suffix}"
    path.touch()
    with pytest.raises(DataError, match=rf"{source}/specimen\S+ is empty \(0 bytes\)"):
        reader(source).read(path)


@EVERY
def test_a_header_alone_is_no_table(source, tmp_path):
    specimen = SPECIMENS[source]()
    if specimen.suffix == ".dta":
        pytest.skip("a Stata file has no header row")
    path = specimen.with_grid(specimen.grid[:1]).written(tmp_path)
    with pytest.raises(DataError, match="no rows below its header"):
        read(source, path)


@EVERY
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_truncated_file_is_refused_or_told_or_holds_whole_rows(source, part, tmp_path):
    specimen = SPECIMENS[source]()
    path = specimen.written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    if specimen.suffix == ".csv":
        outcome(source, path)  # a csv file may be cut between two rows
    else:
        with pytest.raises(DataError, match=r"truncated|cannot be (opened|read)"):
            read(source, path)


@pytest.mark.mirror
@pytest.mark.parametrize(
    "source", [s for s in sorted(SPECIMENS) if SPECIMENS[s]().suffix != ".csv"]
)
def test_half_of_the_raw_file_is_said_to_be_truncated(source, raw_file, tmp_path):
    whole = raw_file(source)
    half = tmp_path / whole.name
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=re.escape(f"{source}/{whole.name}")):
        read(source, half)


@EVERY
def test_another_encoding_is_named(source, tmp_path):
    specimen = SPECIMENS[source]()
    if specimen.suffix != ".csv":
        pytest.skip("only csv files have no declared encoding")
    path = specimen.written(tmp_path, encoding="gb18030")
    with pytest.raises(DataError, match=r"not UTF-8 \(byte \d+\).*GB18030"):
        read(source, path)


ANYTHING = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "—", "约12", "inf", "1,234", "武汉市", "合肥", "Wuhan", "9" * 30, "１２"]
    ),
    st.text(max_size=6, alphabet=st.characters(blacklist_categories=("Cs", "Cc"))),
    st.integers(-(10**6), 10**6),
    st.sampled_from([2010, 2011, 420100, 4201, 340100, 0, 1, 1e300, -0.0]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)


@st.composite
def spoilt_specimens(draw: st.DrawFn, source: str) -> Specimen:
    """A specimen without some columns, with any cells, and with rows given again."""
    specimen = SPECIMENS[source]()
    width = len(specimen.grid[0])
    kept = [i for i in range(width) if draw(st.integers(0, 11)) != 0] or [0]
    grid = [[line[i] for i in kept] for line in specimen.grid]
    grid += [[*grid[i]] for i in draw(st.lists(st.integers(1, len(grid) - 1), max_size=2))]
    for _ in range(draw(st.integers(0, 4))):
        row = draw(st.integers(0 if specimen.suffix != ".dta" else 1, len(grid) - 1))
        grid[row][draw(st.integers(0, len(kept) - 1))] = draw(ANYTHING)
    return specimen.with_grid(grid)


@EVERY
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_reader_fails_otherwise_than_with_its_own_error(source, data, tmp_path):
    path = data.draw(spoilt_specimens(source)).written(tmp_path)
    try:
        cells, _ = read(source, path)
    except UrbaneconError as error:
        assert len(str(error)) > 20
        return
    assert np.isfinite(cells["value"]).all()
    assert cells["flag"].isin([str(flag) for flag in SEVERITY]).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(values=st.lists(st.sampled_from([1.5, 2.5, 1e12, 0.0]), min_size=2, max_size=5))
def test_a_flagged_value_is_that_of_its_raw_cell(values, tmp_path_factory):
    specimen = SPECIMENS["co2_edgar"]()
    header, *rows = specimen.grid
    at = specimen.position("碳排放量_吨")
    rows = [[*rows[0][:at], value, *rows[0][at + 1 :]] for value in values]
    path = specimen.with_grid([header, *rows]).written(tmp_path_factory.mktemp("flags"))
    cells, _ = read("co2_edgar", path)
    assert set(cells["flag"]) == {"conflict" if len(set(values)) > 1 else "ok"}
    raw_rows = [RawCell.parse(raw).row for raw in cells["raw"]]
    assert cells["value"].tolist() == [values[row - 2] for row in raw_rows]
    assert len(cells) + len(cells.attrs["repeated"]) == len(values)
