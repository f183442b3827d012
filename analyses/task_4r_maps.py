"""Maps: pilots, PM2.5, urban shares, and local clusters of PM2.5."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pytask import Product

from urbanecon.measures.distributions import city_values, local_clusters
from urbanecon.measures.summaries import pilot_cities
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    drawable_figures,
    figure_files,
    find_project,
    panel_files,
)
from urbanecon.plotting.maps import choropleth, cluster_map, pilot_map
from urbanecon.plotting.outlines import available
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)
MAP_CODE = ("plotting.maps", "plotting.outlines", "measures.distributions", *FIGURE_CODE)
YEAR = 2018
"""Last year of the urban share."""

DRAWN = drawable_figures(PROJECT) if available() else ()


def one_year(variable: str) -> pd.DataFrame:
    """Return the cities' values of `YEAR`."""
    return city_values(open_panel(PROJECT.build), variable, [YEAR]).drop(columns="year")


if "map_pilots" in DRAWN:

    def task_map_pilots(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code(*MAP_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "map_pilots"),
    ) -> None:
        cities = pilot_cities(open_panel(PROJECT.build))
        save(pilot_map(cities), figure["png"].with_suffix(""))


if "map_pm25" in DRAWN:

    def task_map_pm25(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code(*MAP_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "map_pm25"),
    ) -> None:
        drawn = choropleth(one_year("pm25_chap"), "pm25_chap", year=YEAR)
        save(drawn, figure["png"].with_suffix(""))


if "map_urban_share" in DRAWN:

    def task_map_urban_share(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code(*MAP_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "map_urban_share"),
    ) -> None:
        values = one_year("urban_share_benchmarked")
        drawn = choropleth(values, "urban_share_benchmarked", year=YEAR)
        save(drawn, figure["png"].with_suffix(""))


if "map_clusters" in DRAWN:

    def task_map_clusters(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code(*MAP_CODE, "estimation.spatial_tests"),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "map_clusters"),
    ) -> None:
        clusters = local_clusters(open_panel(PROJECT.build), "pm25_chap", YEAR)
        save(cluster_map(clusters, "pm25_chap", year=YEAR), figure["png"].with_suffix(""))
