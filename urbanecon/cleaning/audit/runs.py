"""Cells that follow from their neighbours by a formula: interpolated and extrapolated.

Three formulas fill the gaps of city panels: the straight line, constant growth,
and growth that itself changes by a constant factor, which is what a forecast or
back-cast of an autoregression in log differences leaves behind. Each makes a
quantity vanish that published figures do not let vanish: the second difference
of the values, that of their logarithms, and d[t] * d[t-2] - d[t-1]^2 for the
log differences d. The same logic unmasks invented figures in audits of
experiments (Simonsohn 2013, Psychological Science 24:1875-1888).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.findings import findings
from urbanecon.cleaning.audit.series import (
    Bools,
    Floats,
    group_count,
    group_median,
    grouped,
    lagged,
    ordered,
    resolution,
)
from urbanecon.cleaning.observations import Flag

RUN_CHANCE = 2e-4
"""Chance, under unrounded natural variation, above which a run is let go.

Of a clean panel about one cell in ten thousand is then called interpolated, while
two cells between published figures of five digits are still found. A chance
and not a length decides, since three values of ten digits prove what six values
of three digits do not."""

ROUNDING = 1.99
"""Bound, in units of the last digit, on what rounding leaves of a second
difference: three errors of half a unit with weights 1, 2, 1 add up to less than two."""

DENSITY = 0.2691
"""Density at zero of a centred normal variable whose median absolute value is one.

