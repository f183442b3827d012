"""Inference that allows for residuals shared by units with similar shares.

Units with like shares share whatever else hits their industries, wherever they
lie, so that errors clustered by place are too small (Adao, Kolesar and Morales
2019). The functions take a shift-share equation net of effects and controls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.least_squares import cross, orthogonal, square_root
from urbanecon.estimation.sample import Codes, Floats


@dataclass(frozen=True, slots=True, eq=False)
class NetEquation:
    """One endogenous regressor and its shift-share instrument, net of all else.

    Attributes
    ----------
    y, x, z
        Outcome, regressor and instrument without effects and controls, length n.
    exposure
        Shares of each row on each shock, n x S, not residualised.
    weights
        Weights of the rows, length n, or None.
    implied
        The part of each shock that controls do not explain: least squares of z
        on the shares, length S.

    Raises
    ------
    NotEstimableError
        The shares are collinear: more shocks than rows, or industries that are
        always found together.
    """

    y: Floats
    x: Floats
    z: Floats
    exposure: Floats
    weights: Floats | None
    implied: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "implied", _implied_shocks(self))

    def weighted(self, values: Floats) -> Floats:
        """w_i times the values, length n."""
        return values if self.weights is None else values * self.weights

    @property
    def first_stage(self) -> float:
        """Sum of w z x."""
        return float(np.sum(self.weighted(self.z) * self.x))

    @property
    def estimate(self) -> float:
        """Sum of w z y over sum of w z x."""
        return float(np.sum(self.weighted(self.z) * self.y)) / self.first_stage

    def on_shocks(self, values: Floats) -> Floats:
        """Sum over rows of w_i s_is v_i, by shock, length S."""
        return cross(self.exposure, self.weighted(values)[:, None])[:, 0]


def akm_variance(net: NetEquation, clusters: Codes | None = None) -> float:
    """Variance of the estimate by Adao, Kolesar and Morales (2019).

    V = sum_s (g_s R_s)^2 / (sum_i w z x)^2, g the implied shocks and
    R_s = sum_i w_i s_is e_i; summed within clusters of shocks first. No
    small-sample factor, as in the paper.
    """
    e = net.y - net.estimate * net.x
    sums = sum_by_cluster(net.implied * net.on_shocks(e), clusters)
    return float(np.sum(sums**2)) / net.first_stage**2


def akm0_test(net: NetEquation, null: float = 0.0, clusters: Codes | None = None) -> float:
    """Two-sided p-value of AKM0: the variance is taken under the null hypothesis.

    Valid also with a weak first stage.
    """
    from scipy import stats

    e = net.y - null * net.x
    sums = sum_by_cluster(net.implied * net.on_shocks(e), clusters)
    distance = abs(net.estimate - null) * abs(net.first_stage)
    return float(2 * stats.norm.sf(distance / math.sqrt(float(np.sum(sums**2)))))


def akm0_set(net: NetEquation, level: float = 0.95, clusters: Codes | None = None) -> pd.DataFrame:
    """Values that AKM0 does not reject: an interval, two rays or the whole line.

    With F = sum w z x, y* = g_s sum_i w s y by shock and x* alike, b is accepted
    when (b_hat - b)^2 F^2 <= c^2 sum_s (y*_s - b x*_s)^2, a quadratic in b.

    Returns
    -------
    Intervals in columns low and high, ascending, infinite where unbounded.
    """
    from scipy import stats

    c = float(stats.norm.ppf(0.5 + level / 2))
    on_y = sum_by_cluster(net.implied * net.on_shocks(net.y), clusters)
    on_x = sum_by_cluster(net.implied * net.on_shocks(net.x), clusters)
    b, f2 = net.estimate, net.first_stage**2
    # (b_hat - b)^2 F^2 - c^2 |y* - b x*|^2 = square b^2 + linear b + constant
    square = f2 - c**2 * float(on_x @ on_x)
    linear = -2 * (b * f2 - c**2 * float(on_y @ on_x))
    constant = b**2 * f2 - c**2 * float(on_y @ on_y)
    discriminant = linear**2 - 4 * square * constant
    if discriminant <= 0 or square == 0:
        # never empty: the estimate itself is always accepted
        ends = [(-math.inf, math.inf)]
    else:
        roots = sorted((-linear + s * math.sqrt(discriminant)) / (2 * square) for s in (-1, 1))
        ends = (
            [(roots[0], roots[1])] if square > 0 else [(-math.inf, roots[0]), (roots[1], math.inf)]
        )
    return pd.DataFrame(ends, columns=["low", "high"], dtype=float)


def shock_level(net: NetEquation, shocks: Floats, labels: pd.Index) -> pd.DataFrame:
    """The same equation with the shocks as its rows (Borusyak, Hull and Jaravel 2022).

    For each shock the mean of y and of x over the rows, weighted by w_i s_is:
    regressing one on the other with the shock as instrument and `weight`
    s_s = sum_i w_i s_is as weights gives the coefficient of the unit level
    (their proposition 1).

    Parameters
    ----------
    shocks
        g_s, length S.
    labels
        Their labels: industries, or (industry, period).

    Returns
    -------
    Columns weight, shock, outcome, endogenous; indexed by `labels`.
    """
    weight = net.on_shocks(np.ones(len(net.y)))
    return pd.DataFrame(
        {
            "weight": weight / weight.sum(),
            "shock": shocks,
            "outcome": net.on_shocks(net.y) / weight,
            "endogenous": net.on_shocks(net.x) / weight,
        },
        index=labels,
    )


def sum_by_cluster(values: Floats, clusters: Codes | None) -> Floats:
    """Sums by cluster of shocks."""
    if clusters is None:
        return values
    groups = int(clusters.max()) + 1
    if groups < 2:
        raise EstimationError(
            "all shocks lie in one cluster; exposure-robust errors need at least two, and many "
            "to be trusted"
        )
    return np.asarray(np.bincount(clusters, values, groups), dtype=np.float64)


def _implied_shocks(net: NetEquation) -> Floats:
    """Regress the residualised instrument on the shares, length S."""
    scaled = square_root(net.exposure, net.weights)
    q, r, kept = orthogonal(scaled)
    if len(kept) < scaled.shape[1]:
        raise NotEstimableError(
            f"the shares on {scaled.shape[1]} shocks have rank {len(kept)}: exposure-robust "
            "errors need more units than industries, and industries that are not always found "
            "together. Merge industries"
        )
    right = square_root(net.z[:, None], net.weights)
    return np.asarray(np.linalg.solve(r, cross(q, right)[:, 0]), dtype=np.float64)
