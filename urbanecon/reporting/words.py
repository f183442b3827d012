"""The few words that tables need beside the codebook's labels, in both languages."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import UnknownNameError, did_you_mean

WORDS: dict[str, tuple[str, str]] = {
    "city": ("City", "城市"),
    "province": ("Province", "省份"),
    "year": ("Year", "年份"),
    "effects": ("{} effects", "{}固定效应"),
    "and": (" and ", "和"),
    "and_by": (", by ", "、按"),
    "in_columns": ("{} (columns {})", "{}（第 {} 列）"),
    "by": ("{}-by-{}", "{}×{}"),
    "fixed_effects": ("Fixed effects", "固定效应"),
    "tests": ("Test and sample", "检验与样本"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "coefficient": ("Coefficient", "系数"),
    "p": ("p-value", "p 值"),
    "observations": ("Observations", "观测值"),
    "clusters": ("Clusters", "聚类数"),
    "r2_within": ("R² within", "组内 R²"),
    "outcome_mean": ("Mean of outcome", "因变量均值"),
    "joint_p": ("Joint test of leads, p", "事前系数联合检验 p 值"),
    "not_estimable": ("n.e.", "不可估计"),
    "event_time": ("Years since adoption", "距试点年数"),
    "unit": ("Unit", "单位"),
    "n": ("N", "观测值"),
    "units": ("Cities", "城市数"),
    "years": ("Years", "年份"),
    "mean": ("Mean", "均值"),
    "sd": ("S.D.", "标准差"),
    "min": ("Min.", "最小值"),
    "median": ("Median", "中位数"),
    "max": ("Max.", "最大值"),
    "tier": ("Tier", "等级"),
    "licence": ("Licence", "许可"),
    "feeds": ("Feeds", "用于"),
    "variable": ("{} variable", "{} 个变量"),
    "variables": ("{} variables", "{} 个变量"),
    "present": ("Present", "是否可用"),
    "equations": ("Equations", "方程数"),
    "cells": ("Cells", "单元格"),
    "observed": ("Observed", "原始观测"),
    "derived": ("Derived", "推算"),
    "flagged": ("Flagged", "被标记"),
    "tier_A": ("Tier A", "A 级"),
    "tier_B": ("Tier B", "B 级"),
    "tier_C": ("Tier C", "C 级"),
    "sound": ("Observed, A or B", "原始观测且 A 或 B 级"),
    "all_outcomes": ("All outcomes", "全部结果变量"),
    "together": ("Together", "合计"),
    "common_cells": ("Common cells", "共同单元格"),
    "r_levels": ("r, levels", "r(水平)"),
    "r_logs": ("r, logs", "r(对数)"),
    "r_within": ("r, within", "r(组内)"),
    "ratio": ("Ratio", "比值"),
    "ratio_middle": ("Middle half", "四分位区间"),
    "caption_comparison": ("Two sources of one thing", "同一变量的两个来源"),
    "caption_quality": (
        "Cells that the two-way estimates rest on",
        "双向固定效应估计所依据的单元格",
    ),
    "caption_main": ("Two-way fixed effects: {}", "双向固定效应:{}"),
    "caption_event": ("Event study of the pilot: {}", "试点事件研究:{}"),
    "caption_descriptive": ("Descriptive statistics", "描述性统计"),
    "caption_sources": ("Data sources", "数据来源"),
    "note_main": (
        "Standard errors in parentheses, clustered by {}. A coefficient on a share is the effect "
        "of moving it from 0 to 1.",
        "括号内为按{}聚类的标准误。份额变量的系数为其由 0 变为 1 的效应。",
    ),
    "note_event": (
        "Coefficients relative to the year before adoption; standard errors in parentheses, "
        "clustered by {}.",
        "系数相对于试点前一年;括号内为按{}聚类的标准误。",
    ),
    "note_binned": (
        "Coefficients relative to the year before adoption; standard errors in parentheses, "
        "clustered by {}. The first and the last year gather all years beyond.",
        "系数相对于试点前一年;括号内为按{}聚类的标准误。首末两期归并其外的全部年份。",
    ),
    "note_not_estimable": ("n.e.: not estimable; {}.", "不可估计:{}。"),
    "note_descriptive": (
        "Cells of the panel that the estimates admit, all years.",
        "面板中进入估计的全部年份的观测。",
    ),
    "note_sources": (
        "Tier A: open licence stated; B: academic or official figures without a stated licence; "
        "C: provenance unclear, robustness checks only.",
        "A 级:有明确开放许可;B 级:学术或官方数据,未声明许可;C 级:来源不明,仅用于稳健性检验。",
    ),
    "note_comparison": (
        "Each heading is a variable, each line another that measures the same thing. r: "
        "correlation over common city-years of levels, of logs, and of logs less the city's mean. "
        "Ratio: median of the second over the first, with its middle half. –: not enough common "
        "cells, because the sources are not at hand or share too few.",
        "标题为变量,其下各行为度量同一事物的另一变量。r 为共同城市-年份上水平值、对数及"
        "去除城市均值的对数的相关系数。比值为后者与前者之比的中位数及四分位区间。–:共同单元格不足,或来源不可用。",
    ),
    "note_quality": (
        "Each row of a sample counts once for each raw variable below its equation; equations of "
        "one outcome are counted together. Observed: a published figure that no rule doubts; "
        "derived: computed by its source, or benchmarked; flagged: doubted by a rule and kept. "
        "Tier of the source, as in the table of sources. Shares of a province's residents in "
        "pilot cities, and cities outside the list of pilots, have no raw cell of their own.",
        "样本的每一行对其方程所依据的每个原始变量各计一次;同一结果变量的各方程合并计算。原始观测:"
        "已公布且未被任何规则质疑的数值;推算:由来源推算或经校准;被标记:被规则质疑但予以保留。等级见"
        "数据来源表。省内试点城市居民占比及未列入试点名单的城市没有自身的原始单元格。",
    ),
}
"""English and Chinese by key; those of the ledger and the strategies are in `words.toml`."""

CATALOGUE = Path(__file__).with_suffix(".toml")


@cache
def load_words() -> dict[str, tuple[str, str]]:
    """Return all words, those of the catalogue among them."""
    entries = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return WORDS | {key: (entry["en"], entry["zh"]) for key, entry in entries.items()}


def word(key: str, language: Language = "en") -> str:
    """Return a word of the tables' vocabulary.

    Raises
    ------
    UnknownNameError
        If there is no such word.
    """
    words = load_words()
    if key not in words:
        raise UnknownNameError(f"No word {key!r} for tables.{did_you_mean(key, words)}")
    return words[key][1 if language == "zh" else 0]


def labelled(text: str, language: Language = "en") -> str:
    """Return `text` with each variable that it quotes by name ('gdp') told by its label."""
    codebook = load_codebook()

    def told(quoted: re.Match[str]) -> str:
        name = quoted.group(1)
        return f"“{codebook.label(name, language)}”" if name in codebook else quoted.group(0)

    return re.sub(r"'(\w+)'", told, text)


def effect_label(effect: str, language: Language = "en") -> str:
    """Fixed effect in words: ``province:year`` becomes "Province-by-year effects"."""
    parts = [word(part, language) for part in effect.split(":")]
    if len(parts) == 1:
        return word("effects", language).format(parts[0])
    interaction = word("by", language).format(parts[0], parts[1].lower())
    return word("effects", language).format(interaction)
