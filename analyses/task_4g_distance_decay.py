"""Figure: effects of pilots on the cities around them, by distance."""

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
from urbanecon.plotting.decay import distance_decay
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import decay_frame

PROJECT = find_project(Path(__file__).parent)


def task_distance_decay(
    results: dict[str, Path] = result_files(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.decay",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "distance_decay"),
) -> None:
    save(distance_decay(decay_frame(results)), figure["png"].with_suffix(""))
