"""Balanced panels for spatial models, and spatial lags of their columns.

A spatial lag needs every unit in every year. Rows with a gap are therefore
completed by leaving out whole units or years, by a stated rule.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass

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
    if data.index.nlevels < 2:
        raise DataError("a spatial panel is indexed by (unit, year); found one level only")
    sample = draw_sample(data, variables)
    index = sample.index
    names = _level_names(index)
    chosen = names if effects is None else tuple(effects)
    for name in chosen:
        if name not in names:
            raise UnknownNameError(
                f"{name!r} is not an effect of this panel.{did_you_mean(name, names)} "
                f"Known: {', '.join(names)} (the first two levels of the index)"
            )
    units, years = index.get_level_values(0), index.get_level_values(1)
    unit_codes, unit_values = pd.factorize(units, sort=True)
    year_codes, year_values = pd.factorize(years, sort=True)
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
    return BalancedPanel(
        cells=np.column_stack([sample.column(v)[rows] for v in variables]).reshape(n, t, -1),
        index=index[rows].set_names([*names, *index.names[2:]]),
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
    sets = _sets_of_years(present.shape[1])
    years = np.array([int(s).bit_count() for s in sets])
    units = _units_with_all(present, sets)
    # lexicographic: most cells, then most units, then the latest years
    best = int(np.lexsort((sets, units, units * years))[-1])
    keep_years = (int(sets[best]) >> np.arange(present.shape[1], dtype=object) & 1).astype(bool)
    return np.asarray(present[:, keep_years].all(axis=1)), keep_years


def _sets_of_years(periods: int) -> npt.NDArray[np.object_] | npt.NDArray[np.int64]:
    """Sets of years as bits: all of them, or all runs where there are too many."""
    if periods <= ALL_SETS_OF_YEARS:
        return np.arange(1, 2**periods, dtype=np.int64)
    runs = [(1 << b) - (1 << a) for a in range(periods) for b in range(a + 1, periods + 1)]
    return np.array(sorted(runs), dtype=object)


def _units_with_all(
    present: Mask, sets: npt.NDArray[np.object_] | npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """How many units have every year of each set."""
    periods = present.shape[1]
    patterns = [sum(1 << int(t) for t in np.flatnonzero(row)) for row in present]
    if periods > ALL_SETS_OF_YEARS:
        return np.array([sum((p & s) == s for p in patterns) for s in sets.tolist()])
    # sums over supersets, one bit after another
    counts = np.bincount(patterns, minlength=2**periods)
    for t in range(periods):
        halves = counts.reshape(-1, 2, 2**t)
        halves[:, 0] += halves[:, 1]
    return np.asarray(counts[1:], dtype=np.int64)


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
