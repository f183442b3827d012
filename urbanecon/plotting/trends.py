"""Means over time of pilot cities and of cities that never were."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.frames import check_frame, check_known
from urbanecon.plotting.marks import (
    label_ends,
    last_value,
    line_with_band,
    mark_gaps,
    number_axis,
    wrapped,
    year_axis,
)
from urbanecon.plotting.style import (
    COHORT_COLOURS,
    GREY,
    GROUP_COLOURS,
    MIST,
    ONE_COLUMN,
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

TITLE_WIDTH = 72.0


@in_house_style
def pilot_trends(trends: pd.DataFrame, *, language: Language = "en") -> Figure:
    """One panel a variable: pilot and never-pilot cities over time, with bands.

    The years in which pilots started (2014-2016) are shaded.

    Parameters
    ----------
    trends
        Columns `variable` (codebook name; panels in order of appearance), `group` ("pilot"
        or "never"), `year`, `mean`, `low`, `high` in the variable's unit. NaN breaks line
        and band; a year that no group has is hatched.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; NotEstimableError also if one variable has no number.
    UnknownNameError
        If a variable or group is not known.
    """
    rows = check_frame(
        trends,
        "pilot_trends",
        keys=["variable", "group", "year"],
        numbers=["mean", "low", "high"],
    )
    check_known(rows["group"].unique(), GROUP_COLOURS, "group")
    variables = list(dict.fromkeys(rows["variable"]))
    columns = min(len(variables), 2)
    lines = math.ceil(len(variables) / columns)
    figure = new_figure(ONE_COLUMN if columns == 1 else TWO_COLUMNS, 6 + 41 * lines)
    grid = figure.subplots(lines, columns, squeeze=False)
    panels = list(grid.flat)[: len(variables)]
    for panel, variable in zip(panels, variables, strict=True):
        own = rows[rows["variable"] == variable].drop(columns="variable")
        check_frame(own, f"pilot_trends of {variable}", keys=["group", "year"], numbers=["mean"])
        _draw_groups(panel, own, variable, language)
    for empty in list(grid.flat)[len(variables) :]:
        empty.set_visible(False)
    if len(panels) > 1:
        tag_panels(panels)
    return figure


def _draw_groups(panel: Axes, rows: pd.DataFrame, variable: str, language: Language) -> None:
    ends: dict[str, tuple[float, float]] = {}
    for group, path in rows.groupby("group"):
        line_with_band(
            panel, path.drop(columns="group"), GROUP_COLOURS[str(group)], low="low", high="high"
        )
        if path["mean"].notna().any():
            ends[str(group)] = last_value(path)
    panel.axvspan(min(COHORT_COLOURS), max(COHORT_COLOURS), color=MIST, lw=0, zorder=0)
    panel.annotate(
        word("pilot_wave", language), (min(COHORT_COLOURS), 0.0), xytext=(-2, 3), ha="right",
        xycoords=panel.get_xaxis_transform(), textcoords="offset points", fontsize=SMALL,
        color=GREY,
    )  # fmt: skip
    mark_gaps(panel, rows, "mean", language)
    years = rows.loc[rows["mean"].notna(), "year"]
    year_axis(panel, years.min(), years.max())
    number_axis(panel.yaxis, load_codebook()[variable].unit)
    panel.set_title(wrapped(axis_label(variable, language), TITLE_WIDTH))
    texts = {group: word(group, language) for group in ends}
    label_ends(panel, ends, GROUP_COLOURS, texts)
