"""What a treated city does to itself and to the others, for every outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.plotting.estimates import check_estimates, legend_above
from urbanecon.plotting.frames import check_known
from urbanecon.plotting.marks import wrapped
from urbanecon.plotting.style import (
    BLUE,
    HAIR,
    INK,
    MIST,
    ORANGE,
    TWO_COLUMNS,
    VERMILION,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PARTS: Mapping[str, tuple[str, str, float]] = {
    "direct": (BLUE, "o", -0.24),
    "indirect": (ORANGE, "s", 0.0),
    "total": (VERMILION, "D", 0.24),
}
"""Colour, marker and offset within the row of each effect."""

LABEL_WIDTH = 56.0
ROW, EDGES = 5.8, 8.5
"""Heights in millimetres: an outcome's row, and what stands around a panel."""


@in_house_style
def spatial_impacts(table: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Direct, indirect and total effects with 95% intervals, a panel an effect of the claims.

    Parameters
    ----------
    table
        Columns `effect` ("E1" ... "E4"), `outcome` (codebook name), `expected_sign` (1 or
        -1), `part` ("direct", "indirect" or "total"), `estimate`, `low`, `high` in standard
        deviations of the outcome.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate.
    UnknownNameError
        If an effect, outcome or part is not known, or a sign is neither 1 nor -1.
    """
    rows = check_estimates(
        table, "spatial_impacts", keys=["effect", "outcome", "expected_sign", "part"]
    )
    check_known(rows["part"].unique(), PARTS, "part of an effect in space")
    check_known(rows["expected_sign"].unique(), (1, -1), "expected sign")
    effects = list(dict.fromkeys(rows["effect"]))
    own = {effect: rows[rows["effect"] == effect] for effect in effects}
    heights = [ROW * own[effect]["outcome"].nunique() + EDGES for effect in effects]
    figure = new_figure(TWO_COLUMNS, 12 + sum(heights))
    grid = figure.subplots(
        len(effects), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    reach = 1.06 * float(np.nanmax(np.abs(rows[["low", "high"]].to_numpy())))
    for panel, effect in zip(grid[:, 0], effects, strict=True):
        _draw_effect(panel, own[effect], reach, language)
        panel.set_title(word(str(effect), language))
    grid[-1, 0].set_xlabel(word("standardised", language))
    _legend(figure, language)
    return figure


def _draw_effect(panel: Axes, rows: pd.DataFrame, reach: float, language: Language) -> None:
    outcomes = list(dict.fromkeys(rows["outcome"]))
    signs = rows.drop_duplicates("outcome").set_index("outcome")["expected_sign"]
    panel.barh(
        range(len(outcomes)), [signs[name] * reach for name in outcomes], height=0.92, color=MIST,
        zorder=0,
    )  # fmt: skip
    panel.axvline(0, color=INK, lw=HAIR, zorder=1)
    for part, (colour, marker, offset) in PARTS.items():
        own = rows[rows["part"] == part]
        places = own["outcome"].map(outcomes.index) + offset
        panel.hlines(places, own["low"], own["high"], color=colour, lw=1.1)
        panel.plot(own["estimate"], places, marker, ls="", color=colour, ms=3.4, mew=0)
    codebook = load_codebook()
    panel.set_yticks(
        range(len(outcomes)),
        [wrapped(codebook.label(name, language), LABEL_WIDTH) for name in outcomes],
    )
    panel.set_ylim(len(outcomes) - 0.5, -0.5)
    panel.set_xlim(-reach, reach)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)


def _legend(figure: Figure, language: Language) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [
        Line2D(
            [], [], color=colour, marker=marker, ms=3.4, mew=0, lw=1.1,
            label=word(f"impact {part}", language),
        )
        for part, (colour, marker, _) in PARTS.items()
    ]  # fmt: skip
    handles.append(Patch(fc=MIST, label=word("expected", language)))
    legend_above(figure, handles)
