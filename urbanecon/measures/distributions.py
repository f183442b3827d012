"""How cities are spread, as small tidy frames for figures: curves, parts, moves, clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import Panel
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.distance_weights import nearest
from urbanecon.estimation.spatial_tests import local_moran
from urbanecon.measures.cells import complete_rows, refuse
from urbanecon.measures.dagum import dagum_by_year
from urbanecon.measures.transitions import Transitions, transitions

CLASSES = 4
NEIGHBOURS = 5
PERMUTATIONS, SEED, LEVEL = 9_999, 20141229, 0.05
"""Draws of the local test and the false discovery rate at which a cluster is one."""


def lorenz_curve(values: pd.Series, weights: pd.Series | None = None) -> pd.DataFrame:
    """Cumulative shares of population and of the total, from the poorest city up.

    Returns
    -------
    DataFrame
        `population` and `share`, both from 0 to 1, one row a city and one for the
        origin. Twice the area between the curve and the diagonal is the Gini index.

    Raises
    ------
    DataError
        For a negative value; the message names it.
    NotEstimableError
        If all values are zero.
    """
    y, w = complete_rows(values, weights)
    refuse(y < 0, y, "values of zero or more")
    if not (y > 0).any():
        raise NotEstimableError(f"{values.name}: all values are zero, so there is no curve.")
    order = np.lexsort((w.to_numpy(), y.to_numpy()))
    level, people = y.to_numpy()[order], w.to_numpy()[order]
    shares = {"population": np.cumsum(people), "share": np.cumsum(people * level)}
    return pd.DataFrame({name: np.append(0.0, sums / sums[-1]) for name, sums in shares.items()})


def lorenz_curves(
    panel: Panel, variable: str, weight: str, years: Sequence[int] | None = None
) -> pd.DataFrame:
    """Lorenz curve of cities in each of `years`: columns `year`, `population`, `share`."""
    frame = panel.data[[variable, weight]].dropna()
    curves = [
        lorenz_curve(rows[variable], rows[weight]).assign(year=year)
        for year, rows in frame.groupby("year")
        if years is None or year in years
    ]
    return pd.concat(curves, ignore_index=True)[["year", "population", "share"]]


def dagum_of_regions(panel: Panel, variable: str, weight: str) -> pd.DataFrame:
    """Dagum's parts of the Gini index between cities, grouped into the four regions.

    Columns `year`, `gini`, `within`, `net_between`, `transvariation`, `cities`, on
    the cities that have a value in every year in which most cities have one.
    """
    frame = panel.data[[variable, weight]].dropna()
    per_year = frame.groupby("year").size()
    years = per_year.index[per_year >= per_year.max() / 2]
    frame = frame[frame.index.get_level_values("year").isin(years)]
    frame = frame[frame.groupby("city")[variable].transform("size") == len(years)]
    regions = load_divisions()["region"].reindex(frame.index.get_level_values("city"))
    groups = pd.Series(regions.to_numpy(), index=frame.index, name="region")
    return dagum_by_year(frame[variable], frame[weight], groups).reset_index()


def markov_moves(
    panel: Panel, variable: str, periods: Sequence[tuple[int, int]], k: int = CLASSES
) -> pd.DataFrame:
    """Yearly moves of cities between classes of their level relative to the year's mean.

    Classes are quantiles of the relative level over all years of a period.

    Returns
    -------
    DataFrame
        `period` ("2003–2013"), `start`, `end` (classes 1..k), `probability`,
        `moves` (number of moves out of `start`) and `ergodic` (long-run share of
        the class `end`).
    """
    level = panel.data[variable].dropna()
    relative = level / level.groupby("year").transform("mean")
    years = relative.index.get_level_values("year")
    tables = {
        f"{first}–{last}": _moves_of(transitions(relative[(years >= first) & (years <= last)], k))
        for first, last in periods
    }
    return pd.concat(tables, names=["period"]).reset_index("period").reset_index(drop=True)


def _moves_of(chain: Transitions) -> pd.DataFrame:
    """One row a cell of the matrix, with what is known of its row and its column."""
    share, count = chain.probabilities.to_numpy(), chain.counts.to_numpy()
    rows = [
        {
            "start": i + 1,
            "end": j + 1,
            "probability": float(share[i, j]),
            "moves": int(count[i].sum()),
            "ergodic": float(chain.ergodic.iloc[j]),
        }
        for i, j in np.ndindex(*share.shape)
    ]
    return pd.DataFrame(rows)


def city_values(panel: Panel, variable: str, years: Sequence[int]) -> pd.DataFrame:
    """Values of cities in some years: columns `city`, `year`, `value`."""
    values = panel.data[variable].dropna().rename("value")
    return values[values.index.get_level_values("year").isin(years)].reset_index()


def local_clusters(panel: Panel, variable: str, year: int) -> pd.DataFrame:
    """Local cluster that each city lies in (LISA), by its five nearest cities.

    Columns `city`, `cluster`: "high-high", "low-low", "high-low", "low-high", or
    "not significant" where the false discovery rate exceeds five percent. p-values
    are by permutation, conditional on the city's own value (Anselin 1995).
    """
    rows = panel.data[[variable, "latitude", "longitude"]].dropna()
    at = rows.index.get_level_values("year") == year
    known = rows[at].reset_index("year", drop=True)
    if known.empty:
        raise NotEstimableError(f"no city has {variable!r} and a place in {year}.")
    found = local_moran(
        known[variable],
        nearest(known, NEIGHBOURS),
        np.random.default_rng(SEED),
        PERMUTATIONS,
    )
    clusters = found["quadrant"].where(found["q"] < LEVEL, "not significant")
    return clusters.rename_axis("city").rename("cluster").reset_index()
