"""Make every table from the estimates, the panel and the registry, in each language."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pytask import Product, task

from urbanecon.atomic import write_text
from urbanecon.cleaning.codebook import Language
from urbanecon.cleaning.comparison import compare
from urbanecon.cleaning.panel import Panel
from urbanecon.cleaning.registry import load_registry
from urbanecon.effects import CLAIMS, ROWS
from urbanecon.effects.result import Estimate
from urbanecon.measures.variables import open_panel
from urbanecon.needs import code, present_multiverse, present_sources
from urbanecon.outputs import (
    LANGUAGES,
    evidence_files,
    ledger_file,
    panel_files,
    referee_file,
    registry_file,
    row_files,
    table_listing,
)
from urbanecon.plotting.words import word
from urbanecon.project import find_project
from urbanecon.referee.report import read_json
from urbanecon.reporting.cell_quality import cells_used, within_years
from urbanecon.reporting.data_tables import comparison, descriptive, quality, sources
from urbanecon.reporting.evidence_tables import evidence_tables, referee_table
from urbanecon.reporting.ledger import read_ledger
from urbanecon.reporting.ledger_views import as_table, unmet_table
from urbanecon.reporting.store import read_estimates, read_tables
from urbanecon.reporting.strategy_tables import strategy_tables
from urbanecon.reporting.table_files import write_table
from urbanecon.reporting.tables import Table, event_study_results, main_results
from urbanecon.steps import in_language

PROJECT = find_project(Path(__file__).parent)


def effect_names(language: Language) -> dict[str, str]:
    """Names of the effects in the captions of tables."""
    return {
        effect: claim.name if language == LANGUAGES[0] else word(effect, language)
        for effect, claim in CLAIMS.items()
    }


def data_tables(
    data: Panel, estimates: Sequence[Estimate], registry: Path, language: Language
) -> list[Table]:
    """Tables of the data: sources, how they agree, what the outcomes are like, which cells."""
    entries = load_registry(registry)
    names = effect_names(language)
    tables = [
        sources(entries.values(), present_sources(PROJECT), language),
        comparison(compare(within_years(data)).table, language),
    ]
    shown = {
        names[effect]: [o.variable for o in claim.outcomes if o.variable in data.data]
        for effect, claim in CLAIMS.items()
    }
    present = {name: variables for name, variables in shown.items() if variables}
    tables.append(descriptive(data.data, present, language))
    tiers = {source: entry.tier for source, entry in entries.items()}
    uses = cells_used(estimates, data, tiers)
    return [*tables, quality(uses, names, language)] if len(uses) else tables


def main_tables(results: Mapping[str, Sequence[Estimate]], language: Language) -> list[Table]:
    """Two-way estimates and event study of each effect."""
    names = effect_names(language)
    return [
        make(results[effect], names[effect], language)
        for effect in CLAIMS
        for make, design in ((main_results, "twfe"), (event_study_results, "event_study"))
        if any(e.fit is not None for e in results[effect] if e.spec.design == design)
    ]


for language in LANGUAGES:

    @in_language(language)
    @task(id=language)
    def task_tables(
        results: dict[str, Path] = row_files(PROJECT),
        evidence: dict[str, Path] = evidence_files(PROJECT),
        multiverse: dict[str, Path] = present_multiverse(PROJECT),
        ledger: Path = ledger_file(PROJECT),
        referee: Path = referee_file(PROJECT),
        panel: dict[str, Path] = panel_files(PROJECT),
        registry: Path = registry_file(PROJECT),
        modules: str = code(
            "reporting.tables",
            "effects.claim",
            "effects.overlap",
            "reporting.strategy_tables",
            "reporting.strategy_cells",
            "reporting.association_table",
            "reporting.ledger_unmet",
            "reporting.evidence_tables",
            "reporting.ledger_views",
            "reporting.data_tables",
            "reporting.cell_quality",
            "cleaning.comparison",
            "plotting.words",
            "reporting.table_files",
            "reporting.word_files",
            "reporting.words",
            "reporting.formats",
            "reporting.store",
        ),
        listing: Annotated[Path, Product] = table_listing(PROJECT, language),
        told: Language = language,
    ) -> None:
        rows = {row: read_estimates(path) for row, path in results.items()}
        own = [estimate for effect in CLAIMS for estimate in rows[effect]]
        tables = [
            *data_tables(open_panel(PROJECT.build), own, registry, told),
            *main_tables(rows, told),
            *strategy_tables(rows, ROWS, told),
            *evidence_tables(
                {row: read_tables(path) for row, path in evidence.items()},
                {effect: read_tables(path) for effect, path in multiverse.items()},
                ROWS,
                told,
            ),
            *(make(read_ledger(ledger), told) for make in (as_table, unmet_table)),
            *(referee_table(ROWS[row], found, told) for row, found in read_json(referee).items()),
        ]
        for old in listing.parent.glob("*.*"):
            old.unlink()
        written = [path.name for table in tables for path in write_table(table, listing.parent)]
        write_text(listing, "\n".join(written) + "\n")
