"""Estimate E1: what new-type urbanization does to growth."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import growth
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import panel_files
from urbanecon.project import find_project
from urbanecon.steps import estimate_effect

PROJECT = find_project(Path(__file__).parent)


@pytask.mark.growth
def task_growth(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: str = code("effects.growth", *ESTIMATION_CODE),
    results: Annotated[Path, pytask.Product] = PROJECT.build / "results" / "E1.json",
) -> None:
    estimate_effect(growth.SPECS, panel, results)
