"""How the effect on others changes with the distance to the treated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError
from urbanecon.plotting.estimates import (
    check_estimates,
    draw_intervals,
    effect_ticks,
    leftmost,
    lowest,
    panels_by_outcome,
    zero_line,
)
from urbanecon.plotting.style import BAND_ALPHA, BLUE, ORANGE, in_house_style
from urbanecon.plotting.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OWN = "own"
"""Ring of the city itself."""


@in_house_style
def distance_decay(table: pd.DataFrame, *, language: Language = "en") -> Figure:
    """Effect of a city's own treatment, and of treated cities in rings around it.

    A ring's estimate stands at its middle, its bar over the distances that it
    spans; a panel an outcome.

    Parameters
    ----------
    table
        Columns `outcome` (codebook name), `from_km`, `to_km` (0 and 0: the city itself),
        `estimate`, `low`, `high`: the effect of all cities of the ring being treated
        instead of none.
    language
        "en" or "zh".

    Raises
    ------
    MissingColumnError, NotEstimableError, DataError
        As `frames.check_frame`; also if an interval misses its estimate or a ring ends
        before it begins.
    UnknownNameError
        If an outcome is not in the codebook.
    """
    rows = check_estimates(table, "distance_decay", keys=["outcome", "from_km", "to_km"])
    turned = rows[rows["to_km"] < rows["from_km"]]
    if len(turned):
        row = turned.iloc[0]
        raise DataError(
            f"distance_decay: the ring of {row['outcome']} from {row['from_km']} km ends at "
            f"{row['to_km']} km."
        )
    figure, panels = panels_by_outcome(rows["outcome"], language)
    for outcome, panel in panels.items():
        _draw_rings(panel, rows[rows["outcome"] == outcome], language)
    for panel in leftmost(panels):
        panel.set_ylabel(word("effect", language))
    for panel in lowest(panels):
        panel.set_xlabel(word("decay_distance", language))
    return figure


def _draw_rings(panel: Axes, rows: pd.DataFrame, language: Language) -> None:
    own = rows["to_km"] == 0
    width = float(rows["to_km"].max())
    zero_line(panel)
    place = -0.09 * width
    draw_intervals(panel, [place] * int(own.sum()), rows[own], BLUE, "o")
    rings = rows[~own].sort_values("from_km")
    middles = (rings["from_km"] + rings["to_km"]).astype(float) / 2
    draw_intervals(panel, middles, rings, ORANGE, "s")
    panel.bar(
        rings["from_km"], rings["estimate"], rings["to_km"] - rings["from_km"], align="edge",
        color=ORANGE, alpha=BAND_ALPHA, lw=0, zorder=0,
    )  # fmt: skip
    ends = sorted({*rings["from_km"], *rings["to_km"]})
    panel.set_xticks([place, *ends], [word("decay_own", language), *(f"{km:g}" for km in ends)])
    panel.set_xlim(2 * place, 1.02 * width)
    effect_ticks(panel)
