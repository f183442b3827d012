"""Instruments of a dynamic panel equation: lags by period (GMM style) or one column (IV style)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.dynamic_equation import Grid, shifted, transformed
from urbanecon.estimation.sample import Floats

EQUATIONS = ("both", "transformed", "level")


@dataclass(frozen=True, slots=True)
class GmmStyle:
    """Lags of a variable, one instrument a period and lag (Holtz-Eakin, Newey and Rosen 1988).

    In the transformed equation of period t: w_(t-l) for each lag l from the
    first of `lags` to the last (None: as far as the panel goes); missing ones
    are zero. In the level equation: the difference w_(t-l+1) - w_(t-l) for l the
    first lag (further ones are redundant given the transformed equation). Lags
    (2, None) suit an endogenous variable or y itself with serially uncorrelated
    errors, (1, None) a predetermined one.

    Attributes
    ----------
    variable
        Column in levels.
    lags
        First and last lag with respect to the period of the equation.
    collapse
        One instrument a lag, summed over the periods (Roodman 2009).
    equation
        "both" (the level equation only in system GMM), "transformed", "level".
    """

    variable: str
    lags: tuple[int, int | None] = (2, None)
    collapse: bool = False
    equation: Literal["both", "transformed", "level"] = "both"

    def __post_init__(self) -> None:
        first, last = self.lags
        if first < 1 or (last is not None and last < first):
            raise EstimationError(
                f"GMM-style lags of {self.variable!r} run from {first} to {last}; they start at "
                "one or later and end no earlier than they start"
            )
        _check_equation(self.equation, EQUATIONS)

    def enters(self, equation: str) -> bool:
        """Whether there are instruments for this equation."""
        return self.equation in ("both", equation)


@dataclass(frozen=True, slots=True)
class IvStyle:
    """Exogenous variables that instrument themselves, one column each.

    Attributes
    ----------
    variable
        Column in levels.
    lags
        Lags used, each a column.
    equation
        "each": transformed in the transformed equation and in levels in the level
        equation, two separate moments (plm, DPD); "both": one moment over the two
        stacked (xtabond2's default); "transformed"; "level". Difference GMM has
        the transformed equation only, in which the first three are the same.
    """

    variable: str
    lags: tuple[int, ...] = (0,)
    equation: Literal["each", "both", "transformed", "level"] = "each"

    def __post_init__(self) -> None:
        if not self.lags or min(self.lags) < 0:
            raise EstimationError(f"lags of {self.variable!r} must be zero or more: {self.lags}")
        _check_equation(self.equation, (*EQUATIONS, "each"))

    def enters(self, equation: str) -> bool:
        """Whether there are instruments for this equation."""
        return self.equation in ("each", "both", equation)


def _check_equation(equation: str, known: Sequence[str]) -> None:
    if equation not in known:
        raise UnknownNameError(
            f"unknown equation {equation!r}.{did_you_mean(equation, known)} "
            f"Known: {', '.join(known)}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class InstrumentGroup:
    """Instruments that stand or fall together, N x R x m for R stacked rows a unit."""

    name: str
    columns: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Which stacked rows a unit has.

    `matrix` (N x T x T) transforms; `uses` and `levels` (N x T) mark the rows of
    the transformed and the level equation, the latter None in difference GMM.
    """

    matrix: Floats
    uses: Floats
    levels: Floats | None

    def loadings(self, apart: bool = False) -> Floats:
        """How the level errors of a unit enter its rows, N x R x T.

        With `apart`, as if those of the two equations were not the same errors,
        N x R x 2T.
        """
        if self.levels is None:
            return self.matrix
        n, t = self.levels.shape
        out = np.zeros((n, 2 * t, 2 * t if apart else t))
        out[:, :t, :t] = self.matrix
        period = np.arange(t)
        out[:, t + period, (t if apart else 0) + period] = self.levels
        return out

    def stack(self, above: Floats | None, below: Floats | None) -> Floats:
        """Stack N x T x m columns of the two equations; None is zero; missing is zero."""
        some = above if above is not None else below
        assert some is not None  # noqa: S101 - one of the two is always given
        top = np.zeros_like(some) if above is None else _on(self.uses, above)
        if self.levels is None:
            return top
        bottom = np.zeros_like(some) if below is None else _on(self.levels, below)
        return np.concatenate([top, bottom], axis=1)


def _on(rows: Floats, columns: Floats) -> Floats:
    return np.nan_to_num(columns) * rows[:, :, None]


def gmm_groups(grid: Grid, rows: Rows, style: GmmStyle) -> list[InstrumentGroup]:
    """Instruments of one GMM-style variable, a group for each equation."""
    groups = []
    if style.enters("transformed"):
        lagged = _lagged_columns(grid, style, rows.uses)
        name = f"GMM {style.variable}, transformed equation"
        groups.append(InstrumentGroup(name, rows.stack(lagged, None)))
    if style.enters("level") and rows.levels is not None:
        first = style.lags[0]
        w = grid.values[style.variable]
        change = shifted(w, first - 1) - shifted(w, first)
        columns = change[:, :, None] if style.collapse else _by_period(change, rows.levels)
        name = f"GMM {style.variable}, level equation"
        groups.append(InstrumentGroup(name, rows.stack(None, columns)))
    return groups


def _lagged_columns(grid: Grid, style: GmmStyle, uses: Floats) -> Floats:
    """Lags of a variable, N x T x m."""
    periods = uses.shape[1]
    first, last = style.lags
    lags = range(first, min(periods - 1, periods if last is None else last) + 1)
    columns = [grid.lag(style.variable, lag) for lag in lags]
    if not columns:
        return np.zeros((*uses.shape, 0))
    if style.collapse:
        return np.stack(columns, axis=2)
    return np.concatenate([_by_period(column, uses) for column in columns], axis=2)


def _by_period(column: Floats, uses: Floats) -> Floats:
    """Give each period that has a value its own column, N x T x m."""
    has = ((uses > 0) & (np.nan_to_num(column) != 0)).any(axis=0)
    at = np.flatnonzero(has)
    out = np.zeros((*column.shape, len(at)))
    out[:, at, np.arange(len(at))] = np.nan_to_num(column[:, at])
    return out


def iv_groups(grid: Grid, rows: Rows, style: IvStyle) -> list[InstrumentGroup]:
    """Instruments of one IV-style variable: one group, or one for each equation."""
    levels = np.stack([grid.lag(style.variable, lag) for lag in style.lags], axis=2)
    name = f"IV {style.variable}"
    above = transformed(rows.matrix, levels) if style.enters("transformed") else None
    below = levels if style.enters("level") and rows.levels is not None else None
    if above is None and below is None:
        return []
    if style.equation == "each" and below is not None:
        return [
            InstrumentGroup(f"{name}, transformed equation", rows.stack(above, None)),
            InstrumentGroup(f"{name}, level equation", rows.stack(None, below)),
        ]
    return [InstrumentGroup(name, rows.stack(above, below))]


def first_periods(styles: Sequence[GmmStyle]) -> tuple[int, int]:
    """First period (from zero) with a GMM-style instrument, transformed and level equation.

    Earlier rows have none for any unit and are left out, as plm does (its count
    of lost periods); xtabond2 keeps them for the IV-style instruments.
    """
    above = [s.lags[0] for s in styles if s.enters("transformed")]
    below = [s.lags[0] - 1 for s in styles if s.enters("level")]
    return min(above, default=0), min(below, default=0)
