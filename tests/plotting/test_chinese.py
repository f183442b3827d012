"""Every figure in Chinese: no English but names and symbols, no character without a glyph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from plotting.test_bacon_figure import comparisons
from plotting.test_confounding import benchmarks, grid
from plotting.test_dagum_figure import curves, parts
from plotting.test_decay_figure import rings
from plotting.test_group_time_figure import effects
from plotting.test_honest_figure import paths, sets
from plotting.test_impacts_figure import impacts
from plotting.test_maps import cities as places
from plotting.test_maps import needs_polygons
from plotting.test_marginal_figure import frames
from plotting.test_mechanisms_figure import links
from plotting.test_quantiles_figure import means, path
from plotting.test_rank_size_figure import cities as sizes
from plotting.test_sensitivity import FULL, provinces, trend
from plotting.test_sources_figure import table, values
from plotting.test_specification_curve import CHOICES, curve
from plotting.test_threshold_figure import SHARE, search
from plotting.test_transitions_figure import moves

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.registry import load_registry
from urbanecon.measures.catching_up import SIZE
from urbanecon.plotting import (
    bacon,
    coefficients,
    confounding,
    coverage,
    dagum,
    decay,
    event_study,
    fonts,
    group_time,
    honest,
    inequality,
    maps,
    marginal,
    mechanisms,
    quantiles,
    rank_size,
    regions,
    ridges,
    sensitivity,
    sources,
    specification_curve,
    threshold,
    timing,
    transitions,
    trends,
)
from urbanecon.plotting import (
    impacts as spatial,
)
from urbanecon.plotting.words import load_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIXTURES = (
    comparisons, benchmarks, grid, curves, parts, rings, effects, paths, sets, impacts, places,
    frames, links, means, path, sizes, provinces, trend, table, values, curve, search, moves,
)  # fmt: skip
"""Frames of the tests of each figure, drawn here in Chinese."""

LATIN = re.compile(r"[A-Za-z][A-Za-z_]+")
"""Two letters and more: single ones are symbols."""
NAMES = {"GDP", "PM", "CO", "SO", "CHAP", "EDGAR", "CEADs", "GPI", "IGBP", "CRITIC", "Dagum"}
"""Abbreviations and names of methods that stay Latin in Chinese."""
SOURCES = frozenset(load_registry())
"""Registry ids, which name the axes of the figure of sources and stand in some labels."""

Get = Callable[[str], Any]
ZH: Any = {"language": "zh"}
DRAW: dict[str, Callable[[Get], Figure]] = {
    "coverage": lambda get: coverage.coverage(get("coverage_shares"), **ZH),
    "flags": lambda get: coverage.flags(get("flag_shares"), **ZH),
    "flags_by_year": lambda get: coverage.flagged_by_year(get("coverage_shares"), **ZH),
    "sources": lambda get: sources.source_scatter(get("values"), get("table"), **ZH),
    "urbanization": lambda get: regions.region_trends(
        get("region_frame"), "urban_share", get("census_points"), **ZH
    ),
    "timing": lambda get: timing.pilot_timing(in_chinese(get("pilot_cities")), **ZH),
    "inequality": lambda get: inequality.inequality(
        get("inequality_series"), "gdp_pc_real", **ZH
    ),
    "trends": lambda get: trends.pilot_trends(get("pilot_frame"), **ZH),
    "event_studies": lambda get: event_study.event_study(
        {"ln_gdp_pc_real": get("path_frame")}, {"ln_gdp_pc_real": 0.4}, **ZH
    ),
    "coefficients": lambda get: coefficients.coefficients(get("coefficient_table"), **ZH),
    "honest_bounds": lambda get: honest.honest_bounds(
        get("paths"), get("sets"), {get("sets")["outcome"].iloc[0]: 0.5}, **ZH
    ),
    "group_time_effects": lambda get: group_time.group_time_effects(get("effects"), **ZH),
    "bacon": lambda get: bacon.bacon_scatter(get("comparisons"), **ZH),
    "thresholds": lambda get: threshold.threshold_curves(get("search"), SHARE, **ZH),
    "spatial_impacts": lambda get: spatial.spatial_impacts(get("impacts"), **ZH),
    "distance_decay": lambda get: decay.distance_decay(get("rings"), **ZH),
    "marginal_effects": lambda get: marginal.marginal_effects(
        *get("frames"), "citizenization", **ZH
    ),
    "quantile_effects": lambda get: quantiles.quantile_effects(get("path"), get("means"), **ZH),
    "mechanisms": lambda get: mechanisms.mechanism_diagrams(get("links"), **ZH),
    "transitions": lambda get: transitions.transition_matrices(get("moves"), "gdp_pc_real", **ZH),
    "lorenz": lambda get: dagum.lorenz_and_dagum(
        get("curves"), get("parts"), "gdp_pc_real", **ZH
    ),
    "ridges": lambda get: ridges.ridges(get("city_values"), "upgrading", **ZH),
    "rank_size": lambda get: rank_size.rank_size_plot(get("sizes"), SIZE, top=25, **ZH),
    "left_out": lambda get: sensitivity.left_out(
        get("provinces").assign(group=["湖北省", "江苏省", "西藏自治区"][: len(get("provinces"))]),
        FULL, "ln_gdp_pc_real", **ZH,
    ),
    "randomization": lambda _: sensitivity.randomization_density(
        np.random.default_rng(0).normal(size=999), 1.5, 0.1, **ZH
    ),
    "confounding": lambda get: confounding.confounding(
        get("grid"), get("benchmarks"), 1.96, **ZH
    ),
    "power": lambda get: sensitivity.trend_power(*get("trend"), 0.8, 0.01, "ln_gdp_pc_real", **ZH),
    "curve": lambda get: specification_curve.specification_curve(
        get("curve"), CHOICES, ["terrain"], **ZH
    ),
}  # fmt: skip
MAPS: dict[str, Callable[[Get], Figure]] = {
    "map_pilots": lambda get: maps.pilot_map(get("pilot_cities"), **ZH),
    "map_values": lambda get: maps.choropleth(get("places"), "pm25_chap", year=2015, **ZH),
}


def in_chinese(cities: Any) -> Any:
    names = load_divisions().drop_duplicates("province_en").set_index("province_en")["province_zh"]
    return cities.assign(province=cities["province"].map(names))


def texts(figure: Figure) -> list[str]:
    """Everything that a figure says."""
    from matplotlib.text import Text

    for panel in figure.axes:
        panel.get_xticklabels(), panel.get_yticklabels()  # what is not drawn yet has no text
    return [found.get_text() for found in figure.findobj(Text) if found.get_text()]


def english(said: Iterable[str]) -> set[str]:
    """Latin words that are no names; $formulas$ aside."""
    plain = (re.sub(r"\$[^$]*\$|\{[^}]*\}", "", text) for text in said)
    told = (text for text in plain if text not in SOURCES)
    return {found for text in told for found in LATIN.findall(text)} - NAMES - SOURCES


def without_glyph(said: Iterable[str]) -> set[str]:
    from matplotlib.ft2font import FT2Font

    known = {chr(code) for code in FT2Font(str(fonts.font_path())).get_charmap()} | {"\n"}
    return {character for text in said for character in text} - known


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_in_chinese_says_nothing_in_english(
    name: str, request: pytest.FixtureRequest
) -> None:
    said = texts(DRAW[name](request.getfixturevalue))
    assert any("\u4e00" <= character <= "\u9fff" for text in said for character in text)
    assert english(said) == set()
    assert without_glyph(said) == set()


@needs_polygons
@pytest.mark.parametrize("name", MAPS)
def test_a_map_in_chinese_says_nothing_in_english(
    name: str, request: pytest.FixtureRequest
) -> None:
    said = texts(MAPS[name](request.getfixturevalue))
    assert english(said) == without_glyph(said) == set()


def test_every_label_and_word_in_chinese_is_chinese() -> None:
    labels = {name: entry.label_zh for name, entry in load_codebook().items()}
    words = {key: entry["zh"] for key, entry in load_words().items()}
    assert english([*labels.values(), *words.values()]) == set()


def test_english_left_in_a_figure_is_found() -> None:
    assert english(["实际人均GDP对数 (CHAP)", "95% interval", "p = 0.2"]) == {"interval"}
    assert without_glyph(["中文", "\U0001f600"]) == {"\U0001f600"}
