"""Maps of cities: values in classes, or kinds in colours, with the South China Sea inset."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.frames import check_frame, check_known
from urbanecon.plotting.marks import wrapped
from urbanecon.plotting.outlines import OUTSIDE, Outlines, albers, load_outlines
from urbanecon.plotting.style import (
    BLUE,
    COHORT_COLOURS,
    GREY,
    HAIR,
    INK,
    MIST,
    ONE_COLUMN,
    ORANGE,
    PALE,
    SKY,
    SMALL,
    TEXT,
    VERMILION,
    in_house_style,
    new_figure,
)
from urbanecon.plotting.words import axis_label, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path as Outline

CLASSES = 5
SEQUENTIAL = ("#EAF3FA", "#B9D7EC", "#7FB5DA", "#3C8ABF", "#00456B")
CLUSTER_COLOURS: Mapping[str, str] = {
    "high-high": VERMILION,
    "low-low": BLUE,
    "high-low": ORANGE,
    "low-high": SKY,
    "not significant": MIST,
}
"""Local clusters in the order of the key (Anselin 1995)."""

MAINLAND = ((73.4, 39.0), (135.2, 48.0), (109.5, 18.1), (123.3, 53.7))
TITLE_AT, KEY_AT, TITLE_WIDTH = (0.01, 0.985), (0.0, 0.0), 48.0
"""Corners of the page that the country leaves free, and millimetres there for the title."""
INSET_WIDTH = 14.0
"""Millimetres that the title of the inset may be wide."""
ROOM_KM = 560.0
"""Room east of the country, where the inset stands clear of Taiwan."""
SEA = ((107.0, 12.0), (122.5, 12.0), (114.0, 3.0), (114.0, 22.5))
"""Longitude and latitude of the places furthest west, east, south and north that are shown."""


@in_house_style
def choropleth(
    values: pd.DataFrame, variable: str, *, year: int | None = None, language: Language = "en"
) -> Figure:
    """Colour every city by its value, in five classes of equal number of cities.

    Cities without a value are hatched; the classes, their bounds and the number
    of cities in each stand in the key.

    Parameters
    ----------
    values
        One row a city: `city` (key) and `value`.
    variable
        Codebook name, which labels the key.
    year
        Year shown beside the label.
    language
        "en" or "zh".

    Raises
    ------
    SourceMissingError
        If the extra `maps` is not installed.
    MissingColumnError, DataError, NotEstimableError
        As `frames.check_frame`; a city twice.
    """
    rows = _one_row_a_city(values, "choropleth", numbers=["value"])
    known = rows["value"].dropna()
    bounds = np.unique(np.quantile(known, np.linspace(0, 1, CLASSES + 1)))
    if len(bounds) < 2:
        bounds = np.array([bounds[0], bounds[0] + 1e-9])
    group = np.clip(np.searchsorted(bounds, known, side="right") - 1, 0, len(bounds) - 2)
    shades = [
        SEQUENTIAL[j] for j in np.linspace(0, CLASSES - 1, len(bounds) - 1).round().astype(int)
    ]
    percent = load_codebook()[variable].unit == "share"
    key = {
        f"{_number(bounds[j], percent)} – {_number(bounds[j + 1], percent)}": (
            shades[j], int((group == j).sum())
        )
        for j in range(len(shades))
    }  # fmt: skip
    colours = dict(zip(known.index, [shades[j] for j in group], strict=True))
    title = axis_label(variable, language)
    title = title if year is None else word("map_title", language, label=title, year=year)
    return _map(colours, key, title, language)


@in_house_style
def pilot_map(cities: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Colour the pilot cities by the year from which they count as treated.

    `cities` has `city` and `first_year`, missing for those never treated.
    """
    rows = _one_row_a_city(cities, "pilot_map", numbers=["first_year"])
    check_known(rows["first_year"].dropna().unique(), COHORT_COLOURS, "first year of a pilot")
    never = word("never", language)
    key = {
        word("cohort", language, year=year): (colour, int((rows["first_year"] == year).sum()))
        for year, colour in COHORT_COLOURS.items()
    } | {never: (PALE, int(rows["first_year"].isna().sum()))}
    colours = rows["first_year"].map(COHORT_COLOURS).fillna(PALE).to_dict()
    return _map(colours, key, word("map_pilots", language), language)


@in_house_style
def cluster_map(
    clusters: pd.DataFrame, variable: str, *, year: int | None = None, language: Language = "en"
) -> Figure:
    """Colour the cities by the local cluster they lie in (LISA).

    `clusters` has `city` and `cluster`, one of the keys of `CLUSTER_COLOURS`.
    """
    rows = _one_row_a_city(clusters, "cluster_map", keys=["cluster"])
    check_known(rows["cluster"].unique(), CLUSTER_COLOURS, "local cluster")
    key = {
        word(f"cluster {name}", language): (colour, int((rows["cluster"] == name).sum()))
        for name, colour in CLUSTER_COLOURS.items()
    }
    label = load_codebook()[variable].label(language)
    title = word("map_clusters", language, label=label)
    title = title if year is None else word("map_title", language, label=title, year=year)
    return _map(rows["cluster"].map(CLUSTER_COLOURS).to_dict(), key, title, language)


