"""Estimate L1 to L3: the levers of You Shibing and Ma Rui."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import LEVERS
from urbanecon.measures.variables import open_panel
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import panel_files, result_files
from urbanecon.project import find_project
from urbanecon.reporting.rows import write_row
from urbanecon.steps import mark

PROJECT = find_project(Path(__file__).parent)


for lever in LEVERS:

    @mark(LEVERS[lever].name)
    @pytask.task(id=lever)
    def task_levers(
        row: str = lever,
        effects: dict[str, Path] = result_files(PROJECT),
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: str = code(
            "effects.routes", "effects.levers", "reporting.rows", *ESTIMATION_CODE
        ),
        results: Annotated[Path, pytask.Product] = PROJECT.build / "results" / f"{lever}.json",
    ) -> None:
        write_row(row, open_panel(PROJECT.build), effects, results)
