"""Figure: the comparisons behind the two-way estimates."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    codebook_file,
    figure_files,
    find_project,
    result_files,
)
from urbanecon.plotting.bacon import bacon_scatter
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import bacon_frame

PROJECT = find_project(Path(__file__).parent)


def task_bacon(
    results: dict[str, Path] = result_files(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.bacon",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "bacon"),
) -> None:
    save(bacon_scatter(bacon_frame(results)), figure["png"].with_suffix(""))
