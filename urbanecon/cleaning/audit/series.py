"""The common view of the rules about time: cells in the order of their series.

A column is one variable of one source, a series one city in a column. Rules
compare a cell with the cells before it in this table, so that each works on
whole arrays and no result depends on the order of the rows given.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from urbanecon.cleaning.codebook import load_codebook

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_DIGITS = 12
"""Significant digits beyond which a number is taken for unrounded: doubles carry
15 to 17, of which a change of unit may spoil the last ones."""

MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for normal errors."""


def ordered(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the finite cells of all yearly series, sorted by series and year.

    Left out are attributes and dated events, which have no history, and cells
    given twice with different values, of which neither is the history.

    Returns
    -------
    DataFrame
        Columns `row` (position in `observations`), `column` and `series`
        (integer codes), `city`, `province` (the first two digits of the key),
        `year`, `value`, `follows` (whether the row before is the same series a
        year earlier). The index counts the rows.
    """
    yearly = ~observations["variable"].isin(timeless())
    finite = np.isfinite(observations["value"].to_numpy(dtype="float64"))
    row = np.flatnonzero(yearly.to_numpy() & finite)
    cells = observations.iloc[row][["city", "year", "value"]].reset_index(drop=True)
    names = observations.iloc[row].groupby(["source", "variable"], sort=True, dropna=False)
    column = names.ngroup().to_numpy(dtype="int64")
    city, keys = pd.factorize(cells["city"], sort=True)
    series = column * (len(keys) + 1) + city + 1
    cells = cells.assign(row=row, column=column, series=series)
    cells["province"] = cells["city"].str[:2]
    order = np.lexsort((cells["value"], cells["year"], series))
    cells = cells.iloc[order].reset_index(drop=True)
    again = same_as_before(cells, "series") & same_as_before(cells, "year")
    differs = again & ~same_as_before(cells, "value")
    torn = pd.Series(differs).groupby([cells["series"], cells["year"]]).transform("any")
    kept: pd.DataFrame = cells[~again & ~torn.to_numpy(dtype=bool)].reset_index(drop=True)
    year = kept["year"].to_numpy(dtype="int64")
    kept["follows"] = same_as_before(kept, "series") & (np.diff(year, prepend=0) == 1)
    return kept


def timeless() -> list[str]:
    """Codebook names of attributes of a city and of dated events."""
    return [
        name for name, entry in load_codebook().items() if entry.constant or entry.kind == "event"
    ]


def same_as_before(cells: pd.DataFrame, name: str) -> Bools:
    """Whether each row equals the row before it in one column."""
    values = cells[name].to_numpy()
    same = np.zeros(len(values), dtype=bool)
    same[1:] = values[1:] == values[:-1]
    return same


def lagged(values: Floats, steps: int) -> Floats:
    """Return the values `steps` rows before, missing at the top."""
    moved = np.full(len(values), np.nan)
    if len(values) > steps:
        moved[steps:] = values[: len(values) - steps]
    return moved


def log_growth(cells: pd.DataFrame) -> Floats:
    """Log growth since the year before; missing without positive values in both."""
    value = cells["value"].to_numpy(dtype="float64")
    log = np.log(value, out=np.full(len(value), np.nan), where=value > 0)
    growth: Floats = log - lagged(log, 1)
    growth[~cells["follows"].to_numpy()] = np.nan
    return growth


def significant_digits(values: Floats) -> NDArray[np.int64]:
    """Significant decimal digits of each number, at most `MOST_DIGITS` + 1; 0 for zero."""
    size = np.abs(values)
    digits = np.where(size > 0, MOST_DIGITS + 1, 0)
    left = np.flatnonzero(np.isfinite(size) & (size > 0))
    with np.errstate(all="ignore"):
        magnitude = np.floor(np.log10(size))
        for count in range(1, MOST_DIGITS + 1):
            scaled = size[left] / 10.0 ** (magnitude[left] - count + 1)
            whole = np.abs(scaled - np.round(scaled)) <= 1e-13 * scaled
            digits[left[whole]] = count
            left = left[~whole]
    return digits.astype("int64")


def resolution(values: Floats) -> Floats:
    """Unit of the last significant digit of each number; missing for zero."""
    with np.errstate(all="ignore"):
        place = np.floor(np.log10(np.abs(values))) - significant_digits(values) + 1
        return np.where(values == 0, np.nan, 10.0**place)


def group_median(values: Floats, keys: list[pd.Series]) -> Floats:
    """Median of each row's group, aligned with the rows."""
    medians = pd.Series(values).groupby([key.to_numpy() for key in keys]).transform("median")
    return medians.to_numpy(dtype="float64")
