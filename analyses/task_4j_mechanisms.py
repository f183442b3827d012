"""Figure: routes of each effect, with estimates on the arrows."""

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
from urbanecon.plotting.mechanisms import mechanism_diagrams
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import mechanism_frame

PROJECT = find_project(Path(__file__).parent)


def task_mechanisms(
    results: dict[str, Path] = result_files(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.mechanisms",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "mechanisms"),
) -> None:
    save(mechanism_diagrams(mechanism_frame(results)), figure["png"].with_suffix(""))
