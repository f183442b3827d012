r"""What a header says: name in two languages, unit, caliber, year.

A header may run over several levels (merged rows), hold line breaks, a
translation and a unit in brackets of any width, as in
``年末总人口（万人）\nYear-end total population (10 000 persons)`` above ``市辖区``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from urbanecon.intake import units

CALIBERS = {
    "city": r"全市(?!场)|地区合计|total\s+city|whole\s+city|entire\s+city|city\s+total",
    "districts": r"市辖区|市区|districts?\s+under\s+(the\s+)?cit(y|ies)|urban\s+districts?"
    r"|municipal\s+districts?|city\s+districts?",
}
"""Which territory a column covers: the whole prefecture, or its urban districts alone."""

YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)\s*+(?:年度|年)?+\s*+(?!=|不变价|可比价|价)")
CJK = r"\u3400-\u9fff\uf900-\ufaff"
LEVEL_MARK = re.compile(
    r"^\s*(#|\*+|其中[:,]?|of\s+which[:,]?|[一二三四五六七八九十]+、)\s*", re.I
)
FOOTNOTE = re.compile(r"[①-⑳*†‡]+|(?<=\D)\[\d{1,2}\]")
TRANSLATION = 6
"""Latin letters that make a translation; fewer are part of a Chinese name (GDP, R&D)."""


@dataclass(frozen=True, slots=True)
class Header:
    """One column's header, taken apart.

    Attributes
    ----------
    text
        As found, on one line, levels separated by `` > ``.
    zh, en
        Names of the levels, from the top, without unit, caliber and year.
    unit
        As written; empty if none is given or two are that contradict each other.
    caliber
        ``city``, ``districts`` or empty.
    year
        If the header names one.
    """

    text: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    unit: str
    caliber: str
    year: int | None


def one_line(cell: object) -> str:
    """Text of a cell in ordinary width, brackets round, spaces single, without footnotes."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = unicodedata.normalize("NFKC", "" if cell is None else str(cell))
    text = re.sub(r"[〔【\[{〈《]", "(", re.sub(r"[〕】\]}〉》]", ")", FOOTNOTE.sub("", text)))
    text = re.sub(rf"(?<=[{CJK}])\s+(?=[{CJK}])", "", text)
    return re.sub(r"\s+", " ", text).strip()


def read_header(levels: Sequence[object]) -> Header:
    """Take the cells above a column apart, the topmost first.

    The lowest level that gives a unit decides; so does the lowest year and the
    lowest caliber.
    """
    texts = _whole(one_line(level).replace("_", " ") for level in levels)
    unit, caliber, year = "", "", None
    zh: list[str] = []
    en: list[str] = []
    for text in texts:
        rest, given = take_units(text)
        meanings = {units.parse(one) for one in given}
        if given:
            unit = given[0] if len(meanings) == 1 else ""
        rest, found_year = take_year(rest)
        year = found_year or year
        rest, found_caliber = _take_caliber(rest)
        caliber = found_caliber or caliber
        chinese, english = _languages(LEVEL_MARK.sub("", rest))
        zh += [chinese] if chinese else []
        en += [english] if english else []
    return Header(" > ".join(texts), tuple(zh), tuple(en), unit, caliber, year)


def take_units(text: str) -> tuple[str, list[str]]:
    """Return a one-line text without its units, and the units."""
    found: list[str] = []

    def keep(match: re.Match[str]) -> str:
        inside = match[1].strip(" :,;")
        if units.parse(inside) is None:
            return match[0]
        found.append(inside)
        return " "

    rest = re.sub(r"\(\s*([^()]*?)\s*\)", keep, text)
    # a unit may also stand alone, or last without brackets: 增长%, GDP/万元, 人口 万人
    if units.parse(rest) is not None:
        return "", [*found, rest]
    tail = re.search(r"(?:[\s/:,]|(?=[%‰]))\s*([^\s/:,()]+)$", rest)
    if tail and not found and units.parse(tail[1]) is not None:
        found.append(tail[1])
        rest = rest[: tail.start()]
    return rest.strip(), found


def take_year(text: str) -> tuple[str, int | None]:
    """Return a one-line text without its year, and the year if there is exactly one."""
    years = set(YEAR.findall(text))
    if len(years) != 1:
        return text, None
    rest = re.sub(r"\(\s*\)", "", YEAR.sub(" ", text))
    return rest.strip(" -_:,"), int(years.pop())


def _take_caliber(text: str) -> tuple[str, str]:
    for caliber, pattern in CALIBERS.items():
        rest, times = re.subn(pattern, " ", text, flags=re.I)
        if times:
            return re.sub(r"\(\s*\)", "", rest).strip(" -_:,"), caliber
    return text, ""


def _languages(text: str) -> tuple[str, str]:
    """Split a name into its Chinese part and its translation."""
    if not re.search(f"[{CJK}]", text):
        return "", re.sub(r"[()]", " ", text).strip()
    english: list[str] = []

    def take(match: re.Match[str]) -> str:
        if len(re.findall("[A-Za-z]", match[0])) < TRANSLATION:
            return match[0]
        english.append(match[0].strip())
        return " "

    latin = r"[A-Za-z][A-Za-z0-9 ,.&'/:;()-]*"
    text = re.sub(rf"^{latin}(?=[{CJK}])|(?<=[{CJK})\s]){latin}$", take, text)
    chinese = re.sub(r"\s", "", text)
    if chinese.count("(") != chinese.count(")"):
        chinese = re.sub(r"[()]", "", chinese)
    return chinese, " ".join(english)


def _whole(texts: Iterable[str]) -> list[str]:
    """Levels as they were meant: a bracket that one row opens and the next closes is joined."""
    whole: list[str] = []
    for text in filter(None, texts):
        if whole and whole[-1].count("(") > whole[-1].count(")"):
            whole[-1] = f"{whole[-1]} {text}"
        elif not whole or whole[-1] != text:
            whole.append(text)
    return whole
