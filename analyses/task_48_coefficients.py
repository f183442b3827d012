"""Figure: the pilot's coefficient on every outcome of the four effects."""

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
from urbanecon.plotting.coefficients import coefficients
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames import standardised_coefficients

PROJECT = find_project(Path(__file__).parent)


def task_coefficients(
    results: dict[str, Path] = result_files(PROJECT),
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.coefficients", "reporting.figure_frames", *FIGURE_CODE
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "coefficients"),
) -> None:
    table = standardised_coefficients(results, open_panel(PROJECT.build), "pilot")
    save(coefficients(table, scale="standardised"), figure["png"].with_suffix(""))
