"""Figures: coupling coordination of urbanization with ecology and culture, by region."""

from pathlib import Path
from typing import Annotated

import pytask
from pytask import Product

from urbanecon.measures.summaries import by_region
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    drawable_figures,
    figure_files,
    find_project,
    panel_files,
)
from urbanecon.plotting.regions import region_trends
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)

DRAWN = [name for name in drawable_figures(PROJECT) if name.startswith("coupling_")]


for coupling in DRAWN:

    @pytask.task(id=coupling)
    def task_coupling(
        variable: str = coupling,
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code("plotting.regions", *FIGURE_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, coupling),
    ) -> None:
        trends = by_region(open_panel(PROJECT.build), variable)
        save(region_trends(trends, variable), figure["png"].with_suffix(""))
