"""The claims ledger: every claim, its evidence and the verdict of the rule."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.needs import code, present_multiverse
from urbanecon.outputs import codebook_file, evidence_files, ledger_file, row_files
from urbanecon.project import find_project
from urbanecon.reporting.ledger import read_evidence, write_ledger

PROJECT = find_project(Path(__file__).parent)


def task_ledger(
    results: dict[str, Path] = row_files(PROJECT),
    evidence: dict[str, Path] = evidence_files(PROJECT),
    multiverse: dict[str, Path] = present_multiverse(PROJECT),
    codebook: Path = codebook_file(PROJECT),
    modules: str = code(
        "effects.*",
        "reporting.ledger",
        "reporting.ledger_findings",
        "reporting.ledger_unmet",
        "reporting.formats",
        "reporting.words",
        "reporting.store",
        "reporting.numbers",
    ),
    ledger: Annotated[Path, Product] = ledger_file(PROJECT),
) -> None:
    write_ledger(ledger, read_evidence(results, evidence, multiverse))
