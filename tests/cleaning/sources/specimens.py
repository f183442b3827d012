"""A specimen of each source: a tiny synthetic file that its reader takes."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

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
