"""A heat map as inline SVG: sharp at any size, no library and no second file."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

MOST_ROWS = 80
"""Variables that are drawn; beyond them those with the fewest flags are left out."""

MOST_YEARS = 120
CELL_WIDTH, CELL_HEIGHT, LABEL_WIDTH, TOP = 24, 17, 230, 22
LIGHT, DARK = np.array([255, 237, 214]), np.array([150, 30, 20])
CLEAN = "#dfe8ee"
"""Colour of a year with cells and no flag: set apart from the scale, which starts above 0."""


def heat_map(shares: pd.DataFrame) -> str:
    """Draw shares between 0 and 1, one row a variable, one column a year.

    Parameters
    ----------
    shares
        Index: variables. Columns: years. NaN where there is no cell.

    Returns
    -------
    str
        An ``svg`` element; each cell carries its numbers as a tooltip.
    """
    if shares.empty:
        return "<p>No cell to draw.</p>"
    order = shares.max(axis=1).fillna(0).sort_values(ascending=False, kind="stable").index
    drawn = shares.loc[order[:MOST_ROWS]]
    years = list(range(int(shares.columns.min()), int(shares.columns.max()) + 1))
    if len(years) > MOST_YEARS:
        years = [int(year) for year in shares.columns][-MOST_YEARS:]
    drawn = drawn.reindex(columns=years)
    width = LABEL_WIDTH + CELL_WIDTH * len(years) + 10
    height = TOP + CELL_HEIGHT * len(drawn) + 34
    marks = [_years(years)]
    for row, (variable, cells) in enumerate(drawn.iterrows()):
        marks.append(_row(row, str(variable), cells))
    marks.append(_legend(TOP + CELL_HEIGHT * len(drawn) + 14))
    label = "Share of flagged cells by variable and year"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{"".join(marks)}</svg>'
    )
    left_out = len(shares) - len(drawn)
    note = f'<p class="soft">{left_out} variables with fewer flags are not drawn.</p>'
    return svg + (note if left_out else "")


def colour(share: float) -> str:
    """Return the colour of a share: light to dark, in steps the eye can tell apart near 0."""
    mix = LIGHT + (DARK - LIGHT) * np.sqrt(min(max(share, 0.0), 1.0))
    red, green, blue = (round(part) for part in mix)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _years(years: list[int]) -> str:
    every = 1 if len(years) <= 12 else 5
    return "".join(
        f'<text class="soft" x="{LABEL_WIDTH + CELL_WIDTH * (at + 0.5)}" y="{TOP - 7}" '
        f'text-anchor="middle">{year}</text>'
        for at, year in enumerate(years)
        if year % every == 0
    )


def _row(row: int, variable: str, cells: pd.Series) -> str:
    top = TOP + CELL_HEIGHT * row
    name = variable if len(variable) <= 34 else variable[:33] + "…"
    marks = [
        f'<text x="{LABEL_WIDTH - 8}" y="{top + 12}" text-anchor="end">{escape(name)}'
        f"<title>{escape(variable)}</title></text>"
    ]
    for at, (year, share) in enumerate(cells.items()):
        if np.isnan(share):
            continue
        fill = CLEAN if share == 0 else colour(share)
        marks.append(
            f'<rect x="{LABEL_WIDTH + CELL_WIDTH * at}" y="{top}" width="{CELL_WIDTH - 1}" '
            f'height="{CELL_HEIGHT - 1}" fill="{fill}"><title>{escape(variable)}, {year}: '
            f"{share:.1%} flagged</title></rect>"
        )
    return "".join(marks)


def _legend(top: int) -> str:
    steps = [(CLEAN, "none"), *((colour(share), f"{share:.0%}") for share in (0.01, 0.1, 0.5, 1))]
    return "".join(
        f'<rect x="{LABEL_WIDTH + 78 * at}" y="{top}" width="14" height="12" fill="{fill}"/>'
        f'<text class="soft" x="{LABEL_WIDTH + 78 * at + 19}" y="{top + 10}">{label}</text>'
        for at, (fill, label) in enumerate(steps)
    )
