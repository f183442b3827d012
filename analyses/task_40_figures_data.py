"""Figures of the data: what is observed, what is doubtful, and who became a pilot when."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pytask import Product, task

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.cleaning.comparison import compare
from urbanecon.effects import SPECS
from urbanecon.measures import summaries
from urbanecon.measures.distributions import city_values
from urbanecon.measures.variables import open_panel
from urbanecon.needs import FIGURE_CODE, code
from urbanecon.outputs import figure_files, panel_files
from urbanecon.plotting import coverage, regions, ridges, sources, timing
from urbanecon.plotting.saving import save
from urbanecon.project import find_project
from urbanecon.reporting.cell_quality import side_by_side, within_years
from urbanecon.steps import Drawing, editions, in_language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROJECT = find_project(Path(__file__).parent)
PANEL = panel_files(PROJECT)

YEARS = range(2000, 2024, 3)
"""Years of the ridges."""


def draw_coverage(language: Language) -> "Figure":
    """Draw in which years the variables that the claims rest on are observed."""
    data = open_panel(PROJECT.build)
    tested = {v for specs in SPECS.values() for spec in specs for v in spec.variables}
    raw = data.raw_inputs(sorted(tested & set(data.data.columns)))
    shown = [
        name
        for name, entry in load_codebook().items()
        if name in raw and entry.level == "city" and not entry.constant
    ]
    return coverage.coverage(summaries.observed_shares(data, shown), language=language)


def draw_flags(language: Language) -> "Figure":
    """Draw which raw cells are doubtful, and why."""
    shares = summaries.doubtful_shares(open_panel(PROJECT.build))
    return coverage.flags(shares, language=language)


def draw_flags_by_year(language: Language) -> "Figure":
    """Draw when raw cells are doubtful."""
    shares = summaries.doubtful_by_year(open_panel(PROJECT.build))
    return coverage.flagged_by_year(shares, language=language)


def draw_sources(language: Language) -> "Figure":
    """Draw pairs of sources of one thing against each other."""
    data = within_years(open_panel(PROJECT.build))
    table = compare(data).table
    return sources.source_scatter(side_by_side(data, table), table, language=language)


def draw_timing(language: Language) -> "Figure":
    """Draw which cities became pilots, and when."""
    cities = summaries.pilot_cities(open_panel(PROJECT.build), language)
    return timing.pilot_timing(cities, language=language)


def draw_urbanization(language: Language) -> "Figure":
    """Draw the urban share by region, with the two censuses."""
    data = open_panel(PROJECT.build)
    share = "urban_share_benchmarked"
    trends = summaries.by_region(data, share, weight="population")
    censuses = summaries.census_urban_shares(data)
    return regions.region_trends(trends, share, censuses, language=language)


def draw_ridges(language: Language) -> "Figure":
    """Draw the distribution of output over cities, every third year."""
    cities = city_values(open_panel(PROJECT.build), "ln_gdp_pc_real", YEARS)
    return ridges.ridges(cities, "ln_gdp_pc_real", language=language)


FIGURES = {
    "coverage": Drawing(draw_coverage, PANEL, ("plotting.coverage", "effects.*")),
    "flags": Drawing(draw_flags, PANEL, ("plotting.coverage",)),
    "flags_by_year": Drawing(draw_flags_by_year, PANEL, ("plotting.coverage",)),
    "sources": Drawing(
        draw_sources,
        PANEL,
        ("plotting.sources", "cleaning.comparison", "reporting.cell_quality"),
    ),
    "timing": Drawing(draw_timing, PANEL, ("plotting.timing",)),
    "urbanization": Drawing(draw_urbanization, PANEL, ("plotting.regions",)),
    "ridges": Drawing(draw_ridges, PANEL, ("plotting.ridges", "measures.distributions")),
}

for name, language in editions(PROJECT, FIGURES):

    @in_language(language)
    @task(id=f"{name}-{language}")
    def task_figures_of_data(
        inputs: dict[str, Path] = FIGURES[name].inputs,
        modules: str = code(*FIGURES[name].modules, *FIGURE_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, name, language),
        which: str = name,
        told: Language = language,
    ) -> None:
        save(FIGURES[which].draw(told), figure["png"].with_suffix(""))
