"""Figure: the primary outcomes of pilot and never-pilot cities over time."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.effects import CLAIMS
from urbanecon.measures.summaries import pilot_trends
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting import trends
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)


def task_trends(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.trends", "effects.*", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "trends"),
) -> None:
    data = open_panel(PROJECT.build)
    primary = [claim.primary.variable for claim in CLAIMS.values()]
    drawn = trends.pilot_trends(pilot_trends(data, [v for v in primary if v in data.data]))
    save(drawn, figure["png"].with_suffix(""))
