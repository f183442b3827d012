"""Estimate E2: what new-type urbanization does to culture."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import culture
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import panel_files
from urbanecon.project import find_project
from urbanecon.steps import estimate_effect

PROJECT = find_project(Path(__file__).parent)


@pytask.mark.culture
def task_culture(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: str = code("effects.culture", *ESTIMATION_CODE),
    results: Annotated[Path, pytask.Product] = PROJECT.build / "results" / "E2.json",
) -> None:
    estimate_effect(culture.SPECS, panel, results)
