"""Paths of effects by year relative to adoption."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_frame, nothing_to_draw
from urbanecon.plotting.marks import wrapped
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    INK,
    ONE_COLUMN,
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

LEAST_P = 0.001
TITLE_WIDTH = 68.0


@in_house_style
def event_study(
    paths: Mapping[str, pd.DataFrame],
    p_values: Mapping[str, float] | None = None,
    *,
    base: int = -1,
    language: Language = "en",
) -> Figure:
    """Estimates with 95% intervals by year since adoption, one panel an outcome.

    One panel fills a column of the journal; two or more stand two abreast on the page.

    Parameters
    ----------
    paths
        By codebook name of the outcome: a frame with columns `relative_year` (whole years;
        0 is the first year of treatment), `estimate`, `low`, `high` in the outcome's unit.
        A year with NaN is drawn as a grey cross on the zero line. The base year may be
        absent or hold anything: it is drawn as an open circle at zero.
    p_values
        By outcome: p-value of the joint test that the leads are zero, written in the panel.
    base
        Relative year that estimates are measured from.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if `paths` is empty or an interval misses its estimate.
    UnknownNameError
        If an outcome is not in the codebook.
    """
    if not paths:
        raise nothing_to_draw("event_study")
    codebook = load_codebook()
    columns = min(len(paths), 2)
    lines = math.ceil(len(paths) / columns)
    figure = new_figure(ONE_COLUMN if columns == 1 else TWO_COLUMNS, 8 + 41 * lines)
    grid = figure.subplots(lines, columns, sharex=True, squeeze=False)
    panels = list(grid.flat)[: len(paths)]
    for panel, (outcome, path) in zip(panels, paths.items(), strict=True):
        rows = _check_path(path, outcome)
        _draw_path(panel, rows[rows["relative_year"] != base], base)
        panel.set_title(wrapped(codebook.label(outcome, language), TITLE_WIDTH))
        _write_p(panel, (p_values or {}).get(outcome), language)
    for empty in list(grid.flat)[len(paths) :]:
        empty.set_visible(False)
    for panel in grid[:, 0]:
        panel.set_ylabel(word("effect", language))
    for panel in panels[-columns:]:
        panel.set_xlabel(word("relative_year", language))
        panel.tick_params(labelbottom=True)
    if len(panels) > 1:
        tag_panels(panels)
    return figure


def _check_path(path: pd.DataFrame, outcome: str) -> pd.DataFrame:
    name = f"event_study of {outcome}"
    rows = check_frame(path, name, keys=["relative_year"], numbers=["estimate", "low", "high"])
    crossed = (rows["low"] > rows["estimate"]) | (rows["high"] < rows["estimate"])
    if crossed.any():
        row = rows[crossed].iloc[0]
        raise DataError(
            f"{name}: in relative year {row['relative_year']:.0f} the estimate "
            f"{row['estimate']:.4g} lies outside [{row['low']:.4g}, {row['high']:.4g}]."
        )
    return rows.sort_values("relative_year", ignore_index=True)


def _draw_path(panel: Axes, rows: pd.DataFrame, base: int) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    panel.axhline(0, color=INK, lw=HAIR, zorder=1)
    panel.axvline(-0.5, color=GREY, lw=HAIR, ls=(0, (4, 3)), zorder=1)
    before = rows["relative_year"] < 0
    for part, colour in ((rows[before], GREY), (rows[~before], BLUE)):
        panel.vlines(part["relative_year"], part["low"], part["high"], color=colour, lw=1.0)
        panel.plot(part["relative_year"], part["estimate"], "o", ms=3.4, mew=0, color=colour)
    unknown = rows.loc[rows["estimate"].isna(), "relative_year"]
    panel.plot(unknown, np.zeros(len(unknown)), "x", ms=3.4, color=GREY)
    panel.plot([base], [0], "o", ms=3.6, mfc="white", mec=INK, mew=0.8, zorder=4)
    panel.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10]))
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    panel.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    _leave_headroom(panel, rows)


def _leave_headroom(panel: Axes, rows: pd.DataFrame) -> None:
    """Keep the top of the panel free for the p-value."""
    ends = np.append(rows[["low", "high"]].to_numpy(), 0.0)
    low, high = np.nanmin(ends), np.nanmax(ends)
    panel.set_ylim(low - 0.08 * (high - low), high + 0.2 * (high - low))


def _write_p(panel: Axes, p: float | None, language: Language) -> None:
    if p is None or math.isnan(p):
        return
    small = p < LEAST_P
    text = (
        word("pretrend_below", language, p=LEAST_P)
        if small
        else word("pretrend", language, p=f"{p:.3f}")
    )
    panel.text(0.02, 0.98, text, transform=panel.transAxes, va="top", fontsize=SMALL, color=GREY)