0.6745 / sqrt(2 pi): with it, the natural size of second differences tells how
often one of them falls within rounding of zero by chance."""

RATIO_DENSITY = 0.35
"""Density at one of the ratio of neighbouring growth ratios, at most 1/pi for the
ratio of independent normal variables and somewhat more for related ones."""

FEW = 6
"""Second differences a series needs before its own size of them is trusted."""


class _Form(NamedTuple):
    """A formula: how many cells it binds, and what shows that it holds.

    `window` gives, for the last cell of each window, whether the formula holds
    to rounding, and the chance that it does so by accident.
    """

    name: str
    width: int
    window: Callable[[pd.DataFrame, Floats, Bools], tuple[Bools, Floats]]


def filled_runs(observations: pd.DataFrame) -> pd.DataFrame:
    """Runs of three or more cells that a formula gives exactly.

    The tolerance of a run is what rounding to the finest digit printed in it
    explains. A run inside a series is interpolated but for its two ends, the
    values it was drawn between; a run that reaches the beginning or the end of
    the series is extrapolated but for its inner end. Constant runs are not
    judged here: many a column (areas, counts of a few units) stands still.
    """
    cells = ordered(observations)
    unit = resolution(cells)
    runs = pd.concat([_runs(cells, unit, form) for form in FORMS], ignore_index=True)
    bad = _doubtful(cells, runs)
    reasons = [
        f"{size} values from {first} to {last} follow {name} to the last digit; {what} "
        f"(chance {chance:.0e})"
        for size, first, last, name, what, chance in zip(
            bad["size"], bad["first_year"], bad["last_year"], bad["name"], bad["what"],
            bad["chance"], strict=True,
        )
    ]  # fmt: skip
    inside = (bad["flag"] == str(Flag.INTERPOLATED)).to_numpy()
    told = observations.iloc[bad["row"]]
    text = pd.Series(reasons, told.index, dtype="str")
    return pd.concat(
        [
            findings(told[where], flag, str(flag), text[where])
            for where, flag in ((inside, Flag.INTERPOLATED), (~inside, Flag.EXTRAPOLATED))
        ],
        ignore_index=True,
    )


def _linear(cells: pd.DataFrame, unit: Floats, whole: Bools) -> tuple[Bools, Floats]:
    value = cells["value"].to_numpy(dtype="float64")
    return _second_difference(cells, value, unit, np.abs(value), whole)


def _geometric(cells: pd.DataFrame, unit: Floats, whole: Bools) -> tuple[Bools, Floats]:
    value = cells["value"].to_numpy(dtype="float64")
    log = np.log(value, out=np.full(len(value), np.nan), where=value > 0)
    with np.errstate(all="ignore"):
        return _second_difference(cells, log, unit / value, np.ones(len(value)), whole)


def _second_difference(
    cells: pd.DataFrame, level: Floats, unit: Floats, scale: Floats, whole: Bools
) -> tuple[Bools, Floats]:
    """Whether second differences vanish, and how often they do by chance.

    The natural size is the series' own median of those that do not vanish, or
    that of its column, relative to `scale`, where the series has too few.
    """
    with np.errstate(all="ignore"):
        step = level - lagged(level, 1)
        before = lagged(step, 1)
        bend = np.abs(step - before)
        unit = np.fmin(np.fmin(unit, lagged(unit, 1)), lagged(unit, 2))
        exact = whole & (bend <= ROUNDING * unit + 1e-14 * np.abs(level))
        moves = (np.abs(step) > unit) & (np.abs(before) > unit)
        size = np.where(whole & ~exact & (scale > 0), bend / scale, np.nan)
        series, column = grouped(cells, "series"), grouped(cells, "column")
        own, usual = group_median(size, series), group_median(size, column)
        natural = np.where(group_count(size, series) >= FEW, own, usual) * scale
        chance = np.minimum(2 * ROUNDING * DENSITY * unit / natural, 1.0)
    return exact & moves, np.where(np.isfinite(chance), chance, 1.0)


def _autoregressive(cells: pd.DataFrame, unit: Floats, whole: Bools) -> tuple[Bools, Floats]:
    value = cells["value"].to_numpy(dtype="float64")
    log = np.log(value, out=np.full(len(value), np.nan), where=value > 0)
    with np.errstate(all="ignore"):
        relative = unit / value
        for steps in (1, 2, 3):
            relative = np.fmin(relative, lagged(unit / value, steps))
        step = log - lagged(log, 1)
        before, first = lagged(step, 1), lagged(step, 2)
        sizes = np.abs(step) + np.abs(first) + 2 * np.abs(before)
        slack = relative * sizes + 2 * relative**2 + 1e-14 * sizes
        whole = whole & lagged(whole.astype("float64"), 1).astype(bool)
        exact = whole & (np.abs(step * first - before**2) <= slack)
        moves = np.minimum(np.abs(step), np.abs(first)) > 3 * relative
        chance = np.minimum(2 * RATIO_DENSITY * slack / before**2, 1.0)
    return exact & moves, np.where(np.isfinite(chance), chance, 1.0)


FORMS = (
    _Form("a straight line", 3, _linear),
    _Form("constant growth", 3, _geometric),
    _Form("growth changing by a constant factor", 4, _autoregressive),
)


def _runs(cells: pd.DataFrame, unit: Floats, form: _Form) -> pd.DataFrame:
    """Accepted runs of one formula: first and last position, chance, name."""
    follows = cells["follows"].to_numpy()
    whole = follows.copy()
    whole[1:] &= follows[:-1]
    whole[:1] = False
    exact, chance = form.window(cells, unit, whole)
    ends = np.flatnonzero(exact)
    fresh = np.diff(ends, prepend=-2) != 1
    group = np.cumsum(fresh) - 1
    log_chance = np.bincount(group, np.log(np.maximum(chance[ends], 1e-300)))
    first = ends[fresh] - (form.width - 1)
    last = ends[np.flatnonzero(np.append(fresh[1:], True))] if len(ends) else ends
    runs = pd.DataFrame({"first": first, "last": last, "chance": np.exp(log_chance)})
    return runs[runs["chance"] < RUN_CHANCE].assign(name=form.name)


def _doubtful(cells: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Cells of the runs that were not observed; of several runs the least likely tells."""
    series = cells["series"].to_numpy()
    opens = np.append(True, series[1:] != series[:-1])
    closes = np.append(series[1:] != series[:-1], True)
    first, last = runs["first"].to_numpy(dtype="int64"), runs["last"].to_numpy(dtype="int64")
    at_start, at_end = opens[first], closes[last]
    year = cells["year"].to_numpy()
    runs = runs.assign(
        first_year=year[first],
        last_year=year[last],
        size=last - first + 1,
        flag=np.where(at_start | at_end, str(Flag.EXTRAPOLATED), str(Flag.INTERPOLATED)),
        what=np.where(
            at_start | at_end,
            "the run reaches the end of the series",
            "the cell lies between the run's ends",
        ),
    )
    begin = np.where(at_start, first, first + 1)
    count = np.where(at_end, last, last - 1) - begin + 1
    rows = runs.loc[runs.index.repeat(count)].reset_index(drop=True)
    offset = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    position = np.repeat(begin, count) + offset
    rows = rows.assign(row=cells["row"].to_numpy()[position], position=position)
    rows = rows.sort_values(["position", "chance", "name"], kind="stable")
    return rows.drop_duplicates("position")
