"""Figures: permuted paths, provinces left out, confounders and trends of each primary outcome."""

from pathlib import Path
from typing import Annotated

from pytask import Product, task

from urbanecon.effects import CLAIMS
from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    codebook_file,
    drawable_figures,
    evidence_files,
    figure_files,
    find_project,
)
from urbanecon.plotting.saving import save
from urbanecon.reporting.figure_frames_evidence import DRAW
from urbanecon.reporting.store import read_tables

PROJECT = find_project(Path(__file__).parent)
DRAWN = drawable_figures(PROJECT)

for effect in CLAIMS:
    for kind in DRAW:
        if f"{kind}_{effect}" in DRAWN:

            @task(id=f"{kind}_{effect}")
            def task_evidence_figure(
                tables: Path = evidence_files(PROJECT)[effect],
                codebook: Path = codebook_file(PROJECT),
                modules: dict[str, Path] = code(
                    "plotting.sensitivity",
                    "plotting.confounding",
                    "reporting.figure_frames_evidence",
                    *FIGURE_CODE,
                ),
                figure: Annotated[dict[str, Path], Product] = figure_files(
                    PROJECT, f"{kind}_{effect}"
                ),
                claim: str = effect,
                which: str = kind,
            ) -> None:
                drawn = DRAW[which](read_tables(tables), CLAIMS[claim].primary.variable)
                save(drawn, figure["png"].with_suffix(""))
