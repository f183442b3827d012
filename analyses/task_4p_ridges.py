"""Figure: the distribution of income over cities through the years."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.distributions import city_values
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.ridges import ridges
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)

YEARS = range(2000, 2024, 3)


def task_ridges(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.ridges", "measures.distributions", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "ridges"),
) -> None:
    cities = city_values(open_panel(PROJECT.build), "ln_gdp_pc_real", YEARS)
    save(ridges(cities, "ln_gdp_pc_real"), figure["png"].with_suffix(""))
