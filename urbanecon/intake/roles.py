"""Which column of a panel is the unit, which the year, and how the rest is laid out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from urbanecon.cleaning.observations import require_columns
from urbanecon.errors import DataError
from urbanecon.intake import cells
from urbanecon.intake.cities import match_exact
from urbanecon.intake.headers import one_line, take_year
from urbanecon.intake.sheets import RawSheet
from urbanecon.intake.vocabulary import fold

UNIT_WORDS = frozenset(
    (
        "city", "cityname", "citycode", "cityid", "code", "id", "unit", "region", "regionname",
        "regioncode", "area", "prefecture", "prefecturename", "prefecturecode", "county",
        "countyname", "countycode", "countyid", "district", "adcode", "admincode", "gbcode",
        "name", "place", "fips", "geoid", "town", "firm", "城市", "城市名称", "城市名", "城市代码",
        "市", "市名", "地区", "地区名称", "地区代码", "地级市", "地市", "行政区划代码", "行政区划",
        "区划代码", "县", "区县", "县名", "县代码", "区县代码", "县市", "个体", "编码", "市代码",
        "所属城市",
    )
)  # fmt: skip
YEAR_WORDS = frozenset(
    (
        "year", "years", "yr", "time", "period", "date", "年份", "年", "年度", "统计年份", "时间",
        "会计年度",
    )
)  # fmt: skip
HOME_WORDS = frozenset(
    (
        "province", "provincename", "provincecode", "prov", "provinceid", "省", "省份", "所属省份",
        "省份名称", "省份代码", "省名", "省代码", "省市",
    )
)  # fmt: skip
ITEM_WORDS = frozenset(
    (
        "variable", "indicator", "item", "series", "varname", "indicatorname", "指标", "变量",
        "指标名称", "变量名", "项目",
    )
)  # fmt: skip
VALUE_WORDS = frozenset(
    (
        "value", "values", "obsvalue", "数值", "值", "数据", "指标值",
    )
)  # fmt: skip
COUNTER = re.compile(r"代码|编码|编号|序号|code$|^id$|^(unnamed:? ?\d+|index|no)$")
"""Headers of numbers that count or name rows and measure nothing."""

NO_STEM = frozenset(("", "y", "x", "yr", "year", "v", "年", "年份", "a"))
"""What is left of a header that is a year alone."""

UNIQUE = 0.98
"""Share of rows with a pair of unit and year of their own that makes a column the unit;
below 1 because repeated rows are among the defects that an audit is to find."""

MOSTLY = 0.5
"""Share of a column's filled cells that must be numbers for the others to be mistakes."""


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of one sheet are.

    Attributes
    ----------
    unit
        Headers that together name the unit; empty if each column is a city.
    year
        Header of the year; empty if the columns or the file say it.
    item
        Header of a column that names the variable of each row; empty without.
    home
        Header of the province; empty without.
    measured
        Headers of the columns of numbers.
    by_year
        Year of each value column in a wide table.
    by_city
        Whether each value column is a city.
    notes
        What was inferred, in sentences.
    """

    unit: tuple[str, ...]
    year: str
    item: str
    home: str
    measured: tuple[str, ...]
    by_year: dict[str, int]
    by_city: bool
    notes: tuple[str, ...] = ()

    def stem(self, header: str) -> str:
        """Name of the variable in a header of a wide table; empty if it is a year alone."""
        rest = take_year(header.replace("_", " "))[0] if header in self.by_year else header
        return "" if self.by_city or fold(rest) in NO_STEM else rest


def find_roles(sheet: RawSheet, *, unit: str = "", year: str = "") -> Roles:
    """Infer what each column of a sheet is.

    Raises
    ------
    MissingColumnError
        If the sheet lacks a header that the user names.
    DataError
        If no column names units or none holds numbers.
    """
    frame = sheet.frame
    unit, year = one_line(unit), one_line(year)
    require_columns(frame.columns, [name for name in (unit, year) if name], file="the table")
    year = year or _year_column(frame)
    rest = [header for header in frame.columns if header != year]
    items = [name for name in rest if fold(name) in ITEM_WORDS and _is_text(frame[name])]
    item = next(iter(items), "")
    home = next((header for header in rest if fold(header) in HOME_WORDS), "")
    by_city = bool(year) and not unit and _are_cities(rest)
    units = (unit,) if unit else () if by_city else _unit_columns(frame, rest, year, item)
    by_year = {} if year else _year_headers(frame, [h for h in rest if h not in (*units, item)])
    values = list(by_year) or [
        header
        for header in rest
        if header not in (*units, item, home) and _measures(frame, header)
    ]
    if item and not by_year:
        values = [h for h in values if fold(h) in VALUE_WORDS] or values[:1]
    if not values:
        raise DataError("no column holds numbers beside the unit and the year.")
    roles = Roles(units, year, item, home, tuple(values), by_year, by_city)
    return replace(roles, notes=_sentences(frame, roles))


def year_values(column: pd.Series) -> np.ndarray:
    """Calendar years of a column as float64, nan where a cell is none."""
    codes, uniques = pd.factorize(column)
    years = [cells.year(_whole(value)) for value in uniques]
    found = np.array([np.nan if year is None else year for year in years] + [np.nan])
    return found[codes]


def numbers(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of a column (nan where none) and which of its cells hold text."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(
        column.dtype
    ):
        return column.to_numpy(dtype="float64", na_value=np.nan), np.zeros(len(column), dtype=bool)
    codes, uniques = pd.factorize(column)
    parsed = [cells.number(value) for value in uniques]
    found = np.array([np.nan if value is None else value for value in parsed] + [np.nan])
    text = np.array([value is None for value in parsed] + [False])
    return found[codes], text[codes]


def _year_column(frame: pd.DataFrame) -> str:
    """Return the column of years: one called so, else the first that holds nothing else."""
    named = [header for header in frame.columns if fold(header) in YEAR_WORDS]
    for header in [*named, *frame.columns]:
        years = year_values(frame[header].head(5000))
        given = frame[header].head(5000).notna().to_numpy()
        if given.any() and np.isfinite(years[given]).mean() >= (0.9 if header in named else 1.0):
            return str(header)
    return ""


def _unit_columns(
    frame: pd.DataFrame, headers: list[str], year: str, item: str
) -> tuple[str, ...]:
    """Choose the column, or the two, that tell the rows of one year apart."""
    candidates = [
        header for header in headers
        if header != item and fold(header) not in VALUE_WORDS
        and (fold(header) in UNIT_WORDS | HOME_WORDS or _is_text(frame[header]))
    ]  # fmt: skip
    if not candidates:
        raise DataError(
            f"no column names the units (cities, counties, ...). Columns: {headers[:20]}. "
            "Name it with --city."
        )
    other = [frame[name] for name in (year, item) if name]
    scores = {
        header: 3 * (_unlike(frame[header], *other) >= UNIQUE)
        + 2 * (fold(header) in UNIT_WORDS)
        + _known_share(frame[header])
        for header in candidates
    }
    best = max(candidates, key=lambda header: scores[header])
    alone = _unlike(frame[best], *other)
    if alone < UNIQUE:
        for second in candidates:
            if second != best and _unlike(frame[best], frame[second], *other) >= UNIQUE:
                return second, best
    return (best,)


def _unlike(*columns: pd.Series) -> float:
    """Share of the rows that are different in these columns."""
    key = np.zeros(len(columns[0]), dtype="int64")
    for column in columns:
        codes, uniques = pd.factorize(column, use_na_sentinel=False)
        key, _ = pd.factorize(key * (len(uniques) + 1) + codes)
    return len(pd.unique(key)) / max(len(key), 1)


def _known_share(column: pd.Series) -> float:
    names = [str(_whole(value)) for value in column.dropna().unique()[:400]]
    return sum(bool(match_exact(name).city) for name in names) / max(len(names), 1)


def _are_cities(headers: list[str]) -> bool:
    known = sum(bool(match_exact(re.sub(r"\s*\[\w+\]$", "", header)).city) for header in headers)
    return known >= 3 and known >= MOSTLY * len(headers)


def _year_headers(frame: pd.DataFrame, headers: list[str]) -> dict[str, int]:
    """Years that headers name, if there are two or more such columns of numbers."""
    dated = {header: take_year(header.replace("_", " "))[1] for header in headers}
    found = {h: year for h, year in dated.items() if year is not None and _measures(frame, h)}
    return found if len(set(found.values())) >= 2 else {}


def _measures(frame: pd.DataFrame, header: str) -> bool:
    """Whether a column holds numbers that measure something; one without any cell does too."""
    if COUNTER.search(header.lower()) or fold(header) in HOME_WORDS:
        return False
    given = frame[header].notna()
    return not given.any() or _share_of_numbers(frame[header]) >= MOSTLY


def _is_text(column: pd.Series) -> bool:
    return bool(column.notna().any()) and _share_of_numbers(column) < MOSTLY


def _share_of_numbers(column: pd.Series) -> float:
    given = column.dropna()
    values, _ = numbers(given)
    return float((~np.isnan(values)).mean()) if len(given) else 0.0


def _whole(value: object) -> object:
    """Return a code that a workbook gives as 420100.0 as 420100."""
    whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
    return int(value) if whole else value  # type: ignore[call-overload]


def _sentences(frame: pd.DataFrame, roles: Roles) -> tuple[str, ...]:
    """Say what was inferred."""
    layout = "one row a unit and year"
    if roles.by_city:
        layout = "one column a city"
    elif roles.by_year:
        layout = f"wide, {len(roles.by_year)} columns of single years"
    elif roles.item:
        layout = "long list, one row a value"
    said = [f"layout: {layout}"]
    if roles.unit:
        said.append(f"the unit is named by {' and '.join(map(repr, roles.unit))}")
    if roles.year:
        said.append(f"the year is in {roles.year!r}")
    if roles.item:
        said.append(f"the variable of each row is named by {roles.item!r}")
    used = {*roles.unit, roles.year, roles.item, *roles.measured}
    aside = [header for header in frame.columns if header not in used]
    if aside:
        said.append(f"not audited, since they name or count rows or hold words: {aside}")
    return tuple(said)
