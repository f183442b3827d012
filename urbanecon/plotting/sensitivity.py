"""How far an estimate bends: single provinces, reassigned treatments, unseen trends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.marks import signed
from urbanecon.plotting.style import (
    BAND_ALPHA,
    BLUE,
    GREY,
    HAIR,
    INK,
    ONE_COLUMN,
    PALE,
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

LEAST_P = 0.001
BINS = 41
ROW = 2.75
"""Height of a left-out group in millimetres."""


TITLE_LENGTH: Mapping[Language, int] = {"en": 52, "zh": 26}
LABEL_LENGTH: Mapping[Language, int] = {"en": 36, "zh": 18}
"""Characters that fit above one column, and beside a panel of this height."""


@in_house_style
def left_out(
    table: pd.DataFrame,
    full: tuple[float, float, float],
    outcome: str,
    *,
    language: Language = "en",
) -> Figure:
    """Estimates without each province, in order, beside the estimate with all.

    Parameters
    ----------
    table
        Columns `group` (displayed as it stands), `estimate`, `low`, `high`.
    full
        Estimate with all, and the ends of its interval.
    outcome
        Codebook name of the outcome, the title.

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if `full` is not finite.
    """
    rows = check_frame(table, "left_out", keys=["group"], numbers=["estimate", "low", "high"])
    if not np.isfinite(full).all():
        raise DataError(f"left_out: the estimate with all is {full}; expected finite numbers.")
    rows = rows.sort_values("estimate", ignore_index=True)
    places = np.arange(len(rows))
    figure = new_figure(ONE_COLUMN, 24 + ROW * len(rows))
    panel = figure.subplots()
    panel.axvspan(full[1], full[2], color=BLUE, alpha=BAND_ALPHA, lw=0, zorder=0)
    panel.axvline(full[0], color=BLUE, lw=0.8, zorder=1)
    panel.axvline(0, color=INK, lw=HAIR, zorder=1)
    panel.hlines(places, rows["low"], rows["high"], color=GREY, lw=0.8)
    panel.plot(rows["estimate"], places, "o", ms=2.8, mew=0, color=INK, zorder=3)
    for place in places[rows["estimate"].isna()]:
        panel.text(full[0], place, word("not_estimable", language), va="center", fontsize=SMALL)
    panel.set_yticks(places, rows["group"].astype(str).tolist())
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.set_ylim(-0.8, len(rows) - 0.2)
    panel.set_xlabel(word("left_out_estimate", language))
    title = _wrapped(load_codebook().label(outcome, language), TITLE_LENGTH[language])
    included = word("all_included", language, estimate=signed(full[0]))
    panel.set_title(f"{title}\n{included}")
    return figure


@in_house_style
def randomization_density(
    draws: np.ndarray,
    observed: float,
    p: float,
    *,
    statistic: Literal["coefficient", "t"] = "t",
    language: Language = "en",
) -> Figure:
    """Distribution of a statistic over reassigned treatments, and the one observed.

    Draws at least as extreme as the one observed (in absolute value) are coloured.

    Parameters
    ----------
    draws
        Statistics of the reassignments, length B; missing ones are left out.
    observed
        Statistic of the sample.
    p
        p-value of the test, as the test computed it.

    Raises
    ------
    NotEstimableError, DataError
        If no draw has a value, or a number is infinite.
    """
    frame = pd.DataFrame({"draw": np.arange(len(draws)), "value": draws})
    values = check_frame(frame, "randomization_density", keys=["draw"], numbers=["value"])
    known = values["value"].dropna().to_numpy()
    if not (math.isfinite(observed) and 0 <= p <= 1):
        raise DataError(f"randomization_density: observed {observed} with p = {p}.")
    figure = new_figure(ONE_COLUMN, 54)
    panel = figure.subplots()
    reach = 1.05 * max(abs(observed), float(np.abs(known).max()), 1e-300)
    edges = np.linspace(-reach, reach, BINS + 1)
    weights = np.full(len(known), 1 / len(known))
    extreme = np.abs(known) >= abs(observed) * (1 - 1e-9)
    panel.hist(
        [known[extreme], known[~extreme]], edges.tolist(),
        weights=[weights[extreme], weights[~extreme]],
        stacked=True, color=[VERMILION, PALE], lw=0, rwidth=0.9,
        label=[word("as_extreme", language), "_"],
    )  # fmt: skip
    panel.axvline(observed, color=INK, lw=1.0, label=_observed(p, language))
    panel.set_xlim(-reach, reach)
    panel.set_xlabel(word(f"reassigned_{statistic}", language))
    panel.set_ylabel(word("reassignments", language, count=f"{len(known):,}"))
    _as_percent(panel)
    _legend_above(figure, panel)
    return figure


@in_house_style
def trend_power(
    path: pd.DataFrame,
    curve: pd.DataFrame,
    power: float,
    slope: float,
    outcome: str,
    *,
    language: Language = "en",
) -> Figure:
    """An event study with a trend its pretest may miss, and the pretest's power.

    Parameters
    ----------
    path
        As `TrendPower.path`: relative_year, estimate, se, trend, after_passing,
        at `slope`; intervals are 1.96 standard errors.
    curve
        As `pretrend_power.power_curve`: slope, power.
    power, slope
        Power of the pretest against the trend drawn, and its slope.
    outcome
        Codebook name of the outcome.

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if the power or slope is no number.
    """
    numbers = ["estimate", "se", "trend", "after_passing"]
    rows = check_frame(path, "trend_power", keys=["relative_year"], numbers=numbers)
    line = check_frame(curve, "trend_power", keys=["slope"], numbers=["power"])
    if not (0 <= power <= 1 and math.isfinite(slope)):
        raise DataError(f"trend_power: power {power} at slope {slope}; expected finite numbers.")
    figure = new_figure(TWO_COLUMNS, 58)
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    _draw_trend(left, rows.sort_values("relative_year"), power, language)
    left.set_ylabel(_wrapped(load_codebook().label(outcome, language), LABEL_LENGTH[language]))
    _draw_power(right, line.sort_values("slope"), (slope, power), language)
    tag_panels([left, right])
    _legend_above(figure, left)
    return figure


def _draw_trend(panel: Axes, rows: pd.DataFrame, power: float, language: Language) -> None:
    from matplotlib.ticker import MaxNLocator

    years = rows["relative_year"]
    reach = 1.96 * rows["se"]
    panel.axhline(0, color=INK, lw=HAIR, zorder=1)
    panel.axvline(-0.5, color=GREY, lw=HAIR, ls=(0, (4, 3)), zorder=1)
    panel.vlines(years, rows["estimate"] - reach, rows["estimate"] + reach, color=INK, lw=1.0)
    panel.plot(years, rows["estimate"], "o", ms=3.4, mew=0, color=INK)
    said = word("trend_at_power", language, power=f"{power:.0%}")
    panel.plot(years, rows["trend"], "-", color=VERMILION, label=said)
    panel.plot(
        years, rows["after_passing"], "--", marker="s", ms=2.6, mew=0, color=BLUE,
        label=word("mean_after_passing", language),
    )  # fmt: skip
    panel.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10]))
    panel.set_xlabel(word("relative_year", language))
    panel.set_title(word("estimates_and_trend", language))


def _draw_power(
    panel: Axes, line: pd.DataFrame, drawn: tuple[float, float], language: Language
) -> None:
    panel.plot(line["slope"], line["power"], color=INK)
    panel.vlines(drawn[0], 0, drawn[1], color=VERMILION, lw=0.8)
    panel.plot(*drawn, "o", ms=3.6, mew=0, color=VERMILION, zorder=4)
    panel.set_ylim(0, 1.02)
    panel.set_xlim(line["slope"].min(), line["slope"].max())
    _as_percent(panel)
    panel.set_xlabel(word("trend_slope", language))
    panel.set_ylabel(word("probability_found", language))
    panel.set_title(word("pretest_power", language))


def _wrapped(text: str, length: int) -> str:
    return "\n".join(wrap(text, length))


def _observed(p: float, language: Language) -> str:
    if p < LEAST_P:
        return word("observed_p_below", language, p=LEAST_P)
    return word("observed_p", language, p=f"{p:.3f}")


def _as_percent(panel: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    panel.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))


def _legend_above(figure: Figure, panel: Axes) -> None:
    handles, _ = panel.get_legend_handles_labels()
    figure.legend(
        handles=handles, loc="outside upper left", ncols=2, frameon=False, borderpad=0,
        handlelength=1.6,
    )  # fmt: skip
