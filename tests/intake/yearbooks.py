"""Synthetic workbooks in the layouts of the China City Statistical Yearbook, with their truth.

Titles, headers, names and marks are laid out as the editions of 2004 to 2023 have
them; every number is invented. A `Book` knows, for each cell of numbers, which city,
year and variable it is about and its value in the codebook's unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from old_excel import write_xls
from openpyxl.utils import get_column_letter
from yearbook_headers import GROUPED, TABLES, Column, columns

PROVINCES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "": (("北京市", "Beijing", "110000"), ("天津市", "Tianjin", "120000")),
    "河北省": (
        ("石家庄市", "Shijiazhuang", "130100"), ("唐山市", "Tangshan", "130200"),
        ("秦皇岛市", "Qinhuangdao", "130300"), ("邯郸市", "Handan", "130400"),
    ),
    "吉林省": (("长春市", "Changchun", "220100"), ("吉林市", "Jilin", "220200")),
    "山东省": (
        ("济南市", "Jinan", "370100"), ("淄博市", "Zibo", "370300"),
        ("莱芜市", "Laiwu", "371200"), ("菏泽市", "Heze", "371700"),
    ),
    "湖北省": (
        ("武汉市", "Wuhan", "420100"), ("黄石市", "Huangshi", "420200"),
        ("宜昌市", "Yichang", "420500"), ("襄阳市", "Xiangyang", "420600"),
    ),
    "云南省": (("昆明市", "Kunming", "530100"), ("普洱市", "Pu'er", "530800")),
}  # fmt: skip

# printed unit -> invented number, and what one of it is in the codebook's unit
UNITS = {
    "万人": (310.0, 1e4), "人": (20_417, 1), "万元": (512_345, 1e4), "元": (41_234, 1),
    "‰": (5.12, 1e-3), "%": (31.5, 1e-2), "人/平方公里": (412.3, 1), "平方公里": (123.0, 1),
    "吨": (52_345, 1), "万吨": (323.0, 1e4), "个": (43, 1), "万户": (52.1, 1e4),
    "万美元": (9_123, 1e4), "千册、件": (812.0, 1e3), "册、件": (62.0, 1), "张": (9_321, 1),
    "万立方米": (3_123, 1e4), "万千瓦时": (82_123, 1e4), "万平方米": (912.0, 1e-2),
    "平方米": (12.3, 1), "辆": (15, 1), "公顷": (4_123, 1e-2), "微克/立方米": (45.1, 1),
    "所": (31, 1), "万人次": (4_123, 1e4),
}  # fmt: skip

DISTRICTS = "_districts"


@dataclass(frozen=True)
class Truth:
    """What one cell of numbers is."""

    city: str
    year: int
    variable: str
    value: float


@dataclass
class Book:
    """Cells by sheet, row and column from 1, and the truth of the number cells."""

    name: str
    sheets: dict[str, dict[tuple[int, int], Any]] = field(default_factory=dict)
    merges: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    truth: dict[tuple[str, int, str], Truth] = field(default_factory=dict)
    headers: dict[tuple[str, int, str], str] = field(default_factory=dict)

    def put(self, sheet: str, row: int, column: int, cell: Any) -> None:
        if cell is not None:
            self.sheets.setdefault(sheet, {})[row, column] = cell

    def line(self, sheet: str, row: int, cells: Sequence[Any], column: int = 1) -> None:
        for at, cell in enumerate(cells):
            self.put(sheet, row, column + at, cell)

    def merge(self, sheet: str, top: int, left: int, bottom: int, right: int) -> None:
        self.merges.append((sheet, top, left, bottom, right))

    def rows(self, sheet: str) -> list[list[Any]]:
        cells = self.sheets[sheet]
        height, width = (max(at[axis] for at in cells) for axis in (0, 1))
        return [
            [cells.get((row, column)) for column in range(1, width + 1)]
            for row in range(1, height + 1)
        ]

    def save(self, folder: Path) -> Path:
        path = folder / self.name
        if path.suffix == ".xls":
            return write_xls(path, {sheet: self.rows(sheet) for sheet in self.sheets})
        if path.suffix == ".csv":
            (sheet,) = self.sheets
            text = "\n".join(",".join(map(_quoted, row)) for row in self.rows(sheet))
            path.write_bytes(text.encode("gb18030"))
            return path
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for sheet, cells in self.sheets.items():
            page = workbook.create_sheet(sheet)
            for (row, column), cell in cells.items():
                page.cell(row, column, cell)
            page.sheet_state = "hidden" if sheet in self.hidden else "visible"
        for sheet, top, left, bottom, right in self.merges:
            workbook[sheet].merge_cells(
                start_row=top, start_column=left, end_row=bottom, end_column=right
            )
        workbook.save(path)
        return path


def _quoted(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f'"{text}"' if any(mark in text for mark in ',"\n') else text


Name = Callable[[str, str], str]
Number = Callable[[float, int], Any]


def plain(zh: str, _: str) -> str:
    return zh


def spaced(zh: str, _: str) -> str:
    return "　".join(zh[:-1]) + " " + zh[-1] if len(zh) < 4 else " ".join(zh)


def short(zh: str, _: str) -> str:
    return zh.removesuffix("市")


def bilingual(zh: str, en: str) -> str:
    return f"{zh} {en}"


def as_is(value: float, _: int) -> Any:
    return value


def thousands(value: float, _: int) -> str:
    return f"{value:,.2f}" if value % 1 else f"{value:,.0f}"


def full_width(value: float, _: int) -> str:
    return f"{value:.2f}".translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))


def body(
    book: Book,
    sheet: str,
    row: int,
    printed: Sequence[tuple[int, Column, int, bool]],
    *,
    at: int = 1,
    name: Name = plain,
    number: Number = as_is,
    homes: str = "section",
    provinces: Sequence[str] = tuple(PROVINCES),
    missing: str = "",
) -> int:
    """Write the rows of cities and remember what they are; return the next free row.

    `printed` holds for each column of numbers its position, header, year, and whether
    it covers the districts alone. `homes` is how provinces stand: as section rows, as
    rows of totals, or not at all.
    """
    count = 0
    for province in provinces:
        if province and homes != "none":
            book.put(sheet, row, at, name(province, "Province"))
            if homes == "totals":
                book.line(sheet, row, [99_999] * len(printed), printed[0][0])
            row += 1
        for zh, en, city in PROVINCES[province]:
            book.put(sheet, row, at, name(zh, en))
            for position, column, year, districts in printed:
                count += 1
                invented, scale = UNITS[column.unit]
                value = round(invented * (1 + 0.013 * (count % 17)) * (0.6 if districts else 1), 2)
                value = value if invented % 1 else float(round(value))
                if missing and count % 11 == 0:
                    book.put(sheet, row, position, missing)
                    continue
                book.put(sheet, row, position, number(value, count))
                if column.variable:
                    variable = column.variable + (DISTRICTS if districts else "")
                    key = sheet, row, get_column_letter(position)
                    book.truth[key] = Truth(city, year, variable, value * scale)
                    book.headers[key] = f"{sheet}!{position}:{column.zh}"
            row += 1
    return row


def merged_calibers(titled: Sequence[tuple[str, str]]) -> Book:
    """Two-level merged headers with the translation in the cell, provinces as sections."""
    book = Book("2-1至2-3（2015年数据）.xlsx")
    for number_, (title, text) in enumerate(titled, start=1):
        sheet = f"2-{number_}"
        book.put(sheet, 1, 1, f"2-{number_}  {title}  (2015年)")
        book.put(sheet, 2, 1, "Synthetic Numbers (2015)")
        book.put(sheet, 3, 1, "城  市\nCity")
        book.merge(sheet, 3, 1, 4, 1)
        printed = []
        for at, column in enumerate(columns(text)):
            left = 2 + 2 * at
            head = f"{column.zh}（{column.unit}）\n{column.en} ({column.unit_en})"
            book.put(sheet, 3, left, head)
            book.merge(sheet, 3, left, 3, left + 1)
            book.line(sheet, 4, ["全市\nTotal City", "市辖区\nDistricts under City"], left)
            printed += [(left, column, 2015, False), (left + 1, column, 2015, True)]
        book.merge(sheet, 1, 1, 1, 1 + len(printed))
        last = body(book, sheet, 6, printed, name=bilingual, missing="…")
        book.put(sheet, last, 1, "注：莱芜市数据为快报数。")
    return book


def unit_in_the_corner(titled: Sequence[tuple[str, str]]) -> Book:
    """The unit stands right above the table; nothing is merged; province rows are totals."""
    book = Book("中国城市统计年鉴2008_财政.xlsx")
    for number_, (title, text) in enumerate(titled, start=1):
        sheet = f"Sheet{number_}"
        wide = columns(text)
        book.put(sheet, 1, 1, f"2-{16 + number_} {title}")
        book.put(sheet, 2, 2 * len(wide), f"计量单位：{wide[0].unit}")
        book.put(sheet, 3, 1, "城市")
        printed = []
        for at, column in enumerate(wide):
            book.put(sheet, 3, 2 + 2 * at, " ".join(column.zh))
            book.line(sheet, 4, ["全市", "市辖区"], 2 + 2 * at)
            printed += [(2 + 2 * at, column, 2007, False), (3 + 2 * at, column, 2007, True)]
        body(book, sheet, 5, printed, name=spaced, number=thousands, homes="totals", missing="-")
    return book


def continued_sheets(titled: Sequence[tuple[str, str]]) -> Book:
    """Columns of one table run on over sheets marked 续表; the first alone names the year."""
    book = Book("劳动力.xlsx")
    (title, text), *_ = titled
    wide = columns(text)
    for page, start in enumerate(range(0, len(wide), 5)):
        mark = f" 续表{page}  continued {page}" if page else "  (2009年)"
        sheet = "2-5" + (f"续表{page}" if page else "")
        book.put(sheet, 1, 1, f"2-5{mark}" if page else f"2-5 {title}{mark}")
        book.put(sheet, 2, 3, "单位：人 Unit: person")
        part = wide[start : start + 5]
        book.line(sheet, 3, ["城市", *(column.zh for column in part)])
        book.line(sheet, 4, ["City", *(column.en for column in part)])
        printed = [(2 + at, column, 2009, False) for at, column in enumerate(part)]
        body(book, sheet, 5, printed, name=spaced)
    return book


def facing_pages(titled: Sequence[tuple[str, str]]) -> Book:
    """Cities of the left and of the right half-page beside each other, in an old workbook."""
    book = Book("2-9.xls")
    halves = (("", "河北省", "吉林省"), ("山东省", "湖北省", "云南省"))
    for number_, (title, text) in enumerate(titled, start=1):
        sheet = f"2-{8 + number_}"
        wide = columns(text)
        book.put(sheet, 1, 1, f"2-{8 + number_} {title} (2003年)")
        for side, provinces in enumerate(halves):
            left = 1 + side * (len(wide) + 1)
            heads = [f"{column.zh}\n({column.unit})" for column in wide]
            book.line(sheet, 2, ["城市", *heads], left)
            printed = [(left + 1 + at, column, 2003, False) for at, column in enumerate(wide)]
            body(book, sheet, 3, printed, at=left, provinces=provinces, name=spaced)
    return book


def text_in_gb18030(titled: Sequence[tuple[str, str]]) -> Book:
    """A csv as spreadsheet programs in China save it, digits of full width, titles above."""
    book = Book("2012年城市数据.csv")
    (title, text), *_ = titled
    wide = columns(text)
    book.put("", 1, 1, f"{title}")
    book.line("", 2, ["城市", *(f"{column.zh}[{column.unit}]" for column in wide)])
    printed = [(2 + at, column, 2012, False) for at, column in enumerate(wide)]
    body(book, "", 3, printed, number=full_width, homes="none", missing="…")
    return book


def sheet_a_year(titled: Sequence[tuple[str, str]]) -> Book:
    """One sheet a year, named by it; names without 市; an empty and a hidden sheet."""
    book = Book("2-22 经济.xlsx", hidden=["草稿"])
    (title, text), *_ = titled
    wide = columns(text)
    for year in (2016, 2017, 2018):
        sheet = f"{year}年"
        book.put(sheet, 1, 1, title)
        book.line(sheet, 3, ["地区", *(f"{column.zh} {column.unit}" for column in wide)])
        printed = [(2 + at, column, year, False) for at, column in enumerate(wide)]
        body(book, sheet, 4, printed, name=short, homes="none", missing="#")
    book.put("草稿", 1, 1, "备忘")
    return book


def caliber_in_the_title(titled: Sequence[tuple[str, str]]) -> Book:
    """Since 2019 全市 and 市辖区 are tables of their own; unit and translation have own rows."""
    book = Book("2020年中国城市统计年鉴 第二部分.xlsx")
    for number_, (title, text) in enumerate(titled, start=1):
        wide = columns(text)
        for caliber, districts in (("全市", False), ("市辖区", True)):
            sheet = f"2-{number_}{caliber}"
            book.put(sheet, 1, 1, f"2-{number_} {title}({caliber})")
            book.line(sheet, 2, ["城市", *(column.zh for column in wide)])
            book.line(sheet, 3, [None, *(column.en for column in wide)])
            book.line(sheet, 4, [None, *(f"({column.unit})" for column in wide)])
            printed = [(2 + at, column, 2019, districts) for at, column in enumerate(wide)]
            body(book, sheet, 5, printed, missing="—")
    return book


def english_only(titled: Sequence[tuple[str, str]]) -> Book:
    """The English half of the header alone, cities in two columns."""
    book = Book("City Statistics.xlsx")
    for number_, (_, text) in enumerate(titled, start=1):
        sheet = f"2-{number_}"
        wide = columns(text)
        book.put(sheet, 1, 1, "China City Statistical Yearbook 2011")
        book.line(sheet, 2, ["City", "", *(f"{column.en}\n({column.unit_en})" for column in wide)])
        printed = [(3 + at, column, 2010, False) for at, column in enumerate(wide)]
        start = len(book.truth)
        last = body(book, sheet, 3, printed, homes="none")
        names = [city for province in PROVINCES.values() for city in province]
        for row, (_, en, _) in zip(range(3, last), names, strict=True):
            book.put(sheet, row, 2, en)
        assert len(book.truth) > start
    return book


def old_names_and_counties(titled: Sequence[tuple[str, str]]) -> Book:
    """Former names, footnote marks, autonomous prefectures, county-level cities below."""
    book = Book("2006年 综合.xlsx")
    (title, text), *_ = titled
    wide = columns(text)
    former = {
        "襄阳市": "襄樊市", "普洱市": "思茅市", "莱芜市": "莱芜市①", "菏泽市": "菏泽市*",
    }  # fmt: skip
    printed = [(2 + at, column, 2006, False) for at, column in enumerate(wide)]
    book.put("综合", 1, 1, f"2-1 {title}")
    book.line("综合", 2, ["", *(f"{column.zh}（{column.unit}）" for column in wide)])
    book.line("综合", 3, ["城市合计 National Total", *[99_999] * len(wide)])
    book.line("综合", 4, ["地级市", *[99_999] * len(wide)])
    row = body(book, "综合", 5, printed, name=lambda zh, _: former.get(zh, zh))
    others = (("巢湖市", "341400"), ("毕节地区", "520500"), ("恩施土家族苗族自治州", "422800"),
              ("大兴安岭地区", "232700"))  # fmt: skip
    for at, (zh, city) in enumerate(others):
        book.line("综合", row + at, [zh, *(UNITS[column.unit][0] for column in wide)])
        for position, column, year, _ in printed:
            value, scale = UNITS[column.unit]
            key = "综合", row + at, get_column_letter(position)
            book.truth[key] = Truth(city, year, column.variable, value * scale)
            book.headers[key] = f"综合!{position}:{column.zh}"
    row += len(others) + 1
    book.line("综合", row, ["县级市", *[99_999] * len(wide)])
    counties = ("辛集市", "昆山市", "义乌市", "宜城市", "宜都市", "恩施市", "喀什市", "江山市")
    for at, zh in enumerate(counties, start=1):
        book.line("综合", row + at, [zh, *(UNITS[column.unit][0] for column in wide)])
    return book


def scanned(titled: Sequence[tuple[str, str]]) -> Book:
    """Text recognition broke headers over rows and put wrong characters into names."""
    book = Book("扫描_2010年.xlsx")
    damaged = {
        "石家庄市": "石家压市", "菏泽市": "荷泽市", "武汉市": "n武汉市", "宜昌市": "直昌市",
        "邯郸市": "邯弹市", "淄博市": "缁博市", "秦皇岛市": "秦皇鸟市",
    }  # fmt: skip
    for number_, (title, text) in enumerate(titled, start=1):
        sheet = f"p{number_}"
        wide = columns(text)
        book.put(sheet, 1, 1, title)
        printed = []
        for at, column in enumerate(wide):
            half = max(3, len(column.zh) // 2)
            book.put(sheet, 3, 2 + at, " ".join(column.zh[:half]))
            book.put(sheet, 4, 2 + at, " ".join(column.zh[half:]) or f"({column.unit})")
            book.put(sheet, 5, 2 + at, f"( {column.unit}")
            book.put(sheet, 6, 2 + at, ")")
            printed.append((2 + at, column, 2010, False))
        book.put(sheet, 3, 1, "城 市")
        body(book, sheet, 7, printed, name=lambda zh, _: damaged.get(zh, zh), number=thousands)
    return book


def below_a_group(titled: Sequence[tuple[str, str]]) -> Book:
    """Short headers that mean something only below their title."""
    book = Book("2014年 分组.xlsx")
    for number_, (title, text) in enumerate(titled, start=1):
        sheet = f"表{number_}"
        wide = columns(text)
        book.put(sheet, 1, 1, f"{title} (2014年)")
        book.put(sheet, 2, 2, f"单位:{wide[0].unit}")
        book.line(sheet, 3, ["城市", *(f"{column.zh}\n{column.en}" for column in wide)])
        printed = [(2 + at, column, 2014, False) for at, column in enumerate(wide)]
        body(book, sheet, 4, printed, name=bilingual)
    return book


def under_a_group_header(titled: Sequence[tuple[str, str]]) -> Book:
    """The same with the group as the upper of two header rows, several groups a sheet."""
    book = Book("2014 分组二.xlsx")
    sheet = "2014"
    book.line(sheet, 1, ["城市"])
    printed: list[tuple[int, Column, int, bool]] = []
    for title, text in titled:
        wide = columns(text)
        left = 2 + len(printed)
        book.put(sheet, 1, left, f"{title.split(' ', 1)[1]}（{wide[0].unit}）")
        book.merge(sheet, 1, left, 1, left + len(wide) - 1)
        book.line(sheet, 2, [column.zh for column in wide], left)
        printed += [(left + at, column, 2014, False) for at, column in enumerate(wide)]
    body(book, sheet, 3, printed, name=short, homes="totals")
    return book


def years_as_columns(titled: Sequence[tuple[str, str]]) -> Book:
    """One variable a sheet, named and measured in the title, the years in the header."""
    book = Book("面板.xlsx")
    for number_, (_, text) in enumerate(titled):
        for column in columns(text)[:3]:
            sheet = f"{column.zh[:8]}{number_}"
            book.put(sheet, 1, 1, f"{column.zh}（{column.unit}）")
            book.line(sheet, 2, ["城市", 2011, "2012年", "2013"])
            printed = [(2 + at, column, 2011 + at, False) for at in range(3)]
            body(book, sheet, 3, printed, homes="none", missing="——")
    return book


def books() -> Iterator[tuple[str, Book]]:
    """Every layout, over tables that together cover the yearbook."""
    later = ("人口（续）", "按行业分组的城镇非私营单位就业人员", "财政金融（新）")
    first = [(title, text) for title, text in TABLES.items() if title not in later]
    second = [(title, text) for title, text in TABLES.items() if title in later]
    money = [(title, text) for title, text in first
             if {column.unit for column in columns(text)} == {"万元"}]  # fmt: skip
    sectors = [("按行业分组的单位从业人员", TABLES["按行业分组的单位从业人员"])]
    for tables in (first, second):
        yield "merged_calibers", merged_calibers(tables)
        yield "caliber_in_the_title", caliber_in_the_title(tables)
        yield "english_only", english_only(tables)
        yield "scanned", scanned(tables)
    yield "unit_in_the_corner", unit_in_the_corner(money)
    yield "unit_in_the_corner", unit_in_the_corner(second[-1:])
    yield "continued_sheets", continued_sheets(sectors)
    yield "facing_pages", facing_pages(first[2:14])
    yield "text_in_gb18030", text_in_gb18030([("财政金融", TABLES["财政金融"])])
    yield "sheet_a_year", sheet_a_year([("综合经济", TABLES["综合经济"])])
    yield "old_names_and_counties", old_names_and_counties([("财政金融", TABLES["财政金融"])])
    yield "below_a_group", below_a_group(list(GROUPED.items()))
    yield "under_a_group_header", under_a_group_header(list(GROUPED.items()))
    yield "years_as_columns", years_as_columns(first[:12])
