"""The few words that tables need beside the codebook's labels, in both languages."""

from __future__ import annotations

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import UnknownNameError, did_you_mean

WORDS: dict[str, tuple[str, str]] = {
    "city": ("City", "城市"),
    "province": ("Province", "省份"),
    "year": ("Year", "年份"),
    "effects": ("{} effects", "{}固定效应"),
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


def effect_label(effect: str, language: Language = "en") -> str:
    """Fixed effect in words: ``province:year`` becomes "Province-by-year effects"."""
    parts = [word(part, language) for part in effect.split(":")]
    if len(parts) == 1:
        return word("effects", language).format(parts[0])
    interaction = word("by", language).format(parts[0], parts[1].lower())
    return word("effects", language).format(interaction)
