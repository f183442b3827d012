"""Figure: the effect of the pilot along the degree of citizenization."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    codebook_file,
    figure_files,
    find_project,
    row_files,
)
from urbanecon.plotting.marginal import marginal_effects
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_estimates import marginal_frames

PROJECT = find_project(Path(__file__).parent)
MODERATOR = "citizenization"


def task_marginal_effects(
    route: Path = row_files(PROJECT)["R1"],
    codebook: Path = codebook_file(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.marginal",
        "plotting.estimates",
        "reporting.figure_frames_estimates",
        *FIGURE_CODE,
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "marginal_effects"),
) -> None:
    lines, support, bins = marginal_frames({"R1": route}, MODERATOR)
    save(marginal_effects(lines, support, bins, MODERATOR), figure["png"].with_suffix(""))
