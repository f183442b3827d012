"""The columns of a spatial panel model, and what the treatment of effects makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.least_squares import independent_columns
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.spatial_likelihood import (
    ErrorProfile,
    Jacobian,
    LagProfile,
    Multiplier,
)
from urbanecon.estimation.spatial_sample import (
    BalancedPanel,
    balanced_panel,
    check_regressors,
    lag_name,
)
from urbanecon.estimation.weights import Weights

Correction = Literal["lee-yu", "none"]
Kind = Literal["lag", "error"]


def spatial_design(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    weights: Weights,
    *,
    effects: Sequence[str] | None,
    correction: Correction,
    lagged: Sequence[str] = (),
) -> SpatialDesign:
    """Balanced columns of a spatial model, collinear ones dropped and named."""
    check_regressors(outcome, regressors, lagged)
    panel = balanced_panel(data, [outcome, *regressors], weights, effects)
    return SpatialDesign.of(
        panel, outcome, regressors=regressors, durbin=lagged, correction=correction
    )


@dataclass(frozen=True, eq=False)
class SpatialDesign:
    """Outcome, regressors and their spatial lags on a balanced panel.

    Attributes
    ----------
    panel
        The sample.
    columns
        y, X and WX in deviation from unit means (where there are unit effects),
        N x T x (1 + k).
    terms, lags
        Names of the k columns of X and WX that were kept, and which are lags.
    variables
        Regressors with a term of their own or through their lag.
    fully_lagged
        Whether the lag of every regressor was asked for.
    notes
        Columns dropped, and why.
    correction
        Treatment of the incidental parameters.
    """

    panel: BalancedPanel
    columns: Floats
    terms: list[str]
    lags: list[bool]
    variables: list[str]
    fully_lagged: bool
    notes: tuple[str, ...]
    correction: Correction

    @classmethod
    def of(
        cls,
        panel: BalancedPanel,
        outcome: str,
        *,
        regressors: Sequence[str],
        durbin: Sequence[str],
        correction: Correction,
    ) -> SpatialDesign:
        """Lag the regressors in `durbin` and drop what the effects absorb."""
        transforms = panel.time_effects and correction == "lee-yu"
        if transforms and not panel.weights.rows_sum_to_one:
            raise EstimationError(
                "the Lee-Yu transformation for time effects needs weights whose rows all sum to "
                "one; standardise them and leave out units without neighbours "
                f"({len(panel.weights.islands)} of them), or say correction='none'"
            )
        positions = [list(regressors).index(name) + 1 for name in durbin]
        raw = np.concatenate([panel.cells, panel.weights.lag(panel.cells[..., positions])], 2)
        names = [*regressors, *(lag_name(name) for name in durbin)]
        size = raw.shape[0] * raw.shape[1]
        flat = np.asfortranarray(raw.reshape(size, -1))
        one = np.ones(len(panel.weights.units))
        within = np.asfortranarray(_sweep(raw, panel, one).reshape(size, -1))
        # the outcome comes last: what is left of it once the regressors are taken out
        last = [*range(1, flat.shape[1]), 0]
        kept, absorbed = independent_columns(flat[:, last], within[:, last], None)
        if len(names) in absorbed:
            raise NotEstimableError(
                f"the outcome {outcome!r} does not vary within the effects "
                f"({', '.join(panel.effects) or 'constant'}) in the {size} rows of the sample"
            )
        perfect = len(names) not in kept
        kept = [j for j in kept if j < len(names)]
        if not kept:
            raise NotEstimableError(
                f"{', '.join(map(repr, regressors))} cannot be estimated: nothing is left within "
                f"the effects ({', '.join(panel.effects) or 'constant'})"
            )
        if perfect:
            raise NotEstimableError(
                f"{', '.join(names[j] for j in kept)} and the effects fit {outcome!r} without "
                f"error in {size} rows: too few rows, or the outcome is made of them"
            )
        notes = tuple(
            f"{name!r} was dropped: "
            + ("it does not vary within the effects" if j in absorbed else "collinear")
            for j, name in enumerate(names)
            if j not in kept
        )
        columns = raw[..., [0, *(j + 1 for j in kept)]]
        if panel.unit_effects:
            columns = _deviations(_deviations(columns))
        variables = [*regressors, *durbin]
        return cls(
            panel=panel,
            columns=columns,
            terms=[names[j] for j in kept],
            lags=[j >= len(regressors) for j in kept],
            variables=list(dict.fromkeys(variables[j] for j in kept)),
            fully_lagged=set(durbin) == set(regressors),
            notes=notes,
            correction=correction,
        )

    @property
    def jacobian(self) -> Jacobian:
        """Jacobian on the dimensions that the correction leaves."""
        corrected = self.correction == "lee-yu"
        periods = self.panel.shape[1] - (corrected and self.panel.unit_effects)
        return Jacobian(self.panel.weights, periods, corrected and self.panel.time_effects)

    @property
    def observations(self) -> int:
        """N T, or what the transformations leave of it."""
        jacobian = self.jacobian
        return (self.panel.shape[0] - jacobian.without_mean) * jacobian.periods

    @property
    def correction_words(self) -> str:
        """What was done about the incidental parameters."""
        if self.correction == "none" or not self.panel.effects:
            return "effects estimated directly, no bias correction"
        return f"effects transformed out, {self.observations} observations (Lee and Yu 2010)"

    def swept(self, z: Floats, direction: Floats | None = None) -> Floats:
        """Columns (N x T x p) without the effects, N T x p.

        `direction` is what a constant of a period became, length N; None: itself.
        """
        one = np.ones(self.panel.shape[0])
        return _flat(_sweep(z, self.panel, one if direction is None else direction))

    @cached_property
    def within(self) -> Floats:
        """y, X and WX without the effects, N T x (1 + k)."""
        return self.swept(self.columns)

    @cached_property
    def lagged_outcome(self) -> Floats:
        """Wy in deviation from unit means, N x T x 1."""
        return self.panel.weights.lag(self.columns[..., :1])

    def profile(
        self, kind: Kind, chosen: Sequence[int] | None = None
    ) -> LagProfile | ErrorProfile:
        """Concentrated sum of squares of a model on all regressors, or on some of the k."""
        keep = list(range(len(self.terms))) if chosen is None else list(chosen)
        panel = self.panel
        if kind == "error":
            columns = self.columns[..., [0, *(j + 1 for j in keep)]]
            return ErrorProfile.of(columns, panel.weights, panel.unit_effects, panel.time_effects)
        lagged = self.swept(self.lagged_outcome)[:, 0]
        return LagProfile.of(self.within[:, 0], lagged, self.within[:, [j + 1 for j in keep]])

    def information(self, at: Multiplier) -> float:
        """Information on r that the Jacobian gives, the variance concentrated out."""
        periods, n = self.jacobian.periods, self.observations
        return periods * (at.trace_square + at.trace_cross) - 2 * (periods * at.trace) ** 2 / n


def _deviations(z: Floats) -> Floats:
    return np.asarray(z - z.mean(axis=1, keepdims=True), dtype=np.float64)


def _sweep(z: Floats, panel: BalancedPanel, v: Floats) -> Floats:
    """Take out unit means and, in each period (or once, pooled), the direction v of length N.

    Twice, which leaves no trace of large levels.
    """
    for _ in range(2):
        if panel.unit_effects:
            z = _deviations(z)
        if panel.time_effects or not panel.unit_effects:
            share = np.einsum("n,ntp->tp", v, z)
            if not panel.time_effects:
                share = share.mean(axis=0, keepdims=True)
            z = z - v[:, None, None] * (share / np.sum(v**2))
    return z


def _flat(z: Floats) -> Floats:
    return np.asfortranarray(z.reshape(z.shape[0] * z.shape[1], -1))
