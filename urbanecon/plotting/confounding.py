"""How strong a confounder would have to be, beside the controls that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.marks import LABEL_GAP, signed, spread
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    INK,
    SMALL,
    TWO_COLUMNS,
    VERMILION,
    in_house_style,
    new_figure,
    tag_panels,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@in_house_style
def confounding(
    grid: pd.DataFrame, benchmarks: pd.DataFrame, critical: float, *, language: Language = "en"
) -> Figure:
    """Contours of the estimate and its t by a confounder's strength, with benchmarks.

    The thick contours are an estimate of zero and the critical t (Cinelli and
    Hazlett 2020, figures 3 and 4).

    Parameters
    ----------
    grid
        As `omitted.contour_grid`: r2dz_x, r2yz_dx (a full rectangle), estimate, t.
    benchmarks
        As `omitted_bounds.bounds`: benchmark (codebook name, or a control of the
        catalogue of words), k, r2dz_x, r2yz_dx. Points beyond the grid are left out.
    critical
        Critical value of |t|.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if the grid is no rectangle.
    UnknownNameError
        If a benchmark has no label.
    """
    cells = check_frame(grid, "confounding", keys=["r2dz_x", "r2yz_dx"], numbers=["estimate", "t"])
    points = check_frame(
        benchmarks, "confounding", keys=["benchmark", "k"], numbers=["r2dz_x", "r2yz_dx"]
    )
    figure = new_figure(TWO_COLUMNS, 66)
    panels = figure.subplots(1, 2, sharey=True)
    sign = -1.0 if cells["estimate"].iloc[0] < 0 else 1.0
    for panel, column, threshold in (
        (panels[0], "estimate", 0.0),
        (panels[1], "t", sign * critical),
    ):
        _draw_contours(panel, cells, column, threshold)
        _draw_benchmarks(panel, points, language)
        panel.set_xlabel(word("confounder_treatment", language))
        panel.set_title(word(f"adjusted_{column}", language))
    panels[0].set_ylabel(word("confounder_outcome", language))
    tag_panels(panels)
    return figure


def _draw_contours(panel: Axes, cells: pd.DataFrame, column: str, threshold: float) -> None:
    from matplotlib.ticker import MaxNLocator

    surface = cells.pivot(index="r2yz_dx", columns="r2dz_x", values=column)
    if surface.shape[0] * surface.shape[1] != len(cells) or min(surface.shape) < 2:
        raise DataError("confounding: the grid must be a full rectangle of strengths.")
    x, y = surface.columns.to_numpy(dtype=float), surface.index.to_numpy(dtype=float)
    z = surface.to_numpy()
    values = _levels(z, threshold)
    thin = panel.contour(x, y, z, levels=values, colors=GREY, linewidths=0.6, linestyles="solid")
    panel.clabel(thin, fontsize=SMALL, fmt=signed)
    if np.nanmin(z) < threshold < np.nanmax(z):
        thick = panel.contour(
            x, y, z, levels=[threshold], colors=VERMILION, linewidths=1.3, linestyles="solid"
        )
        panel.clabel(thick, fontsize=SMALL, fmt=signed)
    panel.set_xlim(x[0], x[-1])
    panel.set_ylim(y[0], y[-1])
    panel.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))


def _levels(z: np.ndarray, threshold: float) -> list[float]:
    """Round values within the surface, none beside the threshold."""
    from matplotlib.ticker import MaxNLocator

    low, high = np.nanmin(z), np.nanmax(z)
    ticks = MaxNLocator(9, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    near = 0.3 * (ticks[1] - ticks[0])
    return [float(v) for v in ticks if low < v < high and abs(v - threshold) > near]


def _draw_benchmarks(panel: Axes, points: pd.DataFrame, language: Language) -> None:
    """Benchmarks as diamonds, the unadjusted estimate as a triangle, names beside them.

    Names of points that lie close together stand one above the other.
    """
    right, top = panel.get_xlim()[1], panel.get_ylim()[1]
    shown = points[(points["r2dz_x"] <= right) & (points["r2yz_dx"] <= top)]
    panel.plot(
        shown["r2dz_x"], shown["r2yz_dx"], "D", ms=3.4, color=BLUE, mew=0, clip_on=False, zorder=4
    )
    panel.plot(0, 0, "^", ms=4.5, color=INK, mew=0, clip_on=False, zorder=5)
    named = [(0.0, 0.0, word("unadjusted", language), INK)]
    named += [
        (x, y, word("benchmark_times", language, k=f"{k:g}", label=_label(name, language)), BLUE)
        for name, k, x, y in zip(*(shown[column].tolist() for column in shown), strict=True)
    ]
    named.sort(key=lambda each: each[1])
    lowest = 0.5 * LABEL_GAP * top
    heights = spread([max(y, lowest) for _, y, _, _ in named], LABEL_GAP * top)
    lift = max(lowest - heights[0], 0.0)
    for (x, _, text, colour), height in zip(named, heights, strict=True):
        beyond = x > 0.6 * right
        panel.annotate(
            text, (x, height + lift), xytext=(-5 if beyond else 5, 0),
            textcoords="offset points", ha="right" if beyond else "left", va="center",
            fontsize=SMALL, color=colour, zorder=6,
            bbox={"fc": "white", "ec": "none", "pad": 0.6, "alpha": 0.8},
        )  # fmt: skip


def _label(benchmark: object, language: Language) -> str:
    name = str(benchmark)
    codebook = load_codebook()
    return (
        codebook.label(name, language) if name in codebook else word(f"control {name}", language)
    )
