"""An equation with instruments: its columns without the effects, estimate and covariance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation import covariance as cov
from urbanecon.estimation.inference import Crv3, Iid, Inference
from urbanecon.estimation.iv_estimators import (
    ScaledColumns,
    Solution,
    k_class,
    liml_kappa,
    two_step,
)
from urbanecon.estimation.iv_moments import moment_covariance
from urbanecon.estimation.least_squares import (
    independent_columns,
    solve,
    square_root,
    times,
)
from urbanecon.estimation.sample import EstimationSample, Floats, Mask, renumbered
from urbanecon.estimation.standard_errors import Covariance, Estimate, estimate_covariance
from urbanecon.estimation.within import Absorber

CONSTANT = "const"

Method = Literal["2sls", "liml", "gmm"]


@dataclass(frozen=True, slots=True)
class Roles:
    """Which variable stands where in the equation."""

    outcome: str
    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    controls: tuple[str, ...]
    effects: tuple[str, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Outcome, endogenous regressors, instruments and controls, in that order."""
        return (self.outcome, *self.endogenous, *self.instruments, *self.controls)


@dataclass(slots=True, eq=False)
class Equation:
    """y = X b + C g + effects + e with instruments Z, on the rows of one sample.

    X (n x p), Z (n x q) and C (n x m) are without the effects; without any
    effect C has a constant as its last column. Only columns that
    `instrument_checks.identify` kept may come here.
    """

    sample: EstimationSample
    roles: Roles
    method: Method
    how: Inference
    _within: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._within = partialled_out(self.sample, self.roles.variables, self.roles.effects)

    # Columns --------------------------------------------------------------

    @property
    def y(self) -> Floats:
        """Outcome, length n."""
        return self._columns((self.roles.outcome,))[:, 0]

    @property
    def x(self) -> Floats:
        """Endogenous regressors, n x p."""
        return self._columns(self.roles.endogenous)

    @property
    def z(self) -> Floats:
        """Excluded instruments, n x q."""
        return self._columns(self.roles.instruments)

    @property
    def c(self) -> Floats:
        """Controls, and the constant when there are no effects, n x m."""
        controls = self._columns(self.roles.controls)
        if self.roles.effects:
            return controls
        return np.column_stack([controls, np.ones(self.sample.nobs)])

    def _columns(self, names: Sequence[str]) -> Floats:
        return self._within[:, [self.roles.variables.index(name) for name in names]]

    @property
    def regressors(self) -> Floats:
        """[X, C], n x k."""
        return np.column_stack([self.x, self.c])

    @property
    def exogenous(self) -> Floats:
        """[Z, C], n x (q + m)."""
        return np.column_stack([self.z, self.c])

    @property
    def terms(self) -> list[str]:
        """Names of the columns of `regressors`."""
        return [*self.roles.endogenous, *self._controls]

    @property
    def exogenous_terms(self) -> list[str]:
        """Names of the columns of `exogenous`."""
        return [*self.roles.instruments, *self._controls]

    @property
    def _controls(self) -> tuple[str, ...]:
        return self.roles.controls if self.roles.effects else (*self.roles.controls, CONSTANT)

    def scaled(self, columns: Floats) -> Floats:
        """Columns times the root of the weights."""
        return square_root(columns, self.sample.weights)

    def unscaled(self, columns: Floats) -> Floats:
        """Undo `scaled`."""
        weights = self.sample.weights
        return columns if weights is None else columns / np.sqrt(weights)[:, None]

    # Estimators -----------------------------------------------------------

    def solve(self) -> Solution:
        """Estimate by the method of the equation."""
        columns = self._scaled_columns()
        if self.method == "liml":
            return self._unscaled(k_class(columns, self.kappa()))
        first = k_class(columns, 1.0)
        if self.method == "2sls":
            return self._unscaled(first)
        return self._unscaled(two_step(columns, self._moments_at(first.params)))

    def residuals(self, params: Floats) -> Floats:
        """Return y - X b - C g, length n."""
        return self.y - times(self.regressors, params)

    def kappa(self) -> float:
        """K of LIML; one when the equation is just identified: LIML is then 2SLS."""
        if len(self.roles.instruments) == len(self.roles.endogenous):
            return 1.0
        both = np.column_stack([self.y, self.x])
        return liml_kappa(*map(self.scaled, (both, self.c, self.exogenous)))

    def _scaled_columns(self) -> ScaledColumns:
        y, x, z = map(self.scaled, (self.y[:, None], self.regressors, self.exogenous))
        return ScaledColumns(y, x, z)

    def _moments_at(self, params: Floats) -> Callable[[Floats], Floats]:
        """Covariance of the moments of scaled instruments, with the residuals at `params`."""
        e, weights = self.residuals(params), self.sample.weights
        errors = e if weights is None else e * weights

        def covariance(instruments: Floats) -> Floats:
            scores = self.unscaled(instruments) * errors[:, None]
            return moment_covariance(self.how, scores, e, self.sample)

        return covariance

    def _unscaled(self, solution: Solution) -> Solution:
        return replace(solution, q=self.unscaled(solution.q))

    # Covariance -----------------------------------------------------------

    def covariance(self, solution: Solution) -> Covariance:
        """Covariance of `solution`, factors and degrees of freedom as `standard_errors`."""
        estimate = Estimate(
            params=solution.params,
            x=solution.q,
            residuals=self.residuals(solution.params),
            sample=self.sample,
            effects=self.roles.effects,
            refit=lambda rows: self.on(rows).solve().params,
        )
        found = estimate_covariance(self.how, estimate)
        if isinstance(self.how, Iid):
            matrix = solution.bread * found.matrix[0, 0]
        elif isinstance(self.how, Crv3):
            matrix = found.matrix
        else:
            matrix = solution.turn @ found.matrix @ solution.turn.T
        return Covariance(
            cov.symmetric(matrix), found.df, found.words, found.n_clusters, found.warnings
        )

    def regression(self, y: Floats, x: Floats, refit: Sequence[str] = ()) -> Estimate:
        """Least squares of y (n) on x (n x k), ready for `estimate_covariance`.

        `refit` names the outcome whose regression on `exogenous` the jackknife
        repeats; other regressions are not for the jackknife.
        """
        params = solve(y, x, self.sample.weights)

        def again(rows: Mask) -> Floats:
            part = self.on(rows)
            return solve(part._columns(refit)[:, 0], part.exogenous, part.sample.weights)

        return Estimate(
            params=params,
            x=x,
            residuals=y - times(x, params),
            sample=self.sample,
            effects=self.roles.effects,
            refit=again,
        )

    def on(self, rows: Mask) -> Equation:
        """Return the equation on some of the rows, effects taken out anew.

        Raises
        ------
        EstimationError
            A term can no longer be estimated there.
        """
        part = Equation(rows_of(self.sample, rows), self.roles, self.method, self.how)
        controls, effects = self.roles.controls, self.roles.effects
        for group in ((*controls, *self.roles.endogenous), (*controls, *self.roles.instruments)):
            kept, _ = independent(part.sample, group, effects)
            lost = [name for name in group if name not in kept]
            if lost:
                raise EstimationError(
                    f"the jackknife is undefined: without one of the clusters {', '.join(lost)} "
                    "no longer varies. Use coarser clusters or 'cluster(...)'"
                )
        return part


