"""Which cities became pilots, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_frame, check_known
from urbanecon.plotting.marks import year_axis
from urbanecon.plotting.style import (
    COHORT_COLOURS,
    GREY,
    INK,
    PALE,
    REGION_COLOURS,
    SMALL,
    TWO_COLUMNS,
    in_house_style,
    new_figure,
    tag_panels,
)
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 2.7
"""Height of a province's row in millimetres."""


@in_house_style
def pilot_timing(cities: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Every city as a square in its province's row, coloured by the year it became a pilot.

    Beside it, how many pilots there were each year, in all and by region.

    Parameters
    ----------
    cities
        One row a city. Columns `city` (key), `province` (its name as displayed), `region`
        ("east", "central", "west", "northeast"), `first_year` (2014, 2015 or 2016; NaN for
        a city never treated).
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, DataError
        As `frames.check_frame`; also if two regions claim one province.
    NotEstimableError
        If no city was ever treated.
    UnknownNameError
        If a region or first year is not among the known ones.
    """
    keys = ["city", "province", "region"]
    rows = check_frame(cities, "pilot_timing", keys=keys, numbers=["first_year"])
    if rows["city"].duplicated().any():
        city = rows.loc[rows["city"].duplicated(), "city"].iloc[0]
        raise DataError(f"pilot_timing: city {city!r} stands twice; expected one row a city.")
    check_known(rows["region"].unique(), REGION_COLOURS, "region")
    check_known(rows["first_year"].dropna().unique(), COHORT_COLOURS, "first year of a pilot")
    provinces = _ordered_provinces(rows)

    figure = new_figure(TWO_COLUMNS, 16 + ROW * (len(provinces) + 1.3 * rows["region"].nunique()))
    grid = figure.add_gridspec(2, 2, width_ratios=[1.25, 1])
    waffle = figure.add_subplot(grid[:, 0])
    _waffle(waffle, rows, provinces, language)
    waffle.set_title(word("cities_by_first_year", language))
    total, regional = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    _cumulated(total, rows, language)
    _by_region(regional, rows, language)
    tag_panels([waffle, total, regional])
    return figure


def _ordered_provinces(rows: pd.DataFrame) -> pd.DataFrame:
    """Provinces by region, the one with most cities first."""
    provinces = rows.groupby(["region", "province"], as_index=False).size()
    if provinces["province"].duplicated().any():
        twice = provinces.loc[provinces["province"].duplicated(), "province"].iloc[0]
        raise DataError(f"pilot_timing: province {twice!r} lies in two regions; expected one.")
    order = {region: rank for rank, region in enumerate(REGION_COLOURS)}
    return provinces.assign(rank=provinces["region"].map(order)).sort_values(
        ["rank", "size", "province"], ascending=[True, False, True], ignore_index=True
    )


def _waffle(panel: Axes, rows: pd.DataFrame, provinces: pd.DataFrame, language: Language) -> None:
    """One row of squares a province, below a heading for each region."""
    height = 0.0
    ticks: list[float] = []
    for region, block in provinces.groupby("region", sort=False):
        panel.annotate(
            word(str(region), language), (0.0, height), xytext=(-4, 0), ha="right", va="center",
            xycoords=panel.get_yaxis_transform(), textcoords="offset points",
            color=REGION_COLOURS[str(region)], annotation_clip=False,
        )  # fmt: skip
        for province in block["province"]:
            height += 1
            ticks.append(height)
            years = rows.loc[rows["province"] == province, "first_year"].sort_values()
            colours = [PALE if np.isnan(year) else COHORT_COLOURS[int(year)] for year in years]
            panel.scatter(
                np.arange(len(years)), np.full(len(years), height), s=36, marker="s", c=colours,
                lw=0, clip_on=False,
            )  # fmt: skip
        height += 1.3
    panel.set_yticks(ticks, list(provinces["province"]))
    panel.set_ylim(height - 0.6, -0.6)
    panel.set_xlim(-0.7, max(provinces["size"].max(), 18) - 0.3)
    panel.xaxis.set_visible(False)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    _cohort_key(panel, language)


def _cohort_key(panel: Axes, language: Language) -> None:
    from matplotlib.lines import Line2D

    colours = {
        word("cohort", language, year=year): colour for year, colour in COHORT_COLOURS.items()
    }
    colours[word("never", language)] = PALE
    panel.legend(
        handles=[
            Line2D([], [], ls="", marker="s", ms=6, mew=0, color=colour, label=text)
            for text, colour in colours.items()
        ],
        loc="upper left", bbox_to_anchor=(0.0, 0.0), ncols=4, frameon=False, fontsize=SMALL,
        handletextpad=0.1, columnspacing=1.0, borderpad=0,
    )  # fmt: skip


def _cumulated(panel: Axes, rows: pd.DataFrame, language: Language) -> None:
    """Step line of the number of pilots to date, each wave named on its step."""
    first = rows["first_year"].dropna().astype(int)
    years = np.arange(first.min() - 2, first.max() + 3)
    counts = np.array([(first <= year).sum() for year in years])
    panel.step(years, counts, where="post", color=INK)
    panel.fill_between(years, counts, step="post", color=PALE, alpha=0.35, lw=0)
    for year in sorted(first.unique()):
        height = int((first <= year).sum())
        panel.plot(
            [year, year], [(first < year).sum(), height], color=COHORT_COLOURS[year], lw=2.4
        )
        panel.annotate(
            word("new_pilots", language, count=int((first == year).sum()), year=year),
            (year, height), xytext=(-4, 1), textcoords="offset points", ha="right", va="center",
            color=COHORT_COLOURS[year], fontsize=SMALL,
        )  # fmt: skip
    panel.set_ylim(0, counts.max() * 1.12)
    year_axis(panel, years[0], years[-1], most=7)
    panel.set_title(word("pilots_to_date", language))


def _by_region(panel: Axes, rows: pd.DataFrame, language: Language) -> None:
    """Stacked bars by region: the share of its cities that each wave made pilots."""
    regions = [region for region in REGION_COLOURS if region in set(rows["region"])]
    for row, region in enumerate(regions):
        own = rows.loc[rows["region"] == region, "first_year"]
        left = 0.0
        for year, colour in COHORT_COLOURS.items():
            share = float((own == year).mean())
            panel.barh(row, share, left=left, height=0.6, color=colour)
            left += share
        panel.annotate(
            f"{left:.0%}  ({int(own.notna().sum())}/{len(own)})", (left, row), xytext=(3, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=GREY,
        )  # fmt: skip
    panel.set_yticks(range(len(regions)), [word(region, language) for region in regions])
    for tick, region in zip(panel.get_yticklabels(), regions, strict=True):
        tick.set_color(REGION_COLOURS[region])
    panel.set_ylim(len(regions) - 0.4, -0.6)
    panel.margins(x=0.3)
    panel.set_xlim(0, None)
    panel.tick_params(axis="y", length=0)
    panel.xaxis.set_visible(False)
    panel.spines["bottom"].set_visible(False)
    panel.set_title(word("share_of_cities", language))
