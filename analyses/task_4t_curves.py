"""Figures: the specification curve of each effect."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pytask import Product, task

from urbanecon.effects import CLAIMS
from urbanecon.effects.controls import NAMES
from urbanecon.effects.robustness import curve_choices, curve_table
from urbanecon.pipeline import (
    FIGURE_CODE,
    code,
    codebook_file,
    drawable_figures,
    figure_files,
    find_project,
    specification_files,
)
from urbanecon.plotting.saving import save
from urbanecon.plotting.specification_curve import specification_curve

PROJECT = find_project(Path(__file__).parent)
DRAWN = drawable_figures(PROJECT)

for effect in CLAIMS:
    if f"curve_{effect}" in DRAWN:

        @task(id=effect)
        def task_curve(
            specifications: Path = specification_files(PROJECT)[effect],
            codebook: Path = codebook_file(PROJECT),
            modules: dict[str, Path] = code(
                "plotting.specification_curve",
                "effects.robustness",
                "effects.choices",
                *FIGURE_CODE,
            ),
            figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, f"curve_{effect}"),
            claim: str = effect,
        ) -> None:
            table = curve_table(pd.read_parquet(specifications))
            drawn = specification_curve(table, curve_choices(claim), NAMES)
            save(drawn, figure["png"].with_suffix(""))
