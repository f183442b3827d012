"""Balanced panels for spatial models, and spatial lags of their columns.

A spatial lag needs every unit in every year. Rows with a gap are therefore
completed by leaving out whole units or years, by a stated rule.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.sample import Floats, Mask, draw_sample
from urbanecon.estimation.weights import Weights

# Up to this many years all sets of years are compared, above it all runs of years.
ALL_SETS_OF_YEARS = 18
NAMED = 8


@dataclass(frozen=True, slots=True, eq=False)
class BalancedPanel:
    """Rows of a panel that has every unit in every year, with its weights.

    Attributes
    ----------
    cells
        Variables, N x T x p, units and years in sorted order.
    index
        Index of the rows, length N T, unit by unit.
    weights
        Weights of exactly these units.
    unit_effects, time_effects
        Which effects the model has.
    effects
        Their names.
    notes
        What was left out, and units without neighbours.
    """

    cells: Floats
    index: pd.Index
    weights: Weights
    unit_effects: bool
    time_effects: bool
    effects: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Units and years."""
        return self.cells.shape[0], self.cells.shape[1]

    def rows(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the data that the panel holds, in its order, levels named."""
        return data.loc[self.index].set_axis(self.index)


def balanced_panel(
    data: pd.DataFrame,
    variables: Sequence[str],
    weights: Weights,
    effects: Sequence[str] | None = None,
) -> BalancedPanel:
    """Draw the sample of a spatial model.

    Rows with a missing value go first. If the rest is unbalanced, units and
    years are chosen so that the number of rows (units times years) is largest;
    ties go to more units, then to later years. Up to 18 years all sets of years
    are compared, above that all runs of consecutive years. Weights are
    restricted to the units kept, and row-standardised anew if they were.

    Parameters
    ----------
    effects
        Names among the first two levels of the index; None: both.

    Raises
    ------
    DataError
        The index has fewer than two levels.
    UnknownNameError
        An effect is no index level, or a unit is not in the weights.
    NotEstimableError
        Fewer than three units, or fewer than two years with unit effects, are left.
    """
    if not isinstance(data.index, pd.MultiIndex):
        raise DataError("a spatial panel is indexed by (unit, year); found one level only")
    sample = draw_sample(data, variables)
    index = cast("pd.MultiIndex", sample.index)
    names = _level_names(index)
    chosen = names if effects is None else tuple(effects)
    for name in chosen:
        if name not in names:
            raise UnknownNameError(
                f"{name!r} is not an effect of this panel.{did_you_mean(name, names)} "
                f"Known: {', '.join(names)} (the first two levels of the index)"
            )
    unit_codes, unit_values = _level(index, 0)
    year_codes, year_values = _level(index, 1)
    present = np.zeros((len(unit_values), len(year_values)), dtype=bool)
    present[unit_codes, year_codes] = True
    if present.sum() != len(index):
        raise DataError("a unit has more than one row in a year; aggregate them first")
    keep_units, keep_years = largest_balanced(present)
    rows = keep_units[unit_codes] & keep_years[year_codes]
    n, t = int(keep_units.sum()), int(keep_years.sum())
    if n < 3 or t < 1 + (names[0] in chosen):
        raise NotEstimableError(
            f"the largest balanced panel has {n} units and {t} years, too few for a spatial "
            "model with these effects. Fill or drop the variables with most gaps"
        )
    kept = weights.restrict(unit_values[keep_units])
    notes = (
        *_left_out(names[0], unit_values[~keep_units]),
        *_left_out(names[1], year_values[~keep_years]),
        *_island_note(kept),
    )
    values = sample.values  # noqa: PD011
    if not rows.all():
        index, values = index[rows], values.take(np.flatnonzero(rows), axis=0)
    return BalancedPanel(
        cells=np.ascontiguousarray(values).reshape(n, t, -1),
        index=index.set_names([*names, *index.names[2:]]),
        weights=kept,
        unit_effects=names[0] in chosen,
        time_effects=names[1] in chosen,
        effects=tuple(name for name in names if name in chosen),
        notes=notes,
    )


def largest_balanced(present: Mask) -> tuple[Mask, Mask]:
    """Units and years whose every cell is present, with the most cells.

    Parameters
    ----------
    present
        Which cells there are, N x T.

    Returns
    -------
    Units to keep, length N, and years to keep, length T.
    """
    if present.all():
        return np.ones(len(present), dtype=bool), np.ones(present.shape[1], dtype=bool)
    periods = present.shape[1]
    if periods <= ALL_SETS_OF_YEARS:
        return _best(present, *_all_sets(present))
    starts, ends = np.triu_indices(periods + 1, 1)
    years = np.arange(periods)
    sets = (years >= starts[:, None]) & (years < ends[:, None])
    # where the run of each unit that holds a year began, counted by year
    began = np.maximum.accumulate(np.where(present, 0, years + 1), axis=1)
    cells = np.bincount((years * (periods + 1) + began).ravel(), minlength=periods * (periods + 1))
    units = np.cumsum(cells.reshape(periods, -1), axis=1)
    return _best(present, sets, units[ends - 1, starts])


def _best(present: Mask, sets: Mask, units: npt.NDArray[np.int64]) -> tuple[Mask, Mask]:
    """Units and years of the best of some sets of years, with how many units have each."""
    cells = units * sets.sum(axis=1)
    most = np.flatnonzero(cells == cells.max())
    # lexicographic: most units, then the latest years
    keep_years = sets[most[np.lexsort([*sets[most].T, units[most]])[-1]]]
    return np.asarray(present[:, keep_years].all(axis=1)), keep_years


def _all_sets(present: Mask) -> tuple[Mask, npt.NDArray[np.int64]]:
    """Every set of years that can be best, and how many units have all of its years.

    Years with a value for the same units stay together: the second costs no unit.
    """
    kinds, kind = np.unique(present, axis=1, return_inverse=True)
    bits = np.arange(kinds.shape[1])
    # sums over supersets, one bit after another
    counts = np.bincount(kinds @ (1 << bits), minlength=2 ** len(bits))
    years = np.zeros(1, dtype=np.int64)
    for bit in bits:
        halves = counts.reshape(-1, 2, 2**bit)
        halves[:, 0] += halves[:, 1]
        years = np.concatenate([years, years + np.sum(kind == bit)])
    most = np.flatnonzero(counts * years == (counts * years).max())
    return (most[:, None] >> bits & 1).astype(bool)[:, kind.ravel()], counts[most]


def _level(index: pd.MultiIndex, position: int) -> tuple[npt.NDArray[np.int64], pd.Index]:
    """Codes of a level of the index and its values, sorted, each value in use."""
    values = index.levels[position]
    codes = np.asarray(index.codes[position], dtype=np.int64)
    if codes.min() < 0:
        raise DataError(f"a row has no {index.names[position] or 'name'} in the index; drop it")
    used = np.flatnonzero(np.bincount(codes, minlength=len(values)))
    if not values.is_monotonic_increasing:
        used = used[values[used].argsort()]
    place = np.zeros(len(values), dtype=np.int64)
    place[used] = np.arange(len(used))
    return place[codes], values[used]


def _level_names(index: pd.Index) -> tuple[str, str]:
    first, second = index.names[:2]
    return str(first or "unit"), str(second or "year")


def _left_out(level: str, values: pd.Index) -> tuple[str, ...]:
    if not len(values):
        return ()
    more = f" and {len(values) - NAMED} more" if len(values) > NAMED else ""
    listed = ", ".join(map(str, values[:NAMED]))
    return (f"{len(values)} values of {level!r} left out to balance the panel: {listed}{more}",)


def _island_note(weights: Weights) -> tuple[str, ...]:
    if not weights.islands:
        return ()
    listed = ", ".join(map(str, weights.islands[:NAMED]))
    return (f"{len(weights.islands)} units have no neighbour, their spatial lag is 0: {listed}",)


def check_regressors(outcome: str, regressors: Sequence[str], lagged: Sequence[str]) -> None:
    """Refuse an empty, repeated or contradictory list of regressors."""
    if not regressors:
        raise EstimationError("name at least one regressor")
    if outcome in regressors:
        raise EstimationError(f"the outcome {outcome!r} is also a regressor")
    for name in lagged:
        if name not in regressors:
            raise UnknownNameError(
                f"{name!r} is to be lagged but is not a regressor.{did_you_mean(name, regressors)}"
            )
    for names in (regressors, lagged):
        if len(set(names)) < len(names):
            raise EstimationError(f"a regressor is named twice: {', '.join(names)}")


def lag_name(variable: str) -> str:
    """Name of the spatial lag of a variable: "W density"."""
    return f"W {variable}"


def warn(outcome: str, notes: Sequence[str]) -> None:
    """Say each note of an estimate as a warning."""
    for note in notes:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=3)
