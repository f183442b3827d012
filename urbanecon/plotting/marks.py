"""The marks that many figures share: year axes, gaps, direct labels, percent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.plotting.fonts import register_font
from urbanecon.plotting.frames import with_gaps
from urbanecon.plotting.style import BAND_ALPHA, GREY, MM, SMALL, TEXT
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

BREAKABLE = re.compile(r"[\u2e80-\u9fff][）。，、；：]*|[^\s\u2e80-\u9fff]+\s*|\s+")
"""Pieces that a line may end after: a Chinese character with its punctuation, a word."""

LABEL_GAP = 0.075
"""Least distance between two direct labels, as a share of the panel's height."""


def year_axis(panel: Axes, first: float, last: float, *, most: int = 6) -> None:
    """Tick whole years only, at most `most` of them, and end the axis with the data."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    panel.set_xlim(first, last)
    panel.xaxis.set_major_locator(MaxNLocator(most, integer=True, steps=[1, 2, 5, 10]))
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))


def number_axis(axis: Axis, unit: str) -> None:
    """Write shares in percent and large numbers with thousands separators.

    To be called when all data are drawn.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    if unit == "share":
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    elif np.abs(axis.get_view_interval()).max() >= 1000:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def line_with_band(
    panel: Axes, rows: pd.DataFrame, colour: str, *, low: str, high: str, mean: str = "mean"
) -> None:
    """Draw `mean` by year with a band from `low` to `high`; both break at missing years."""
    path = with_gaps(rows)
    years = path["year"].to_numpy()
    panel.fill_between(years, path[low], path[high], color=colour, alpha=BAND_ALPHA, lw=0)
    panel.plot(years, path[mean], color=colour, zorder=3)
    alone = _alone(path[mean].to_numpy())
    panel.plot(years[alone], path[mean][alone], ".", color=colour, ms=3, zorder=3)


def mark_gaps(panel: Axes, rows: pd.DataFrame, column: str, language: Language) -> None:
    """Hatch the years in which `column` has no value in any row, and say so once."""
    path = with_gaps(rows[["year", column]].groupby("year").mean().reset_index())
    empty = path.loc[path[column].isna(), "year"].to_numpy()
    for year in empty:
        panel.axvspan(year - 0.5, year + 0.5, fc="none", hatch="/////", lw=0, zorder=0)
    if len(empty):
        panel.text(
            float(empty.mean()) if np.ptp(empty) == len(empty) - 1 else float(empty[0]),
            0.02,
            word("no_data", language),
            transform=panel.get_xaxis_transform(),
            rotation=90,
            ha="center",
            va="bottom",
            color=GREY,
            fontsize=SMALL,
            bbox={"fc": "white", "ec": "none", "pad": 0.6},
        )


def wrapped(text: str, width: float, size: float = TEXT) -> str:
    """Break `text` into lines of at most `width` millimetres, as the figures' font sets it.

    English breaks at spaces, Chinese between any two characters. What cannot be broken
    stays whole.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(family=register_font(), size=size)
    lines = [""]
    for piece in BREAKABLE.findall(text):
        longer = lines[-1] + piece
        if lines[-1] and TextPath((0, 0), longer.rstrip(), prop=font).get_extents().width > (
            width * MM * 72
        ):
            lines.append(piece)
        else:
            lines[-1] = longer
    return "\n".join(line.rstrip() for line in lines)


def signed(value: float) -> str:
    """Write three digits of a number, negative ones with the sign of minus."""
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def label_ends(
    panel: Axes,
    ends: Mapping[str, tuple[float, float]],
    colours: Mapping[str, str],
    texts: Mapping[str, str],
) -> None:
    """Name each line at its right end, moved apart where two names would overlap.

    Parameters
    ----------
    panel
        Axes whose y limits are final.
    ends
        Last year and value of each line.
    colours, texts
        Colour and displayed name of each line, by the same keys.
    """
    low, high = panel.get_ylim()
    keys = sorted(ends, key=lambda key: ends[key][1])
    heights = spread([ends[key][1] for key in keys], LABEL_GAP * (high - low))
    for key, height in zip(keys, heights, strict=True):
        panel.annotate(
            texts[key],
            (panel.get_xlim()[1], height),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            color=colours[key],
            annotation_clip=False,
        )


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Return ascending `heights` moved apart to at least `gap`, their middle kept in place.

    Neighbours that would overlap become one block, centred on the mean of its members'
    own heights (least-squares isotonic spacing, by pooling adjacent blocks).
    """
    blocks: list[tuple[float, int]] = []
    for rank, height in enumerate(heights):
        total, size = height - rank * gap, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            above, more = blocks.pop()
            total, size = total + above, size + more
        blocks.append((total, size))
    levels = np.repeat([total / size for total, size in blocks], [size for _, size in blocks])
    return [float(level + rank * gap) for rank, level in enumerate(levels)]


def last_value(rows: pd.DataFrame, column: str = "mean") -> tuple[float, float]:
    """Return year and value of the last row that has a value."""
    row = rows.dropna(subset=[column]).sort_values("year").iloc[-1]
    return float(row["year"]), float(row[column])


def _alone(values: np.ndarray) -> np.ndarray:
    """Mask of values without a neighbour: a line would not show them."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    mask: np.ndarray = known[1:-1] & ~known[:-2] & ~known[2:]
    return mask
