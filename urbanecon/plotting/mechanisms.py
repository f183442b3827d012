"""Routes of an effect: treatment, mediator, outcome, with estimates on the arrows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from string import ascii_lowercase
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError
from urbanecon.plotting.estimates import MINUS, check_estimates
from urbanecon.plotting.frames import check_known
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

Point = tuple[float, float]
Interval = tuple[float, float, float]
"""Estimate, low and high end."""

LINKS = ("treatment_to_mediator", "mediator_to_outcome", "direct", "indirect")
COLUMNS = 3
WIDTH, HEIGHT, HEADER = TWO_COLUMNS / COLUMNS, 35.0, 6.0
"""Size of a diagram, and height of the title above a group of them, in millimetres."""
TREATMENT, MEDIATOR, OUTCOME = (10.0, 7.5), (WIDTH / 2, 29.0), (WIDTH - 10.0, 7.5)
BOXES: Mapping[Point, tuple[float, float]] = {
    TREATMENT: (16.0, 8.5),
    MEDIATOR: (42.0, 8.5),
    OUTCOME: (16.0, 8.5),
}
"""Centre and size of each box, in millimetres of the diagram."""
INSET, LEAN = 7.0, 7.0
"""How far inside of the lower boxes' middle an arrow begins, and how far inward it leans."""
ASIDE = 1.2
"""From where an arrow begins to the end of its numbers, which stand outside of it."""
FINE = SMALL
WIDEST = 12
"""Characters of both ends of an interval that stand abreast beside an arrow."""


