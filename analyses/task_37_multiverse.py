"""The multiverse of each row of the ledger: every reasonable choice, and which matters."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.atomic import writing
from urbanecon.effects.curves import curves
from urbanecon.measures.variables import open_panel
from urbanecon.needs import ESTIMATION_CODE, MULTIVERSE_SOURCES, code, raw_files
from urbanecon.outputs import multiverse_files, panel_files, specification_files
from urbanecon.project import find_project
from urbanecon.reporting.store import write_tables
from urbanecon.steps import processes

PROJECT = find_project(Path(__file__).parent)

if set(raw_files(PROJECT)) >= MULTIVERSE_SOURCES:

    def task_multiverse(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: str = code("effects.*", "cleaning.boundaries", *ESTIMATION_CODE),
        specifications: Annotated[dict[str, Path], Product] = specification_files(PROJECT),
        summaries: Annotated[dict[str, Path], Product] = multiverse_files(PROJECT),
    ) -> None:
        with processes() as map_:
            for row, (table, tables) in curves(open_panel(PROJECT.build), map_):
                with writing(specifications[row]) as temporary:
                    table.to_parquet(temporary, compression="zstd")
                write_tables(summaries[row], tables)
