"""Effects after adoption, and how far they bear a violation of parallel trends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError
from urbanecon.plotting.estimates import (
    check_estimates,
    draw_intervals,
    effect_ticks,
    title_panels,
    written,
    zero_line,
)
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    INK,
    SMALL,
    TWO_COLUMNS,
    VERMILION,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE_TITLE = 105.0
ROW = 35.0
"""Height of an outcome's panels in millimetres."""
HEADROOM = 0.15
"""Share of the panel of sets that is kept free for the breakdown value."""


@in_house_style
def honest_bounds(
    paths: pd.DataFrame,
    sets: pd.DataFrame,
    breakdowns: Mapping[str, float],
    *,
    base: int = -1,
    language: Language = "en",
) -> Figure:
    """Path of effects by year since adoption, and sets for their mean beside it.

    Parameters
    ----------
    paths
        Columns `outcome` (codebook name), `relative_year`, `estimate`, `low`, `high`.
    sets
        Confidence sets of the mean effect after adoption (Rambachan and Roth 2023):
        `outcome`, `bound` (Mbar; 0: parallel trends), `low`, `high`. A set with NaN has no
        end and is drawn as a cross. A set without zero is blue, one with zero grey.
    breakdowns
        By outcome: the largest Mbar whose set leaves out zero, a triangle on the axis;
        infinite when every set does.
    base
        Relative year that the path is measured from.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate, a set ends before
        it begins, or an outcome has a path and no set.
    UnknownNameError
        If an outcome is not in the codebook.
    """
    path = check_estimates(paths, "honest_bounds", keys=["outcome", "relative_year"])
    bounds = _check_sets(sets)
    outcomes = list(dict.fromkeys(path["outcome"]))
    without = [name for name in outcomes if name not in set(bounds["outcome"])]
    if without:
        raise DataError(f"honest_bounds: {without[0]!r} has a path and no set.")
    figure = new_figure(TWO_COLUMNS, 10 + ROW * len(outcomes))
    grid = figure.subplots(
        len(outcomes), 2, sharex="col", squeeze=False, gridspec_kw={"width_ratios": [1.5, 1]}
    )
    for (left, right), outcome in zip(grid, outcomes, strict=True):
        _draw_path(left, path[path["outcome"] == outcome], base)
        _draw_sets(right, bounds[bounds["outcome"] == outcome])
        _mark_breakdown(right, breakdowns.get(outcome, math.nan), language)
        left.set_ylabel(word("effect", language))
    title_panels(dict(zip(outcomes, grid[:, 0], strict=True)), language, WIDE_TITLE)
    grid[0, 1].set_title(word("honest_sets", language))
    grid[-1, 0].set_xlabel(word("relative_year", language))
    grid[-1, 1].set_xlabel(word("honest_bound", language))
    return figure


def _check_sets(sets: pd.DataFrame) -> pd.DataFrame:
    rows = check_frame(
        sets, "honest_bounds", keys=["outcome", "bound"], numbers=["low", "high"]
    ).astype({"bound": float})
    crossed = rows["low"] > rows["high"]
    if crossed.any():
        row = rows[crossed].iloc[0]
        raise DataError(
            f"honest_bounds: the set of {row['outcome']} at {row['bound']:g} ends at "
            f"{row['high']:.4g}, before it begins at {row['low']:.4g}."
        )
    return rows.sort_values(["outcome", "bound"], ignore_index=True)


def _draw_path(panel: Axes, rows: pd.DataFrame, base: int) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    zero_line(panel)
    panel.axvline(-0.5, color=GREY, lw=HAIR, ls=(0, (4, 3)), zorder=1)
    shown = rows[rows["relative_year"] != base]
    before = shown["relative_year"] < 0
    for part, colour in ((shown[before], GREY), (shown[~before], BLUE)):
        draw_intervals(panel, part["relative_year"], part, colour, "o")
    panel.plot([base], [0], "o", ms=3.6, mfc="white", mec=INK, mew=0.8, zorder=4)
    panel.xaxis.set_major_locator(MaxNLocator(11, integer=True, steps=[1, 2, 5, 10]))
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    effect_ticks(panel)


def _draw_sets(panel: Axes, rows: pd.DataFrame) -> None:
    zero_line(panel)
    holds_zero = (rows["low"] <= 0) & (rows["high"] >= 0)
    for part, colour in ((rows[holds_zero], GREY), (rows[~holds_zero], BLUE)):
        panel.vlines(
            part["bound"], part["low"], part["high"], color=colour, lw=4.5, alpha=0.75,
            capstyle="butt", zorder=3,
        )  # fmt: skip
    endless = rows.loc[rows[["low", "high"]].isna().any(axis=1), "bound"]
    panel.plot(endless, np.zeros(len(endless)), "x", ms=4, color=GREY)
    panel.set_xticks(rows["bound"], [f"{bound:g}" for bound in rows["bound"]])
    step = float(rows["bound"].diff().min()) if len(rows) > 1 else 1.0
    panel.set_xlim(rows["bound"].min() - 0.5 * step, rows["bound"].max() + 0.5 * step)
    effect_ticks(panel)


def _mark_breakdown(panel: Axes, breakdown: float, language: Language) -> None:
    """Draw the breakdown value if it lies on the axis, and write it in any case."""
    if math.isnan(breakdown):
        return
    if breakdown <= panel.get_xlim()[1]:
        panel.plot(
            [breakdown], [0], "^", ms=5, mew=0, color=VERMILION, clip_on=False, zorder=5,
            transform=panel.get_xaxis_transform(),
        )  # fmt: skip
    key = "honest_breakdown" if math.isfinite(breakdown) else "honest_never"
    low, high = panel.get_ylim()
    panel.set_ylim(low, high + HEADROOM * (high - low))
    panel.text(
        0.04, 0.98, word(key, language, bound=written(breakdown)),
        transform=panel.transAxes, va="top", fontsize=SMALL, color=VERMILION,
    )  # fmt: skip
