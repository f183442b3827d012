"""Figure: the search for a threshold in the urban share."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    codebook_file,
    drawable_figures,
    figure_files,
    find_project,
    result_files,
)
from urbanecon.plotting.saving import save
from urbanecon.plotting.threshold import threshold_curves
from urbanecon.reporting.figure_frames_estimates import threshold_frame

PROJECT = find_project(Path(__file__).parent)
VARIABLE = "urban_share_benchmarked"


if "thresholds" in drawable_figures(PROJECT):

    def task_thresholds(
        results: dict[str, Path] = result_files(PROJECT),
        codebook: Path = codebook_file(PROJECT),
        modules: dict[str, Path] = code(
            "plotting.threshold",
            "plotting.estimates",
            "reporting.figure_frames_estimates",
            *FIGURE_CODE,
        ),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "thresholds"),
    ) -> None:
        curves, p_values = threshold_frame(results, VARIABLE)
        save(threshold_curves(curves, VARIABLE, p_values), figure["png"].with_suffix(""))
