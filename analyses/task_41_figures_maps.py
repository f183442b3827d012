"""Maps: pilots, PM2.5, urban shares, and local clusters of PM2.5."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pytask import Product, task

from urbanecon.cleaning.codebook import Language
from urbanecon.measures.distributions import city_values, local_clusters
from urbanecon.measures.summaries import pilot_cities
from urbanecon.measures.variables import open_panel
from urbanecon.needs import FIGURE_CODE, code
from urbanecon.outputs import figure_files, panel_files
from urbanecon.plotting.maps import choropleth, cluster_map, pilot_map
from urbanecon.plotting.saving import save
from urbanecon.project import find_project
from urbanecon.steps import Drawing, editions, in_language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROJECT = find_project(Path(__file__).parent)
PANEL = panel_files(PROJECT)
MAP_CODE = ("plotting.maps", "plotting.outlines", "measures.distributions")

YEAR = 2018
"""Last year of the urban share."""


def draw_pilots(language: Language) -> "Figure":
    """Draw the pilot cities by their first year."""
    return pilot_map(pilot_cities(open_panel(PROJECT.build)), language=language)


def draw_values(variable: str, language: Language) -> "Figure":
    """Draw the cities' values of `YEAR`."""
    values = city_values(open_panel(PROJECT.build), variable, [YEAR]).drop(columns="year")
    return choropleth(values, variable, year=YEAR, language=language)


def draw_clusters(language: Language) -> "Figure":
    """Draw where high values of PM2.5 stand beside high ones, and low beside low."""
    clusters = local_clusters(open_panel(PROJECT.build), "pm25_chap", YEAR)
    return cluster_map(clusters, "pm25_chap", year=YEAR, language=language)


FIGURES = {
    "map_pilots": Drawing(draw_pilots, PANEL, MAP_CODE),
    "map_pm25": Drawing(partial(draw_values, "pm25_chap"), PANEL, MAP_CODE),
    "map_urban_share": Drawing(partial(draw_values, "urban_share_benchmarked"), PANEL, MAP_CODE),
    "map_clusters": Drawing(draw_clusters, PANEL, (*MAP_CODE, "estimation.spatial_tests")),
}

for name, language in editions(PROJECT, FIGURES):

    @in_language(language)
    @task(id=f"{name}-{language}")
    def task_maps(
        inputs: dict[str, Path] = FIGURES[name].inputs,
        modules: str = code(*FIGURES[name].modules, *FIGURE_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, name, language),
        which: str = name,
        told: Language = language,
    ) -> None:
        save(FIGURES[which].draw(told), figure["png"].with_suffix(""))
