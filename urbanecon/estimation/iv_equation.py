"""An equation with instruments: its columns without the effects, and its estimators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation import covariance as cov
from urbanecon.estimation.inference import Crv3, Iid, Inference
from urbanecon.estimation.iv_moments import moment_covariance
from urbanecon.estimation.least_squares import (
    cross,
    independent_columns,
    orthogonal,
    solve,
    square_root,
    times,
)
from urbanecon.estimation.sample import EstimationSample, Floats, Mask
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


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Estimates with what their covariance is made of.

    V = T V_Q T', V_Q the covariance of a least squares estimate on Q, the
    orthonormal instruments in effect (n x k); with iid errors V = s2 `bread`.
    """

    params: Floats
    q: Floats
    turn: Floats
    bread: Floats
    kappa: float = 1.0


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
        if self.method == "liml":
            return self._k_class(self.kappa())
        first = self._k_class(1.0)
        return first if self.method == "2sls" else self._two_step(first.params)

    def residuals(self, params: Floats) -> Floats:
        """Return y - X b - C g, length n."""
        return self.y - times(self.regressors, params)

    def _projected(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Basis of [Z, C]; Q and R of the projected regressors; regressors times R^-1."""
        basis = orthogonal(self.scaled(self.exogenous), 0.0)[0]
        x = self.scaled(self.regressors)
        q, r, _ = orthogonal(_product(basis, cross(basis, x)), 0.0)
        return basis, q, r, _product(x, np.asarray(np.linalg.inv(r), dtype=np.float64))

    def _k_class(self, kappa: float) -> Solution:
        """Estimate b = (X'(I - kappa M)X)^-1 X'(I - kappa M)y (Theil 1961), M = I - P_Z.

        Scores are those of the projected regressors, as in linearmodels.
        """
        _, q, r, x = self._projected()
        y = self.scaled(self.y[:, None])
        inner = (1 - kappa) * cross(x, x) + kappa * np.eye(len(r))
        right = (1 - kappa) * cross(x, y) + kappa * cross(q, y)
        inner_inverse, r_inverse = np.linalg.inv(inner), np.linalg.inv(r)
        return Solution(
            params=(r_inverse @ inner_inverse @ right)[:, 0],
            q=self.unscaled(q),
            turn=r_inverse @ inner_inverse,
            bread=r_inverse @ inner_inverse @ r_inverse.T,
            kappa=kappa,
        )

    def _two_step(self, first: Floats) -> Solution:
        """Efficient GMM (Hansen 1982), weights from the residuals of the first step."""
        basis, _, r, x = self._projected()
        e = self.residuals(first)
        scores = _score(self.unscaled(basis), e, self.sample.weights)
        s = moment_covariance(self.how, scores, e, self.sample)
        h, right = cross(basis, x), cross(basis, self.scaled(self.y[:, None]))
        weighted = _weighted(s, h, self.sample.nobs)
        inner_inverse = np.linalg.inv(cross(weighted, h))
        q, triangular, _ = orthogonal(_product(basis, weighted), 0.0)
        r_inverse = np.linalg.inv(r)
        turn = r_inverse @ inner_inverse @ triangular.T
        return Solution(
            params=(r_inverse @ inner_inverse @ cross(weighted, right))[:, 0],
            q=self.unscaled(q),
            turn=turn,
            bread=turn @ turn.T,
        )

    def kappa(self) -> float:
        """Smallest root of |W'M_C W - k W'M_Z W| = 0, W = [y, X] (Anderson and Rubin 1949).

        One when the equation is just identified: LIML is then 2SLS.
        """
        if len(self.roles.instruments) == len(self.roles.endogenous):
            return 1.0
        both = self.scaled(np.column_stack([self.y, self.x]))
        restricted = off(both, orthogonal(self.scaled(self.c), 0.0)[0])
        free = off(both, orthogonal(self.scaled(self.exogenous), 0.0)[0])
        _, r, kept = orthogonal(free)
        if len(kept) < both.shape[1]:
            raise EstimationError(
                "LIML is undefined: instruments and controls leave nothing of the outcome or of "
                "an endogenous regressor. Use fewer instruments, or more rows"
            )
        inverse = np.linalg.inv(r)
        product = inverse.T @ cross(restricted, restricted) @ inverse
        return float(np.linalg.eigvalsh(cov.symmetric(product))[0])

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
    codes = {
        key: np.asarray(np.unique(values[rows], return_inverse=True)[1], dtype=np.int64)
        for key, values in sample.codes.items()
    }
    return EstimationSample(
        values=np.asfortranarray(sample.values[rows]),
        variables=sample.variables,
        codes=codes,
        weights=None if sample.weights is None else sample.weights[rows],
        index=sample.index[rows],
    )


def off(columns: Floats, basis: Floats) -> Floats:
    """Return the columns without their projection on an orthonormal basis, n x p."""
    for _ in range(2):
        columns = columns - _product(basis, cross(basis, columns))
    return np.asfortranarray(columns)


def _weighted(s: Floats, h: Floats, nobs: int) -> Floats:
    """S^-1 H, with a word when S has no inverse."""
    if np.linalg.matrix_rank(s, hermitian=True) < len(s):
        raise EstimationError(
            f"two-step GMM is undefined: the covariance of the {len(s)} moments is singular with "
            f"{nobs} rows and these clusters. Use fewer instruments and controls, or 2sls"
        )
    return np.asarray(np.linalg.solve(s, h), dtype=np.float64)


def _score(x: Floats, e: Floats, weights: Floats | None) -> Floats:
    return x * (e if weights is None else e * weights)[:, None]


def _product(a: Floats, b: Floats) -> Floats:
    """A B, n x q, summed in a fixed order."""
    return np.asarray(np.einsum("nk,kq->nq", a, b), dtype=np.float64)
