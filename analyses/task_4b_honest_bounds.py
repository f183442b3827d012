"""Figure: bounds on each primary effect when trends differ."""

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
from urbanecon.plotting.honest import honest_bounds
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import honest_frames

PROJECT = find_project(Path(__file__).parent)


def task_honest_bounds(
    results: dict[str, Path] = result_files(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.honest",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "honest_bounds"),
) -> None:
    paths, sets, breakdowns = honest_frames(results)
    save(honest_bounds(paths, sets, breakdowns), figure["png"].with_suffix(""))
