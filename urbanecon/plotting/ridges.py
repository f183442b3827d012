"""How the distribution of a variable over cities moved through the years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import NotEstimableError
from urbanecon.plotting.frames import check_frame
from urbanecon.plotting.marks import number_axis, wrapped
from urbanecon.plotting.style import (
    BLUE,
    GREY,
    HAIR,
    ONE_COLUMN,
    SMALL,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import axis_label, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OVERLAP = 1.7
"""Height of the tallest ridge, in distances between two years."""

LEAST_CITIES = 10
"""A density of fewer cities would show its bandwidth rather than the data."""


@in_house_style
def ridges(cities: pd.DataFrame, variable: str, *, language: Language = "en") -> Figure:
    """One density a year, the latest at the bottom, its median marked.

    Densities are Gaussian kernels with Scott's bandwidth on one common scale, cut at the
    extremes of the data.

    Parameters
    ----------
    cities
        Columns `city`, `year`, `value` in the variable's unit; one ridge for each year
        present. A year with fewer than ten values is a bare line that says so.
    variable
        Codebook name, for the axis label and its number format.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; NotEstimableError also if no year has ten values.
    UnknownNameError
        If the variable is not in the codebook.
    """
    name = f"ridges of {variable}"
    rows = check_frame(cities, name, keys=["city", "year"], numbers=["value"])
    years = sorted(rows["year"].unique(), reverse=True)
    values = {year: rows.loc[rows["year"] == year, "value"].dropna() for year in years}
    drawn = {year: _density(own) for year, own in values.items() if len(own) >= LEAST_CITIES}
    if not drawn:
        raise NotEstimableError(
            f"{name}: no year has {LEAST_CITIES} values, the least for a density."
        )
    tallest = max(height.max() for _, height in drawn.values())

    figure = new_figure(ONE_COLUMN, 16 + 5.8 * len(years))
    panel = figure.subplots()
    for rank, year in enumerate(years):
        panel.axhline(rank, color=GREY, lw=HAIR / 2, zorder=-2 * rank)
        if year in drawn:
            _ridge(panel, drawn[year], values[year].median(), rank, tallest)
        else:
            panel.annotate(
                word("no_data", language), (0.02, rank), xytext=(0, 1), fontsize=SMALL,
                xycoords=panel.get_yaxis_transform(), textcoords="offset points", color=GREY,
            )  # fmt: skip
    panel.set_yticks(range(len(years)), [f"{year:.0f}" for year in years])
    panel.set_ylim(-0.15, max(panel.dataLim.y1, len(years) - 1) + 0.1)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    number_axis(panel.xaxis, load_codebook()[variable].unit)
    panel.set_xlabel(wrapped(axis_label(variable, language), 0.8 * ONE_COLUMN))
    panel.set_title(word("density_of_cities", language))
    return figure


def _density(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Points and heights of a kernel density between the least and the greatest value."""
    from scipy.stats import gaussian_kde

    points = np.linspace(values.min(), values.max(), 256)
    if values.min() == values.max():
        raise NotEstimableError(
            f"ridges: all {len(values)} values of one year equal {values.iloc[0]}; "
            "they have no density. Leave that year out."
        )
    return points, gaussian_kde(np.sort(values.to_numpy()))(points)


def _ridge(
    panel: Axes, density: tuple[np.ndarray, np.ndarray], median: float, rank: int, tallest: float
) -> None:
    points, height = density
    top = rank + OVERLAP * height / tallest
    panel.fill_between(points, rank, top, fc=BLUE, ec="none", zorder=-2 * rank + 0.5)
    panel.plot(points, top, color="white", lw=0.8, zorder=-2 * rank + 0.6)
    at = float(np.interp(median, points, top))
    panel.plot([median, median], [rank, at], color="white", lw=0.9, zorder=-2 * rank + 0.7)
