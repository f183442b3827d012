"""Which codebook variable a header names, and how sure that is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.intake import units
from urbanecon.intake.headers import Header

CATALOGUE = Path(__file__).with_name("vocabulary.toml")
"""Other names of codebook variables in yearbooks and working files."""

MODIFIERS = (
    ("增长", "增速", "growth", "increase"), ("比重", "占", "构成", "percentage", "proportion"),
    ("人均", "percapita"), ("平均", "average"), ("密度", "density"), ("率", "rate"),
    ("指数", "index"), ("城镇", "urban"), ("农村", "乡村", "rural"), ("新增", "new"),
    ("女", "female"), ("男",), ("暂住", "temporary"), ("普查", "census"), ("均", "mean"),
    ("毕业", "graduate"), ("招生", "入学"), ("每百",), ("每千",),
    ("每万", "per10000"), ("per100",),
    ("达标", "standards"), ("去除", "removed"), ("产生", "produced", "generated"),
)  # fmt: skip
"""Words that make another variable of whatever they stand above or beside."""

QUALIFIERS = (
    *MODIFIERS,
    ("第一产业", "primary"), ("第二产业", "secondary"), ("第三产业", "tertiary"),
    ("工业", "industrial"), ("出口", "export"), ("进口", "import"),
    ("教育", "education"), ("科学", "science"), ("收入", "revenue", "income"),
    ("支出", "expenditure", "spending"), ("存款", "deposit"), ("贷款", "loan"),
    ("储蓄", "saving"), ("税", "tax"), ("投资", "investment"), ("工资", "wage"),
    ("移动", "mobile"), ("固定", "fixed"), ("流动", "current"), ("私营", "private"),
    ("失业", "unemploy"), ("户籍", "registered"), ("常住", "resident"),
    ("非农", "nonagri"), ("建成区", "builtup"), ("建设用地", "construction"),
    ("外商", "外资", "foreign"), ("内资", "domestic"), ("港澳台", "hongkong"),
    ("合同", "contract"), ("教师", "teacher"), ("学生", "student"), ("小学", "primaryschool"),
    ("职业", "vocational"), ("学校数", "学校个数", "numberofschools"), ("产值", "outputvalue"),
    ("利润", "profit"), ("客", "passenger"), ("货", "freight"), ("铁路", "rail"),
    ("公路", "highway"), ("水运", "水路", "waterway"), ("航空", "民航", "aviation"),
    ("邮政", "post"), ("电信", "telecom"), ("公园", "公共绿地", "park"), ("覆盖", "cover"),
    ("生活", "家庭", "household"), ("发明", "invention"), ("氮", "nitrogen"),
    ("床", "bed"), ("医生", "医师", "doctor"),
)  # fmt: skip
"""Words that make another variable of a name; a loose match must agree in all of them."""

TOTALS = re.compile(r"(合计|总计|总数|小计|总量)?(total|sum)?")
"""Levels of a header that say no more than the level above them."""

AFFIXES = re.compile(
    r"^(年末|年底|期末|当年|本年|全年)?(实有)?|(按?当年价格?(计算)?|现价|atcurrentprices?|currentprices?)|(总数|个数|人数|年末数|数)$"
)
"""What yearbooks put before and after a name without changing its meaning."""

LONGEST_UNIT = 6
LONG = 6
"""Characters of a Chinese name that is understood without the levels above it."""

LABEL, SYNONYM, AFFIXED, LOWEST_LEVEL = 1.0, 0.95, 0.9, 0.85
LOOSE = 0.84
"""Least similarity of two names, spelt otherwise, that are taken for one."""


@dataclass(frozen=True, slots=True)
class Match:
    """A codebook variable and the confidence, 0 to 1, that a header means it."""

    variable: str
    confidence: float
    why: str


NO_MATCH = Match("", 0.0, "no codebook variable of this name")


def match_variable(header: Header, unit: str = "", titles: Sequence[str] = ()) -> Match:
    """Return the codebook variable of a header.

    Parameters
    ----------
    header
        Header taken apart.
    unit
        The column's unit, from the header or the table's title. A variable that
        is measured in something else is no match.
    titles
        Lines above the table: 铁路 is one variable under 客运量 and another under 货运量.

    Returns
    -------
    Match
        `NO_MATCH` where no variable, or no single one, fits.
    """
    above = [fold("".join((*header.zh[:-1], *header.en[:-1]))), fold("".join(titles))]
    found = [
        match
        for names in (header.zh, header.en)
        if (match := _match_levels(names, unit, above)).variable
    ]
    if not found:
        return NO_MATCH
    if len({match.variable for match in found}) > 1:
        chinese, english = found
        return Match(chinese.variable, chinese.confidence * 0.8, f"{chinese.why}; the English "
                     f"name reads as {english.variable}")  # fmt: skip
    return max(found, key=lambda match: match.confidence)


def _levels(names: Sequence[str]) -> list[str]:
    """Folded levels of a name without those that only sum up."""
    return [level for level in map(fold, names) if not TOTALS.fullmatch(level)]


def take_glued_unit(header: Header) -> Header:
    """Return a header with the unit that ends its name without any mark (地区生产总值万元).

    Names of Stata and R cannot hold brackets. The unit counts only if the rest is
    exactly the name of one variable that is measured in it.
    """
    if header.unit or len(header.zh) != 1:
        return header
    name = header.zh[0]
    for at in range(max(2, len(name) - LONGEST_UNIT), len(name)):
        unit = name[at:]
        if units.parse(unit) and _exact(fold(name[:at]), unit, part=False).variable:
            return replace(header, zh=(name[:at],), unit=unit)
    return header


def names_nothing(header: Header) -> bool:
    """Whether a header says caliber, year, unit or 合计 alone, so that the title names it."""
    return not _levels(header.zh) and not _levels(header.en)


def _match_levels(names: Sequence[str], unit: str, above: Sequence[str]) -> Match:
    """Match the levels joined, then the lower ones alone, then what resembles them."""
    every, levels = [fold(name) for name in names], _levels(names)
    if not levels:
        return NO_MATCH
    whole = "".join(levels)
    if (match := _exact("".join(every), unit, part=False)).variable:
        return match
    for start in range(len(levels)):
        name = "".join(levels[start:])
        if _agree(name, whole) and (match := _exact(name, unit, part=start > 0)).variable:
            return match
    for name in dict.fromkeys((levels[-1], whole)):
        if (match := _short(name, unit, above)).variable:
            return match
    for name in dict.fromkeys((whole, "".join(reversed(levels)), levels[-1])):
        if _agree(name, whole) and (match := _loose(name, unit)).variable:
            return match
    return NO_MATCH


def _agree(name: str, whole: str) -> bool:
    """Whether the levels left out of a name cannot have changed its meaning."""
    if len(name) == len(whole):
        return True
    words = MODIFIERS if len(name) >= (2 * LONG if name.isascii() else LONG) else QUALIFIERS
    return _held(name, words) == _held(whole, words)


def _exact(name: str, unit: str, *, part: bool) -> Match:
    """Return the one variable of this name in this unit, as written or without affixes."""
    for known, key, most in ((_known(), name, LABEL), (_bare(), bare(name), AFFIXED)):
        fitting = [
            Match(variable, min(sure, most, LOWEST_LEVEL if part else LABEL), why)
            for variable, sure, why in known.get(key, ())
            if fits(variable, unit, name)
        ]
        best = [match for match in fitting
                if match.confidence == max(m.confidence for m in fitting)]  # fmt: skip
        if best:
            return best[0] if len(best) == 1 else NO_MATCH
    return NO_MATCH


def _short(name: str, unit: str, above: Sequence[str]) -> Match:
    """Return the one variable that the name means under these headers, or this title."""
    for context in above:
        found = [
            variable
            for variable, below in _short_names().get(name, ())
            if re.search(below, context) and fits(variable, unit, name)
        ]
        if len(found) == 1:
            return Match(found[0], LOWEST_LEVEL, "its name below this header or title")
        if found:
            return NO_MATCH
    return NO_MATCH


def _loose(name: str, unit: str) -> Match:
    """Return the one variable whose name is nearly `name` and says nothing else."""
    if len(name) < 4:
        return NO_MATCH
    scores: dict[str, float] = {}
    held = _held(name, QUALIFIERS)
    for known, variables in _known().items():
        if _held(known, QUALIFIERS) != held:
            continue
        matcher = SequenceMatcher(None, known, name, autojunk=False)
        if matcher.quick_ratio() < LOOSE or (score := matcher.ratio()) < LOOSE:
            continue
        for variable, _, _ in variables:
            if fits(variable, unit, name):
                scores[variable] = max(scores.get(variable, 0), score)
    best = [variable for variable, score in scores.items() if score == max(scores.values())]
    if len(best) != 1:
        return NO_MATCH
    return Match(best[0], round(0.9 * scores[best[0]], 2), "nearly its name")


def fits(variable: str, unit: str, name: str = "") -> bool:
    """Whether a column in `unit` can hold the variable; any can while the unit is unknown."""
    wanted, found = units.parse(load_codebook()[variable].unit), units.parse(unit)
    if found is None or wanted is None:
        return not unit or unit == load_codebook()[variable].unit
    per_head = "均" in name or "average" in name or "percapita" in name
    return units.same(found.dimension, wanted.dimension) or (
        per_head and wanted.dimension == f"{found.dimension}/count"
    )


def fold(name: str) -> str:
    """Return a name as names are compared: letters and Chinese characters alone."""
    return re.sub(r"[^0-9a-z\u3400-\u9fff]", "", name.lower())


def bare(name: str) -> str:
    """Return a folded name without `AFFIXES`."""
    return AFFIXES.sub("", name) or name


@cache
def _held(name: str, words: tuple[tuple[str, ...], ...]) -> frozenset[int]:
    """Which of a list of words a name holds."""
    return frozenset(at for at, group in enumerate(words) if any(word in name for word in group))


Known = dict[str, tuple[tuple[str, float, str], ...]]
"""Variables of each folded name, with the confidence that a full match deserves."""


@cache
def _known() -> Known:
    known: dict[str, dict[str, tuple[str, float, str]]] = {}
    listed = catalogue()
    for entry in load_codebook().values():
        if entry.level != "city":
            continue
        own = [(name, LABEL, "its name") for name in (entry.name, entry.label_en, entry.label_zh)]
        others = listed.get(entry.name, {}).get("names", ())
        for name, sure, why in own + [(name, SYNONYM, "a synonym") for name in others]:
            known.setdefault(fold(name), {}).setdefault(entry.name, (entry.name, sure, why))
    return {name: tuple(variables.values()) for name, variables in known.items()}


@cache
def _bare() -> Known:
    known: dict[str, dict[str, tuple[str, float, str]]] = {}
    for name, variables in _known().items():
        for variable, _, _ in variables:
            known.setdefault(bare(name), {})[variable] = (variable, AFFIXED, "but for an affix")
    return {name: tuple(variables.values()) for name, variables in known.items()}


@cache
def _short_names() -> dict[str, tuple[tuple[str, str], ...]]:
    """Variables of each short name, and the expression that must stand above it."""
    known: dict[str, list[tuple[str, str]]] = {}
    for variable, entry in catalogue().items():
        for name in entry.get("short", ()):
            known.setdefault(fold(name), []).append((variable, entry["below"]))
    return {name: tuple(listed) for name, listed in known.items()}


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Read the names that yearbooks use: variable -> ``names``, ``short`` and ``below``."""
    return tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
