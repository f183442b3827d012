"""Figure: moves of cities between classes of income, before the pilots and since."""

from pathlib import Path
from typing import Annotated

from pytask import Product

from urbanecon.measures.distributions import markov_moves
from urbanecon.measures.variables import open_panel
from urbanecon.pipeline import FIGURE_CODE, code, figure_files, find_project, panel_files
from urbanecon.plotting.saving import save
from urbanecon.plotting.transitions import transition_matrices

PROJECT = find_project(Path(__file__).parent)

PERIODS = ((2003, 2013), (2014, 2023))
"""Before the first pilots, and since."""


def task_transitions(
    panel: dict[str, Path] = panel_files(PROJECT),
    modules: dict[str, Path] = code(
        "plotting.transitions", "measures.distributions", "measures.transitions", *FIGURE_CODE
    ),
    figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, "transitions"),
) -> None:
    moves = markov_moves(open_panel(PROJECT.build), "gdp_pc_real", PERIODS)
    save(transition_matrices(moves, "gdp_pc_real"), figure["png"].with_suffix(""))
