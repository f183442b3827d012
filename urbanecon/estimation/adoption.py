"""When units adopt a treatment, seen from the rows of a panel.

A panel is indexed by (unit, year), the first two index levels, whatever their
names. The first treated year is a column, constant within a unit and missing
for units that are never treated, so that another dating of a policy is another
column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, NotEstimableError
from urbanecon.estimation.event_study import relative_years
from urbanecon.estimation.sample import EstimationSample, Floats, Mask, draw_sample

Incomplete = Literal["refuse", "drop"]
NEVER = np.inf


def panel_keys(data: pd.DataFrame) -> tuple[str, str]:
    """Names of the first two index levels: unit and year.

    Raises
    ------
    DataError
        The index has fewer than two levels, a level without a name, or a
        (unit, year) more than once.
    """
    names = data.index.names[:2]
    if len(names) < 2 or None in names:
        raise DataError(
            "the data must be indexed by unit and year, both named: "
            "data.set_index(['city', 'year'])"
        )
    unit, time = (str(name) for name in names)
    return unit, time


def adoption_years(data: pd.DataFrame, first_treated: str) -> pd.Series:
    """First treated year of each row's unit, length N; infinite for the never treated.

    Raises
    ------
    MissingColumnError, NotEstimableError
        As `event_study.relative_years`.
    """
    unit, time = panel_keys(data)
    relative = relative_years(data, first_treated, unit, time)
    years = pd.Series(data.index.get_level_values(1), index=data.index).astype(float)
    return (years - relative).fillna(NEVER)


@dataclass(frozen=True, slots=True, eq=False)
class BalancedPanel:
    """Units by periods without a gap.

    Attributes
    ----------
    outcome
        n x T.
    units, years
        Their labels in sorted order, lengths n and T.
    first
        First treated year, length n; infinite when not treated by the last year.
    index
        Rows used, length n T.
    notes
        What was left out, in words.
    """

    outcome: Floats
    units: pd.Index
    years: Floats
    first: Floats
    index: pd.Index
    notes: tuple[str, ...] = ()


def balanced_panel(
    data: pd.DataFrame, outcome: str, first_treated: str, incomplete: Incomplete = "refuse"
) -> BalancedPanel:
    """Arrange an outcome as units by periods; the periods are those anyone is observed in.

    Parameters
    ----------
    incomplete
        What happens to units without all periods: "refuse" raises, "drop"
        leaves them out and says so.

    Raises
    ------
    DataError
        A unit lacks a period and `incomplete` is "refuse", or the index does
        not hold (unit, year).
    NotEstimableError
        No unit has all periods, or nobody is treated.
    """
    unit, time = panel_keys(data)
    first = adoption_years(data, first_treated)
    sample = draw_sample(data, [outcome], (unit, time))
    pairs = sample.codes[unit] * (int(sample.codes[time].max()) + 1) + sample.codes[time]
    if len(np.unique(pairs)) < sample.nobs:
        raise DataError(f"a {unit} has more than one row in a {time}; aggregate them first")
    keep, notes = _complete(sample, unit, time, incomplete)
    periods = int(sample.codes[time].max()) + 1
    index = sample.index[keep]
    shape = (-1, periods)
    years = index.get_level_values(1).to_numpy(dtype=float).reshape(shape)[0]
    starts = first[~first.index.duplicated()].reindex(index).to_numpy().reshape(shape)[:, 0]
    starts = np.where(starts > years[-1], NEVER, starts)
    if not np.isfinite(starts).any():
        raise NotEstimableError(
            f"no {unit} of the sample is treated by {years[-1]:g} ({first_treated!r})"
        )
    return BalancedPanel(
        outcome=sample.column(outcome)[keep].reshape(shape),
        units=index.get_level_values(0)[::periods],
        years=years,
        first=starts,
        index=index,
        notes=notes,
    )


def _complete(
    sample: EstimationSample, unit: str, time: str, incomplete: Incomplete
) -> tuple[Mask, tuple[str, ...]]:
    """Rows of the units that have all periods, and a note on the others."""
    codes, periods = sample.codes[unit], int(sample.codes[time].max()) + 1
    short = np.bincount(codes) < periods
    keep = ~short[codes]
    if not short.any():
        return keep, ()
    lacking = sample.index.get_level_values(0)[~keep].unique()
    listed = ", ".join(map(str, lacking[:5])) + (", ..." if len(lacking) > 5 else "")
    found = f"{len(lacking)} of {len(short)} units lack one of the {periods} {time}s ({listed})"
    if incomplete == "refuse":
        raise DataError(
            f"{found}; a balanced panel is needed. Choose the {time}s that all units have, or "
            "leave such units out with incomplete='drop'"
        )
    if not keep.any():
        raise NotEstimableError(f"{found}: no unit is left")
    return keep, (f"{found}: left out",)
