"""Filling gaps inside a series, on request and never unseen.

Nothing in the project interpolates by default. `interpolate` makes observations
for years between two observed ones of the same source, flags each
`interpolated`, and names in `raw` the two cells it stands between. Years before
the first and after the last observed one are never made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.cleaning.observations import (
    COLUMNS,
    Flag,
    RawCell,
    concat_observations,
    require_columns,
)
from urbanecon.cleaning.panel import ADMITTED
from urbanecon.errors import DataError, UnknownNameError, did_you_mean

Method = Literal["linear", "log"]

ENDS = frozenset({Flag.OK, Flag.DERIVED})
"""Flags of the cells a gap may be filled between. An extreme value, a break or a
cell that the source itself interpolated would spread its doubt over the gap."""

MAX_GAP = 3
"""Longest gap, in missing years, that is filled unless stated otherwise: between
two ends four years apart a straight line is still nearer than any other guess,
while five-year plans and censuses bend longer ones."""

BETWEEN = "; "
"""What separates the two end cells in `raw`."""


def interpolate(
    observations: pd.DataFrame,
    variables: Iterable[str],
    *,
    method: Method = "linear",
    max_gap: int = MAX_GAP,
) -> pd.DataFrame:
    """Make observations for the missing years inside series.

    Parameters
    ----------
    observations
        Observations, flagged by the audit.
    variables
        Which variables to fill.
    method
        ``linear``: equal steps; ``log``: equal growth, for positive values.
    max_gap
        Longest gap filled, in missing years; a longer one stays open.

    Returns
    -------
    DataFrame
        The made observations alone, in the columns of an observation: flag
        `interpolated`, source of the ends, `raw` the two end cells (see
        `end_cells`). Stack them on `observations` to use them.

    Raises
    ------
    UnknownNameError
        If a variable does not occur.
    DataError
        If `method` is unknown, `max_gap` below 1, a cell is given twice, or
        ``log`` meets an end that is not positive.
    """
    require_columns(observations.columns, COLUMNS, file="observations")
    if method not in ("linear", "log"):
        raise DataError(f"The method {method!r} is unknown; expected 'linear' or 'log'.")
    if max_gap < 1:
        raise DataError(f"The longest gap is {max_gap}; expected at least 1 missing year.")
    made = [_fill(observations, name, method, max_gap) for name in dict.fromkeys(variables)]
    return concat_observations(made)


def end_cells(raw: str) -> tuple[RawCell, RawCell]:
    """Return the two cells that a made observation stands between."""
    before, after = raw.split(BETWEEN)
    return RawCell.parse(before), RawCell.parse(after)


def _fill(observations: pd.DataFrame, variable: str, method: Method, max_gap: int) -> pd.DataFrame:
    cells = observations[observations["variable"] == variable]
    if cells.empty:
        known = observations["variable"].unique()
        raise UnknownNameError(
            f"There is no observation of {variable!r}.{did_you_mean(variable, known)}"
        )
    standing = cells[cells["flag"].isin([str(flag) for flag in ADMITTED])]
    _refuse_repeated(standing)
    ordered = standing.sort_values(["source", "city", "year"], kind="stable")
    following = ordered.groupby(["source", "city"])[["year", "value", "raw", "flag"]].shift(-1)
    gaps = ordered.assign(
        end_year=following["year"], end_value=following["value"],
        end_raw=following["raw"], end_flag=following["flag"],
    )  # fmt: skip
    length = gaps["end_year"] - gaps["year"] - 1
    good = [str(flag) for flag in ENDS]
    gaps = gaps[length.between(1, max_gap) & gaps["flag"].isin(good) & gaps["end_flag"].isin(good)]
    if method == "log":
        _refuse_not_positive(gaps)
    return _points(gaps, method)


def _points(gaps: pd.DataFrame, method: Method) -> pd.DataFrame:
    """One row a missing year, on the line between the ends of its gap."""
    length = (gaps["end_year"] - gaps["year"] - 1).astype("int64")
    points = gaps.reset_index(drop=True).loc[np.repeat(np.arange(len(gaps)), length)]
    step = points.groupby(level=0).cumcount() + 1
    share = step / (points["end_year"] - points["year"])
    if method == "log":
        value = points["value"] * (points["end_value"] / points["value"]) ** share
    else:
        value = points["value"] + (points["end_value"] - points["value"]) * share
    return points.assign(
        value=value.astype("float64"),
        year=points["year"] + step,
        raw=points["raw"] + BETWEEN + points["end_raw"],
        flag=str(Flag.INTERPOLATED),
    )[list(COLUMNS)].reset_index(drop=True)


def _refuse_repeated(cells: pd.DataFrame) -> None:
    twice = cells[cells.duplicated(["source", "city", "year"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(
            f"{row['source']}: two values of {row['variable']} for {row['city']} in "
            f"{row['year']}; run the audit first, which flags them 'conflict'."
        )


def _refuse_not_positive(gaps: pd.DataFrame) -> None:
    for value, year in (("value", "year"), ("end_value", "end_year")):
        wrong = gaps[~(gaps[value] > 0) | ~np.isfinite(gaps[value])]
        if len(wrong):
            row = wrong.iloc[0]
            raise DataError(
                f"{row['variable']} of {row['city']} is {row[value]:g} in {row[year]:.0f}: equal "
                "growth needs positive ends. Use method='linear'."
            )
