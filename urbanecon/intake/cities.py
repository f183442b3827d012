"""Cities as tables and scanners write them, matched to one key, with confidence.

Exact spellings go through `urbanecon.cleaning.spellings`. What those do not
know (``n武汉市``, ``毫州市``) is compared with all full names by edit distance and
taken only if one city is nearer than every other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from urbanecon.cleaning.spellings import UNKNOWN, match, plain, unit_table

CONFUSED = (
    "毫亳", "汶汉", "仅汉", "叹汉", "又汉", "芦泸", "沪泸", "卢泸", "除滁", "蒲莆", "甫莆",
    "普晋", "何菏", "荷菏", "荀菏", "菜莱", "来莱", "仆濮", "璞濮", "缁淄", "瞿衢", "彬郴",
    "桦郴", "部邵", "绍邵", "软钦", "饮钦", "螺漯", "累漯", "詹儋", "担儋", "鸟乌",
    "工江", "汪江", "注江", "洲州", "卅州", "川州", "末朱", "未朱", "抗杭", "右石",
    "巳巴", "己巴", "北比", "比北", "大太", "太大", "人八", "木本", "千干",
    "日曰", "侯候", "宜宣", "宣宜", "贸贺", "质贺", "住佳", "往佳", "辟薛", "孝李", "玲珍",
    "即郎", "廊郎", "郎廊", "邓郑", "咀阻", "咸威", "威咸", "成咸", "咸成",
    "喀咯", "咯喀", "湘湖", "坊纺", "自白", "白自", "曲典", "娄楼", "株洙", "梧悟", "桐铜",
    "铜桐", "锦绵", "绵锦", "棉绵", "徐涂", "徽微", "淮准", "准淮", "潍维", "维潍", "谁淮",
)  # fmt: skip
"""Pairs of characters that scanning and hand copying put for one another, the wrong
one first. Such a slip counts half of another one."""

COUNTY_CITY = "a county-level city"
TOTAL = "a total"
SUMS = re.compile(
    r"(全国|城市|地级及以上城市|地级以上城市|地级市|县级市|副省级市?|副省级城市|直辖市|全省|全区)?"
    r"(合计|总计|小计|共计|平均|平均值|总平均)|全国|全省|全国城市|地级市|县级市|"
    r"(national|grand)?\s*(total|average)",
    re.I,
)
"""What stands in the column of names and sums rows up."""

DAMAGED = "damaged"
"""How the reason begins when a name is matched in spite of wrong characters."""

TRANSLATION = 4
"""Latin letters that can be a city's English name (Yuxi); fewer are strays."""

SLIP = 0.5
LEAST_SURE = 0.7
"""Confidence below which the nearest city is named but not taken. One wrong character of
three, in a table that does not say the province, may as well be another place (江阴, 江门)."""


@dataclass(frozen=True, slots=True)
class CityMatch:
    """Key of a written name; empty with the reason where there is none."""

    city: str
    confidence: float
    why: str


def chinese_part(written: object) -> str:
    """Return the name in a cell without footnote marks, digits, spaces and translation."""
    text = unicodedata.normalize("NFKC", str(written))
    chinese = "".join(re.findall(r"[\u3400-\u9fff]+", text))
    return chinese or text.strip()


def match_city(written: object, province: str = "", taken: Collection[str] = ()) -> CityMatch:
    """Match one written name.

    Parameters
    ----------
    written
        Text of the cell.
    province
        Name of the province that the row stands under, if known.
    taken
        Cities that the table names exactly in other rows; a damaged name cannot
        mean one of them again.
    """
    exact = match_exact(written, province)
    if exact.city or not exact.why.startswith(UNKNOWN):
        return exact
    return _nearest(chinese_part(written), plain(province), taken)


def match_exact(written: object, province: str = "") -> CityMatch:
    """Match one written name as `match_city` does, but never a damaged one."""
    return _match_exact(str(written), plain(province))


