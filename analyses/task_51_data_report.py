"""The data report: one page with everything that a referee may ask about the data."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pytask import Product

from urbanecon.atomic import write_text
from urbanecon.cleaning.boundaries import groups
from urbanecon.cleaning.registry import load_registry
from urbanecon.cleaning.territory import SOURCES
from urbanecon.measures.variables import open_panel
from urbanecon.needs import FIGURES, code, drawable_figures, raw_files
from urbanecon.outputs import figure_files, panel_files, registry_file, result_files
from urbanecon.project import find_project
from urbanecon.reporting.cell_quality import cells_used
from urbanecon.reporting.data_report import CAPTIONS, Material, render
from urbanecon.reporting.store import read_estimates

PROJECT = find_project(Path(__file__).parent)
PRESENT = raw_files(PROJECT)
DRAWN = [name for name in CAPTIONS if name in drawable_figures(PROJECT)]


def task_data_report(
    results: dict[str, Path] = result_files(PROJECT),
    panel: dict[str, Path] = panel_files(PROJECT),
    findings: Path = PROJECT.build / "findings.parquet",
    unmatched: Path = PROJECT.build / "unmatched.csv",
    registry: Path = registry_file(PROJECT),
    borders: dict[str, Path] = {name: PRESENT[name] for name in SOURCES if name in PRESENT},
    figures: dict[str, Path] = {name: figure_files(PROJECT, name)["png"] for name in DRAWN},
    modules: str = code(
        "reporting.data_report",
        "reporting.html",
        "reporting.cell_quality",
        "reporting.formats",
        "reporting.store",
        "intake.report",
        "cleaning.comparison",
        "cleaning.boundaries",
        "cleaning.territory",
        "cleaning.urban_share",
    ),
    page: Annotated[Path, Product] = PROJECT.build / "data_report.html",
) -> None:
    entries = load_registry(registry)
    data = open_panel(PROJECT.build)
    estimates = [estimate for path in results.values() for estimate in read_estimates(path)]
    asked = {name: FIGURES[name] for name in CAPTIONS} | {"groups": frozenset(SOURCES)}
    absent = {name: sorted(needed - set(PRESENT)) for name, needed in asked.items()}
    material = Material(
        panel=data,
        registry=entries,
        present=frozenset(PRESENT),
        findings=pd.read_parquet(findings),
        unmatched=pd.read_csv(unmatched),
        uses=cells_used(estimates, data, {name: entry.tier for name, entry in entries.items()}),
        groups=None if absent["groups"] else groups(borders),
        figures=figures,
        needed={name: f"needs {', '.join(needed)}" for name, needed in absent.items() if needed},
    )
    write_text(page, render(material))
