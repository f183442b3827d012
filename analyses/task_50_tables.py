"""Make every table from the estimates, the panel and the registry."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.atomic import write_text
from urbanecon.cleaning.comparison import compare
from urbanecon.cleaning.registry import load_registry
from urbanecon.effects import CLAIMS, ROWS
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    code,
    evidence_files,
    find_project,
    ledger_file,
    panel_files,
    present_multiverse,
    present_sources,
    referee_file,
    registry_file,
    row_files,
)
from urbanecon.referee.report import read_json
from urbanecon.reporting.cell_quality import cells_used, within_years
from urbanecon.reporting.data_tables import comparison, descriptive, quality, sources
from urbanecon.reporting.evidence_tables import evidence_tables, referee_table
from urbanecon.reporting.ledger import read_ledger
from urbanecon.reporting.ledger_views import as_table
from urbanecon.reporting.store import read_estimates, read_tables
from urbanecon.reporting.strategy_tables import strategy_tables
from urbanecon.reporting.table_files import write_table
from urbanecon.reporting.tables import event_study_results, main_results

PROJECT = find_project(Path(__file__).parent)


def task_tables(
    results: dict[str, Path] = row_files(PROJECT),
    evidence: dict[str, Path] = evidence_files(PROJECT),
    multiverse: dict[str, Path] = present_multiverse(PROJECT),
    ledger: Path = ledger_file(PROJECT),
    referee: Path = referee_file(PROJECT),
    panel: dict[str, Path] = panel_files(PROJECT),
    registry: Path = registry_file(PROJECT),
    modules: dict[str, Path] = code(
        "reporting.tables",
        "reporting.strategy_tables",
        "reporting.evidence_tables",
        "reporting.ledger_views",
        "reporting.data_tables",
        "reporting.cell_quality",
        "cleaning.comparison",
        "reporting.table_files",
        "reporting.word_files",
        "reporting.words",
        "reporting.formats",
        "reporting.store",
    ),
    listing: Annotated[Path, Product] = PROJECT.build / "tables" / "tables.txt",
) -> None:
    folder = listing.parent
    data = open_panel(PROJECT.build)
    entries = load_registry(registry)
    tables = [sources(entries.values(), present_sources(PROJECT))]
    tables.append(comparison(compare(within_years(data)).table))
    shown = {
        claim.name: [outcome.variable for outcome in claim.outcomes] for claim in CLAIMS.values()
    }
    present = {name: [v for v in variables if v in data.data] for name, variables in shown.items()}
    tables.append(
        descriptive(data.data, {name: found for name, found in present.items() if found})
    )
    rows = {row: read_estimates(path) for row, path in results.items()}
    everything = {effect: rows[effect] for effect in CLAIMS}
    uses = cells_used(
        [estimate for several in everything.values() for estimate in several],
        data,
        {source: entry.tier for source, entry in entries.items()},
    )
    if len(uses):
        tables.append(quality(uses, {effect: claim.name for effect, claim in CLAIMS.items()}))
    for effect, estimates in everything.items():
        for make, design in ((main_results, "twfe"), (event_study_results, "event_study")):
            if any(e.fit is not None for e in estimates if e.spec.design == design):
                tables.append(make(estimates, CLAIMS[effect].name))
    tables += strategy_tables(rows, ROWS)
    tables += evidence_tables(
        {row: read_tables(path) for row, path in evidence.items()},
        {effect: read_tables(path) for effect, path in multiverse.items()},
        ROWS,
    )
    tables.append(as_table(read_ledger(ledger)))
    tables += [referee_table(ROWS[row], found) for row, found in read_json(referee).items()]
    for old in folder.glob("*.*"):
        old.unlink()
    written = [path.name for table in tables for path in write_table(table, folder)]
    write_text(listing, "\n".join(written) + "\n")
