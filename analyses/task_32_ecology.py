"""Estimate E3: what new-type urbanization does to pollution."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import ecology
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import panel_files
from urbanecon.project import find_project
from urbanecon.steps import estimate_effect

PROJECT = find_project(Path(__file__).parent)


@pytask.mark.ecology
def task_ecology(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: str = code("effects.ecology", *ESTIMATION_CODE),
    results: Annotated[Path, pytask.Product] = PROJECT.build / "results" / "E3.json",
) -> None:
    estimate_effect(ecology.SPECS, panel, results)
