"""Figures of the routes: citizenization, catching up, coupling with ecology and culture."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pytask import Product, task

from urbanecon.cleaning.codebook import Language
from urbanecon.measures.catching_up import SIZE, TAIL, ranked_sizes
from urbanecon.measures.distributions import dagum_of_regions, lorenz_curves, markov_moves
from urbanecon.measures.summaries import by_region
from urbanecon.measures.variables import open_panel
from urbanecon.needs import FIGURE_CODE, code
from urbanecon.outputs import codebook_file, figure_files, panel_files, row_files
from urbanecon.plotting.dagum import lorenz_and_dagum
from urbanecon.plotting.marginal import marginal_effects
from urbanecon.plotting.rank_size import rank_size_plot
from urbanecon.plotting.regions import region_trends
from urbanecon.plotting.saving import save
from urbanecon.plotting.transitions import transition_matrices
from urbanecon.project import find_project
from urbanecon.reporting.figure_frames_estimates import marginal_frames
from urbanecon.steps import Drawing, editions, in_language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROJECT = find_project(Path(__file__).parent)
PANEL = panel_files(PROJECT)
ROUTE = {"R1": row_files(PROJECT)["R1"]}

LEVEL, WEIGHT = "gdp_pc_real", "population"
PERIODS = ((2003, 2013), (2014, 2023))
"""Before the first pilots, and since."""
YEARS = (2003, 2010, 2019)
"""Years of the Lorenz curves."""
MODERATOR = "citizenization"


def draw_marginal_effects(language: Language) -> "Figure":
    """Draw the pilot's coefficient along citizenization, where there are cities."""
    lines, support, bins = marginal_frames(ROUTE, MODERATOR)
    return marginal_effects(lines, support, bins, MODERATOR, language=language)


def draw_transitions(language: Language) -> "Figure":
    """Draw moves between quarters of output."""
    moves = markov_moves(open_panel(PROJECT.build), LEVEL, PERIODS)
    return transition_matrices(moves, LEVEL, language=language)


def draw_lorenz(language: Language) -> "Figure":
    """Draw Lorenz curves, and the parts of Dagum's Gini over time."""
    data = open_panel(PROJECT.build)
    curves = lorenz_curves(data, LEVEL, WEIGHT, YEARS)
    parts = dagum_of_regions(data, LEVEL, WEIGHT)
    return lorenz_and_dagum(curves, parts, LEVEL, language=language)


def draw_rank_size(language: Language) -> "Figure":
    """Draw the rank and size of cities."""
    sizes = ranked_sizes(open_panel(PROJECT.build).data)
    cities = sizes.rename("value").reset_index()
    return rank_size_plot(cities, SIZE, top=TAIL, language=language)


def draw_coupling(degree: str, language: Language) -> "Figure":
    """Draw a degree of coupling coordination by region."""
    trends = by_region(open_panel(PROJECT.build), degree)
    return region_trends(trends, degree, language=language)


FIGURES = {
    "marginal_effects": Drawing(
        draw_marginal_effects,
        {**ROUTE, "codebook": codebook_file(PROJECT)},
        ("plotting.marginal", "plotting.estimates", "reporting.figure_frames_estimates"),
    ),
    "transitions": Drawing(
        draw_transitions,
        PANEL,
        ("plotting.transitions", "measures.distributions", "measures.transitions"),
    ),
    "lorenz": Drawing(
        draw_lorenz, PANEL, ("plotting.dagum", "measures.distributions", "measures.dagum")
    ),
    "rank_size": Drawing(
        draw_rank_size, PANEL, ("plotting.rank_size", "measures.catching_up", "measures.ranksize")
    ),
    "coupling_ecology": Drawing(
        partial(draw_coupling, "coupling_ecology"), PANEL, ("plotting.regions",)
    ),
    "coupling_culture": Drawing(
        partial(draw_coupling, "coupling_culture"), PANEL, ("plotting.regions",)
    ),
}

for name, language in editions(PROJECT, FIGURES):

    @in_language(language)
    @task(id=f"{name}-{language}")
    def task_figures_of_routes(
        inputs: dict[str, Path] = FIGURES[name].inputs,
        modules: str = code(*FIGURES[name].modules, *FIGURE_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, name, language),
        which: str = name,
        told: Language = language,
    ) -> None:
        save(FIGURES[which].draw(told), figure["png"].with_suffix(""))
