"""Estimate E4: what new-type urbanization does to the gaps in income."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import income
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import panel_files
from urbanecon.project import find_project
from urbanecon.steps import estimate_effect

PROJECT = find_project(Path(__file__).parent)


@pytask.mark.income
def task_income(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: str = code("effects.income", *ESTIMATION_CODE),
    results: Annotated[Path, pytask.Product] = PROJECT.build / "results" / "E4.json",
) -> None:
    estimate_effect(income.SPECS, panel, results)
