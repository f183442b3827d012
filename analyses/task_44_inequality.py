"""Figure: inequality between cities over time."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.summaries import between_cities
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.inequality import inequality
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)


def task_inequality(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.inequality", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "inequality"),
) -> None:
    data = open_panel(PROJECT.build)
    series = between_cities(data, "gdp_pc_real", "population")
    save(inequality(series, "gdp_pc_real"), figure["png"].with_suffix(""))
