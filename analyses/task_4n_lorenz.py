"""Figure: Lorenz curves of cities, and the parts of their Gini index over time."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.distributions import dagum_of_regions, lorenz_curves
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.dagum import lorenz_and_dagum
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)

YEARS = (2003, 2010, 2019)


def task_lorenz(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.dagum", "measures.distributions", "measures.dagum", *FIGURE_CODE
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "lorenz"),
) -> None:
    data = open_panel(PROJECT.build)
    curves = lorenz_curves(data, "gdp_pc_real", "population", YEARS)
    parts = dagum_of_regions(data, "gdp_pc_real", "population")
    save(lorenz_and_dagum(curves, parts, "gdp_pc_real"), figure["png"].with_suffix(""))
