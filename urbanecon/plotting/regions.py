"""How a variable moved in the four regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.frames import check_frame, check_known, with_gaps
from urbanecon.plotting.marks import line_with_band, mark_gaps, number_axis, year_axis
from urbanecon.plotting.style import (
    GREY,
    INK,
    PALE,
    REGION_COLOURS,
    SMALL,
    TWO_COLUMNS,
    in_house_style,
    new_figure,
    tag_panels,
)
from urbanecon.plotting.words import axis_label, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@in_house_style
def region_trends(
    trends: pd.DataFrame,
    variable: str,
    benchmarks: pd.DataFrame | None = None,
    *,
    language: Language = "en",
) -> Figure:
    """One panel a region: its mean and the middle half of its cities, the others behind.

    Parameters
    ----------
    trends
        Columns `region` ("east", "central", "west", "northeast"), `year`, `mean`, `q25`,
        `q75` in the variable's unit. NaN breaks line and band; a year that no region has
        is hatched.
    variable
        Codebook name, for the axis label and its number format.
    benchmarks
        Columns `region`, `year`, `value`: census points, drawn as open diamonds.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`.
    UnknownNameError
        If a region or the variable is not known.
    """
    name = f"region_trends of {variable}"
    rows = check_frame(trends, name, keys=["region", "year"], numbers=["mean", "q25", "q75"])
    census = pd.DataFrame({"region": [], "year": [], "value": []})
    if benchmarks is not None:
        census = check_frame(
            benchmarks, f"{name}, benchmarks", keys=["region", "year"], numbers=["value"]
        )
    for table in (rows, census):
        check_known(table["region"].unique(), REGION_COLOURS, "region")
    regions = [region for region in REGION_COLOURS if region in set(rows["region"])]

    figure = new_figure(TWO_COLUMNS, 52)
    panels = figure.subplots(1, len(regions), sharex=True, sharey=True, squeeze=False)[0]
    for region, panel in zip(regions, panels, strict=True):
        _region_panel(panel, region, rows, census)
        panel.set_title(word(region, language), color=REGION_COLOURS[region])
        mark_gaps(panel, rows, "mean", language)
    years = pd.concat([rows["year"], census["year"]])
    margin = 0.04 * (years.max() - years.min())
    year_axis(panels[0], years.min() - margin, years.max() + margin, most=3)
    number_axis(panels[0].yaxis, load_codebook()[variable].unit)
    panels[0].set_ylabel(axis_label(variable, language))
    _explain(panels[0], rows[rows["region"] == regions[0]], census, language)
    tag_panels(panels)
    return figure


def _region_panel(panel: Axes, region: str, rows: pd.DataFrame, census: pd.DataFrame) -> None:
    colour = REGION_COLOURS[region]
    for other, path in rows[rows["region"] != region].groupby("region"):
        line = with_gaps(path.drop(columns="region"))
        panel.plot(line["year"], line["mean"], color=PALE, lw=0.6, gid=f"other {other}")
    own = rows[rows["region"] == region].drop(columns="region")
    line_with_band(panel, own, colour, low="q25", high="q75")
    points = census[census["region"] == region]
    panel.plot(
        points["year"], points["value"], "D", mfc="white", mec=INK, mew=0.8, ms=3.6, zorder=4
    )


def _explain(panel: Axes, rows: pd.DataFrame, census: pd.DataFrame, language: Language) -> None:
    """Say in the first panel, in words beside them, what diamond, band and grey lines are."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colour = REGION_COLOURS[str(rows["region"].iloc[0])]
    band = Patch(fc=colour, alpha=0.25, lw=0, label=word("interquartile", language))
    grey = Line2D([], [], color=PALE, lw=0.8, label=word("other_regions", language))
    diamond = Line2D(
        [], [], ls="", marker="D", mfc="white", mec=INK, mew=0.8, ms=3.6,
        label=word("census", language),
    )  # fmt: skip
    handles = [band, grey, *([diamond] if len(census) else [])]
    panel.legend(
        handles=handles, loc="lower right", frameon=False, fontsize=SMALL, labelcolor=GREY,
        handlelength=1.0, handletextpad=0.5, labelspacing=0.25, borderpad=0, borderaxespad=0.2,
    )  # fmt: skip
