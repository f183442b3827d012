"""Figure: in which years the variables that the claims rest on are observed."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects import SPECS
from urbanecon.measures.summaries import observed_shares
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.coverage import coverage
from urbanecon.plotting.saving import save

PROJECT = find_project(Path(__file__).parent)


def task_coverage(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code("plotting.coverage", "effects.*", *FIGURE_CODE),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "coverage"),
) -> None:
    data = open_panel(PROJECT.build)
    tested = {v for specs in SPECS.values() for spec in specs for v in spec.variables}
    raw = data.raw_inputs(sorted(tested & set(data.data.columns)))
    shown = [
        name
        for name, entry in load_codebook().items()
        if name in raw and entry.level == "city" and not entry.constant
    ]
    shares = observed_shares(data, shown)
    save(coverage(shares), figure["png"].with_suffix(""))
