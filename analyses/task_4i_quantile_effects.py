"""Figure: effects along the distribution of the outcomes."""

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
from urbanecon.plotting.quantiles import quantile_effects
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import quantile_frames

PROJECT = find_project(Path(__file__).parent)


def task_quantile_effects(
    results: dict[str, Path] = result_files(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.quantiles",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "quantile_effects"),
) -> None:
    table, means = quantile_frames(results)
    save(quantile_effects(table, means), figure["png"].with_suffix(""))
