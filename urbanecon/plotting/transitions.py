"""Where cities move from one year to the next: Markov transitions between classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.style import (
    GREY,
    INK,
    SMALL,
    TWO_COLUMNS,
    in_house_style,
    new_figure,
    tag_panels,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHADES = ("#FFFFFF", "#B9D7EC", "#3C8ABF", "#00456B")
DARK = 0.55
"""Probability from which the cell is too dark for black figures."""
APART = 0.35
"""Distance, in cells, of the long-run row from the matrix."""


@in_house_style
def transition_matrices(
    moves: pd.DataFrame, variable: str, *, language: Language = "en"
) -> Figure:
    """One matrix a period: the class a city leaves down, the one it reaches across.

    Below each matrix stand the shares of the classes in the long run, if the period
    went on for ever; beside each row the number of moves that it rests on.

    Parameters
    ----------
    moves
        Columns `period` (heading), `start`, `end` (classes 1..k), `probability`,
        `moves` (out of `start`) and `ergodic` (share of the class `end`); NaN where a
        class has no moves.
    variable
        Codebook name of what is classed, for the heading.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`.
    UnknownNameError
        If the variable is not in the codebook.
    """
    rows = check_frame(
        moves,
        f"transitions of {variable}",
        keys=["period", "start", "end"],
        numbers=["probability", "moves", "ergodic"],
    )
    periods = list(dict.fromkeys(rows["period"]))
    figure = new_figure(TWO_COLUMNS, 28 + TWO_COLUMNS / max(len(periods), 2) * 0.58)
    label = load_codebook().label(variable, language)
    figure.suptitle(word("relative_to_mean", language, label=label), x=0.01, ha="left", fontsize=8)
    panels = figure.subplots(1, len(periods), squeeze=False)[0]
    for panel, period in zip(panels, periods, strict=True):
        _matrix(panel, rows[rows["period"] == period], language)
        panel.set_title(str(period))
    panels[0].set_ylabel(word("class_before", language))
    tag_panels(panels)
    return figure


def _matrix(panel: Axes, rows: pd.DataFrame, language: Language) -> None:
    classes = sorted(rows["start"].unique())
    k = len(classes)
    table = rows.pivot(index="start", columns="end", values="probability").loc[classes, classes]
    final = rows.drop_duplicates("end").set_index("end")["ergodic"].loc[classes]
    moves = rows.drop_duplicates("start").set_index("start")["moves"].loc[classes]
    _cells(panel, table.to_numpy(), 0.0)
    _cells(panel, final.to_numpy()[None, :], k + APART)
    for rank, number in enumerate(moves):
        panel.text(
            k + 0.1, rank + 0.5, word("moves", language, n=f"{number:,.0f}"), va="center",
            color=GREY, fontsize=SMALL,
        )  # fmt: skip
    names = [word("class_lowest", language), *map(str, range(2, k)), word("class_top", language)]
    panel.set_xlim(0, k)
    panel.set_ylim(k + APART + 1, 0)
    panel.set_aspect("equal")
    panel.set_xticks(np.arange(k) + 0.5, names)
    panel.set_yticks(
        [*np.arange(k) + 0.5, k + APART + 0.5], [*names, word("class_long_run", language)]
    )
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel(word("class_after", language))


def _cells(panel: Axes, shares: np.ndarray, top: float) -> None:
    """Squares shaded by their share, which stands in them."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    shade = LinearSegmentedColormap.from_list("moves", SHADES)
    for (row, column), share in np.ndenumerate(shares):
        known = bool(np.isfinite(share))
        panel.add_patch(
            Rectangle(
                (column, top + row), 1, 1, fc=shade(share) if known else "white", ec="white",
                lw=0.8, hatch=None if known else "/////",
            )
        )  # fmt: skip
        if known:
            panel.text(
                column + 0.5, top + row + 0.5, f"{share:.1%}" if share else "0", ha="center",
                va="center", color="white" if share > DARK else INK, fontsize=SMALL,
            )  # fmt: skip
