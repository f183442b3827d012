"""Estimate L1 to L3: the levers of You Shibing and Ma Rui."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import LEVERS
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import ESTIMATION_CODE, code, find_project, panel_files, result_files
from urbanecon.reporting.rows import write_row

PROJECT = find_project(Path(__file__).parent)


for lever in LEVERS:

    @pytask.task(id=lever)
    def task_levers(
        row: str = lever,
        effects: dict[str, Path] = result_files(PROJECT),
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code(
            "effects.routes", "effects.levers", "reporting.rows", *ESTIMATION_CODE
        ),
        results: Annotated[Path, pytask.Product] = PROJECT.build / "results" / f"{lever}.json",
    ) -> None:
        write_row(row, open_panel(PROJECT.build), effects, results)
