"""The few words that tables need beside the codebook's labels, in both languages."""

from __future__ import annotations

import re

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
    "ledger": ("Claims ledger", "论断账本"),
    "claim": ("Claim", "论断"),
    "verdict": ("Verdict", "裁定"),
    "evidence": ("Evidence", "证据"),
    "supported": ("supported", "支持"),
    "contradicted": ("contradicted", "反驳"),
    "mixed": ("mixed", "混合"),
    "not supported": ("not supported", "不支持"),
    "not estimable": ("not estimable", "无法估计"),
    "ledger_claim": ("Claim", "论断"),
    "ledger_estimate": ("Pilot, two-way effects", "试点(双向固定效应)"),
    "ledger_p_wild": ("p, wild bootstrap", "自助法 p"),
    "ledger_p_ri": ("p, permuted paths", "置换 p"),
    "ledger_p_rw": ("p, Romano-Wolf", "Romano-Wolf p"),
    "ledger_mbar": ("Mbar", "Mbar"),
    "ledger_share": ("Multiverse with sign", "同号设定占比"),
    "ledger_verdict": ("Verdict", "裁定"),
    "ledger_p": (
        "p: clustered by city {city}, province wild bootstrap {wild}, permuted paths "
        "{randomization}, Romano-Wolf {romano_wolf}",
        "p 值:按城市聚类 {city},省级野自助法 {wild},路径置换 {randomization},"
        "Romano-Wolf {romano_wolf}",
    ),
    "ledger_bounds": (
        "leads p {leads}; zero enters the bounds at Mbar {breakdown}",
        "事前系数 p {leads};在 Mbar {breakdown} 处界限包含零",
    ),
    "ledger_multiverse": (
        "{share} of the multiverse has the claimed sign, median p {p}",
        "{share} 的设定与论断同号,p 值中位数 {p}",
    ),
    "ledger_unmet": ("for support it lacks: {}", "距“支持”尚缺:{}"),
    "caption_ledger": ("The claims ledger", "论断账本"),
    "note_ledger": (
        "The verdict follows a rule fixed before estimation: supported needs the claimed sign at "
        "5% after Romano-Wolf by two-way fixed effects or by group-time effects, leads that are "
        "not rejected, a HonestDiD breakdown Mbar of at least 0.5, and three quarters of the "
        "multiverse of the primary outcome with that sign at a median p below 0.10. Rows of "
        "routes and levers have no multiverse, so that they can at most be mixed. R1 and R2 are judged "
        "by one coefficient on the primary outcome of each effect.",
        "裁定规则在估计之前确定:“支持”要求双向固定效应或组群-时间效应在 Romano-Wolf 校正后"
        "于 5% 水平与论断同号、事前系数不被拒绝、HonestDiD 崩溃值 Mbar 不低于 0.5,且主要结果变量的多重设定中"
        "四分之三同号、p 值中位数低于 0.10。路径与举措没有多重设定,最多裁定为混合。"
        "R1 与 R2 由各效应主要结果变量方程中的一个系数裁定。",
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
"""English and Chinese by key."""


def word(key: str, language: Language = "en") -> str:
    """Return a word of the tables' vocabulary.

    Raises
    ------
    UnknownNameError
        If there is no such word.
    """
    if key not in WORDS:
        raise UnknownNameError(f"No word {key!r} for tables.{did_you_mean(key, WORDS)}")
    return WORDS[key][1 if language == "zh" else 0]


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