def _map(
    colours: Mapping[Hashable, str],
    key: Mapping[str, tuple[str, int]],
    title: str,
    language: Language,
) -> Figure:
    """Draw the map, its inset and its key; cities without a colour are hatched."""
    outlines = load_outlines()
    figure = new_figure(ONE_COLUMN, 70)
    panel = figure.add_subplot()
    _areas(panel, outlines, colours)
    _frame(panel, MAINLAND, ROOM_KM)
    panel.axis("off")
    inset = panel.inset_axes((0.84, 0.005, 0.16, 0.26))
    _frame(inset, SEA)
    _areas(inset, _within(inset, outlines), colours)
    inset.set(xticks=[], yticks=[])
    inset.spines[:].set(visible=True, linewidth=HAIR)
    name = wrapped(word("south_china_sea", language), INSET_WIDTH, SMALL)
    inset.set_title(name, fontsize=SMALL, loc="center", pad=2)
    _title(figure, title)
    _key(figure, panel, key, len(set(outlines.cities) - set(colours)), language)
    return figure


def _areas(panel: Axes, outlines: Outlines, colours: Mapping[Hashable, str]) -> None:
    from matplotlib.collections import LineCollection, PathCollection

    known = [city for city in outlines.cities if city in colours]
    missing = [path for city, path in outlines.cities.items() if city not in colours]
    missing += [outlines.provinces[key] for key in OUTSIDE if key in outlines.provinces]
    panel.add_collection(
        PathCollection(
            [outlines.cities[city] for city in known],
            facecolors=[colours[city] for city in known], edgecolors="white", linewidths=0.15,
        )
    )  # fmt: skip
    panel.add_collection(
        PathCollection(
            missing, facecolors="white", edgecolors=PALE, linewidths=0.15, hatch="//////"
        )
    )
    panel.add_collection(
        PathCollection(
            list(outlines.provinces.values()), facecolors="none", edgecolors=GREY, linewidths=0.4
        )
    )
    panel.add_collection(LineCollection(list(outlines.sea), colors=INK, linewidths=0.9))


def _within(panel: Axes, outlines: Outlines) -> Outlines:
    """Outlines that reach into a panel: drawn whole, the others would only make the file heavy."""
    (left, right), (low, high) = panel.get_xlim(), panel.get_ylim()

    def reaching(areas: Mapping[str, Outline]) -> dict[str, Outline]:
        ends = {key: path.get_extents() for key, path in areas.items()}
        return {
            key: areas[key]
            for key, box in ends.items()
            if box.x0 < right and box.x1 > left and box.y0 < high and box.y1 > low
        }

    return Outlines(reaching(outlines.cities), reaching(outlines.provinces), outlines.sea)


def _frame(panel: Axes, furthest: Sequence[tuple[float, float]], room: float = 0.0) -> None:
    """Show what lies between four places, projected, with `room` km more in the east."""
    x, y = albers(*np.array(furthest).T)
    panel.set_xlim(float(x[0]), float(x[1]) + room)
    panel.set_ylim(float(y[2]), float(y[3]))
    panel.set_aspect("equal")


def _title(figure: Figure, title: str) -> None:
    text = wrapped(title, TITLE_WIDTH)
    figure.text(*TITLE_AT, text, va="top", fontsize=TEXT, in_layout=False)


def _key(
    figure: Figure,
    panel: Axes,
    key: Mapping[str, tuple[str, int]],
    hatched: int,
    language: Language,
) -> None:
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=colour, edgecolor=GREY, linewidth=0.3, label=f"{name}  ({count})")
        for name, (colour, count) in key.items()
    ]
    if hatched:
        label = f"{word('no_data', language)}  ({hatched})"
        handles.append(
            Patch(facecolor="white", edgecolor=PALE, linewidth=0.3, hatch="//////", label=label)
        )
    legend = panel.legend(
        handles=handles, loc="lower left", bbox_to_anchor=KEY_AT, frameon=False,
        bbox_transform=figure.transFigure, fontsize=SMALL, handlelength=1.2, labelspacing=0.1,
    )  # fmt: skip
    legend.set_in_layout(False)


def _one_row_a_city(
    frame: pd.DataFrame, figure: str, keys: Sequence[str] = (), numbers: Sequence[str] = ()
) -> pd.DataFrame:
    rows = check_frame(frame, figure, keys=["city", *keys], numbers=list(numbers))
    if rows["city"].duplicated().any():
        city = rows.loc[rows["city"].duplicated(), "city"].iloc[0]
        raise DataError(f"{figure}: city {city!r} stands twice; expected one row a city.")
    return rows.set_index("city")


def _number(value: float, percent: bool) -> str:
    return f"{value:.0%}" if percent else f"{value:,.3g}" if abs(value) < 1e4 else f"{value:,.0f}"
