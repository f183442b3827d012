"""Figure: the urban share by region, with the two censuses."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.summaries import by_region, census_urban_shares
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


if "urbanization" in drawable_figures(PROJECT):

    def task_urbanization(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code("plotting.regions", *FIGURE_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "urbanization"),
    ) -> None:
        data = open_panel(PROJECT.build)
        trends = by_region(data, "urban_share_benchmarked", weight="population")
        drawn = region_trends(trends, "urban_share_benchmarked", census_urban_shares(data))
        save(drawn, figure["png"].with_suffix(""))
