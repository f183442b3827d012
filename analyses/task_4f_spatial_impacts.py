"""Figure: direct, indirect and total effects of the pilot."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    figure_files,
    find_project,
    panel_files,
    result_files,
)
from urbanecon.plotting.impacts import spatial_impacts
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import impact_frame

PROJECT = find_project(Path(__file__).parent)


def task_spatial_impacts(
    results: dict[str, Path] = result_files(PROJECT),
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.impacts",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "spatial_impacts"),
) -> None:
    table = impact_frame(results, open_panel(PROJECT.build))
    save(spatial_impacts(table), figure["png"].with_suffix(""))
