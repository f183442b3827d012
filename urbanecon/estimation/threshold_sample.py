"""The sample of a threshold model: projected, arranged by unit, seen from the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from urbanecon.errors import DataError, EstimationError, NotEstimableError
from urbanecon.estimation.least_squares import independent_columns, solve, times
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, Mask, renumbered
from urbanecon.estimation.standard_errors import Estimate
from urbanecon.estimation.threshold_bootstrap import Blocks
from urbanecon.estimation.threshold_grid import Apart, quantile_grid
from urbanecon.estimation.threshold_profile import Profile, Projection
from urbanecon.estimation.within import Absorber

Convention = Literal["within", "drop-last"]


@dataclass(frozen=True, slots=True)
class Equation:
    """Names of a threshold equation.

    Attributes
    ----------
    outcome, variable
        y and the threshold variable q.
    common, dependent
        Regressors with one slope, and with one a regime.
    effects
        Effects to take out.
    unit, time
        Index levels.
    """

    outcome: str
    variable: str
    common: tuple[str, ...]
    dependent: tuple[str, ...]
    effects: tuple[str, ...]
    unit: str
    time: str

    def __post_init__(self) -> None:
        if not self.dependent:
            raise EstimationError("name at least one regressor whose slope depends on the regime")
        named = (*self.dependent, *self.common)
        if self.outcome in named:
            raise EstimationError(f"the outcome {self.outcome!r} is also a regressor")
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise EstimationError(
                f"{', '.join(map(repr, twice))} is named twice; a slope is either common or "
                "by regime"
            )
        if len(set(self.effects)) < len(self.effects):
            raise EstimationError(f"an effect is named twice: {', '.join(self.effects)}")

    def regimes(self, cuts: Floats) -> list[str]:
        """Name regimes: "q<0.2", "0.2<=q<0.5", "q>=0.5"."""
        inner = [f"{low:.6g}<={self.variable}<{high:.6g}" for low, high in pairwise(cuts)]
        return [f"{self.variable}<{cuts[0]:.6g}", *inner, f"{self.variable}>={cuts[-1]:.6g}"]


@dataclass(frozen=True, slots=True, eq=False)
class ThresholdSample:
    """Rows of one equation, ready for the search.

    Attributes
    ----------
    equation
        The names.
    sample
        All rows, with keys.
    kept
        Rows that are used once the effects are out; None: all.
    outcome
        Outcome without effects and base regressors, length of the rows used.
    profile
        Products over the grid.
    blocks
        Who lends residuals to whom.
    """

    equation: Equation
    sample: EstimationSample
    kept: Mask | None
    outcome: Floats
    profile: Profile
    blocks: Blocks

    @property
    def codes(self) -> list[Codes]:
        """Codes of the effects; without any, one level for all rows (a constant)."""
        return _effect_codes(self.sample, self.equation.effects)

    def regime(self, cuts: Floats) -> Codes:
        """Regime of each row of `sample`, 0 ... k."""
        q = self.sample.column(self.equation.variable)
        return np.asarray(np.searchsorted(cuts, q, side="right"), dtype=np.int64)

    def estimate(self, cuts: Floats) -> tuple[Estimate, list[str], tuple[str, ...]]:
        """Least squares on common regressors and regressors by regime.

        Returns
        -------
        The estimate, its terms, and notes on columns dropped.
        """
        names, raw = self._design(cuts)
        codes = self.codes
        within = _used(Absorber(codes).residuals(raw), self.kept)
        keep, absorbed = independent_columns(_used(raw[:, 1:], self.kept), within[:, 1:], None)
        notes = tuple(
            f"{name!r} was dropped: "
            + ("it does not vary within the effects" if j in absorbed else "collinear")
            for j, name in enumerate(names)
            if j not in keep
        )
        chosen = [0, *(j + 1 for j in keep)]
        raw, within = raw[:, chosen], within[:, chosen]

        def refit(rows: Mask) -> Floats:
            if self.kept is not None:
                raise EstimationError(
                    "the jackknife is not available with convention='drop-last'; use 'within'"
                )
            again = Absorber([renumbered(c[rows]) for c in codes]).residuals(raw[rows])
            if len(independent_columns(raw[rows, 1:], again[:, 1:], None)[0]) < len(keep):
                raise EstimationError(
                    "the jackknife is undefined: without one of the clusters a slope can no "
                    "longer be estimated. Use coarser clusters or 'cluster(...)'"
                )
            return solve(again[:, 0], again[:, 1:])

        b = solve(within[:, 0], within[:, 1:])
        estimate = Estimate(
            params=b,
            x=within[:, 1:],
            residuals=within[:, 0] - times(within[:, 1:], b),
            sample=_rows_of(self.sample, self.kept),
            # the rows left out are what the effects would count for
            effects=self.equation.effects if self.kept is None else (),
            refit=refit,
        )
        return estimate, [names[j] for j in keep], notes

    def _design(self, cuts: Floats) -> tuple[list[str], Floats]:
        """Names of the slopes; outcome and regressors side by side."""
        equation, sample = self.equation, self.sample
        z, regime = _columns(sample, equation.dependent), self.regime(cuts)
        names = [
            *equation.common,
            *(f"{v}[{words}]" for words in equation.regimes(cuts) for v in equation.dependent),
        ]
        columns = [
            sample.column(equation.outcome),
            _columns(sample, equation.common),
            *(z * (regime == j)[:, None] for j in range(len(cuts) + 1)),
        ]
        return names, np.asfortranarray(np.column_stack(columns))


def threshold_sample(
    sample: EstimationSample,
    equation: Equation,
    *,
    points: int | None,
    trim: float,
    convention: Convention,
) -> ThresholdSample:
    """Take effects and base regressors out, and the products over the grid.

    Raises
    ------
    DataError
        A unit has two rows in a period.
    EstimationError
        The convention does not fit the panel.
    NotEstimableError
        The outcome does not vary within the effects, or q has no candidate.
    """
    units, periods = sample.codes[equation.unit], sample.codes[equation.time]
    keys = units * (int(periods.max()) + 1) + periods
    if len(np.unique(keys)) < sample.nobs:
        raise DataError(
            f"a {equation.unit} has more than one row in a {equation.time}; aggregate them first"
        )
    kept = _not_last(sample, equation) if convention == "drop-last" else None
    codes = _effect_codes(sample, equation.effects)
    y, z = sample.column(equation.outcome)[:, None], _columns(sample, equation.dependent)
    if not independent_columns(y, Absorber(codes).residuals(y), None)[0]:
        raise NotEstimableError(
            f"the outcome {equation.outcome!r} does not vary within the effects "
            f"({', '.join(equation.effects) or 'constant'}) in the {sample.nobs} rows"
        )
    base = np.column_stack([_columns(sample, equation.common), z])
    projection = Projection(codes, base, kept)
    q = sample.column(equation.variable)
    apart: Apart = "rows" if kept is None else "quantiles"
    profile = Profile(projection, z, q, quantile_grid(q, points, trim, apart))
    rows = slice(None) if kept is None else kept
    blocks = Blocks.of(units[rows], renumbered(periods[rows]))
    return ThresholdSample(equation, sample, kept, projection.residuals(y)[:, 0], profile, blocks)


def _effect_codes(sample: EstimationSample, effects: Sequence[str]) -> list[Codes]:
    everyone = np.zeros(sample.nobs, dtype=np.int64)
    return [sample.codes[e] for e in effects] or [everyone]


def _columns(sample: EstimationSample, names: Sequence[str]) -> Floats:
    return np.array([sample.column(name) for name in names]).reshape(len(names), sample.nobs).T


def _used(columns: Floats, kept: Mask | None) -> Floats:
    return columns if kept is None else np.asfortranarray(columns[kept])


def _rows_of(sample: EstimationSample, kept: Mask | None) -> EstimationSample:
    if kept is None:
        return sample
    return replace(
        sample,
        values=np.asfortranarray(_columns(sample, sample.variables)[kept]),
        codes={key: renumbered(codes[kept]) for key, codes in sample.codes.items()},
        index=sample.index[kept],
    )


def _not_last(sample: EstimationSample, equation: Equation) -> Mask:
    """All rows but those of the last period of a balanced panel with unit effects."""
    units, periods = sample.codes[equation.unit], sample.codes[equation.time]
    cells = (int(units.max()) + 1) * (int(periods.max()) + 1)
    if equation.effects != (equation.unit,) or cells != sample.nobs:
        raise EstimationError(
            f"convention 'drop-last' needs a balanced panel with effects of {equation.unit!r} "
            f"alone ({sample.nobs} rows of {cells}, effects: "
            f"{', '.join(equation.effects) or 'none'}); use 'within'"
        )
    return np.asarray(periods < periods.max())
