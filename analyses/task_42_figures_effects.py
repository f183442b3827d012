"""Figures of the four effects: paths of the outcomes, event studies, every coefficient."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pytask import Product, task

from urbanecon.cleaning.codebook import Language
from urbanecon.effects import CLAIMS
from urbanecon.measures import summaries
from urbanecon.measures.variables import open_panel
from urbanecon.needs import FIGURE_CODE, code
from urbanecon.outputs import codebook_file, figure_files, panel_files, result_files
from urbanecon.plotting import coefficients, event_study, inequality, regions, trends
from urbanecon.plotting.saving import save
from urbanecon.project import find_project
from urbanecon.reporting.figure_frames import primary_event_studies, standardised_coefficients
from urbanecon.steps import Drawing, editions, in_language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROJECT = find_project(Path(__file__).parent)
PANEL = panel_files(PROJECT)
RESULTS = result_files(PROJECT)


def draw_trends(language: Language) -> "Figure":
    """Draw the primary outcomes of pilots and of never pilots over time."""
    data = open_panel(PROJECT.build)
    primary = [claim.primary.variable for claim in CLAIMS.values()]
    means = summaries.pilot_trends(data, [v for v in primary if v in data.data])
    return trends.pilot_trends(means, language=language)


def draw_event_studies(language: Language) -> "Figure":
    """Draw the event study of each primary outcome."""
    paths, p_values = primary_event_studies(RESULTS)
    return event_study.event_study(paths, p_values, language=language)


def draw_upgrading(language: Language) -> "Figure":
    """Draw the upgrading of industry by region."""
    means = summaries.by_region(open_panel(PROJECT.build), "upgrading", weight="gdp")
    return regions.region_trends(means, "upgrading", language=language)


def draw_inequality(language: Language) -> "Figure":
    """Draw inequality between cities, within provinces and between them."""
    series = summaries.between_cities(open_panel(PROJECT.build), "gdp_pc_real", "population")
    return inequality.inequality(series, "gdp_pc_real", language=language)


def draw_coefficients(language: Language) -> "Figure":
    """Draw the pilot's standardised coefficient on every outcome."""
    table = standardised_coefficients(RESULTS, open_panel(PROJECT.build), "pilot")
    return coefficients.coefficients(table, scale="standardised", language=language)


FIGURES = {
    "trends": Drawing(draw_trends, PANEL, ("plotting.trends", "effects.*")),
    "event_studies": Drawing(
        draw_event_studies,
        {**RESULTS, "codebook": codebook_file(PROJECT)},
        ("plotting.event_study", "reporting.figure_frames"),
    ),
    "upgrading": Drawing(draw_upgrading, PANEL, ("plotting.regions",)),
    "inequality": Drawing(draw_inequality, PANEL, ("plotting.inequality",)),
    "coefficients": Drawing(
        draw_coefficients,
        {**RESULTS, **PANEL},
        ("plotting.coefficients", "reporting.figure_frames"),
    ),
}

for name, language in editions(PROJECT, FIGURES):

    @in_language(language)
    @task(id=f"{name}-{language}")
    def task_figures_of_effects(
        inputs: dict[str, Path] = FIGURES[name].inputs,
        modules: str = code(*FIGURES[name].modules, *FIGURE_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, name, language),
        which: str = name,
        told: Language = language,
    ) -> None:
        save(FIGURES[which].draw(told), figure["png"].with_suffix(""))
