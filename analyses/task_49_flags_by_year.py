"""Figure: in which years raw cells are doubtful."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.summaries import doubtful_by_year
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.coverage import flagged_by_year
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)


def task_flags_by_year(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.coverage", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "flags_by_year"),
) -> None:
    shares = doubtful_by_year(open_panel(PROJECT.build))
    save(flagged_by_year(shares), figure["png"].with_suffix(""))