@in_house_style
def mechanism_diagrams(
    table: pd.DataFrame, treatment: str = "pilot", *, language: Language = "en"
) -> Figure:
    """One small diagram a mediator: both links, the direct effect and the indirect one.

    An arrow is blue or vermilion where the interval leaves out zero, by its
    sign, else grey. The indirect effect, the product of the links, stands in
    the middle.

    Parameters
    ----------
    table
        Columns `effect` ("E1" ... "E4"), `outcome`, `mediator` (codebook names), `link`
        (each of `LINKS`), `estimate`, `low`, `high`.
    treatment
        Word of the treatment's box, a key of the figures' words.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate or a diagram lacks
        a link.
    UnknownNameError
        If an effect, variable or link is not known.
    """
    rows = _check_links(table)
    groups = [own for _, own in rows.groupby(["effect", "outcome"], sort=False)]
    lines = [math.ceil(own["mediator"].nunique() / COLUMNS) for own in groups]
    total = sum(HEADER + HEIGHT * count for count in lines)
    figure = new_figure(TWO_COLUMNS, total)
    figure.set_layout_engine("none")
    top = total
    for letter, own, count in zip(ascii_lowercase, groups, lines, strict=False):
        effect, outcome = str(own["effect"].iloc[0]), str(own["outcome"].iloc[0])
        title = word(
            "mechanism_title", language, effect=word(effect, language),
            outcome=load_codebook().label(outcome, language),
        )  # fmt: skip
        figure.text(0.01, 1 - (total - top + 2) / total, f"({letter})  {title}", va="top")
        ends = word(treatment, language), word(effect, language)
        for k, (mediator, links) in enumerate(own.groupby("mediator", sort=False)):
            low = top - HEADER - HEIGHT * (k // COLUMNS + 1)
            panel = _diagram(figure, (WIDTH * (k % COLUMNS), low), total)
            label = load_codebook().label(str(mediator), language)
            numbers = links[["estimate", "low", "high"]].itertuples(index=False, name=None)
            found = dict(zip(links["link"], numbers, strict=True))
            _draw(panel, found, (ends[0], label, ends[1]), language)
        top -= HEADER + HEIGHT * count
    return figure


def _check_links(table: pd.DataFrame) -> pd.DataFrame:
    keys = ["effect", "outcome", "mediator", "link"]
    rows = check_estimates(table, "mechanism_diagrams", keys=keys)
    check_known(rows["link"].unique(), LINKS, "link of a mechanism")
    for (outcome, mediator), own in rows.groupby(["outcome", "mediator"], sort=False):
        absent = [link for link in LINKS if link not in set(own["link"])]
        if absent:
            raise DataError(
                f"mechanism_diagrams: the diagram of {outcome} through {mediator} lacks the "
                f"link {absent[0]!r}."
            )
    return rows


def _diagram(figure: Figure, corner: Point, total: float) -> Axes:
    """Return axes at a place of the page, in millimetres from its lower left corner."""
    panel = figure.add_axes(
        (corner[0] / TWO_COLUMNS, corner[1] / total, WIDTH / TWO_COLUMNS, HEIGHT / total)
    )
    panel.set_axis_off()
    panel.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    return panel


def _draw(
    panel: Axes, links: Mapping[str, Interval], names: tuple[str, str, str], language: Language
) -> None:
    for (centre, (width, height)), name in zip(BOXES.items(), names, strict=True):
        _box(panel, centre, width, height, name)
    above = TREATMENT[1] + BOXES[TREATMENT][1] / 2
    below = MEDIATOR[1] - BOXES[MEDIATOR][1] / 2
    aside = BOXES[TREATMENT][0] / 2
    left, right = TREATMENT[0] + INSET, OUTCOME[0] - INSET
    to, out = links["treatment_to_mediator"], links["mediator_to_outcome"]
    _arrow(panel, to, (left, above), (left + LEAN, below))
    _arrow(panel, out, (right - LEAN, below), (right, above))
    _arrow(panel, links["direct"], (TREATMENT[0] + aside, TREATMENT[1]),
           (OUTCOME[0] - aside, OUTCOME[1]))  # fmt: skip
    _estimate(panel, to, (left + ASIDE, 18.8), "right")
    _estimate(panel, out, (right - ASIDE, 18.8), "left")
    _estimate(panel, links["direct"], (MEDIATOR[0], 4.2), "center")
    _estimate(panel, links["indirect"], (MEDIATOR[0], 13.0), "center")
    panel.text(
        MEDIATOR[0], 15.6, word("mechanism_indirect", language), ha="center", fontsize=FINE,
        color=GREY,
    )  # fmt: skip


def _box(panel: Axes, centre: Point, width: float, height: float, name: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = centre
    panel.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=1",
            fc=MIST, ec=INK, lw=HAIR, zorder=2,
        )
    )  # fmt: skip
    panel.text(
        x, y, wrapped(name, width - 2, FINE), ha="center", va="center", fontsize=FINE, zorder=3,
        linespacing=1.05,
    )  # fmt: skip


def _arrow(panel: Axes, link: Interval, start: Point, end: Point) -> None:
    panel.annotate(
        "", end, start, zorder=1,
        arrowprops={"arrowstyle": "-|>,head_width=0.16,head_length=0.32", "lw": 1.0,
                    "color": _colour(link), "shrinkA": 0, "shrinkB": 0.5},
    )  # fmt: skip


def _estimate(panel: Axes, link: Interval, at: Point, side: str) -> None:
    """Write an estimate over its interval, all to the same decimal place."""
    if np.isnan(link).any():
        lines = "\u2013"
    else:
        places = _places(link)
        estimate, low, high = (_to_places(number, places) for number in link)
        between = ", " if side == "center" or len(low + high) <= WIDEST else ",\n"
        lines = f"{estimate}\n[{low}{between}{high}]"
    panel.text(
        *at, lines, ha=side, va="center", fontsize=FINE, color=_colour(link), linespacing=1.05
    )


def _places(link: Interval) -> int:
    """Decimal places that show two digits of the estimate, or three of the farther end."""
    first = [math.floor(math.log10(abs(x))) if x else 0 for x in (link[0], max(link, key=abs))]
    return max(0, min(1 - first[0], 2 - first[1]))


def _to_places(number: float, places: int) -> str:
    text = f"{number:.{places}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def _colour(link: Interval) -> str:
    _, low, high = link
    if low > 0:
        return BLUE
    return VERMILION if high < 0 else GREY
