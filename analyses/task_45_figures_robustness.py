"""Figures of robustness: permuted paths, provinces left out, confounders, trends, choices."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pytask import Product, task

from urbanecon.cleaning.codebook import Language
from urbanecon.effects import CLAIMS
from urbanecon.effects.controls import NAMES
from urbanecon.effects.robustness import curve_choices, curve_table
from urbanecon.needs import FIGURE_CODE, code
from urbanecon.outputs import codebook_file, evidence_files, figure_files, specification_files
from urbanecon.plotting.saving import save
from urbanecon.plotting.specification_curve import specification_curve
from urbanecon.project import find_project
from urbanecon.reporting.figure_frames_evidence import DRAW
from urbanecon.reporting.store import read_tables
from urbanecon.steps import editions, in_language

PROJECT = find_project(Path(__file__).parent)

EVIDENCE = {f"{kind}_{effect}": (kind, effect) for effect in CLAIMS for kind in DRAW}
CURVES = {f"curve_{effect}": effect for effect in CLAIMS}

for name, language in editions(PROJECT, EVIDENCE):
    kind, effect = EVIDENCE[name]

    @in_language(language)
    @task(id=f"{name}-{language}")
    def task_figures_of_evidence(
        tables: Path = evidence_files(PROJECT)[effect],
        codebook: Path = codebook_file(PROJECT),
        modules: str = code(
            "plotting.sensitivity",
            "plotting.confounding",
            "reporting.figure_frames_evidence",
            *FIGURE_CODE,
        ),
        figure: Annotated[dict[str, Path], Product] = figure_files(
            PROJECT, f"{kind}_{effect}", language
        ),
        which: str = kind,
        claim: str = effect,
        told: Language = language,
    ) -> None:
        drawn = DRAW[which](read_tables(tables), CLAIMS[claim].primary.variable, told)
        save(drawn, figure["png"].with_suffix(""))


for name, language in editions(PROJECT, CURVES):
    effect = CURVES[name]

    @in_language(language)
    @task(id=f"{name}-{language}")
    def task_specification_curves(
        specifications: Path = specification_files(PROJECT)[effect],
        codebook: Path = codebook_file(PROJECT),
        modules: str = code(
            "plotting.specification_curve",
            "effects.robustness",
            "effects.choices",
            *FIGURE_CODE,
        ),
        figure: Annotated[dict[str, Path], Product] = figure_files(
            PROJECT, f"curve_{effect}", language
        ),
        claim: str = effect,
        told: Language = language,
    ) -> None:
        table = curve_table(pd.read_parquet(specifications))
        drawn = specification_curve(table, curve_choices(claim), NAMES, language=told)
        save(drawn, figure["png"].with_suffix(""))