def partialled_out(
    sample: EstimationSample, names: Sequence[str], effects: Sequence[str]
) -> Floats:
    """Columns of the sample without the effects, n x p; without effects, as they are."""
    raw = np.column_stack([sample.column(name) for name in names])
    if not effects:
        return np.asfortranarray(raw)
    return Absorber([sample.codes[e] for e in effects], sample.weights).residuals(raw)


def independent(
    sample: EstimationSample, names: Sequence[str], effects: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Names of the columns to keep, the earlier first, and of those the effects absorb."""
    if not names:
        return [], []
    raw = np.column_stack([sample.column(name) for name in names])
    everyone = np.zeros(sample.nobs, dtype=np.int64)
    codes = [sample.codes[e] for e in effects] or [everyone]
    within = Absorber(codes, sample.weights).residuals(raw)
    kept, absorbed = independent_columns(raw, within, sample.weights)
    return [names[j] for j in kept], [names[j] for j in absorbed]


def rows_of(sample: EstimationSample, rows: Mask) -> EstimationSample:
    """Return some rows of a sample, keys renumbered without gaps."""
    codes = {key: renumbered(values[rows]) for key, values in sample.codes.items()}
    return EstimationSample(
        values=np.asfortranarray(sample.values[rows]),
        variables=sample.variables,
        codes=codes,
        weights=None if sample.weights is None else sample.weights[rows],
        index=sample.index[rows],
    )
