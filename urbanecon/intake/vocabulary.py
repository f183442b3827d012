"""Which codebook variable a header names, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from urbanecon.cleaning.codebook import Variable, load_codebook
from urbanecon.intake import units
from urbanecon.intake.headers import Header

SYNONYMS = {
    "gdp": (
        "国内生产总值", "地区生产总值GDP", "生产总值", "地区生产总值当年价格", "GDP",
        "Gross Regional Product", "Gross Domestic Product", "Regional GDP", "GRP",
    ),
    "population": (
        "年末常住人口", "常住人口数", "年末常住人口数", "Permanent Population",
        "Resident Population at Year-end", "Permanent Resident Population",
    ),
    # the City Statistical Yearbook counts the registered population under this name
    "population_hukou": (
        "年末总人口", "年末户籍人口", "户籍人口数", "年末户籍总人口", "户籍总人口",
        "Year-end Total Population", "Total Population at Year-end", "Registered Population",
        "Household Registered Population at Year-end", "Total Population Year-end",
        "Hukou Population",
    ),
    "area": (
        "土地面积", "行政区划土地面积", "行政区域面积", "Total Land Area", "Land Area",
        "Total Land Area of City's Administrative Region", "Land Area of Administrative Region",
        "Area of Administrative Region",
    ),
    "trade": ("进出口贸易总额", "货物进出口总额", "Total Imports and Exports", "Total Trade"),
    "exports": ("出口额", "货物出口额", "货物出口总额", "Total Exports"),
    "imports": ("进口额", "货物进口额", "货物进口总额", "Total Imports"),
    "va_primary": ("第一产业", "Primary Industry", "Value-added of Primary Industry"),
    "va_secondary": ("第二产业", "Secondary Industry", "Value-added of Secondary Industry"),
    "va_tertiary": ("第三产业", "Tertiary Industry", "Value-added of Tertiary Industry"),
    "share_primary": (
        "第一产业", "第一产业占GDP的比重", "第一产业占地区生产总值的比重",
        "Primary Industry as Percentage to GRP",
    ),
    "share_secondary": (
        "第二产业", "第二产业占GDP的比重", "第二产业占地区生产总值的比重",
        "Secondary Industry as Percentage to GRP",
    ),
    "share_tertiary": (
        "第三产业", "第三产业占GDP的比重", "第三产业占地区生产总值的比重",
        "Tertiary Industry as Percentage to GRP",
    ),
    "students": (
        "普通高等学校在校学生", "普通本专科在校学生数", "高等学校在校学生数",
        "普通高等学校学生数", "Student Enrollment of Regular Institutions of Higher Education",
        "Students Enrollment in Regular Institutions of Higher Education",
    ),
    "broadband": (
        "互联网宽带接入用户数", "国际互联网用户数", "Subscribers of Internet Services",
        "Number of Subscribers of Internet Services",
    ),
    "mobile": (
        "移动电话用户数", "年末移动电话用户数", "Subscribers of Mobile Telephones at Year-end",
        "Number of Mobile Telephone Subscribers at Year-end",
    ),
    "loans": (
        "年末金融机构人民币各项贷款余额", "金融机构各项贷款余额", "年末金融机构贷款余额",
        "Loans of National Banking System at Year-end", "Outstanding Loans at Year-end",
    ),
    "deposits": (
        "年末金融机构人民币各项存款余额", "年末金融机构各项存款余额", "金融机构存款余额",
        "Deposits of National Banking System at Year-end", "Outstanding Deposits at Year-end",
    ),
    "fiscal_revenue": (
        "地方财政一般预算内收入", "地方一般公共预算收入", "地方财政预算内收入", "公共财政收入",
        "地方财政一般预算收入", "Local General Budgetary Revenue", "Public Finance Income",
        "General Public Budget Revenue", "Local Government Budgetary Revenue",
    ),
    "fiscal_expenditure": (
        "地方财政一般预算内支出", "地方一般公共预算支出", "地方财政预算内支出", "公共财政支出",
        "地方财政一般预算支出", "Local General Budgetary Expenditure",
        "Public Finance Expenditure",
        "General Public Budget Expenditure", "Local Government Budgetary Expenditure",
    ),
    "fiscal_education": (
        "教育支出", "一般公共预算支出教育", "教育事业费支出", "Expenditure for Education",
    ),
    "fiscal_science": (
        "科学技术支出", "科学支出", "一般公共预算支出科学技术",
        "Expenditure for Science and Technology",
    ),
    "employees": (
        "年末城镇单位从业人员数", "年末单位从业人员", "单位从业人员数", "城镇单位就业人员",
        "年末城镇单位就业人员", "单位从业人员年末人数", "Persons Employed in Units at Year-end",
        "Persons Employed in Urban Units at Year-end",
    ),
    "employees_private": (
        "城镇私营和个体从业人员", "城镇私营企业和个体从业人员",
        "Persons Employed in Private Enterprises and Self-employed Individuals in Urban Area",
        "Employees in Urban Private Enterprises and Self-employed Individuals",
    ),
    "unemployed": (
        "年末城镇登记失业人员数", "Registered Unemployed Persons in Urban Areas",
        "Registered Urban Unemployed Persons at Year-end",
    ),
    "employees_primary": ("第一产业", "第一产业从业人员", "Primary Industry"),
    "employees_secondary": ("第二产业", "第二产业从业人员", "Secondary Industry"),
    "employees_tertiary": ("第三产业", "第三产业从业人员", "Tertiary Industry"),
    "so2": ("二氧化硫排放量", "工业二氧化硫排放", "Volume of Sulphur Dioxide Emission"),
    "wage": (
        "职工平均工资", "在岗职工平均工资", "Average Wage of Employed Staff and Workers",
    ),
    "urban_share": ("城镇化率", "常住人口城镇化水平", "Urbanization Rate"),
}  # fmt: skip
"""Other names of codebook variables in yearbooks and working files; where one name
serves several, the unit tells them apart."""

QUALIFIERS = (
    ("增长", "增速", "growth", "increase"), ("比重", "占", "构成", "percentage", "proportion"),
    ("人均", "percapita"), ("平均", "average"), ("密度", "density"), ("率", "rate"),
    ("指数", "index"), ("第一产业", "primary"), ("第二产业", "secondary"),
    ("第三产业", "tertiary"), ("工业", "industrial"), ("出口", "export"), ("进口", "import"),
    ("城镇", "urban"), ("农村", "乡村", "rural"), ("教育", "education"), ("科学", "science"),
    ("收入", "revenue", "income"), ("支出", "expenditure", "spending"),
    ("存款", "deposit"), ("贷款", "loan"), ("储蓄", "saving"), ("税", "tax"),
    ("移动", "mobile"), ("固定", "fixed"), ("私营", "private"), ("失业", "unemploy"),
    ("户籍", "registered"), ("常住", "resident"), ("暂住", "temporary"), ("女", "female"),
    ("男",), ("普查", "census"), ("建成区", "builtup"), ("建设用地", "construction"),
    ("外商", "外资", "foreign"), ("毕业", "graduate"), ("招生", "入学"), ("教师", "teacher"),
    ("学校数", "学校个数", "numberofschools"), ("均", "mean"), ("新增", "new"),
)  # fmt: skip
"""Words that make another variable of a name; a loose match must agree in all of them."""

LABEL, SYNONYM, LOWEST_LEVEL = 1.0, 0.95, 0.85
LOOSE = 0.84
"""Least similarity of two names, spelt otherwise, that are taken for one."""


@dataclass(frozen=True, slots=True)
class Match:
    """A codebook variable and the confidence, 0 to 1, that a header means it."""

    variable: str
    confidence: float
    why: str


NO_MATCH = Match("", 0.0, "no codebook variable of this name")


def match_variable(header: Header, unit: str = "") -> Match:
    """Return the codebook variable of a header.

    Parameters
    ----------
    header
        Header taken apart.
    unit
        The column's unit, from the header or the table's title. A variable that
        is measured in something else is no match.

    Returns
    -------
    Match
        `NO_MATCH` where no variable, or no single one, fits.
    """
    found = [
        match
        for names in (header.zh, header.en)
        if names and (match := _match_names(names, unit)).variable
    ]
    if not found:
        return NO_MATCH
    if len({match.variable for match in found}) > 1:
        chinese, english = found
        return Match(chinese.variable, chinese.confidence * 0.8, f"{chinese.why}; the English "
                     f"name reads as {english.variable}")  # fmt: skip
    return max(found, key=lambda match: match.confidence)


def _match_names(names: Sequence[str], unit: str) -> Match:
    """Match the levels of a name joined, then the lower ones alone."""
    whole = fold("".join(names))
    for start in range(len(names)):
        name = fold("".join(names[start:]))
        if _qualifiers(name) != _qualifiers(whole):
            continue
        exact = [
            Match(variable, sure if start == 0 else LOWEST_LEVEL, why)
            for variable, sure, why in _known().get(name, ())
            if fits(variable, unit, name)
        ]
        best = [match for match in exact if match.confidence == max(m.confidence for m in exact)]
        if len(best) == 1:
            return best[0]
    return _loose(whole, unit)


def _loose(name: str, unit: str) -> Match:
    """Return the one variable whose name is nearly `name` and says nothing else."""
    if len(name) < 4:
        return NO_MATCH
    scores: dict[str, float] = {}
    for known, variables in _known().items():
        if _qualifiers(known) != _qualifiers(name):
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
    return found.dimension == wanted.dimension or (
        per_head and wanted.dimension == f"{found.dimension}/count"
    )


def fold(name: str) -> str:
    """Return a name as names are compared: letters and Chinese characters alone."""
    return re.sub(r"[^0-9a-z\u3400-\u9fff]", "", name.lower())


@cache
def _qualifiers(name: str) -> frozenset[int]:
    return frozenset(
        at for at, words in enumerate(QUALIFIERS) if any(word in name for word in words)
    )


@cache
def _known() -> dict[str, tuple[tuple[str, float, str], ...]]:
    """Variables of each folded name, with the confidence a full match deserves."""
    known: dict[str, list[tuple[str, float, str]]] = {}
    entries = [entry for entry in load_codebook().values() if entry.level == "city"]
    for entry in entries:
        for name, sure, why in _names(entry):
            listed = known.setdefault(fold(name), [])
            if entry.name not in (variable for variable, _, _ in listed):
                listed.append((entry.name, sure, why))
    return {name: tuple(listed) for name, listed in known.items()}


def _names(entry: Variable) -> list[tuple[str, float, str]]:
    own = [(name, LABEL, "its name") for name in (entry.name, entry.label_en, entry.label_zh)]
    return own + [(name, SYNONYM, "a synonym") for name in SYNONYMS.get(entry.name, ())]
