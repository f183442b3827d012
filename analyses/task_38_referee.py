"""The referee's report on the primary estimate of each effect, failures included."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.variables import open_panel
from urbanecon.needs import ESTIMATION_CODE, code
from urbanecon.outputs import panel_files, referee_file, result_files
from urbanecon.project import find_project
from urbanecon.referee.claims import referee_study
from urbanecon.referee.report import write_json

PROJECT = find_project(Path(__file__).parent)


def task_referee(
    results: dict[str, Path] = result_files(PROJECT),
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: str = code("referee.*", "cleaning.boundaries", *ESTIMATION_CODE),
    report: Annotated[Path, Product] = referee_file(PROJECT),
) -> None:
    write_json(report, referee_study(open_panel(PROJECT.build), PROJECT.build / "results"))
