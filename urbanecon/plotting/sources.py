"""Two sources of one thing, city-year by city-year: do they agree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.frames import check_frame, nothing_to_draw
from urbanecon.plotting.marks import wrapped
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    INK,
    SMALL,
    TWO_COLUMNS,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_UNITS = frozenset({"yuan", "persons", "km2", "t", "nW/cm2/sr"})
"""Units of amounts that grow with the size of a city, over orders of magnitude."""

ONE_SCALE = 10.0
"""Median ratio of two sources up to which they are on one scale and share their axes."""

PANEL_SIZE = 35.0
TITLE_WIDTH = 24.0
"""Millimetres: height of a panel's row, and width of its title."""

COLUMNS = 5
MARGIN = 0.06


@in_house_style
def source_scatter(
    values: pd.DataFrame, table: pd.DataFrame, *, language: Language = "en"
) -> Figure:
    """One panel a pair of sources: every common city-year, and the line of equality.

    Axes are logarithmic where the unit is one of `LOG_UNITS`; there only positive
    values are drawn. They are named by the sources. Pairs whose median ratio lies
    beyond `ONE_SCALE` measure one thing on two scales: their axes differ, and neither
    line nor ratio is shown.

    Parameters
    ----------
    values
        Columns `first`, `second` (codebook names), `city`, `year`, `value_first`,
        `value_second`.
    table
        Columns `first`, `second`, `n`, `r_levels`, `r_logs`, `ratio`, one row a
        pair, in the order to draw; a pair with n = 0 is not drawn. What the panels
        say: n, the correlation (of logs where the axes are) and the median ratio.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; NotEstimableError also if no pair has a common cell.
    UnknownNameError
        If a variable is not in the codebook.
    """
    points = check_frame(
        values,
        "source_scatter, values",
        keys=["first", "second", "city", "year"],
        numbers=["value_first", "value_second"],
    )
    pairs = check_frame(
        table,
        "source_scatter, table",
        keys=["first", "second"],
        numbers=["n", "r_levels", "r_logs", "ratio"],
    )
    drawn = pairs[pairs["n"] > 0].to_dict("records")
    if not drawn:
        raise nothing_to_draw("source_scatter")
    columns = min(len(drawn), COLUMNS)
    lines = math.ceil(len(drawn) / columns)
    figure = new_figure(TWO_COLUMNS * columns / COLUMNS, PANEL_SIZE * lines)
    grid = list(figure.subplots(lines, columns, squeeze=False).flat)
    for panel, pair in zip(grid, drawn, strict=False):
        own = points[(points["first"] == pair["first"]) & (points["second"] == pair["second"])]
        _pair_panel(panel, own, str(pair["first"]), str(pair["second"]), pair["ratio"])
        _say(panel, pair, language)
    for empty in grid[len(drawn) :]:
        empty.set_visible(False)
    return figure


def _pair_panel(panel: Axes, points: pd.DataFrame, first: str, second: str, ratio: float) -> None:
    log = _is_log(first)
    if log:
        points = points[(points["value_first"] > 0) & (points["value_second"] > 0)]
        panel.set_xscale("log")
        panel.set_yscale("log")
    x, y = points["value_first"].to_numpy(), points["value_second"].to_numpy()
    # A picture of the points: as marks of their own they would make the file heavy.
    panel.plot(x, y, ".", color=BLUE, ms=1.6, mew=0, alpha=0.3, rasterized=True)
    if not log or _on_one_scale(ratio):
        both = _limits(np.concatenate([x, y]), log)
        panel.set_xlim(both)
        panel.set_ylim(both)
        panel.plot(both, both, color=INK, lw=HAIR, gid="equality", zorder=1)
    else:
        panel.set_xlim(_limits(x, log))
        panel.set_ylim(_limits(y, log))
    panel.set_box_aspect(1)
    _few_ticks(panel, log)
    panel.set_xlabel(_sources(first), fontsize=SMALL, color=GREY, labelpad=1)
    panel.set_ylabel(_sources(second), fontsize=SMALL, color=GREY, labelpad=1)


def _limits(values: np.ndarray, log: bool) -> tuple[float, float]:
    """Ends of an axis: the data with a margin, from zero where it is linear."""
    if log:
        low, high = np.log10(values.min()), np.log10(values.max())
        room = MARGIN * max(high - low, 1.0)
        return float(10 ** (low - room)), float(10 ** (high + room))
    return min(0.0, float(values.min())), float(values.max()) * (1 + MARGIN)


def _few_ticks(panel: Axes, log: bool) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(LogLocator(numticks=4) if log else MaxNLocator(4))
        axis.set_minor_locator(NullLocator())


def _say(panel: Axes, pair: dict[object, object], language: Language) -> None:
    """Name the variable above and write n, correlation and ratio in the free corner."""
    first = str(pair["first"])
    label = load_codebook().label(first, language)
    panel.set_title(wrapped(label, TITLE_WIDTH, SMALL), fontsize=SMALL, pad=3)
    r = float(str(pair["r_logs" if _is_log(first) else "r_levels"]))
    ratio = float(str(pair["ratio"]))
    lines = [
        word("pair_n", language, n=f"{float(str(pair['n'])):,.0f}"),
        *([word("pair_r", language, r=f"{r:.2f}")] if math.isfinite(r) else []),
        *([word("pair_ratio", language, ratio=f"{ratio:.2f}")] if _on_one_scale(ratio) else []),
    ]
    panel.text(
        0.04, 0.97, "\n".join(lines), transform=panel.transAxes, va="top", fontsize=SMALL,
        linespacing=1.15, bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.6},
    )  # fmt: skip


def _on_one_scale(ratio: float) -> bool:
    return 1 / ONE_SCALE < ratio < ONE_SCALE


def _is_log(variable: str) -> bool:
    return load_codebook()[variable].unit in LOG_UNITS


def _sources(variable: str) -> str:
    return "\n".join(load_codebook()[variable].sources)
