"""Inference beside each claim's main estimates, and what could overturn them."""

from pathlib import Path
from typing import Annotated

from pytask import Product, task

from urbanecon.effects import ROWS
from urbanecon.effects.evidence import evidence
from urbanecon.measures.variables import open_panel
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import evidence_files, panel_files
from urbanecon.project import find_project
from urbanecon.reporting.store import write_tables

PROJECT = find_project(Path(__file__).parent)

for claim_id, path in evidence_files(PROJECT).items():

    @task(id=claim_id)
    def task_evidence(
        panel: dict[str, Path] = panel_files(PROJECT),
        modules: str = code("effects.*", *ESTIMATION_CODE),
        tables: Annotated[Path, Product] = path,
        claim: str = claim_id,
    ) -> None:
        write_tables(tables, evidence(ROWS[claim], open_panel(PROJECT.build)))
