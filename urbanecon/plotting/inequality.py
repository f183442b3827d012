"""Inequality between cities, within and between provinces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.frames import check_frame, nothing_to_draw, with_gaps
from urbanecon.plotting.marks import label_ends, last_value, mark_gaps, year_axis
from urbanecon.plotting.style import (
    BLUE,
    INK,
    SKY,
    TWO_COLUMNS,
    in_house_style,
    new_figure,
    tag_panels,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"between": BLUE, "within": SKY}


@in_house_style
def inequality(series: pd.DataFrame, variable: str, *, language: Language = "en") -> Figure:
    """Theil index split into its parts within and between provinces, and Gini, by year.

    Parameters
    ----------
    series
        Columns `year`, `within`, `between` (parts of the Theil index, which add up to it)
        and `gini`. A missing year or NaN breaks area and line and is hatched.
    variable
        Codebook name of what is unequal, for the heading.
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
        series,
        f"inequality of {variable}",
        keys=["year"],
        numbers=["within", "between", "gini"],
    )
    path = with_gaps(rows).assign(total=lambda row: row["within"] + row["between"])
    if path["total"].isna().all():
        raise nothing_to_draw(f"inequality of {variable}: the sum of 'within' and 'between'")
    figure = new_figure(TWO_COLUMNS, 54)
    figure.suptitle(load_codebook().label(variable, language), x=0.01, ha="left", fontsize=8)
    theil, gini = figure.subplots(1, 2, sharex=True)
    year_axis(theil, path["year"].min(), path["year"].max())
    _stack(theil, path, language)
    gini.plot(path["year"], path["gini"], color=INK, marker=".", ms=3, clip_on=False)
    gini.margins(y=0.25)
    for panel, column, title in ((theil, "within", "theil"), (gini, "gini", "gini")):
        mark_gaps(panel, path, column, language)
        panel.set_title(word(title, language))
    tag_panels([theil, gini])
    return figure


def _stack(panel: Axes, path: pd.DataFrame, language: Language) -> None:
    """Between provinces at the bottom, within on top, each named beside its area."""
    panel.fill_between(path["year"], 0, path["between"], color=COLOURS["between"], lw=0)
    panel.fill_between(path["year"], path["between"], path["total"], color=COLOURS["within"], lw=0)
    panel.set_ylim(0, 1.08 * path["total"].max())
    _, between = last_value(path, "between")
    _, height = last_value(path, "total")
    label_ends(
        panel,
        {"between": (0.0, between / 2), "within": (0.0, (between + height) / 2)},
        COLOURS,
        {part: word(f"{part}_provinces", language) for part in COLOURS},
    )
