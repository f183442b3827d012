"""Figure: effects by cohort and year."""

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
from urbanecon.plotting.group_time import group_time_effects
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import group_time_frame

PROJECT = find_project(Path(__file__).parent)


def task_group_time_effects(
    results: dict[str, Path] = result_files(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.group_time",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "group_time_effects"),
) -> None:
    save(group_time_effects(group_time_frame(results)), figure["png"].with_suffix(""))
