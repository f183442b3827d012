"""Figure: rank and size of the cities in two censuses."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.catching_up import SIZE, TAIL, ranked_sizes
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    drawable_figures,
    figure_files,
    find_project,
    panel_files,
)
from urbanecon.plotting.rank_size import rank_size_plot
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)

if "rank_size" in drawable_figures(PROJECT):

    def task_rank_size(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code(
            "plotting.rank_size", "measures.catching_up", "measures.ranksize", *FIGURE_CODE
        ),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "rank_size"),
    ) -> None:
        sizes = ranked_sizes(open_panel(PROJECT.build).data)
        cities = sizes.rename("value").reset_index()
        save(rank_size_plot(cities, SIZE, top=TAIL), figure["png"].with_suffix(""))
