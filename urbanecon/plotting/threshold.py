"""Where an effect changes: likelihood ratios of the thresholds that were tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.estimates import leftmost, lowest, panels_by_outcome, written_p
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.marks import number_axis
from urbanecon.plotting.style import (
    BAND_ALPHA,
    BLUE,
    INK,
    SMALL,
    VERMILION,
    in_house_style,
)
from urbanecon.plotting.words import axis_label, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHADED = 0.87
"""Share of the panel that the shading fills; above stands the estimate."""


@in_house_style
def threshold_curves(
    table: pd.DataFrame,
    variable: str,
    p_values: Mapping[str, float] | None = None,
    *,
    language: Language = "en",
) -> Figure:
    """Likelihood ratio of each candidate threshold, a panel an outcome (Hansen 1999).

    Candidates below the dashed line are the 95% confidence set, shaded; the
    estimate is where the curve touches zero.

    Parameters
    ----------
    table
        Columns `outcome` (codebook name), `value` (candidate threshold), `lr`, `critical`
        (one number an outcome).
    variable
        Codebook name of the threshold variable.
    p_values
        By outcome: p-value of the test of one threshold against none, written in the panel.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an outcome has more than one critical value.
    UnknownNameError
        If an outcome or the variable is not in the codebook.
    """
    rows = check_frame(
        table, "threshold_curves", keys=["outcome", "value"], numbers=["lr", "critical"]
    ).dropna()
    rows = rows.astype({"value": float}).sort_values(["outcome", "value"], kind="stable")
    for outcome, lines in rows.groupby("outcome")["critical"].nunique().items():
        if lines > 1:
            raise DataError(f"threshold_curves: {outcome} has {lines} critical values.")
    order = dict.fromkeys(table["outcome"])
    figure, panels = panels_by_outcome([n for n in order if n in set(rows["outcome"])], language)
    for outcome, panel in panels.items():
        p = (p_values or {}).get(outcome, np.nan)
        _draw_curve(panel, rows[rows["outcome"] == outcome], variable, p, language)
    for panel in leftmost(panels):
        panel.set_ylabel(word("threshold_ratio", language))
    for panel in lowest(panels):
        panel.set_xlabel(axis_label(variable, language))
    return figure


def _draw_curve(
    panel: Axes, rows: pd.DataFrame, variable: str, p: float, language: Language
) -> None:
    values, ratios = rows["value"].to_numpy(), rows["lr"].to_numpy()
    critical = float(rows["critical"].iloc[0])
    for low, high in _runs(values, ratios <= critical):
        panel.axvspan(low, high, ymax=SHADED, color=BLUE, alpha=BAND_ALPHA, lw=0.5, zorder=0)
    panel.axhline(critical, color=VERMILION, lw=0.8, ls=(0, (4, 3)), zorder=2)
    panel.plot(values, ratios, color=INK, lw=0.9, zorder=3)
    best = float(values[np.argmin(ratios)])
    panel.plot([best], [ratios.min()], "o", color=BLUE, ms=4, mew=0, zorder=4, clip_on=False)
    panel.set_ylim(0, ratios.max() / SHADED * 1.02)
    unit = load_codebook()[variable].unit
    number_axis(panel.xaxis, unit)
    text = word(
        "threshold_found", language, value=f"{best:.1%}" if unit == "share" else f"{best:.3g}"
    )
    if not np.isnan(p):
        text = word("threshold_tested", language, found=text, p=written_p(p))
    panel.text(0.02, 0.98, text, transform=panel.transAxes, va="top", fontsize=SMALL, color=BLUE)
    panel.annotate(
        "95%", (1.0, critical), xycoords=panel.get_yaxis_transform(), xytext=(2, 0),
        textcoords="offset points", va="center", fontsize=SMALL, color=VERMILION,
        annotation_clip=False,
    )  # fmt: skip


def _runs(values: np.ndarray, inside: np.ndarray) -> list[tuple[float, float]]:
    """Return the intervals of neighbouring candidates inside, each reaching half a step out."""
    edges = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:]])
    steps = np.diff(np.concatenate([[0], inside.astype(int), [0]]))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [(float(edges[i]), float(edges[j])) for i, j in zip(starts, ends, strict=True)]
