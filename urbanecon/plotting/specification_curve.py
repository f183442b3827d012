"""A multiverse in one view: estimates in order above, the choices behind them below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError, NotEstimableError
from urbanecon.plotting.frames import check_frame, check_known, nothing_to_draw
from urbanecon.plotting.marks import wrapped
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    INK,
    MIST,
    ONE_COLUMN,
    PALE,
    SMALL,
    VERMILION,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import load_words, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BINS = 120
"""Columns of the lower panel: up to so many specifications each has its own."""
ROW, CURVE, EDGES = 2.75, 40.0, 25.0
"""Heights in millimetres: a row of choices, the curve, all that is around."""
SUMMARY_WIDTH = 45.0
"""Millimetres that the summary in the curve's corner may fill."""
DARKEST = 2.0
"""How many times its overall share an option has where its mark is darkest."""
SIGNIFICANT = 0.05
SHOWN = (0.01, 0.99)
"""Quantiles of the ends of the intervals that the curve's axis reaches at least."""

Row = tuple[str, np.ndarray | None]


@in_house_style
def specification_curve(
    table: pd.DataFrame,
    choices: Mapping[str, Sequence[str]],
    controls: Sequence[str] = (),
    *,
    language: Language = "en",
) -> Figure:
    """Estimates with 95% intervals in order of size, and which options stand where.

    Parameters
    ----------
    table
        One row a specification. Columns `estimate`, `low`, `high` and `p`, in one
        unit, positive where the sign is the claimed one; each choice; each
        control, boolean. Rows without an estimate are left out.
    choices
        Options of each choice in the order to list them. With more
        specifications than `MOST_BINS`, a mark is as dark as the option is
        frequent at this place of the curve compared with all of it.
    controls
        Columns that say whether a control is in.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, DataError
        As `frames.check_frame`.
    NotEstimableError
        No row has an estimate.
    UnknownNameError
        A row holds an option that is not declared, or a label is not known.
    """
    rows = _ordered(table, choices, controls)
    lines = _lines(rows, choices, controls, language)
    height = ROW * len(lines)
    figure = new_figure(ONE_COLUMN, EDGES + CURVE + height)
    curve, below = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [CURVE, height]}
    )
    _draw_curve(curve, rows, language)
    _draw_choices(below, lines, len(rows))
    below.set_xlabel(word("curve_rank", language, count=f"{len(rows):,}"))
    _legend(figure, language)
    return figure


def _ordered(
    table: pd.DataFrame, choices: Mapping[str, Sequence[str]], controls: Sequence[str]
) -> pd.DataFrame:
    """Rows with an estimate, smallest first."""
    named = table.assign(specification=np.arange(len(table)))
    rows = check_frame(
        named,
        "specification_curve",
        keys=["specification", *choices, *controls],
        numbers=["estimate", "low", "high", "p"],
    )
    rows = rows.dropna(subset=["estimate", "low", "high", "p"])
    if rows.empty:
        raise nothing_to_draw("specification_curve")
    for name, options in choices.items():
        check_known(rows[name].unique(), options, f"declared option of {name}")
    outside = (rows["estimate"] < rows["low"]) | (rows["estimate"] > rows["high"])
    if outside.any():
        row = rows[outside].iloc[0]
        raise DataError(
            f"specification_curve: the estimate {row['estimate']:.4g} of row "
            f"{row['specification']:.0f} lies outside [{row['low']:.4g}, {row['high']:.4g}]."
        )
    return rows.sort_values("estimate", kind="stable", ignore_index=True)


def _lines(
    rows: pd.DataFrame,
    choices: Mapping[str, Sequence[str]],
    controls: Sequence[str],
    language: Language,
) -> list[Row]:
    """Label and membership of each line below; a header has no membership."""
    lines: list[Row] = []
    for name, options in choices.items():
        shown = [option for option in options if (rows[name] == option).any()]
        if len(shown) < 2:
            continue
        lines.append((word(f"choice {name}", language), None))
        lines += [
            (option_label(name, option, language), (rows[name] == option).to_numpy())
            for option in shown
        ]
    if controls:
        lines.append((word("choice controls", language), None))
        lines += [
            (option_label("control", name, language), rows[name].to_numpy(dtype=bool))
            for name in controls
        ]
    if not lines:
        raise NotEstimableError(
            "specification_curve: no choice has two options among the rows with an estimate."
        )
    return lines


