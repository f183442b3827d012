"""Effects by cohort and calendar year, before and after adoption."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.plotting.estimates import check_estimates, legend_above, title_panels
from urbanecon.plotting.marks import year_axis
from urbanecon.plotting.style import (
    BLUE,
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
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

CELL, EDGES = 4.4, 9.5
"""Heights in millimetres: a cohort's row, and what stands around a panel."""
WIDE_TITLE = 140.0


@in_house_style
def group_time_effects(table: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Heat map of group-time effects, a row a cohort, a column a year.

    Colours diverge around zero, on one scale a panel. A dot marks an interval
    without zero, an open circle the year that a cohort's effects are measured
    from; cells not estimated are hatched. The line stands before each cohort's
    first treated year.

    Parameters
    ----------
    table
        Columns `outcome` (codebook name), `first_treated`, `year`, `estimate`, `low`,
        `high` in the outcome's unit. The base year of a cohort has an estimate of zero
        and no interval.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate.
    UnknownNameError
        If an outcome is not in the codebook.
    """
    rows = check_estimates(table, "group_time_effects", keys=["outcome", "first_treated", "year"])
    rows = rows.astype({"first_treated": "int64"})
    outcomes = list(dict.fromkeys(rows["outcome"]))
    cohorts = {name: rows.loc[rows["outcome"] == name, "first_treated"] for name in outcomes}
    heights = [CELL * cohorts[name].nunique() + EDGES for name in outcomes]
    figure = new_figure(TWO_COLUMNS, 12 + sum(heights))
    grid = figure.subplots(
        len(outcomes), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    panels = dict(zip(outcomes, grid[:, 0], strict=True))
    for name, panel in panels.items():
        _draw_cells(figure, panel, rows[rows["outcome"] == name], language)
    title_panels(panels, language, WIDE_TITLE)
    year_axis(grid[-1, 0], rows["year"].min() - 0.5, rows["year"].max() + 0.5, most=14)
    _legend(figure, language)
    return figure


def _draw_cells(figure: Figure, panel: Axes, rows: pd.DataFrame, language: Language) -> None:
    years = np.arange(rows["year"].min(), rows["year"].max() + 1)
    wide = rows.pivot(index="first_treated", columns="year", values="estimate")
    cells = wide.reindex(columns=years)
    reach = float(np.nanmax(np.abs(cells.to_numpy()))) or 1.0
    panel.patch.set(hatch="/////", fc="white")
    image = panel.imshow(
        cells, cmap=_diverging(), vmin=-reach, vmax=reach, aspect="auto", interpolation="nearest",
        extent=(years[0] - 0.5, years[-1] + 0.5, len(cells) - 0.5, -0.5),
    )  # fmt: skip
    _mark_cells(panel, rows, cells.index)
    panel.set_yticks(range(len(cells)), [f"{g}" for g in cells.index])
    panel.set_ylabel(word("gt_cohort", language))
    panel.tick_params(axis="y", length=0)
    panel.spines[["left", "bottom"]].set_visible(False)
    _colour_bar(figure, panel, image)


def _mark_cells(panel: Axes, rows: pd.DataFrame, cohorts: pd.Index) -> None:
    """Mark what is distinguishable from zero, the base years and the adoption."""
    places = rows["first_treated"].map({first: k for k, first in enumerate(cohorts)})
    sure = (rows["low"] > 0) | (rows["high"] < 0)
    panel.plot(rows["year"][sure], places[sure], "o", ms=1.9, mew=0, color=INK)
    base = rows["low"].isna() & rows["estimate"].notna()
    panel.plot(rows["year"][base], places[base], "o", ms=3, mfc="white", mec=INK, mew=0.6)
    edges = np.repeat(np.arange(len(cohorts) + 1) - 0.5, 2)[1:-1]
    steps = np.repeat(cohorts.to_numpy() - 0.5, 2)
    panel.plot(steps, edges, color=INK, lw=1.4, solid_joinstyle="miter")


def _colour_bar(figure: Figure, panel: Axes, image: AxesImage) -> None:
    from matplotlib.ticker import MaxNLocator

    bar = figure.colorbar(image, ax=panel, pad=0.01, aspect=9, shrink=0.95)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL)
    bar.locator = MaxNLocator(4, symmetric=True, steps=[1, 2, 2.5, 5, 10])
    bar.update_ticks()


def _diverging() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("effects", [VERMILION, "#FFFFFF", BLUE])


def _legend(figure: Figure, language: Language) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [
        Line2D([], [], marker="o", ls="", ms=1.9, mew=0, color=INK),
        Line2D([], [], marker="o", ls="", ms=3, mfc="white", mec=INK, mew=0.6),
        Line2D([], [], color=INK, lw=1.4),
        Patch(fc="white", hatch="/////", lw=0),
    ]
    names = ("gt_significant", "base_year", "gt_adoption", "no_data")
    for handle, name in zip(handles, names, strict=True):
        handle.set_label(word(name, language))
    legend_above(figure, handles)
