"""The columns of a spatial panel model, and what the treatment of effects makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.least_squares import (
    COLLINEAR,
    cross,
    independent_columns,
)
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.spatial_basis import Basis, products
from urbanecon.estimation.spatial_likelihood import Jacobian, Multiplier
from urbanecon.estimation.spatial_profile import ErrorProfile, LagProfile
from urbanecon.estimation.spatial_sample import (
    NAMED,
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
        X, WX and y in deviation from unit means (where there are unit effects),
        N x T x (k + 1).
    within
        The same without the effects.
    basis
        Orthonormal basis of `within`, the residual of y last.
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
    within: Floats
    basis: Basis
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
            islands = panel.weights.islands
            named = f" ({', '.join(map(str, islands[:NAMED]))})" if islands else ""
            raise EstimationError(
                "the Lee-Yu transformation for time effects needs weights whose rows all sum to "
                f"one. {len(islands)} of the {len(panel.weights.units)} units in the sample have "
                f"no neighbour in it{named}: leave them out or build the weights from the places "
                "of the sample; standardise the weights; or say correction='none'"
            )
        positions = [list(regressors).index(name) for name in durbin]
        x, y = panel.cells[..., 1:], panel.cells[..., :1]
        raw = np.concatenate([x, panel.weights.lag(x[..., positions]), y], axis=2)
        names = [*regressors, *(lag_name(name) for name in durbin)]
        columns = _deviations(raw) if panel.unit_effects else raw
        within = _sweep(columns, panel, np.ones(len(raw)))
        kept: list[int] = list(range(len(names)))
        notes: tuple[str, ...] = ()
        basis = Basis.if_clear(within)
        if basis is None or not _clearly_varying(raw, within):
            kept, notes = _kept(raw, within, outcome, names, panel.effects)
            columns, within = (z[..., [*kept, -1]] for z in (columns, within))
            basis = Basis.of(within)
        variables = [*regressors, *durbin]
        return cls(
            panel=panel,
            columns=columns,
            within=within,
            basis=basis,
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
        """Columns in deviation from unit means, N x T x p, without the other effects.

        `direction` is what a constant of a period became, length N; None: itself.
        """
        one = np.ones(self.panel.shape[0])
        return _sweep(z, self.panel, one if direction is None else direction)

    @cached_property
    def lagged_outcome(self) -> Floats:
        """Wy without the effects, N x T x 1."""
        return self.swept(self.panel.weights.lag(self.columns[..., -1:]))

    @cached_property
    def outcomes(self) -> tuple[Floats, Floats]:
        """Coordinates of y and Wy in the basis of X, k x 2, and residuals, N x T x 2."""
        on_x, left = self.basis.split(self.lagged_outcome)
        return (
            np.column_stack([self.basis.coordinates, on_x]),
            np.concatenate([self.basis.residual[..., None], left], axis=2),
        )

    def profile(self, kind: Kind, first: int | None = None) -> LagProfile | ErrorProfile:
        """Concentrated sum of squares of a model on all regressors, or the first of them."""
        k = len(self.terms) if first is None else first
        if kind == "lag":
            coordinates, residuals = self.outcomes
            left = coordinates[k:]
            return LagProfile(products(residuals, residuals) + cross(left, left))
        # a basis of X and the residual of y, effects of periods not yet taken out
        inverse = np.linalg.inv(self.basis.triangle[:k, :k])
        turn = np.zeros((self.within.shape[2], 1 + k))
        turn[-1, 0], turn[:k, 1:] = 1, inverse
        turn[:k, 0] = -inverse @ self.basis.coordinates[:k]
        panel = self.panel
        # lags of a constant are constant where rows sum to one: out it goes at once
        z = (self.within if panel.weights.rows_sum_to_one else self.columns) @ turn
        return ErrorProfile.of(z, panel.weights, panel.unit_effects, panel.time_effects)

    @property
    def nests_error_model(self) -> bool:
        """Whether the SEM is the SDM with c = -rb.

        Every regressor must be lagged, and (I - rW) must map the effects of the
        SEM into those of the SDM: a constant of a period stays one only where
        rows of W sum to one.
        """
        effects_stay = self.panel.effects == self.panel.effects[:1] and self.panel.unit_effects
        return self.fully_lagged and (self.panel.weights.rows_sum_to_one or effects_stay)

    def information(self, at: Multiplier) -> float:
        """Information on r that the Jacobian gives, the variance concentrated out."""
        periods, n = self.jacobian.periods, self.observations
        _, _, trace, trace_square = at.known
        return periods * (trace_square + at.trace_cross) - 2 * (periods * trace) ** 2 / n


def _deviations(z: Floats) -> Floats:
    """Take out unit means, twice, which leaves no trace of large levels."""
    periods = z.shape[1]
    z = z - np.einsum("ntp->np", z)[:, None] / periods
    z -= np.einsum("ntp->np", z)[:, None] / periods
    return z


def _sweep(z: Floats, panel: BalancedPanel, v: Floats) -> Floats:
    """Take out in each period (or once, pooled) the direction v, of length N.

    Of columns in deviation from unit means, where there are unit effects; twice,
    as `_deviations`.
    """
    if panel.unit_effects and not panel.time_effects:
        return z
    for _ in range(2):
        share = np.einsum("n,ntp->tp", v, z)
        if not panel.time_effects:
            share = share.mean(axis=0, keepdims=True)
        z = z - v[:, None, None] * (share / np.sum(v**2))
    return z


def _clearly_varying(raw: Floats, within: Floats) -> bool:
    """Whether no column can be absorbed by the effects, without a closer look."""
    inside, level = (np.einsum("ntp,ntp->p", z, z) for z in (within, raw))
    return bool(np.all(inside > COLLINEAR * level))


def _kept(
    raw: Floats, within: Floats, outcome: str, names: Sequence[str], effects: Sequence[str]
) -> tuple[list[int], tuple[str, ...]]:
    """Positions of the regressors to keep, and why others were dropped.

    Raises
    ------
    NotEstimableError
        Nothing is left of the outcome or of every regressor, or the fit is perfect.
    """
    # the outcome comes last: what is left of it once the regressors are taken out
    levels, inside = (np.asfortranarray(z.reshape(-1, z.shape[2])) for z in (raw, within))
    kept, absorbed = independent_columns(levels, inside, None)
    words, size = ", ".join(effects) or "constant", raw.shape[0] * raw.shape[1]
    if len(names) in absorbed:
        raise NotEstimableError(
            f"the outcome {outcome!r} does not vary within the effects ({words}) in the "
            f"{size} rows of the sample"
        )
    perfect = len(names) not in kept
    kept = [j for j in kept if j < len(names)]
    if not kept:
        raise NotEstimableError(
            f"{', '.join(map(repr, names))} cannot be estimated: nothing is left within "
            f"the effects ({words})"
        )
    if perfect:
        raise NotEstimableError(
            f"{', '.join(names[j] for j in kept)} and the effects fit {outcome!r} without "
            f"error in {size} rows: too few rows, or the outcome is made of them"
        )
    return kept, tuple(
        f"{name!r} was dropped: "
        + ("it does not vary within the effects" if j in absorbed else "collinear")
        for j, name in enumerate(names)
        if j not in kept
    )
