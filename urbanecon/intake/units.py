"""Units as tables write them, in Chinese and English, and what they mean.

A unit that is not understood is never guessed: `parse` returns None, and the
caller asks.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit measures and how many of the dimension's own unit it is."""

    dimension: str
    factor: float


MULTIPLIERS = {
    "十": 1e1, "百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7,
    "亿": 1e8, "十亿": 1e9, "百亿": 1e10, "万亿": 1e12,
    "10": 1e1, "100": 1e2, "1000": 1e3, "10000": 1e4, "10k": 1e4, "100000": 1e5,
    "hundred": 1e2, "thousand": 1e3, "tenthousand": 1e4, "million": 1e6, "10million": 1e7,
    "100million": 1e8, "hundredmillion": 1e8, "billion": 1e9, "trillion": 1e12,
}  # fmt: skip

ANYTHING = "number"
"""Dimension of 个, with which tables count people and things alike."""

COUNTED = ("count", "items", ANYTHING)

BASES = {
    "yuan": ("元", "元人民币", "人民币", "人民币元", "yuan", "rmb", "cny", "rmbyuan"),
    "usd": ("美元", "usd", "us$", "$", "usdollar", "usdollars", "dollar", "dollars"),
    # heads of people and of accounts: yearbooks give subscribers in 户 and in 人
    "count": (
        "人", "人次", "户", "名", "位", "person", "persons", "people", "resident",
        "residents", "household", "households", "subscriber", "subscribers", "head",
        "persontimes", "passenger", "passengers", "student", "students", "teacher", "teachers",
    ),
    "km2": (
        "平方公里", "平方千米", "km2", "sqkm", "squarekm", "squarekilometer", "squarekilometers",
        "squarekilometre", "squarekilometres",
    ),
    "t": ("吨", "t", "ton", "tons", "tonne", "tonnes", "metrictons"),
    "km": ("公里", "千米", "km"),
    "m": ("米", "m"),
    "m3": (
        "立方米", "m3", "cum", "cubicmeter", "cubicmeters", "cubicmetre", "cubicmetres",
    ),
    "kwh": ("千瓦时", "千瓦小时", "kwh", "kw·h", "kw•h", "kilowatthour", "kilowatthours"),
    "ug": ("微克", "ug", "μg"),
    "share": ("share", "ratio"),
    "items": (
        "所", "家", "件", "张", "册", "册件", "部", "本", "辆", "标台", "台", "座", "套", "条",
        "处", "项", "piece", "pieces", "volume", "volumes", "copy", "copies", "book", "books",
        "bed",
        "beds", "set", "sets", "school", "schools", "vehicle", "vehicles", "firm", "firms",
        "enterprise", "enterprises", "hospital", "hospitals", "theatre", "theatres", "park",
        "parks", "contract", "contracts", "project", "projects", "patent", "patents", "item",
        "items",
    ),
    ANYTHING: ("个", "unit", "units", "number"),
}  # fmt: skip

SCALED = {
    "%": Unit("share", 1e-2),
    "percent": Unit("share", 1e-2),
    "百分比": Unit("share", 1e-2),
    "‰": Unit("share", 1e-3),
    "permille": Unit("share", 1e-3),
    "公顷": Unit("km2", 1e-2),
    "hectare": Unit("km2", 1e-2),
    "hectares": Unit("km2", 1e-2),
    "ha": Unit("km2", 1e-2),
    "亩": Unit("km2", 1 / 1500),
    "mu": Unit("km2", 1 / 1500),
    "平方米": Unit("km2", 1e-6),
    "squaremetres": Unit("km2", 1e-6),
    "squaremeters": Unit("km2", 1e-6),
    "sqm": Unit("km2", 1e-6),
    "m2": Unit("km2", 1e-6),
    "kg": Unit("t", 1e-3),
    "千克": Unit("t", 1e-3),
    "公斤": Unit("t", 1e-3),
    "人平方公里": Unit("count/km2", 1.0),
}

_NAMES = {name: Unit(dimension, 1.0) for dimension, names in BASES.items() for name in names}
_NAMES |= SCALED
_MULTIPLIER = re.compile(
    "(" + "|".join(sorted(map(re.escape, MULTIPLIERS), key=len, reverse=True)) + ")"
)
PER = re.compile(r"/|每|\bper\b")
TAIL = re.compile(r"(us\$|usd|rmb|yuan)\s*(?=[\d(])(.*)")
"""A currency written before its multiplier, as in USD 10 000."""


@cache
def parse(text: str) -> Unit | None:
    """Return what a unit means, None where it is not understood.

    Parameters
    ----------
    text
        Such as ``万人``, ``10 000 persons``, ``100 million yuan``, ``元/人``,
        ``单位：万元``, ``%``.
    """
    plain = unicodedata.normalize("NFKC", text).lower().strip()
    plain = re.sub(r"^(计量)?(单位|unit)s?\s*:\s*", "", plain)
    plain = TAIL.sub(r"\2 \1", plain)
    upper, *lower = PER.split(plain)
    if len(lower) > 1:
        return None
    numerator = _simple(upper)
    if not lower or numerator is None:
        return numerator
    denominator = _simple(lower[0])
    if denominator is None:
        return None
    return Unit(
        f"{numerator.dimension}/{denominator.dimension}", numerator.factor / denominator.factor
    )


def _simple(text: str) -> Unit | None:
    """Return the meaning of a unit without a denominator: a multiplier and a name."""
    text = re.sub(r"[\s.,、'_-]", "", text)
    if text in _NAMES:
        return _NAMES[text]
    multiplier = _MULTIPLIER.match(text)
    if multiplier is None:
        return None
    base = _NAMES.get(text[multiplier.end() :])
    return base and Unit(base.dimension, MULTIPLIERS[multiplier[1]] * base.factor)


def conversion(unit: str, target: str) -> float | None:
    """Factor from `unit` to `target`, None where one is unknown or they measure other things."""
    found, wanted = parse(unit), parse(target)
    if found is None or wanted is None or not same(found.dimension, wanted.dimension):
        return None
    return found.factor / wanted.factor


def agree(one: str, other: str) -> bool:
    """Whether two units, as in 辆 and unit, mean the same multiple of the same thing."""
    first, second = parse(one), parse(other)
    if first is None or second is None:
        return first is second
    return first.factor == second.factor and same(first.dimension, second.dimension)


def same(one: str, other: str) -> bool:
    """Whether two dimensions can hold the same numbers; what is counted in 个 may be either."""
    return one == other or (ANYTHING in (one, other) and {one, other} <= set(COUNTED))
