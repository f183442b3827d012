"""For whom the effect is large: its size along a moderator, and where there are data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.estimates import (
    check_estimates,
    draw_intervals,
    effect_ticks,
    legend_above,
    title_panels,
    zero_line,
)
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.marks import number_axis
from urbanecon.plotting.style import (
    BAND_ALPHA,
    BLUE,
    GREY,
    ONE_COLUMN,
    PALE,
    TWO_COLUMNS,
    VERMILION,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import axis_label, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TALL = 47.0
"""Height of an outcome's two panels in millimetres."""


@in_house_style
def marginal_effects(
    lines: pd.DataFrame,
    support: pd.DataFrame,
    bins: pd.DataFrame,
    moderator: str,
    *,
    language: Language = "en",
) -> Figure:
    """Effect along a moderator with its 95% band, bins that check the line, rows below.

    Where no treated and untreated rows meet, the histogram is pale: there the
    line is extrapolated (Hainmueller, Mummolo and Xu 2019).

    Parameters
    ----------
    lines
        Linear interaction: `outcome` (codebook name), `value` of the moderator,
        `estimate`, `low`, `high`.
    support
        Histogram: `outcome`, `from_value`, `to_value`, `rows`, `treatment_sd` (zero or
        missing where the treatment does not vary).
    bins
        `outcome`, `value` (median of the bin), `estimate`, `low`, `high`; NaN where the
        bin has no contrast.
    moderator
        Codebook name.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate.
    UnknownNameError
        If an outcome or the moderator is not in the codebook.
    """
    line = check_estimates(lines, "marginal_effects", keys=["outcome", "value"])
    bin_rows = check_estimates(bins, "marginal_effects", keys=["outcome", "value"])
    cells = check_frame(
        support,
        "marginal_effects",
        keys=["outcome", "from_value", "to_value"],
        numbers=["rows", "treatment_sd"],
    )
    outcomes = list(dict.fromkeys(line["outcome"]))
    figure, grid = _layout(len(outcomes))
    for (upper, lower), outcome in zip(grid, outcomes, strict=True):
        _draw_line(upper, line[line["outcome"] == outcome])
        own = bin_rows[bin_rows["outcome"] == outcome]
        draw_intervals(upper, own["value"], own, VERMILION, "s")
        effect_ticks(upper)
        _draw_support(lower, cells[cells["outcome"] == outcome])
        number_axis(lower.xaxis, load_codebook()[moderator].unit)
    title_panels({name: upper for name, (upper, _) in zip(outcomes, grid, strict=True)}, language)
    for upper, lower in grid[::2]:
        upper.set_ylabel(word("marginal_effect", language))
        lower.set_ylabel(word("marginal_rows", language))
    for _, lower in grid[-2:]:
        lower.set_xlabel(axis_label(moderator, language))
    _legend(figure, language)
    return figure


def _layout(count: int) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """Return the upper and lower panel of each outcome, two outcomes abreast."""
    columns = min(count, 2)
    lines = math.ceil(count / columns)
    figure = new_figure(ONE_COLUMN if columns == 1 else TWO_COLUMNS, 14 + TALL * lines)
    grid = figure.subplots(
        2 * lines, columns, sharex="col", squeeze=False,
        gridspec_kw={"height_ratios": [3.2, 1] * lines},
    )  # fmt: skip
    pairs = [(grid[2 * (k // columns), k % columns], grid[2 * (k // columns) + 1, k % columns])
             for k in range(lines * columns)]  # fmt: skip
    for pair in pairs[count:]:
        for panel in pair:
            panel.set_visible(False)
    for _, lower in pairs[:count]:
        lower.tick_params(labelbottom=True)
    return figure, pairs[:count]


def _draw_line(panel: Axes, rows: pd.DataFrame) -> None:
    rows = rows.sort_values("value")
    zero_line(panel)
    panel.fill_between(
        rows["value"], rows["low"], rows["high"], color=BLUE, alpha=BAND_ALPHA, lw=0
    )
    panel.plot(rows["value"], rows["estimate"], color=BLUE, zorder=2)


def _draw_support(panel: Axes, rows: pd.DataFrame) -> None:
    from matplotlib.ticker import StrMethodFormatter

    contrast = rows["treatment_sd"] > 0
    for own, colour in ((rows[contrast], GREY), (rows[~contrast], PALE)):
        panel.bar(
            own["from_value"], own["rows"], own["to_value"] - own["from_value"], align="edge",
            color=colour, ec="white", lw=0.3,
        )  # fmt: skip
    panel.locator_params(axis="y", nbins=2)
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _legend(figure: Figure, language: Language) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [
        Line2D([], [], color=BLUE, label=word("marginal_line", language)),
        Line2D(
            [], [], color=VERMILION, marker="s", ms=3.4, mew=0, lw=1.1,
            label=word("marginal_bins", language),
        ),
        Patch(fc=GREY, label=word("marginal_contrast", language)),
        Patch(fc=PALE, label=word("marginal_bare", language)),
    ]  # fmt: skip
    legend_above(figure, handles)
