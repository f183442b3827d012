"""The rows of a panel equation and the classical transformations of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, EstimationError, NotEstimableError
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.covariance import sum_by
from urbanecon.estimation.inference import Inference, keys_of, variables_of
from urbanecon.estimation.least_squares import independent_columns, solve, times
from urbanecon.estimation.sample import (
    Codes,
    EstimationSample,
    Floats,
    describe_row,
    draw_sample,
    renumbered,
)


@dataclass(frozen=True, slots=True, eq=False)
class PanelEquation:
    """Complete rows of a panel, ordered by unit and period.

    Attributes
    ----------
    sample
        The rows with their keys coded.
    raw
        Outcome and regressors, n x (1 + k).
    outcome, terms
        Their names.
    unit, time
        Names of the index levels.
    notes
        What was left out, in words.
    """

    sample: EstimationSample
    raw: Floats
    outcome: str
    terms: tuple[str, ...]
    unit: str
    time: str
    notes: tuple[str, ...] = ()

    @property
    def units(self) -> Codes:
        """Unit of each row, 0 ... N-1."""
        return self.sample.codes[self.unit]

    @property
    def periods(self) -> Codes:
        """Period of each row, 0 ... T-1, among those observed."""
        return self.sample.codes[self.time]

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.units.max()) + 1

    def restricted(self, before: Floats, after: Floats, what: str) -> PanelEquation:
        """Leave out regressors that do not vary, or are collinear, once transformed.

        `before` and `after` are outcome and regressors before and after a
        transformation (with the mean taken out where a constant is estimated),
        n' x (1 + k); `what` says which, for the note.

        Raises
        ------
        NotEstimableError
            No regressor is left.
        """
        kept, _ = independent_columns(before[:, 1:], after[:, 1:], None)
        if len(kept) == len(self.terms):
            return self
        lost = [name for j, name in enumerate(self.terms) if j not in kept]
        if not kept:
            raise NotEstimableError(
                f"{', '.join(map(repr, lost))} cannot be estimated: nothing varies {what} in the "
                f"{self.sample.nobs} rows of the sample"
            )
        note = f"dropped, collinear or without variation {what}: {', '.join(map(repr, lost))}"
        return replace(
            self,
            raw=self.raw[:, [0, *(j + 1 for j in kept)]],
            terms=tuple(self.terms[j] for j in kept),
            notes=(*self.notes, note),
        )


def panel_equation(
    data: pd.DataFrame, outcome: str, regressors: Sequence[str], how: Inference | None = None
) -> PanelEquation:
    """Draw the rows of an equation from a panel indexed by (unit, period).

    Raises
    ------
    DataError
        The index does not hold unit and period, both named and each pair once.
    EstimationError
        No regressor is named, or the outcome is one; otherwise as
        `sample.draw_sample`.
    """
    terms = tuple(dict.fromkeys(regressors))
    if not terms or outcome in terms:
        raise EstimationError(
            f"name at least one regressor, and not the outcome {outcome!r}; found {list(terms)}"
        )
    unit, time = panel_keys(data)
    wanted = [outcome, *terms, *(variables_of(how) if how else ())]
    sample = draw_sample(data, wanted, keys=[unit, time, *(keys_of(how) if how else ())])
    pairs = sample.codes[unit] * (int(sample.codes[time].max()) + 1) + sample.codes[time]
    again = np.flatnonzero(np.diff(pairs) == 0)
    if len(again):
        where = describe_row(sample.index, sample.index[again[0]])
        raise DataError(f"{where}: a {unit} has more than one row in a {time}; aggregate them")
    raw = np.column_stack([sample.column(name) for name in (outcome, *terms)])
    return PanelEquation(sample, np.asfortranarray(raw), outcome, terms, unit, time)


def chosen_rows(sample: EstimationSample, rows: Codes, values: Floats) -> EstimationSample:
    """Sample of some rows with other values, keys renumbered."""
    codes = {key: renumbered(codes[rows]) for key, codes in sample.codes.items()}
    return replace(sample, values=values, codes=codes, index=sample.index[rows], weights=None)


def unit_means(columns: Floats, units: Codes) -> Floats:
    """Means of each unit, N x p."""
    return np.asarray(sum_by(columns, units) / np.bincount(units)[:, None], dtype=np.float64)


def demeaned(columns: Floats, units: Codes) -> Floats:
    """Columns less their unit means, n x p (Fortran order)."""
    return np.asfortranarray(columns - unit_means(columns, units)[units])


def consecutive(units: Codes, periods: Codes) -> Codes:
    """Rows whose unit was observed in the period before, in the row before."""
    follows = (np.diff(units) == 0) & (np.diff(periods) == 1)
    return np.flatnonzero(follows) + 1


def with_constant(columns: Floats) -> Floats:
    """Append a column of ones."""
    return np.asfortranarray(np.column_stack([columns, np.ones(len(columns))]))


def residuals_of(columns: Floats) -> Floats:
    """Residuals of the first column on the others, length n."""
    if columns.shape[1] == 1:
        return columns[:, 0]
    return columns[:, 0] - times(columns[:, 1:], solve(columns[:, 0], columns[:, 1:]))


def quasi_demeaned(raw: Floats, units: Codes, theta: Floats) -> Floats:
    """Outcome, regressors and constant less a share of their unit means, n x (2 + k).

    `theta` is that share, one for each of the N units.
    """
    columns = with_constant(raw)
    return np.asfortranarray(columns - (theta[:, None] * unit_means(columns, units))[units])
