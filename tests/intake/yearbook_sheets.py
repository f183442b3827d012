"""Synthetic yearbook workbooks, laid out as the China City Statistical Yearbook is.

All numbers are invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

HEBEI = ("石家庄市", "唐山市", "秦皇岛市", "邯郸市", "邢台市", "保定市")
HUBEI = ("武汉市", "黄石市", "十堰市", "宜昌市", "襄阳市")
ANHUI = ("合肥市", "芜湖市", "蚌埠市", "亳州市")


def spaced(name: str) -> str:
    """A name as typesetters stretch it."""
    return " ".join(name)


def save(path: Path, sheets: dict[str, Sequence[Sequence[Any]]], merge: dict[str, Sequence[str]]):
    """Write sheets of rows, merging the given ranges."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for span in merge.get(name, ()):
            sheet.merge_cells(span)
    workbook.save(path)
    return path


def population_rows() -> list[list[Any]]:
    """Table 2-1: three header rows, two calibers, provinces, dashes, thousands, notes."""
    rows: list[list[Any]] = [
        ["2-1  人口状况 (2016年)"],
        ["Population"],
        [
            "城  市\nCity",
            "年末总人口\n（万人）\nTotal Population at Year-end\n(10 000 persons)", None,
            "年平均人口（万人）\nAnnual Average Population (10 000 persons)", None,
            "自然增长率（‰）\nNatural Growth Rate (‰)",
        ],
        [None, "全市\nTotal City", "市辖区\nDistricts under City"] * 1
        + ["全市\nTotal City", "市辖区\nDistricts under City", "全市\nTotal City"],
        ["河北省  Hebei"],
    ]  # fmt: skip
    for at, name in enumerate(HEBEI):
        rows.append([spaced(name), f"1,0{at}8.5", 400 + at, 1000, 390, 5.1])
    rows.append(["湖北省"])
    damaged = {"武汉市": "n武汉市", "宜昌市": "直昌市"}
    for at, name in enumerate(HUBEI):
        rows.append([damaged.get(name, name), 800 + at, "—" if at else 500, 790, 300, "..."])
    rows.append(["注：本表数据来自公安部门。"])
    return rows


def population_workbook(path: Path) -> Path:
    return save(
        path,
        {"2-1": population_rows()},
        {"2-1": ["A1:F1", "A2:F2", "A3:A4", "B3:C3", "D3:E3"]},
    )


def gdp_pages() -> list[list[Any]]:
    """Two pages below each other, the header repeated, nothing merged, unit above the table."""
    header = ["城市", "City", "地区生产总值", None, None]
    below = [None, None, "全市", "#第一产业", "#第二产业"]
    first = [[name, "", 100_000 + at, 5_000, 60_000.0] for at, name in enumerate(HEBEI)]
    second = [[name, "", 200_000 + at, 7_000, 90_000.0] for at, name in enumerate(HUBEI)]
    return [
        ["2-15 地区生产总值"],
        ["2018年", None, None, None, "单位：万元"],
        header, below, *first,
        ["2-15 续表 continued"],
        [None, None, None, None, "单位：万元"],
        header, below, *second,
        ["注：①为快报数。", None, None, None, None],
    ]  # fmt: skip


def half_pages() -> list[list[Any]]:
    """Two half-pages beside each other."""
    rows: list[list[Any]] = [
        ["行政区域土地面积  Total Land Area"],
        ["城 市", "行政区域土地面积（平方公里）", "城 市", "行政区域土地面积（平方公里）"],
    ]
    for left, right in zip(HEBEI, HUBEI, strict=False):
        rows.append([spaced(left), 15_000, right, 8_500])
    rows.append([HEBEI[-1], 16_000])
    return rows
