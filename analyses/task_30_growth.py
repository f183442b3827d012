"""Estimate E1: what new-type urbanization does to growth."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import growth
from urbanecon.pipeline import ESTIMATION_CODE, code, estimate_effect, find_project, panel_files

PROJECT = find_project(Path(__file__).parent)


@pytask.mark.growth
def task_growth(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("effects.growth", *ESTIMATION_CODE),
    results: Annotated[Path, pytask.Product] = PROJECT.build / "results" / "E1.json",
) -> None:
    estimate_effect(growth.SPECS, panel, results)
