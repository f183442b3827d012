"""What figures of estimates share: intervals that hold their estimate, a panel an outcome."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.marks import wrapped
from urbanecon.plotting.style import (
    GREY,
    HAIR,
    INK,
    MM,
    ONE_COLUMN,
    TWO_COLUMNS,
    new_figure,
    tag_panels,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_WIDTH = 68.0
"""Millimetres that a panel's title may fill, two panels abreast."""
LEAST_P = 0.001
LEGEND_ROW = 3.8
"""Height of a row of a legend in millimetres."""
MINUS = "\u2212"


def check_estimates(
    table: pd.DataFrame, figure: str, *, keys: Sequence[str], numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Return keys, `estimate`, `low`, `high` and further numbers, as `frames.check_frame`.

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate.
    """
    rows = check_frame(table, figure, keys=keys, numbers=["estimate", "low", "high", *numbers])
    crossed = (rows["low"] > rows["estimate"]) | (rows["high"] < rows["estimate"])
    if crossed.any():
        row = rows[crossed].iloc[0]
        where = ", ".join(f"{key} {row[key]}" for key in keys)
        raise DataError(
            f"{figure}: the estimate {row['estimate']:.4g} of {where} lies outside "
            f"[{row['low']:.4g}, {row['high']:.4g}]."
        )
    return rows


def panels_by_outcome(
    outcomes: Iterable[str], language: Language, *, height: float = 41.0, sharex: bool = True
) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a titled panel an outcome, two abreast, each `height` mm.

    One panel fills a column of the journal, more stand on the whole page.
    """
    names = list(dict.fromkeys(outcomes))
    columns = min(len(names), 2)
    lines = math.ceil(len(names) / columns)
    figure = new_figure(ONE_COLUMN if columns == 1 else TWO_COLUMNS, 8 + height * lines)
    grid = figure.subplots(lines, columns, sharex=sharex, squeeze=False)
    panels = dict(zip(names, grid.flat, strict=False))
    for panel in list(grid.flat)[len(names) :]:
        panel.set_visible(False)
    title_panels(panels, language)
    for panel in lowest(panels):
        panel.tick_params(labelbottom=True)
    return figure, panels


def title_panels(panels: dict[str, Axes], language: Language, width: float = TITLE_WIDTH) -> None:
    """Write the outcome's codebook label over each panel, with a letter if there are several."""
    codebook = load_codebook()
    for name, panel in panels.items():
        panel.set_title(wrapped(codebook.label(name, language), width))
    if len(panels) > 1:
        tag_panels(panels.values())


def lowest(panels: dict[str, Axes]) -> list[Axes]:
    """Panels with none below them, where two stand abreast: those that name the x axis."""
    return list(panels.values())[-2:]


def leftmost(panels: dict[str, Axes]) -> list[Axes]:
    """Panels with none to their left, where two stand abreast: those that name the y axis."""
    return list(panels.values())[::2]


def legend_above(figure: Figure, handles: Sequence[Artist]) -> None:
    """Write a legend over all panels: in one row on a page, in rows on a column.

    A figure of one column grows by what the further rows need.
    """
    wide = figure.get_figwidth() > 1.01 * ONE_COLUMN * MM
    if not wide:
        figure.set_figheight(figure.get_figheight() + LEGEND_ROW * MM * (len(handles) - 1))
    figure.legend(
        handles=handles, loc="outside upper left", ncols=len(handles) if wide else 1,
        frameon=False, borderpad=0, handlelength=1.6, columnspacing=1.2,
    )  # fmt: skip


def zero_line(panel: Axes) -> None:
    """Draw the line of no effect."""
    panel.axhline(0, color=INK, lw=HAIR, zorder=1)


def draw_intervals(
    panel: Axes, at: Sequence[float] | pd.Series, rows: pd.DataFrame, colour: str, marker: str
) -> None:
    """Draw an estimate with its interval at each place; what is missing is a grey cross."""
    places = np.asarray(at, dtype=float)
    panel.vlines(places, rows["low"], rows["high"], color=colour, lw=1.1, zorder=3)
    panel.plot(places, rows["estimate"], marker, ls="", color=colour, ms=3.4, mew=0, zorder=4)
    unknown = places[rows["estimate"].isna().to_numpy()]
    panel.plot(unknown, np.zeros(len(unknown)), "x", ls="", ms=3.4, color=GREY)


def effect_ticks(panel: Axes) -> None:
    """Tick the axis of effects at a few round numbers."""
    from matplotlib.ticker import MaxNLocator

    panel.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def written(value: float) -> str:
    """Return a number with at most two significant digits and a true minus sign."""
    text = np.format_float_positional(value, precision=2, unique=False, fractional=False, trim="-")
    return text.replace("-", MINUS)


def written_p(p: float) -> str:
    """Return "= 0.023", or "< 0.001" where p is smaller."""
    return f"< {LEAST_P}" if p < LEAST_P else f"= {p:.3f}"
