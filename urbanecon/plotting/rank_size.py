"""The rank-size rule: cities by rank and size, and the power law through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError
from urbanecon.measures.ranksize import rank_size
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    ONE_COLUMN,
    SKY,
    SMALL,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import axis_label, word

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (SKY, BLUE, "#00456B")
"""Years from the earliest to the latest."""


@in_house_style
def rank_size_plot(
    cities: pd.DataFrame, variable: str, *, top: int | None = None, language: Language = "en"
) -> Figure:
    """Rank against size, both in logs, with the line through the largest cities.

    The line and its exponent are those of `measures.ranksize.rank_size`; the rule of
    Zipf is an exponent of one.

    Parameters
    ----------
    cities
        Columns `city`, `year`, `value` (positive sizes); at most three years.
    variable
        Codebook name of the size, for the axis label.
    top
        Cities that the line is fitted on; all when None.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; DataError also for a size that is not positive or for
        more than three years.
    """
    from matplotlib.ticker import StrMethodFormatter

    name = f"rank_size_plot of {variable}"
    rows = check_frame(cities, name, keys=["city", "year"], numbers=["value"]).dropna()
    years = sorted(rows["year"].unique())
    if len(years) > len(COLOURS):
        raise DataError(f"{name}: {len(years)} years; at most {len(COLOURS)} can be told apart.")
    figure = new_figure(ONE_COLUMN, 62)
    panel = figure.subplots()
    for year, colour in zip(years, COLOURS, strict=False):
        own = rows[rows["year"] == year].set_index("city")["value"].sort_values(ascending=False)
        law = rank_size(own, top=top)
        rank = np.arange(1, len(own) + 1) - 0.5
        label = word("exponent", language, year=year, zeta=law.exponent, se=law.se, n=law.nobs)
        panel.plot(own, rank, "o", color=colour, ms=2, mew=0, alpha=0.75, label=label)
        tail = np.log(own.to_numpy()[: law.nobs])
        level = np.log(rank[: law.nobs]).mean() + law.exponent * tail.mean()
        ends = np.array([tail[-1], tail[0]])
        panel.plot(np.exp(ends), np.exp(level - law.exponent * ends), color=colour, lw=0.8)
        panel.axvline(law.cutoff, color=GREY, lw=HAIR / 2, ls=":")
    panel.set(xscale="log", yscale="log")
    panel.invert_yaxis()
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    panel.set_xlabel(axis_label(variable, language))
    panel.set_ylabel(word("rank", language))
    panel.legend(
        loc="upper left", frameon=False, fontsize=SMALL, handletextpad=0.1, markerscale=1.6
    )
    return figure
