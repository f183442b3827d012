"""What the panel holds and what is doubtful in it, variable by variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_cells, check_known
from urbanecon.plotting.style import (
    FLAG_COLOURS,
    GREY,
    HAIR,
    INK,
    MIST,
    ONE_COLUMN,
    SMALL,
    TWO_COLUMNS,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

ROW = 2.7
"""Height of one variable's row in millimetres."""

HUES = {"coverage": "#00456B", "flagged": "#9A3412"}


@in_house_style
def coverage(shares: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Heat map of the share of cities with an observed value, variable by year.

    Parameters
    ----------
    shares
        Index: codebook names, in the order to draw; some 65 fit on a page. Columns: years.
        Cells: share of cities between 0 and 1; NaN (hatched) where the variable does not
        exist in that year.
    language
        "en" or "zh".

    Raises
    ------
    NotEstimableError
        If no cell holds a number.
    DataError
        If a cell is no number between 0 and 1, or a variable or year stands twice.
    UnknownNameError
        If a variable is not in the codebook.
    """
    return _heat_map(shares, "coverage", language)


@in_house_style
def flagged_by_year(shares: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Heat map of the share of observed cells under any flag of doubt, variable by year.

    Parameters
    ----------
    shares
        As `coverage`; NaN (hatched) where no cell is observed.
    language
        "en" or "zh".

    Raises
    ------
    NotEstimableError, DataError, UnknownNameError
        As `coverage`.
    """
    return _heat_map(shares, "flagged", language)


def _heat_map(shares: pd.DataFrame, key: str, language: Language) -> Figure:
    """One row a variable, one column a year; `key` names the colour bar and the hue."""
    cells = check_cells(shares, key).sort_index(axis="columns")
    years = [int(year) for year in cells.columns]
    cells.columns = pd.Index(years)
    cells = cells.reindex(columns=range(min(years), max(years) + 1))
    codebook = load_codebook()
    labels = [codebook.label(str(name), language) for name in cells.index]

    width = TWO_COLUMNS if key == "coverage" else ONE_COLUMN
    figure = new_figure(width, 18 + ROW * len(cells))
    panel = figure.subplots()
    _hatch_missing(panel, cells)
    image = panel.pcolormesh(
        np.arange(cells.shape[1] + 1) - 0.5,
        np.arange(cells.shape[0] + 1) - 0.5,
        np.ma.masked_invalid(cells.to_numpy()),
        cmap=_shades(HUES[key]),
        vmin=1e-9,
        vmax=1,
        edgecolors="white",
        linewidth=0.4,
    )
    _bare_grid(panel, labels)
    every = 1 if cells.shape[1] <= 15 else 5
    ticks = [at for at in range(cells.shape[1]) if (min(years) + at) % every == 0]
    panel.set_xticks(ticks, [str(min(years) + at) for at in ticks])
    bar = figure.colorbar(
        image, ax=panel, location="top", shrink=0.35, aspect=28, pad=0.01, anchor=(0.0, 0.5)
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, pad=1)
    bar.set_ticks([0, 0.5, 1], labels=["0%", "50%", "100%"])
    bar.set_label(word(key, language), loc="left")
    if cells.isna().any(axis=None):
        panel.set_title(
            word("no_variable" if key == "coverage" else "no_cell", language),
            loc="right",
            fontsize=SMALL,
            color=GREY,
            pad=3,
        )
    return figure


@in_house_style
def flags(shares: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Stacked bars of the share of a variable's cells under each flag.

    Parameters
    ----------
    shares
        Index: codebook names, in the order to draw. Columns: flags of the audit other than
        "ok" (any subset). Cells: share of the variable's observed cells between 0 and 1; a
        row of NaN is a variable without an observed cell and is said to be so.
    language
        "en" or "zh".

    Raises
    ------
    NotEstimableError
        If no cell holds a number.
    DataError
        If a cell is no number between 0 and 1, a variable or flag stands twice, or the
        shares of a variable add up to more than 1.
    UnknownNameError
        If a variable is not in the codebook or a flag not in the closed set.
    """
    check_known(shares.columns, FLAG_COLOURS, "flag of a doubtful cell")
    cells = check_cells(shares, "flags")
    cells = cells[[flag for flag in FLAG_COLOURS if flag in cells.columns]]
    _check_totals(cells)
    codebook = load_codebook()
    labels = [codebook.label(str(name), language) for name in cells.index]

    figure = new_figure(ONE_COLUMN, 18 + ROW * len(cells))
    panel = figure.subplots()
    left = np.zeros(len(cells))
    for flag in cells.columns:
        width = cells[flag].fillna(0).to_numpy()
        panel.barh(
            np.arange(len(cells)), width, left=left, height=0.68, color=FLAG_COLOURS[flag],
            label=word(str(flag), language),
        )  # fmt: skip
        left = left + width
    _bare_grid(panel, labels)
    panel.set_xlim(0, max(left.max() * 1.12, 0.01))
    _write_totals(panel, cells, left, language)
    panel.xaxis.set_visible(False)
    panel.axvline(0, color=INK, lw=HAIR)
    figure.legend(
        loc="outside upper left", ncols=3, frameon=False, handlelength=0.8,
        handletextpad=0.5, handleheight=0.8,
        columnspacing=1.4, title=word("flagged", language), alignment="left", borderpad=0,
    )  # fmt: skip
    return figure


def _check_totals(cells: pd.DataFrame) -> None:
    """A cell carries one flag, so the shares of a variable cannot exceed the whole."""
    totals = cells.sum(axis="columns")
    if (totals > 1 + 1e-9).any():
        raise DataError(
            f"flags: the flags of {totals.idxmax()!r} add up to {totals.max():.4g}; "
            "a cell carries one flag, so at most 1 was expected."
        )


def _write_totals(
    panel: Axes, cells: pd.DataFrame, totals: np.ndarray, language: Language
) -> None:
    for row, total in enumerate(totals):
        observed = cells.iloc[row].notna().any()
        text = f"{total:.1%}" if observed else word("not_observed", language)
        panel.annotate(
            text, (total, row), xytext=(3, 0), textcoords="offset points", va="center",
            fontsize=SMALL, color=INK if observed else GREY,
        )  # fmt: skip


def _hatch_missing(panel: Axes, cells: pd.DataFrame) -> None:
    from matplotlib.patches import Rectangle

    for row, column in np.argwhere(cells.isna().to_numpy()):
        panel.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fc="none", hatch="//////", lw=0, zorder=0)
        )


def _bare_grid(panel: Axes, labels: list[str]) -> None:
    """One labelled row a variable, the first on top, without ticks or frame."""
    panel.set_yticks(range(len(labels)), labels)
    panel.set_ylim(len(labels) - 0.5, -0.5)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)


def _shades(hue: str) -> Colormap:
    """Light to dark in one hue; grey where the share is zero."""
    import seaborn

    shades: Colormap = seaborn.light_palette(hue, as_cmap=True)
    return shades.with_extremes(under=MIST)
