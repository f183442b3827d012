"""Typeset the paper from results, tables and figures."""

from pathlib import Path
from typing import Annotated

import pytask

from urbanecon.cleaning.registry import load_registry
from urbanecon.effects import CLAIMS
from urbanecon.measures.variables import open_panel
from urbanecon.needs import (
    FIGURES,
    code,
    drawable_figures,
    lacking,
    present_multiverse,
    present_sources,
    raw_files,
    unavailable_tables,
)
from urbanecon.outputs import (
    evidence_files,
    figure_files,
    ledger_file,
    panel_files,
    registry_file,
    row_files,
    table_listing,
)
from urbanecon.project import find_project
from urbanecon.reporting.cell_quality import cells_used
from urbanecon.reporting.facts import write_facts
from urbanecon.reporting.panel_facts import panel_facts, quality_facts
from urbanecon.reporting.paper import build_paper
from urbanecon.reporting.store import read_estimates

PROJECT = find_project(Path(__file__).parent)
DRAWN = drawable_figures(PROJECT)


@pytask.mark.paper
def task_paper(
    results: dict[str, Path] = row_files(PROJECT),
    evidence: dict[str, Path] = evidence_files(PROJECT),
    multiverse: dict[str, Path] = present_multiverse(PROJECT),
    ledger: Path = ledger_file(PROJECT),
    panel: dict[str, Path] = panel_files(PROJECT),
    registry: Path = registry_file(PROJECT),
    tables: Path = table_listing(PROJECT),
    figures: dict[str, Path] = {name: figure_files(PROJECT, name)["pdf"] for name in DRAWN},
    source: dict[str, Path] = {
        str(path.relative_to(PROJECT.paper)): path
        for path in sorted([*PROJECT.paper.rglob("*.typ"), *PROJECT.paper.glob("*.bib")])
    },
    modules: str = code("reporting.*"),
    numbers: Annotated[Path, pytask.Product] = PROJECT.paper / "numbers.json",
    paper: Annotated[Path, pytask.Product] = PROJECT.paper / "paper.pdf",
) -> None:
    entries = load_registry(registry)
    present = raw_files(PROJECT)
    data = open_panel(PROJECT.build)
    estimates = [e for effect in CLAIMS for e in read_estimates(results[effect])]
    tiers = {source_id: entry.tier for source_id, entry in entries.items()}
    facts = panel_facts(data, present=len(present_sources(PROJECT)), listed=len(entries))
    facts += quality_facts(cells_used(estimates, data, tiers))
    write_facts(PROJECT.build / "results" / "facts.json", facts)
    build_paper(
        PROJECT,
        paper,
        citations={source_id: entries[source_id].citation for source_id in present},
        unavailable=unavailable_tables(PROJECT)
        | {
            name: "needs " + ", ".join(lacking(name, set(present)))
            for name in FIGURES
            if name not in DRAWN
        },
    )
