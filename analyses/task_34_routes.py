"""Estimate R1 to R4: the routes of the essay of 2023."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.effects import ROUTES
from urbanecon.measures.catching_up import SIZE, catching_up, rank_size_table
from urbanecon.measures.variables import open_panel
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import panel_files, result_files
from urbanecon.project import find_project
from urbanecon.reporting.rows import write_row
from urbanecon.reporting.store import write_tables
from urbanecon.steps import mark

PROJECT = find_project(Path(__file__).parent)
RESULTS = PROJECT.build / "results"

LEVELS = ("gdp_pc_real", "night_lights")
"""What cities may converge in: output by the statistics, and what is seen from space."""


for route in ROUTES:

    @mark(ROUTES[route].name)
    @pytask.task(id=route)
    def task_routes(
        row: str = route,
        effects: dict[str, Path] = result_files(PROJECT),
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: str = code("effects.routes", "reporting.rows", *ESTIMATION_CODE),
        results: Annotated[Path, pytask.Product] = RESULTS / f"{route}.json",
    ) -> None:
        write_row(row, open_panel(PROJECT.build), effects, results)


@pytask.mark.layout
def task_catching_up(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: str = code(
        "measures.catching_up", "measures.convergence", "measures.ranksize", "reporting.store"
    ),
    tables: Annotated[Path, pytask.Product] = RESULTS / "R2_tables.json",
) -> None:
    data = open_panel(PROJECT.build).data
    found = {name: catching_up(data, name) for name in LEVELS if name in data}
    if SIZE in data:
        found["rank_size"] = rank_size_table(data)
    write_tables(tables, found)
