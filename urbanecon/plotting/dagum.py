"""Inequality between cities: Lorenz curves, and what Dagum's parts say of the regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.frames import check_frame, with_gaps
from urbanecon.plotting.marks import label_ends, last_value, mark_gaps, year_axis
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    INK,
    ORANGE,
    SKY,
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

PARTS = {"net_between": BLUE, "transvariation": SKY, "within": ORANGE}
"""Parts of the Gini index from the bottom up."""
SHADES = ("#B9D7EC", "#7FB5DA", "#3C8ABF", "#00456B")
"""Curves from the earliest year to the latest."""


@in_house_style
def lorenz_and_dagum(
    curves: pd.DataFrame, parts: pd.DataFrame, variable: str, *, language: Language = "en"
) -> Figure:
    """Lorenz curves of some years beside the parts of the Gini index of all years.

    Parameters
    ----------
    curves
        Columns `year`, `population`, `share`: cumulative shares from 0 to 1, at most
        four years.
    parts
        Columns `year`, `within`, `net_between`, `transvariation`, which add up to the
        Gini index. A missing year breaks the areas and is hatched.
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
    name = f"lorenz_and_dagum of {variable}"
    points = check_frame(
        curves.assign(point=curves.groupby("year").cumcount() if "year" in curves else 0),
        f"{name}, curves", keys=["year", "point"], numbers=["population", "share"],
    )  # fmt: skip
    path = with_gaps(check_frame(parts, f"{name}, parts", keys=["year"], numbers=list(PARTS)))
    figure = new_figure(TWO_COLUMNS, 62)
    figure.suptitle(load_codebook().label(variable, language), x=0.01, ha="left", fontsize=8)
    lorenz, dagum = figure.subplots(1, 2, width_ratios=(1, 1.15))
    _curves(lorenz, points, language)
    _parts(dagum, path, language)
    tag_panels([lorenz, dagum])
    return figure


def _curves(panel: Axes, points: pd.DataFrame, language: Language) -> None:
    from matplotlib.ticker import PercentFormatter

    years = sorted(points["year"].unique())
    panel.plot([0, 1], [0, 1], color=GREY, lw=HAIR)
    for year, shade in zip(years, SHADES[-len(years) :], strict=True):
        own = points[points["year"] == year]
        panel.plot(own["population"], own["share"], color=shade, label=f"{year}")
    panel.text(
        0.55, 0.59, word("equal_shares", language), rotation=45, rotation_mode="anchor",
        transform_rotates_text=True, ha="center", color=GREY, fontsize=SMALL,
    )  # fmt: skip
    panel.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    panel.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panel.set_xlabel(word("share_of_residents", language))
    panel.set_ylabel(word("share_of_total", language))
    panel.set_title(word("lorenz", language))
    panel.legend(loc="upper left", frameon=False, fontsize=SMALL, handlelength=1.4)


def _parts(panel: Axes, path: pd.DataFrame, language: Language) -> None:
    year_axis(panel, path["year"].min(), path["year"].max())
    tops = path[list(PARTS)].cumsum(axis=1)
    floor = pd.Series(0.0, index=path.index)
    middles = {}
    for part, colour in PARTS.items():
        panel.fill_between(path["year"], floor, tops[part], color=colour, lw=0)
        middle = path.assign(mean=(floor + tops[part]) / 2)
        middles[part] = (0.0, last_value(middle)[1])
        floor = tops[part]
    panel.plot(path["year"], floor, color=INK, lw=0.8)
    panel.set_ylim(0, 1.12 * float(np.nanmax(floor)))
    mark_gaps(panel, path, "within", language)
    panel.set_title(word("dagum", language))
    label_ends(panel, middles, PARTS, {part: word(f"dagum {part}", language) for part in PARTS})
