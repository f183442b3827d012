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
    "city": r"全市(?!场)|地区合计|(?<!不)包?[括含]市?辖?县|total\s+city|whole\s+city|entire\s+city"
    r"|city\s+total|including\s+count(y|ies)",
    "districts": r"市辖区|市区|不包?[括含]市?辖?县|excluding\s+count(y|ies)"
    r"|districts?\s+under\s+(the\s+)?cit(y|ies)|urban\s+districts?"
    r"|municipal\s+districts?|city\s+districts?",
}
"""Which territory a column covers: the whole prefecture, or its urban districts alone."""

YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)\s*+(?:年度|年)?+\s*+(?!=|不变价|可比价|价)")
CJK = r"\u3400-\u9fff\uf900-\ufaff"
LEVEL_MARK = re.compile(
    r"^\s*(#|\*+|其中[:,]?|of\s+which[:,]?|[一二三四五六七八九十]+、)\s*", re.I
)
FOOTNOTE = re.compile(r"[①-⑳*†‡]+|(?<=\D)\[\d{1,2}\]")
SEPARATOR = re.compile(rf"_|(?<=[{CJK}])\.+(?=[{CJK}]|$)")
"""What software puts for spaces and brackets in the names of columns."""

TAILS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"[\s:,]\s*((?:(?:\d[\d ,]*|ten|hundred|thousand|million|billion|trillion)\s+)*"
        r"[^\s:,()]+)$",
        r"(?:[\s/:,]|(?=[%‰]))\s*([^\s/:,()]+)$",
    )
)
"""Where a unit without brackets stands: the last words, compound ones first."""

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
    # ordinary width makes a digit of ①, so marks go first
    text = unicodedata.normalize("NFKC", FOOTNOTE.sub("", "" if cell is None else str(cell)))
    text = re.sub(r"[〔【\[{〈《]", "(", re.sub(r"[〕】\]}〉》]", ")", FOOTNOTE.sub("", text)))
    text = re.sub(rf"(?<=[{CJK}])\s+(?=[{CJK}])", "", text)
    return re.sub(r"\s+", " ", text).strip()


def read_header(levels: Sequence[object]) -> Header:
    """Take the cells above a column apart, the topmost first.

    The lowest level that gives a unit decides; so does the lowest year and the
    lowest caliber.
    """
    texts = _whole(SEPARATOR.sub(" ", one_line(_set_off(level))) for level in levels)
    unit, caliber, year = "", "", None
    zh: list[str] = []
    en: list[str] = []
    for text in texts:
        text, found_caliber = _take_caliber(text)  # noqa: PLW2901
        caliber = found_caliber or caliber
        rest, given = take_units(text)
        if given:
            unit = given[0] if all(units.agree(given[0], one) for one in given) else ""
        rest, found_year = take_year(rest)
        year = found_year or year
        chinese, english = _languages(LEVEL_MARK.sub("", rest))
        zh += [part for part in re.split("[:>]", chinese) if part]
        en += [english] if english else []
    return Header(" > ".join(texts), tuple(zh), tuple(en), unit, caliber, year)


def title_caliber(titles: Iterable[str]) -> str:
    """Return the caliber that the lines above a table give all of it; empty without one."""
    text = " ".join(titles)
    found = [name for name, pattern in CALIBERS.items() if re.search(pattern, text, re.I)]
    return found[0] if len(found) == 1 else ""


def take_units(text: str) -> tuple[str, list[str]]:
    """Return a one-line text without its units, and the units."""
    found: list[str] = []

    def keep(match: re.Match[str]) -> str:
        inside = match[1].strip(" :,;")
        if units.parse(inside) is None:
            return match[0]
        found.append(inside)
        return " "

    # the last bracket may have been lost between two rows
    rest = re.sub(r"\(\s*([^()]*?)\s*(?:\)|$)", keep, text)
    # a unit may also stand alone, or last without brackets: 增长%, GDP/万元, GDP 10 000 yuan
    if units.parse(rest) is not None:
        return "", [*found, rest.strip()]
    for pattern in () if found else TAILS:
        tail = pattern.search(rest)
        if tail and _is_unit(tail[1]):
            return rest[: tail.start()].strip(), [tail[1]]
    return rest.strip(), found


def _is_unit(text: str) -> bool:
    """Whether the last words of a name are its unit; Students and Schools alone are not."""
    unit = units.parse(text)
    bare_noun = text.isascii() and unit is not None and unit.factor == 1
    return unit is not None and not (bare_noun and unit.dimension in units.COUNTED)


def _set_off(level: object) -> object:
    """Put a Chinese unit that only a space sets off (总产值 万元) into brackets."""
    words = level.split() if isinstance(level, str) else []
    spread = all(len(word) == 1 for word in words[:-1])
    if spread or not re.search(f"[{CJK}]", words[-1]) or units.parse(words[-1]) is None:
        return level
    return f"{' '.join(words[:-1])} ({words[-1]})"


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
