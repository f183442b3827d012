"""Make every table from the estimates, the panel and the registry."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.atomic import write_text
from urbanecon.cleaning.registry import load_registry
from urbanecon.effects import CLAIMS
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import (
    code,
    find_project,
    panel_files,
    raw_files,
    registry_file,
    result_files,
)
from urbanecon.reporting.data_tables import descriptive, sources
from urbanecon.reporting.store import read_estimates
from urbanecon.reporting.table_files import write_table
from urbanecon.reporting.tables import event_study_results, main_results

PROJECT = find_project(Path(__file__).parent)


def task_tables(
    results: dict[str, Path] = result_files(PROJECT),
    panel: dict[str, Path] = panel_files(PROJECT),
    registry: Path = registry_file(PROJECT),
    modules: dict[str, Path] = code(
        "reporting.tables",
        "reporting.data_tables",
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
    tables = [sources(load_registry(registry).values(), raw_files(PROJECT))]
    shown = {
        CLAIMS[effect].name: [outcome.variable for outcome in CLAIMS[effect].outcomes]
        for effect in results
    }
    present = {name: [v for v in variables if v in data.data] for name, variables in shown.items()}
    tables.append(
        descriptive(data.data, {name: found for name, found in present.items() if found})
    )
    for effect, path in results.items():
        estimates = read_estimates(path)
        for make, design in ((main_results, "twfe"), (event_study_results, "event_study")):
            if any(e.fit is not None for e in estimates if e.spec.design == design):
                tables.append(make(estimates, CLAIMS[effect].name))
    for old in folder.glob("*.*"):
        old.unlink()
    written = [path.name for table in tables for path in write_table(table, folder)]
    write_text(listing, "\n".join(written) + "\n")
