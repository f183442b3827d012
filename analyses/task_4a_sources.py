"""Figure: two sources of one thing, side by side."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.cleaning.comparison import compare
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    drawable_figures,
    figure_files,
    find_project,
    panel_files,
)
from urbanecon.plotting.saving import save
from urbanecon.plotting.sources import source_scatter
from urbanecon.reporting.cell_quality import side_by_side, within_years

PROJECT = find_project(Path(__file__).parent)


if "sources" in drawable_figures(PROJECT):

    def task_sources(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code(
            "plotting.sources", "cleaning.comparison", "reporting.cell_quality", *FIGURE_CODE
        ),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "sources"),
    ) -> None:
        data = within_years(open_panel(PROJECT.build))
        table = compare(data).table
        save(source_scatter(side_by_side(data, table), table), figure["png"].with_suffix(""))
