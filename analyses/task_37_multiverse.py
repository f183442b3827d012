"""The multiverse of each effect: every reasonable choice, and which of them matters."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.atomic import writing
from urbanecon.effects.curves import curves
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    ESTIMATION_CODE,
    MULTIVERSE_SOURCES,
    code,
    find_project,
    multiverse_files,
    panel_files,
    raw_files,
    specification_files,
)
from urbanecon.reporting.store import write_tables

PROJECT = find_project(Path(__file__).parent)

if set(raw_files(PROJECT)) >= MULTIVERSE_SOURCES:

    def task_multiverse(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: dict[str, Path] = code("effects.*", "cleaning.boundaries", *ESTIMATION_CODE),
        specifications: Annotated[dict[str, Path], Product] = specification_files(PROJECT),
        summaries: Annotated[dict[str, Path], Product] = multiverse_files(PROJECT),
    ) -> None:
        for effect, table, tables in curves(open_panel(PROJECT.build)):
            with writing(specifications[effect]) as temporary:
                table.to_parquet(temporary, compression="zstd")
            write_tables(summaries[effect], tables)
