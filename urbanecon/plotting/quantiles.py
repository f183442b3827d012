"""The effect along the distribution of the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError
from urbanecon.plotting.estimates import (
    check_estimates,
    effect_ticks,
    leftmost,
    legend_above,
    lowest,
    panels_by_outcome,
    zero_line,
)
from urbanecon.plotting.style import BAND_ALPHA, BLUE, GREY, VERMILION, in_house_style
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@in_house_style
def quantile_effects(
    table: pd.DataFrame, means: pd.DataFrame, *, language: Language = "en"
) -> Figure:
    """Estimates with 95% intervals by quantile, and the effect on the mean, a panel an outcome.

    Parameters
    ----------
    table
        Columns `outcome` (codebook name), `quantile` (between 0 and 1), `estimate`, `low`,
        `high`.
    means
        `outcome`, `estimate`, `low`, `high` of the two-way estimate: dashed, its interval
        grey.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate or a quantile does
        not lie between 0 and 1.
    UnknownNameError
        If an outcome is not in the codebook.
    """
    rows = check_estimates(table, "quantile_effects", keys=["outcome", "quantile"])
    outside = rows[(rows["quantile"] <= 0) | (rows["quantile"] >= 1)]
    if len(outside):
        raise DataError(
            f"quantile_effects: quantile {outside['quantile'].iloc[0]} of "
            f"{outside['outcome'].iloc[0]}; expected a number between 0 and 1."
        )
    mean = check_estimates(means, "quantile_effects", keys=["outcome"])
    figure, panels = panels_by_outcome(rows["outcome"], language)
    for outcome, panel in panels.items():
        _draw_quantiles(panel, rows[rows["outcome"] == outcome].sort_values("quantile"))
        _draw_mean(panel, mean[mean["outcome"] == outcome])
    for panel in leftmost(panels):
        panel.set_ylabel(word("effect", language))
    for panel in lowest(panels):
        panel.set_xlabel(word("quantile", language))
    _legend(figure, language)
    return figure


def _draw_quantiles(panel: Axes, rows: pd.DataFrame) -> None:
    zero_line(panel)
    panel.fill_between(
        rows["quantile"], rows["low"], rows["high"], color=BLUE, alpha=BAND_ALPHA, lw=0, zorder=1
    )
    panel.plot(rows["quantile"], rows["estimate"], "o-", color=BLUE, ms=3.4, mew=0, zorder=3)
    panel.set_xticks(rows["quantile"], [f"{q:g}" for q in rows["quantile"]])
    panel.set_xlim(0, 1)
    effect_ticks(panel)


def _draw_mean(panel: Axes, mean: pd.DataFrame) -> None:
    for estimate, low, high in mean[["estimate", "low", "high"]].to_numpy(dtype=float):
        panel.axhline(estimate, color=VERMILION, lw=0.8, ls=(0, (4, 3)), zorder=2)
        panel.axhspan(low, high, color=GREY, alpha=BAND_ALPHA, lw=0, zorder=0)


def _legend(figure: Figure, language: Language) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=BLUE, marker="o", ms=3.4, mew=0, label=word("quantiles", language)),
        Line2D(
            [], [], color=VERMILION, lw=0.8, ls=(0, (4, 3)), label=word("quantile_mean", language)
        ),
    ]
    legend_above(figure, handles)
