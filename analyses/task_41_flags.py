"""Figure: which raw cells are doubtful, and why."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.summaries import doubtful_shares
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.coverage import flags
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)


def task_flags(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.coverage", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "flags"),
) -> None:
    shares = doubtful_shares(open_panel(PROJECT.build))
    save(flags(shares), figure["png"].with_suffix(""))
