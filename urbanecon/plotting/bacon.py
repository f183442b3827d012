"""What a two-way estimate compares, and how much each comparison weighs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError
from urbanecon.plotting.estimates import (
    effect_ticks,
    leftmost,
    legend_above,
    lowest,
    panels_by_outcome,
    zero_line,
)
from urbanecon.plotting.frames import check_frame, check_known
from urbanecon.plotting.style import (
    BLACK,
    BLUE,
    GREEN,
    HAIR,
    INK,
    ORANGE,
    SMALL,
    VERMILION,
    in_house_style,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COMPARISONS: Mapping[str, tuple[str, str]] = {
    "treated vs never treated": (BLUE, "o"),
    "earlier vs later treated": (GREEN, "^"),
    "later vs earlier treated": (VERMILION, "s"),
    "later vs always treated": (ORANGE, "D"),
}
"""Colour and marker of each type of comparison."""

ROUNDING = 1e-6
"""Largest distance of the sum of weights from one."""


@in_house_style
def bacon_scatter(table: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Two-by-two comparisons by weight and estimate, a panel an outcome.

    The dashed line is the weighted sum: the two-way estimate (Goodman-Bacon
    2021). Comparisons with never-treated cities bear their cohort's year.

    Parameters
    ----------
    table
        One row a comparison. Columns `outcome` (codebook name), `type` (a key of
        `COMPARISONS`), `treated` and `control` (displayed as they stand), `weight` (shares
        that sum to one within an outcome), `estimate`.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if a number is missing, a weight is not positive or
        weights do not sum to one.
    UnknownNameError
        If a type of comparison is not known, or an outcome not in the codebook.
    """
    rows = check_frame(
        table,
        "bacon_scatter",
        keys=["outcome", "type", "treated", "control"],
        numbers=["weight", "estimate"],
    )
    check_known(rows["type"].unique(), COMPARISONS, "type of comparison")
    _check_weights(rows)
    figure, panels = panels_by_outcome(rows["outcome"], language)
    for outcome, panel in panels.items():
        _draw_comparisons(panel, rows[rows["outcome"] == outcome])
    for panel in leftmost(panels):
        panel.set_ylabel(word("bacon_estimate", language))
    for panel in lowest(panels):
        panel.set_xlabel(word("bacon_weight", language))
    _legend(figure, set(rows["type"]), language)
    return figure


def _check_weights(rows: pd.DataFrame) -> None:
    bare = rows[rows[["weight", "estimate"]].isna().any(axis=1) | (rows["weight"] <= 0)]
    if len(bare):
        row = bare.iloc[0]
        raise DataError(
            f"bacon_scatter: {row['treated']} against {row['control']} of {row['outcome']} has "
            f"weight {row['weight']:g} and estimate {row['estimate']:g}; expected a positive "
            "weight and a number."
        )
    for outcome, total in rows.groupby("outcome", sort=False)["weight"].sum().items():
        if abs(total - 1) > ROUNDING:
            raise DataError(
                f"bacon_scatter: the weights of {outcome} sum to {total:.6g}; expected 1. "
                "Give every comparison."
            )


def _draw_comparisons(panel: Axes, rows: pd.DataFrame) -> None:
    from matplotlib.ticker import FuncFormatter

    zero_line(panel)
    mean = float((rows["weight"] * rows["estimate"]).sum())
    panel.axhline(mean, color=INK, lw=HAIR, ls=(0, (4, 3)), zorder=1)
    panel.set_xscale("log")
    for kind, (colour, marker) in COMPARISONS.items():
        own = rows[rows["type"] == kind]
        panel.plot(
            own["weight"], own["estimate"], marker, ls="", color=colour, ms=4, mew=0, alpha=0.85,
            zorder=3,
        )  # fmt: skip
    never = rows[rows["type"] == next(iter(COMPARISONS))]
    for text, weight, estimate in zip(
        never["treated"], never["weight"], never["estimate"], strict=True
    ):
        panel.annotate(
            str(text), (weight, estimate), xytext=(0, 3.5), textcoords="offset points",
            ha="center", fontsize=SMALL, color=BLUE,
            bbox={"fc": "white", "ec": "none", "pad": 0.4},
        )  # fmt: skip
    panel.set_xlim(0.5 * rows["weight"].min(), 1.4)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    panel.minorticks_off()
    panel.margins(y=0.14)
    effect_ticks(panel)


def _legend(figure: Figure, present: set[str], language: Language) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], marker=marker, ls="", color=colour, ms=4, mew=0,
            label=word(f"bacon {kind}", language),
        )
        for kind, (colour, marker) in COMPARISONS.items()
        if kind in present
    ]  # fmt: skip
    handles.append(
        Line2D([], [], color=BLACK, lw=HAIR, ls=(0, (4, 3)), label=word("bacon_sum", language))
    )
    legend_above(figure, handles)
