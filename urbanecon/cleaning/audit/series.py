"""The common view of the rules about time: cells in the order of their series.

A column is one variable of one source, a series one city in a column. Rules
compare a cell with the cells before it in this table, so that each works on
whole arrays and no result depends on the order of the rows given. Names are
replaced by integer codes once, since grouping by text is what costs most.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from urbanecon.cleaning.audit.shared import shared
from urbanecon.cleaning.codebook import load_codebook

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]

NAMED = ("city", "province")
"""Columns of `ordered` that hold categories."""

MOST_DIGITS = 12
"""Significant digits beyond which a number is taken for unrounded: doubles carry
15 to 17, of which a change of unit may spoil the last ones."""

MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for normal errors."""


@shared
def ordered(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the finite cells of all yearly series, sorted by series and year.

    Left out are attributes and dated events, which have no history, and cells
    given twice with different values, of which neither is the history.

    Returns
    -------
    DataFrame
        Columns `row` (position in `observations`), `column` and `series`
        (integer codes), `city` and `province` (the key and its first two digits;
        categories in their order), `year`, `value`, `follows` (whether the row
        before is the same series a year earlier). The index counts the rows.
    """
    value = observations["value"].to_numpy(dtype="float64")
    variable, names = pd.factorize(observations["variable"], sort=True)
    yearly = np.append(~names.isin(timeless()), True)[variable]
    row = np.flatnonzero(yearly & np.isfinite(value))
    source, _ = pd.factorize(observations["source"], sort=True)
    city, keys = pd.factorize(observations["city"], sort=True)
    column, _ = pd.factorize(codes_of(source[row] + 1, variable[row] + 1), sort=True)
    series = column * (len(keys) + 1) + city[row] + 1
    year, value = observations["year"].to_numpy(dtype="int64")[row], value[row]
    order = _order(series, year, value)
    cells = pd.DataFrame(
        {
            "row": row[order],
            "column": column[order],
            "series": series[order],
            "city": pd.Categorical.from_codes(city[row][order], keys),
            "province": pd.Categorical.from_codes(*_provinces(keys, city[row][order])),
            "year": year[order],
            "value": value[order],
        },
        copy=False,
    )
    return _with_history(_given_once(cells))


def _order(series: Codes, year: Codes, value: Floats) -> Codes:
    """Order of the rows by series and year; by value where these are given twice."""
    place = codes_of(series, year)
    order = np.argsort(place, kind="stable")
    if (np.diff(place[order]) == 0).any():
        order = np.lexsort((value, place))
    return order.astype("int64")


def _provinces(keys: pd.Index, city: Codes) -> tuple[Codes, pd.Index]:
    """Province of each row as a code, and the provinces in their order."""
    code, names = pd.factorize(keys.astype("str").str[:2], sort=True)
    return np.append(code, -1)[city], names


def _given_once(cells: pd.DataFrame) -> pd.DataFrame:
    """Leave out repetitions, and both of two cells that contradict each other."""
    again = same_as_before(cells, "series") & same_as_before(cells, "year")
    if not again.any():
        return cells
    differs = again & ~same_as_before(cells, "value")
    torn = pd.Series(differs).groupby([cells["series"], cells["year"]]).transform("any")
    kept: pd.DataFrame = cells[~again & ~torn.to_numpy(dtype=bool)].reset_index(drop=True)
    return kept


def _with_history(cells: pd.DataFrame) -> pd.DataFrame:
    year = cells["year"].to_numpy()
    return cells.assign(follows=same_as_before(cells, "series") & (np.diff(year, prepend=0) == 1))


def codes_of(*keys: Codes) -> Codes:
    """One integer for each combination of keys, in the order of the combinations.

    Keys are integers of any origin, such as years.
    """
    code = np.zeros(len(keys[0]), dtype="int64")
    for key in keys:
        if len(key):
            low = key.min()
            code = code * (int(key.max()) - int(low) + 1) + (key - low)
    return code


def looked_up(names: pd.Series, numbers: Mapping[Any, float]) -> Floats:
    """Return the number of each row's name, missing where it has none."""
    code, known = pd.factorize(names)
    found = [float(numbers.get(name, np.nan)) for name in known]
    return np.array([*found, np.nan])[code]


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


@shared
def digits_of(cells: pd.DataFrame) -> Codes:
    """Significant digits of the values of `cells` (see `significant_digits`)."""
    return significant_digits(cells["value"].to_numpy(dtype="float64"))


@shared
def resolution(cells: pd.DataFrame) -> Floats:
    """Unit of the last significant digit of each value of `cells`; missing for zero."""
    value = cells["value"].to_numpy(dtype="float64")
    with np.errstate(all="ignore"):
        place = np.floor(np.log10(np.abs(value))) - digits_of(cells) + 1
        return np.where(value == 0, np.nan, 10.0**place)


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


def grouped(cells: pd.DataFrame, *names: str) -> Codes:
    """Number of each row's group by some columns, from 0 in the order of appearance."""
    keys = [cells[name].cat.codes if name in NAMED else cells[name] for name in names]
    group, _ = pd.factorize(codes_of(*(key.to_numpy().astype("int64") for key in keys)))
    return group.astype("int64")


def group_median(values: Floats, group: Codes) -> Floats:
    """Median of each row's group, aligned with the rows."""
    medians = pd.Series(values).groupby(group, sort=False).transform("median")
    return medians.to_numpy(dtype="float64")


def group_count(values: Floats, group: Codes) -> Codes:
    """Known values of each row's group, aligned with the rows; groups count from 0."""
    known: Codes = np.bincount(group, ~np.isnan(values))[group].astype("int64")
    return known
