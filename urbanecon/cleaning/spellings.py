"""Every spelling of a city's code and name that sources use, and the key it means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.project import find_project

MUNICIPALITIES = ("110000", "120000", "310000", "500000")

OUTSIDE = {
    "710000": ("台湾省", "台湾", "Taiwan"),
    "810000": ("香港特别行政区", "香港", "Hong Kong"),
    "820000": ("澳门特别行政区", "澳门", "Macao"),
}
"""Known units that the panel does not cover: their statistics are kept apart."""

CITIES = ("municipality", "prefecture_city")
"""Levels whose short name, where it is also a province's, means the city."""

UNKNOWN = "no unit"
"""How the reason begins when a spelling is not known at all."""


@cache
def unit_table() -> pd.DataFrame:
    """Return the table of units; see `urbanecon.cleaning.divisions.load_divisions`."""
    path = find_project().facts / "divisions.csv"
    text = pd.read_csv(path, dtype="str", encoding="utf-8", keep_default_na=False)
    years = {
        name: pd.to_numeric(text[name]).astype("Int64") for name in ("first_year", "last_year")
    }
    return text.assign(**years).set_index("city")


def plain(value: object) -> str:
    """Return the text of a cell as spellings are compared.

    Without spaces, full-width characters made ordinary; of a text in Latin
    letters the letters alone, in lower case. Empty for a missing value.
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    text = re.sub(r"[\s\u200b\ufeff]", "", unicodedata.normalize("NFKC", str(value)))
    return re.sub(r"[^a-z]", "", text.lower()) if re.search(r"[A-Za-z]", text) else text


def match(text: str, province: str) -> tuple[str | None, str]:
    """Return (key, "") or (None, reason) for a plain text and the plain text of a province."""
    code = re.fullmatch(r"(\d+)(\.0+)?", text)
    if code:
        return _match_code(code[1])
    if not text or text in _outside():
        return None, "outside the panel" if text else "no name"
    candidates = _candidates(text, province_code(province))
    if len(candidates) == 1:
        return candidates[0], ""
    if candidates:
        return None, f"one of {', '.join(candidates)}: a province is needed"
    if text in _provinces():
        return None, "a province"
    return None, f"{UNKNOWN} of this name" + (" in that province" if province else "")


def _candidates(text: str, home: str) -> tuple[str, ...]:
    known = _names().get(text, ())
    if home:
        return tuple(city for city in known if unit_table()["province"][city] == home)
    if text in _provinces():
        # 吉林 and 北京 are cities in a table of cities; 海南 is not the one in Qinghai
        return tuple(city for city in known if unit_table()["level"][city] in CITIES)
    return known


def _match_code(digits: str) -> tuple[str | None, str]:
    code = digits + "00" if len(digits) == 4 else digits
    if code.endswith("0100") and f"{code[:2]}0000" in MUNICIPALITIES:
        code = f"{code[:2]}0000"
    code = _former_codes().get(code, code)
    if code in unit_table().index:
        return code, ""
    if code in OUTSIDE:
        return None, "outside the panel"
    if code in set(unit_table()["province"]):
        return None, "a province"
    return None, f"{UNKNOWN} of this code"


@cache
def _outside() -> frozenset[str]:
    return frozenset(plain(name) for names in OUTSIDE.values() for name in names)


@cache
def _former_codes() -> dict[str, str]:
    codes = unit_table()["former_codes"]
    return {old: str(city) for city, listed in codes.items() for old in listed.split(";") if old}


@cache
def _provinces() -> dict[str, str]:
    """Key of each province by code and by every spelling of its name."""
    known = {}
    rows = unit_table()[["province", "province_zh", "province_en"]].drop_duplicates()
    for key, name, english in rows.itertuples(index=False):
        short = re.sub(r"(壮族|回族|维吾尔)?自治区$|[省市]$", "", name)
        for spelling in (key, key[:2], name, short, english):
            known[plain(spelling)] = key
    return known


def province_code(text: str) -> str:
    """Return the key of a province by the plain text of its name or code, or nothing."""
    return _provinces().get(text.removesuffix(".0"), "")


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """Candidate keys of every spelling.

    A spelling is looked for in this order, and the first that knows it decides:
    full names, former full names, short names of units that still exist, short
    names of units that have ended, short former names, English names. So 柳州
    is the city and not the prefecture of 2002, and 巢湖 is the city of 2011.
    """
    table = unit_table()
    ended = table["last_year"].notna()
    layers = (
        _spellings(table, lambda row: [row.name_zh]),
        _spellings(table, lambda row: row.former_names.split(";")),
        _spellings(table[~ended], _short_names),
        _spellings(table[ended], _short_names),
        _spellings(table, lambda row: [short_name(old) for old in row.former_names.split(";")]),
        _spellings(table, lambda row: [row.name_en]),
    )
    known: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        known = {**layer, **known}
    return known


def _spellings(
    table: pd.DataFrame, spell: Callable[[Any], list[str]]
) -> dict[str, tuple[str, ...]]:
    known: dict[str, set[str]] = {}
    for row in table.itertuples():
        for spelling in filter(None, map(plain, spell(row))):
            known.setdefault(spelling, set()).add(str(row.Index))
    return {spelling: tuple(sorted(keys)) for spelling, keys in known.items()}


def _short_names(row: Any) -> list[str]:
    """Short spellings that mean this unit and no county-level one.

    喀什市 and 恩施市 are county-level cities inside 喀什地区 and 恩施州, so only
    a prefecture-level city may drop 市, and only it may have been a 地区 before.
    """
    short = str(row.name_short)
    if row.level == "prefecture_city":
        return [short, f"{short}地区"]
    if row.level == "autonomous_prefecture":
        return [short, f"{short}州", f"{short}自治州"]
    return [short]


def short_name(name: str) -> str:
    """Return a unit's Chinese name without its suffix (恩施土家族苗族自治州 -> 恩施)."""
    ethnic = r"(朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族"
    ethnic += r"|傈僳族|回族|黎族|蒙古族|蒙古|哈萨克|柯尔克孜)*"
    return re.sub(rf"({ethnic}自治[州县]|地区|林区|[市盟县])$", "", name)
