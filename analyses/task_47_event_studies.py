"""Figure: the event study of each effect's primary outcome."""

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
from urbanecon.plotting.event_study import event_study
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames import primary_event_studies

PROJECT = find_project(Path(__file__).parent)


def task_event_studies(
    results: dict[str, Path] = result_files(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.event_study", "reporting.figure_frames", *FIGURE_CODE
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "event_studies"),
) -> None:
    paths, p_values = primary_event_studies(results)
    save(event_study(paths, p_values), figure["png"].with_suffix(""))
