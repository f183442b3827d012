"""Figure: which cities became pilots, and when."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.summaries import pilot_cities
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.saving import save
from urbanecon.plotting.timing import pilot_timing

PROJECT = find_project(Path(__file__).parent)


def task_timing(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.timing", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "timing"),
) -> None:
    cities = pilot_cities(open_panel(PROJECT.build))
    save(pilot_timing(cities), figure["png"].with_suffix(""))