@cache
def _match_exact(written: str, home: str) -> CityMatch:
    reason = UNKNOWN
    if SUMS.fullmatch(chinese_part(written)):
        return CityMatch("", 0.0, TOTAL)
    for text, sure, why in (
        (plain(written), 1.0, "its name"),
        (plain(chinese_part(written)), *_left_out(written)),
    ):
        # a province above may be stale: the municipalities follow without a row of their own
        for place in dict.fromkeys((home, "")):
            city, reason = match(text, place)
            if city is not None:
                return CityMatch(city, sure, why)
            if not reason.startswith(UNKNOWN):
                return CityMatch("", 0.0, reason)
    name = chinese_part(written)
    if {name, f"{name}市"} & county_cities():
        return CityMatch("", 0.0, COUNTY_CITY)
    return CityMatch("", 0.0, reason)


@cache
def county_cities() -> frozenset[str]:
    """Names of county-level cities, which look like damaged names of prefectures."""
    text = Path(__file__).with_name("county_cities.txt").read_text(encoding="utf-8")
    return frozenset(
        name for line in text.splitlines() if not line.startswith("#") for name in line.split()
    )


def _left_out(written: str) -> tuple[float, str]:
    """Judge what stands beside a Chinese name: a translation or note, or stray characters."""
    stray = re.findall("[A-Za-z]", unicodedata.normalize("NFKC", written))
    if 0 < len(stray) < TRANSLATION:
        return 0.9, f"{DAMAGED}: stray characters left out"
    return 1.0, "its name"


def _nearest(name: str, home: str, taken: Collection[str]) -> CityMatch:
    """Return the one city whose name is nearest, if near enough."""
    scores: dict[str, float] = {}
    for spelling, city in _spellings(home):
        if city not in taken and abs(len(spelling) - len(name)) <= 2:
            distance = edit_distance(name, spelling)
            if distance <= max(len(spelling), 3) / 3:
                scores[city] = min(scores.get(city, distance), distance)
    if not scores:
        return CityMatch("", 0.0, f"{UNKNOWN} of this name")
    least = min(scores.values())
    best = sorted(city for city, distance in scores.items() if distance == least)
    names = ", ".join(unit_table()["name_zh"][city] for city in best[:4])
    if len(best) > 1:
        return CityMatch("", 0.0, f"{UNKNOWN} of this name; as near to each of {names}")
    confidence = round(1 - least / max(len(name), 3) * (0.8 if home else 1.0), 2)
    if confidence < LEAST_SURE:
        return CityMatch("", 0.0, f"{UNKNOWN} of this name; {names} is the nearest, too unlike it")
    return CityMatch(best[0], confidence, f"{DAMAGED}; nearest is {names}")


@cache
def _spellings(home: str) -> tuple[tuple[str, str], ...]:
    """Full and short names, of three characters or more, of the cities of a province."""
    table = unit_table()
    named = (table["province_zh"] == home) | table["province_zh"].str.startswith(home)
    if home and named.any():
        table = table[named]
    return tuple(
        (spelling, str(city))
        for city, full, short in zip(
            table.index, table["name_zh"], table["name_short"], strict=True
        )
        for spelling in {full, short}
        if len(spelling) >= 3 or (home and named.any())
    )


@cache
def edit_distance(a: str, b: str) -> float:
    """Fewest insertions, deletions and substitutions that make `b` of `a`.

    The textbook dynamic programme of Wagner and Fischer (1974, Journal of the
    ACM 21(1):168-173); a substitution listed in `CONFUSED` costs `SLIP`.
    """
    previous = [float(at) for at in range(len(b) + 1)]
    for row, left in enumerate(a, start=1):
        current = [float(row)]
        for column, right in enumerate(b, start=1):
            swap = 0.0 if left == right else SLIP if left + right in CONFUSED else 1.0
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + swap))
        previous = current
    return previous[-1]
