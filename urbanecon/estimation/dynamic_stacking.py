"""The dynamic panel equation stacked: rows, regressors, instruments, first-step weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.dynamic_equation import (
    Grid,
    first_differences,
    forward_deviations,
    lay_out,
    transformed,
)
from urbanecon.estimation.dynamic_instruments import (
    GmmStyle,
    InstrumentGroup,
    IvStyle,
    Rows,
    first_periods,
    gmm_groups,
    iv_groups,
)
from urbanecon.estimation.dynamic_moments import (
    Moments,
    factor,
    independent_instruments,
    independent_regressors,
    sparse_rows,
)
from urbanecon.estimation.dynamic_tests import Changes
from urbanecon.estimation.least_squares import COLLINEAR
from urbanecon.estimation.sample import Floats, Mask

CONSTANT = "const"
TIME = "time effects"


@dataclass(frozen=True, slots=True)
class Choices:
    """How the equation is estimated; see `dynamic_panel`."""

    system: bool
    transform: Literal["difference", "forward"]
    steps: Literal[1, 2]
    robust: bool
    time_effects: bool
    constant: bool
    h: Literal[1, 2, 3]

    def __post_init__(self) -> None:
        for name, value, known in (
            ("transform", self.transform, ("difference", "forward")),
            ("steps", self.steps, (1, 2)),
            ("h", self.h, (1, 2, 3)),
        ):
            if value not in known:
                raise EstimationError(f"{name} is {value!r}; known: {', '.join(map(str, known))}")

    @property
    def words(self) -> str:
        """The estimator in words."""
        kind = "system" if self.system else "difference"
        rest = ", forward orthogonal deviations" if self.transform == "forward" else ""
        return f"{kind} GMM, {'one' if self.steps == 1 else 'two'}-step{rest}, H {self.h}"

    @property
    def inference(self) -> str:
        """The covariance in words."""
        if not self.robust:
            return "conventional GMM covariance, no small-sample factor"
        if self.steps == 1:
            return "clustered by unit, no small-sample factor"
        return "two-step with the Windmeijer correction, no small-sample factor"


@dataclass(frozen=True, slots=True, eq=False)
class Stacked:
    """The equation stacked, with its instruments and their first-step weights.

    Attributes
    ----------
    grid, rows
        Cells, and which of them an equation is written for.
    terms
        Names of the regressors kept, length k.
    moments
        Outcome, regressors and independent instruments.
    half
        C with C'C = (sum Z_i'H_i Z_i)^-1.
    groups
        Group of each instrument, length q.
    dropped
        Regressors left out as collinear.
    redundant
        Number of instruments left out as collinear or zero.
    changes
        The equation in first differences.
    sample
        Rows of the data in the estimate.
    """

    grid: Grid
    rows: Rows
    terms: list[str]
    moments: Moments
    half: Floats
    groups: list[str]
    dropped: list[str]
    redundant: int
    changes: Changes
    sample: pd.Index

    @property
    def shown(self) -> list[int]:
        """Positions of the terms that are no time effects."""
        return [j for j, term in enumerate(self.terms) if not term.startswith(f"{TIME}: ")]


def stack(
    data: pd.DataFrame,
    lagged: Mapping[str, Sequence[int]],
    gmm: Sequence[GmmStyle],
    iv: Sequence[IvStyle],
    choices: Choices,
) -> Stacked:
    """Stack the equation of the first variable of `lagged` on the lags of all of them.

    Raises
    ------
    DataError, MissingColumnError, EstimationError
        As `dynamic_equation.lay_out`; one unit only.
    NotEstimableError
        No row is left, or the instruments do not identify the equation.
    """
    outcome = next(iter(lagged))
    grid = lay_out(data, [*lagged, *(s.variable for s in gmm), *(s.variable for s in iv)])
    terms = [_term(name, lag) for name, lags in lagged.items() for lag in lags]
    columns = [grid.lag(name, lag) for name, lags in lagged.items() for lag in lags]
    equation = np.stack([grid.lag(outcome, 0), *columns], axis=2)
    complete: Mask = np.asarray(~np.isnan(equation).any(axis=2), dtype=np.bool_)
    rows = _rows(complete, gmm, choices)
    _refuse_too_few(rows, outcome, terms)
    dummies, labels = _dummies(grid, rows, choices)
    equation = np.concatenate([np.nan_to_num(equation), dummies], axis=2)
    above = transformed(rows.matrix, equation)
    stacked = rows.stack(above, equation)
    effects = (None, dummies) if choices.system else (above[:, :, 1 + len(terms) :], None)
    groups = [
        *(group for style in gmm for group in gmm_groups(grid, rows, style)),
        *(group for style in iv for group in iv_groups(grid, rows, style)),
        *([InstrumentGroup(TIME, rows.stack(*effects))] if labels else []),
    ]
    z, names = _joined(groups)
    sparse_z = sparse_rows(z)
    half, valid = independent_instruments(_first_weights(sparse_z, rows, choices))
    if len(valid) < len(names):
        z, sparse_z = z[:, :, valid], sparse_z[:, valid]
    keep = _independent_terms(stacked[:, :, 1:], len(terms))
    terms += labels
    moments = Moments(stacked[:, :, 0], stacked[:, :, 1:][:, :, keep], z, sparse_z)
    _refuse_unidentified(half, moments, [terms[j] for j in keep])
    if choices.transform == "difference":
        differencing, changes = rows.matrix, above
    else:
        differencing = first_differences(complete) * rows.uses[:, :, None]
        changes = transformed(differencing, equation)
    return Stacked(
        grid=grid,
        rows=rows,
        terms=[terms[j] for j in keep],
        moments=moments,
        half=half,
        groups=[names[j] for j in valid],
        dropped=[t for j, t in enumerate(terms) if j not in keep and t not in labels],
        redundant=len(names) - len(valid),
        changes=Changes(differencing, changes[:, :, 0], changes[:, :, 1:][:, :, keep]),
        sample=_sample(grid, rows, choices),
    )


def _term(name: str, lag: int) -> str:
    return f"L{lag}.{name}" if lag else name


def _rows(complete: Mask, gmm: Sequence[GmmStyle], choices: Choices) -> Rows:
    above, below = first_periods(gmm)
    transform = forward_deviations if choices.transform == "forward" else first_differences
    matrix = transform(complete)
    matrix[:, :above] = 0.0
    levels = None
    if choices.system:
        levels = complete.astype(float)
        levels[:, :below] = 0.0
    uses = (np.abs(matrix).sum(axis=2) > 0).astype(float)
    return Rows(matrix, uses, levels)


def _refuse_too_few(rows: Rows, outcome: str, terms: Sequence[str]) -> None:
    units = int(rows.uses.any(axis=1).sum())
    if units == 0:
        raise NotEstimableError(
            f"no unit has two periods with {outcome!r}, {', '.join(terms)} to transform, and an "
            "instrument before them; use fewer lags or more periods"
        )
    if units == 1:
        raise EstimationError(
            f"only one unit has usable rows for {outcome!r}; GMM weights and errors rest on many "
            "independent units"
        )


def _dummies(grid: Grid, rows: Rows, choices: Choices) -> tuple[Floats, list[str]]:
    """Constant (system) and dummies of the periods used but the first, N x T x m."""
    n, t, _ = rows.matrix.shape
    columns, labels = [np.zeros((t, 0))], []
    if choices.system and choices.constant:
        columns.append(np.ones((t, 1)))
        labels.append(CONSTANT)
    if choices.time_effects:
        used = np.abs(rows.matrix).sum(axis=(0, 1)) > 0
        if rows.levels is not None:
            used |= rows.levels.any(axis=0)
        first = 0 if choices.system and not choices.constant else 1
        periods = np.flatnonzero(used)[first:]
        columns.append(np.eye(t)[:, periods])
        labels += [f"{TIME}: {grid.periods[period]}" for period in periods]
    return np.tile(np.concatenate(columns, axis=1), (n, 1, 1)), labels


def _joined(groups: Sequence[InstrumentGroup]) -> tuple[Floats, list[str]]:
    if not groups:
        raise NotEstimableError("there are no instruments; give GMM-style or IV-style ones")
    names = [g.name for g in groups for _ in range(g.columns.shape[2])]
    return np.concatenate([g.columns for g in groups], axis=2), names


def _first_weights(z: Any, rows: Rows, choices: Choices) -> Floats:
    """Sum of Z_i'H_i Z_i, q x q, with H = L L' and L how shocks enter the rows."""
    if choices.h > 1:
        apart = choices.system and choices.h == 2
        z = _block_diagonal(rows.loadings(apart)).T @ z
    return np.asarray((z.T @ z).toarray(), dtype=np.float64)


def _block_diagonal(blocks: Floats) -> Any:
    """Matrices N x R x T as one sparse NR x NT matrix."""
    from scipy import sparse

    n, r, t = blocks.shape
    rows = sparse_rows(blocks)
    begins = np.repeat(np.arange(n) * t, r)
    at = rows.indices + np.repeat(begins, np.diff(rows.indptr))
    return sparse.csr_array((rows.data, at, rows.indptr), shape=(n * r, n * t))


def _independent_terms(x: Floats, regressors: int) -> list[int]:
    """Positions of the regressors to keep; constant and time effects come first."""
    k = x.shape[2]
    order = [*range(regressors, k), *range(regressors)]
    rows = sparse_rows(x[:, :, order])
    kept = factor((rows.T @ rows).toarray(), COLLINEAR)[1]
    return sorted(order[j] for j in kept)


def _refuse_unidentified(half: Floats, moments: Moments, terms: list[str]) -> None:
    if not terms:
        raise NotEstimableError("no regressor varies after the transformation; add some that do")
    seen = independent_regressors(half, moments.zx)
    if len(seen) < len(terms):
        unseen = ", ".join(term for j, term in enumerate(terms) if j not in seen)
        raise NotEstimableError(
            f"{len(half)} independent instruments do not identify {len(terms)} coefficients: "
            f"nothing is left for {unseen}. Allow more lags or more instruments, or leave out "
            "regressors"
        )


def _sample(grid: Grid, rows: Rows, choices: Choices) -> pd.Index:
    """Rows of the data that an equation is written for; see `Fit.nobs` in `dynamic_panel`."""
    used = rows.uses if rows.levels is None else rows.levels
    at = used > 0
    if rows.levels is None and choices.transform == "forward":
        at = np.column_stack([at[:, 1:], np.zeros(len(at), dtype=bool)])
    return grid.index[grid.rows[at]]
