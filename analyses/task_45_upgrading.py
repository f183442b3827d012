"""Figure: industrial structure upgrading by region."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.summaries import by_region
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.regions import region_trends
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)


def task_upgrading(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.regions", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "upgrading"),
) -> None:
    trends = by_region(open_panel(PROJECT.build), "upgrading", weight="gdp")
    save(region_trends(trends, "upgrading"), figure["png"].with_suffix(""))
