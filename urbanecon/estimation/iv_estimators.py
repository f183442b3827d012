"""k-class and two-step estimators of an equation with instruments.

All columns come without effects and times the root of the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation import covariance as cov
from urbanecon.estimation.least_squares import cross, off, orthogonal, product
from urbanecon.estimation.sample import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ScaledColumns:
    """Outcome, n x 1, regressors, n x k, and all exogenous variables, n x (q + m)."""

    y: Floats
    x: Floats
    z: Floats

    def projected(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Basis of Z; Q and R of the projected regressors; regressors times R^-1."""
        basis = orthogonal(self.z, 0.0)[0]
        q, r, _ = orthogonal(product(basis, cross(basis, self.x)), 0.0)
        return basis, q, r, product(self.x, np.asarray(np.linalg.inv(r), dtype=np.float64))


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


def k_class(columns: ScaledColumns, kappa: float) -> Solution:
    """Estimate b = (X'(I - kappa M)X)^-1 X'(I - kappa M)y (Theil 1961), M = I - P_Z.

    Scores are those of the projected regressors, as in linearmodels.
    """
    _, q, r, x = columns.projected()
    inner = (1 - kappa) * cross(x, x) + kappa * np.eye(len(r))
    right = (1 - kappa) * cross(x, columns.y) + kappa * cross(q, columns.y)
    inner_inverse, r_inverse = np.linalg.inv(inner), np.linalg.inv(r)
    return Solution(
        params=(r_inverse @ inner_inverse @ right)[:, 0],
        q=q,
        turn=r_inverse @ inner_inverse,
        bread=r_inverse @ inner_inverse @ r_inverse.T,
        kappa=kappa,
    )


def two_step(columns: ScaledColumns, covariance: Callable[[Floats], Floats]) -> Solution:
    """Efficient GMM (Hansen 1982), weights the inverse covariance of the moments.

    `covariance` returns that of the moments of orthonormal instruments, from the
    residuals of a first step.

    Raises
    ------
    EstimationError
        The covariance of the moments is singular.
    """
    basis, _, r, x = columns.projected()
    h, right = cross(basis, x), cross(basis, columns.y)
    weighted = _weighted(covariance(basis), h, len(basis))
    inner_inverse = np.linalg.inv(cross(weighted, h))
    q, triangular, _ = orthogonal(product(basis, weighted), 0.0)
    r_inverse = np.linalg.inv(r)
    turn = r_inverse @ inner_inverse @ triangular.T
    return Solution(
        params=(r_inverse @ inner_inverse @ cross(weighted, right))[:, 0],
        q=q,
        turn=turn,
        bread=turn @ turn.T,
    )


def liml_kappa(endogenous: Floats, controls: Floats, exogenous: Floats) -> float:
    """Smallest root of |W'M_C W - k W'M_Z W| = 0, W = [y, X] (Anderson and Rubin 1949).

    Parameters
    ----------
    endogenous
        W: outcome and endogenous regressors, n x (1 + p).
    controls, exogenous
        C, and the instruments beside C.

    Raises
    ------
    EstimationError
        The exogenous variables leave nothing of a column of W.
    """
    restricted = off(endogenous, orthogonal(controls, 0.0)[0])
    free = off(endogenous, orthogonal(exogenous, 0.0)[0])
    _, r, kept = orthogonal(free)
    if len(kept) < endogenous.shape[1]:
        raise EstimationError(
            "LIML is undefined: instruments and controls leave nothing of the outcome or of "
            "an endogenous regressor. Use fewer instruments, or more rows"
        )
    inverse = np.linalg.inv(r)
    matrix = inverse.T @ cross(restricted, restricted) @ inverse
    return float(np.linalg.eigvalsh(cov.symmetric(matrix))[0])


def _weighted(s: Floats, h: Floats, nobs: int) -> Floats:
    """S^-1 H, with a word when S has no inverse."""
    if np.linalg.matrix_rank(s, hermitian=True) < len(s):
        raise EstimationError(
            f"two-step GMM is undefined: the covariance of the {len(s)} moments is singular with "
            f"{nobs} rows and these clusters. Use fewer instruments and controls, or 2sls"
        )
    return np.asarray(np.linalg.solve(s, h), dtype=np.float64)
