"""One coefficient an outcome and model, the four effects in one view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_frame, check_known
from urbanecon.plotting.marks import wrapped
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    INK,
    MIST,
    SMALL,
    TWO_COLUMNS,
    VERMILION,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODELS = {"city+year": (BLUE, "o", -0.2), "city+province:year": (VERMILION, "s", 0.2)}
"""Colour, marker and offset within the row of each set of fixed effects."""

LABEL_WIDTH = 56.0
HEADER = 0.9
"""Height of an effect's header, in rows."""


@in_house_style
def coefficients(
    table: pd.DataFrame,
    *,
    scale: Literal["natural", "standardised"] = "natural",
    language: Language = "en",
) -> Figure:
    """Coefficients with 95% intervals, rows grouped by effect, two models a row.

    Parameters
    ----------
    table
        One row an estimate, in the order to draw. Columns `effect` ("E1" ... "E4"),
        `outcome` (codebook name), `fixed_effects` ("city+year" or "city+province:year"),
        `estimate`, `low`, `high`, `n` (rows used), `expected_sign` (1 or -1). An estimate
        of NaN is written as not estimable.
    scale
        What the caller measured estimates in: each outcome's own unit, or its standard
        deviations. It sets the axis label alone.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if one outcome of an effect has two expected signs.
    UnknownNameError
        If an effect, outcome or set of fixed effects is not known, or a sign is neither 1
        nor -1.
    """
    rows = check_frame(
        table,
        "coefficients",
        keys=["effect", "outcome", "fixed_effects", "expected_sign"],
        numbers=["estimate", "low", "high", "n"],
    )
    check_known(rows["fixed_effects"].unique(), MODELS, "set of fixed effects")
    check_known(rows["expected_sign"].unique(), (1, -1), "expected sign")
    places = _places(rows)

    figure = new_figure(TWO_COLUMNS, 18 + 6.0 * places["place"].max())
    panel = figure.subplots()
    _shade_expected(panel, rows, places)
    panel.axvline(0, color=INK, lw=HAIR, zorder=1)
    for fixed_effects, own in rows.groupby("fixed_effects", sort=False):
        _draw_model(panel, own, places, str(fixed_effects), language)
    _label_rows(panel, places, language)
    _label_models(figure, rows, language)
    panel.set_xlabel(word(scale, language))
    return figure


def _places(rows: pd.DataFrame) -> pd.DataFrame:
    """Vertical place of each outcome: one row each, below a header for its effect."""
    places = rows[["effect", "outcome", "expected_sign"]].drop_duplicates(ignore_index=True)
    twice = places.duplicated(["effect", "outcome"])
    if twice.any():
        raise DataError(
            f"coefficients: outcome {places.loc[twice, 'outcome'].iloc[0]!r} has two expected "
            "signs; a claim predicts one."
        )
    order = list(dict.fromkeys(places["effect"]))
    places = places.sort_values(
        "effect", key=lambda effects: effects.map(order.index), kind="stable", ignore_index=True
    )
    headers = places["effect"].ne(places["effect"].shift()).cumsum()
    return places.assign(place=np.arange(len(places)) + headers * HEADER)


def _at(rows: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    merged = rows.merge(places[["effect", "outcome", "place"]], on=["effect", "outcome"])
    return merged["place"].to_numpy(dtype=float)


def _shade_expected(panel: Axes, rows: pd.DataFrame, places: pd.DataFrame) -> None:
    """Shade, row by row, the side of zero that the claim predicts."""
    reach = 1.08 * np.nanmax(np.abs(rows[["estimate", "low", "high"]].to_numpy()))
    for place, sign in zip(places["place"], places["expected_sign"], strict=True):
        panel.barh(place, sign * reach, height=0.92, color=MIST, zorder=0)
    panel.set_xlim(-reach, reach)


def _draw_model(
    panel: Axes,
    rows: pd.DataFrame,
    places: pd.DataFrame,
    fixed_effects: str,
    language: Language,
) -> None:
    colour, marker, offset = MODELS[fixed_effects]
    heights = _at(rows, places) + offset
    panel.hlines(heights, rows["low"], rows["high"], color=colour, lw=1.1)
    panel.plot(rows["estimate"], heights, marker, ls="", color=colour, ms=3.6, mew=0)
    for height, estimate, n in zip(heights, rows["estimate"], rows["n"], strict=True):
        known = not np.isnan(estimate)
        panel.annotate(
            f"{n:,.0f}" if known and not np.isnan(n) else word("not_estimable", language),
            (1.0, height), xycoords=panel.get_yaxis_transform(), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=colour,
            annotation_clip=False,
        )  # fmt: skip


def _label_rows(panel: Axes, places: pd.DataFrame, language: Language) -> None:
    codebook = load_codebook()
    panel.set_yticks(
        places["place"],
        [wrapped(codebook.label(name, language), LABEL_WIDTH) for name in places["outcome"]],
    )
    for effect, place in places.groupby("effect", sort=False)["place"].min().items():
        panel.annotate(
            word(str(effect), language), (0.0, place - HEADER), xytext=(-4, 0), ha="right",
            xycoords=panel.get_yaxis_transform(), textcoords="offset points", va="center",
            color=GREY, annotation_clip=False,
        )  # fmt: skip
    panel.set_ylim(places["place"].max() + 0.6, places["place"].min() - HEADER - 0.5)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.annotate(
        word("n", language), (1.0, places["place"].min() - HEADER), xytext=(4, 0), va="center",
        xycoords=panel.get_yaxis_transform(), textcoords="offset points", fontsize=SMALL,
        color=GREY, annotation_clip=False,
    )  # fmt: skip


def _label_models(figure: Figure, rows: pd.DataFrame, language: Language) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    used = [name for name in MODELS if name in set(rows["fixed_effects"])]
    handles = [
        Line2D(
            [], [], color=MODELS[name][0], marker=MODELS[name][1], ms=3.6, mew=0, lw=1.1,
            label=word(name, language),
        )
        for name in used
    ]  # fmt: skip
    figure.legend(
        handles=[*handles, Patch(fc=MIST, label=word("expected", language))],
        loc="outside upper left", ncols=3, frameon=False, borderpad=0, handlelength=1.6,
    )  # fmt: skip