def option_label(choice: str, option: str, language: Language) -> str:
    """Label of an option: from the words of the figures, else from the codebook."""
    key = f"{choice} {option}"
    if key in load_words():
        return word(key, language)
    return load_codebook().label(option, language)


def _draw_curve(panel: Axes, rows: pd.DataFrame, language: Language) -> None:
    place = np.arange(len(rows))
    sure = rows["p"] < SIGNIFICANT
    parts = (
        (~sure, PALE, GREY),
        (sure & (rows["estimate"] > 0), BLUE, BLUE),
        (sure & (rows["estimate"] <= 0), VERMILION, VERMILION),
    )
    for own, line, dot in parts:
        panel.vlines(
            place[own], rows["low"][own], rows["high"][own], color=line, lw=0.35, alpha=0.35,
            rasterized=True,
        )  # fmt: skip
        panel.plot(
            place[own], rows["estimate"][own], ".", color=dot, ms=1.6, mew=0, rasterized=True,
            zorder=3,
        )  # fmt: skip
    low = min(rows["low"].quantile(SHOWN[0]), rows["estimate"].min())
    high = max(rows["high"].quantile(SHOWN[1]), rows["estimate"].max())
    panel.set_ylim(low, high)
    panel.axhspan(0, high, color=MIST, zorder=0)
    panel.axhline(0, color=INK, lw=HAIR, zorder=2)
    median = float(rows["estimate"].median())
    panel.axhline(median, color=INK, lw=HAIR, ls=(0, (4, 3)), zorder=4)
    panel.set_ylabel(word("curve_effect", language))
    panel.tick_params(axis="x", length=0, labelbottom=False)
    text = word(
        "curve_summary", language, median=f"{median:.3f}".replace("-", "\u2212"),
        sign=f"{(rows['estimate'] > 0).mean():.0%}", p=f"{rows['p'].median():.2f}",
    )  # fmt: skip
    panel.text(
        0.01, 0.97, wrapped(text, SUMMARY_WIDTH, SMALL), transform=panel.transAxes, va="top",
        fontsize=SMALL,
    )  # fmt: skip


def _draw_choices(panel: Axes, lines: Sequence[Row], count: int) -> None:
    """One strip an option, a column a bin of the curve."""
    bins = min(count, MOST_BINS)
    at = np.arange(count) * bins // count
    size = np.bincount(at, minlength=bins)
    shade = np.zeros((len(lines), bins))
    for k, (_, member) in enumerate(lines):
        if member is not None and member.any():
            share = np.bincount(at[member], minlength=bins) / size
            shade[k] = np.minimum(share / member.mean() / DARKEST, 1.0)
    panel.imshow(
        shade, cmap="Greys", vmin=0, vmax=1.15, aspect="auto", interpolation="nearest",
        extent=(-0.5, count - 0.5, len(lines) - 0.5, -0.5),
    )  # fmt: skip
    for k in range(len(lines) + 1):
        panel.axhline(k - 0.5, color="white", lw=1.0)
    panel.set_yticks(range(len(lines)), [label for label, _ in lines])
    for (_, member), label in zip(lines, panel.get_yticklabels(), strict=True):
        label.set_fontsize(SMALL)
        label.set_color(GREY if member is None else INK)
    panel.tick_params(axis="y", length=0)
    panel.spines[["left", "bottom"]].set_visible(False)
    panel.set_xlim(-0.5, count - 0.5)


def _legend(figure: Figure, language: Language) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    kinds = (("curve_for", BLUE), ("curve_against", VERMILION), ("curve_unsure", GREY))
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, marker="o", ms=2.8, mew=0, lw=0.8, label=word(key, language))
        for key, colour in kinds
    ]
    handles.append(Patch(fc=MIST, label=word("expected", language)))
    handles.append(Patch(fc=INK, label=word("curve_darker", language)))
    figure.legend(
        handles=handles, loc="outside upper left", ncols=2, frameon=False, borderpad=0,
        fontsize=SMALL, handlelength=1.2, columnspacing=1.0,
    )  # fmt: skip
