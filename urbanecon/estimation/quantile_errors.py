"""Covariances of regression quantiles: those of R's quantreg, and the cluster bootstrap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.least_squares import bread, cross, orthogonal, times
from urbanecon.estimation.quantile_solver import Solution, regression_quantile
from urbanecon.estimation.sample import Codes, Floats

Errors = Literal["nid", "iid", "ker", "bootstrap"]
WORDS = {
    "nid": "local linearity in the quantile (Hendricks-Koenker sandwich), Hall-Sheather bandwidth",
    "iid": "iid errors (Koenker-Bassett 1978), Hall-Sheather bandwidth",
    "ker": "kernel sandwich (Powell 1991), Hall-Sheather bandwidth",
}
FEWEST_DRAWS = 50
# quantreg takes smaller residuals for zero, and this off fitted differences.
ROUNDING = float(np.sqrt(np.finfo(float).eps))


@dataclass(frozen=True, slots=True, eq=False)
class QuantileDesign:
    """Outcome and regressors; shown terms first, then the constant, then dummies."""

    y: Floats
    x: Floats
    terms: list[str]
    levels: list[str]


def analytic_covariance(
    design: QuantileDesign, taus: Sequence[float], found: Sequence[Solution], errors: Errors
) -> tuple[Floats, tuple[str, ...]]:
    """Joint covariance of the shown terms over all quantiles, and notes."""
    inverse = []
    notes: list[str] = []
    for tau, solution in zip(taus, found, strict=True):
        residuals = design.y - times(design.x, solution.params)
        if errors == "iid":
            inverse.append(_sparsity(residuals, design.x.shape[1], tau) * bread(design.x))
            continue
        if errors == "nid":
            density, crossed = _local_density(design, tau)
        else:
            density, crossed = _kernel_density(residuals, tau), 0
        if crossed:
            notes.append(
                f"{crossed} rows have no positive density at quantile {tau:g} and count for "
                "nothing in the standard errors; errors='ker' or a bootstrap avoids this"
            )
        inverse.append(_density_bread(design.x, density))
    gram, shown = cross(design.x, design.x), len(design.terms)
    blocks = [
        [
            (min(s, t) - s * t) * (left @ gram @ right)[:shown, :shown]
            for t, right in zip(taus, inverse, strict=True)
        ]
        for s, left in zip(taus, inverse, strict=True)
    ]
    matrix = np.block(blocks)
    return np.asarray((matrix + matrix.T) / 2), tuple(notes)


def _density_bread(x: Floats, density: Floats) -> Floats:
    used = density > 0
    if len(orthogonal(np.asfortranarray(x[used]), 0.0)[2]) < x.shape[1]:
        raise EstimationError(
            "too few rows have a positive density to estimate standard errors; "
            "use errors='bootstrap'"
        )
    return bread(np.asfortranarray(x[used]), density[used])


def bandwidth(tau: float, n: int, level: float = 0.95) -> float:
    """Hall and Sheather (1988): n^-1/3 z^(2/3) (1.5 phi^2 / (2 q^2 + 1))^(1/3)."""
    from scipy import stats

    at = float(stats.norm.ppf(tau))
    z = float(stats.norm.ppf(0.5 + level / 2))
    phi = float(stats.norm.pdf(at))
    return float(n ** (-1 / 3) * z ** (2 / 3) * (1.5 * phi**2 / (2 * at**2 + 1)) ** (1 / 3))


def _inside(tau: float, n: int) -> float:
    """Bandwidth halved until tau -+ h lies in [0, 1]."""
    h = bandwidth(tau, n)
    while tau - h < 0 or tau + h > 1:
        h /= 2
    return h


def _sparsity(residuals: Floats, k: int, tau: float) -> float:
    """Slope of the order statistics next to zero on their rank, by median regression."""
    n = len(residuals)
    zero = int(np.sum(np.abs(residuals) < ROUNDING))
    h = max(k + 1, math.ceil(n * bandwidth(tau, n)))
    ranks = np.arange(zero + 1, min(h + zero + 1, n) + 1)
    if len(ranks) < 3:
        raise EstimationError(f"{n} rows are too few for a density; use errors='bootstrap'")
    nearest = residuals[np.argsort(np.abs(residuals), kind="stable")][ranks - 1]
    line = np.column_stack([ranks / (n - k), np.ones(len(ranks))])
    return float(regression_quantile(np.sort(nearest), line, 0.5).params[0])


def _local_density(design: QuantileDesign, tau: float) -> tuple[Floats, int]:
    """Density of each row from two fits at tau -+ h, and rows where these cross."""
    h = _inside(tau, len(design.y))
    high, low = (regression_quantile(design.y, design.x, tau + sign * h) for sign in (1, -1))
    apart = times(design.x, high.params - low.params)
    with np.errstate(divide="ignore"):
        density = np.maximum(0.0, 2 * h / (apart - ROUNDING))
    return density, int(np.sum(apart <= 0))


def _kernel_density(residuals: Floats, tau: float) -> Floats:
    """Normal kernel at the residuals."""
    from scipy import stats

    window = density_window(residuals, tau)
    return np.asarray(stats.norm.pdf(residuals / window) / window, dtype=np.float64)


def density_window(residuals: Floats, tau: float) -> float:
    """Kernel window: normal quantiles at tau -+ h, on the scale of the residuals.

    Raises
    ------
    EstimationError
        At least half of the residuals are equal.
    """
    from scipy import stats

    h = _inside(tau, len(residuals))
    low, high = np.quantile(residuals, [0.25, 0.75])
    spread = min(float(np.std(residuals, ddof=1)), float(high - low) / 1.34)
    if not spread > 0:
        raise EstimationError("half of the residuals are equal: they have no density")
    return float(stats.norm.ppf(tau + h) - stats.norm.ppf(tau - h)) * spread


def cluster_counts(groups: Codes, draws: int, rng: np.random.Generator) -> Codes:
    """How often each row is drawn when whole clusters are, draws x n.

    Raises
    ------
    EstimationError
        There is one cluster.
    """
    size = int(groups.max()) + 1
    if size < 2:
        raise EstimationError("all rows lie in one cluster; a bootstrap needs many")
    drawn = rng.integers(size, size=(draws, size))
    counts = np.zeros((draws, size), dtype=np.int64)
    np.add.at(counts, (np.arange(draws)[:, None], drawn), 1)
    return counts[:, groups]


def bootstrap_draws(
    design: QuantileDesign,
    taus: Sequence[float],
    groups: Codes,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Floats, tuple[str, ...]]:
    """Estimates of the shown terms by draw, and how many draws were lost."""
    shown = len(design.terms)
    rows = []
    for counts in cluster_counts(groups, draws, rng):
        used = counts > 0
        x = np.asfortranarray(design.x[used] * counts[used, None])
        kept = orthogonal(x)[2]
        if kept[:shown] != list(range(shown)):
            continue
        y, x = design.y[used] * counts[used], np.asfortranarray(x[:, kept])
        rows.append(
            np.concatenate([regression_quantile(y, x, tau).params[:shown] for tau in taus])
        )
    lost = draws - len(rows)
    if len(rows) < FEWEST_DRAWS:
        raise EstimationError(
            f"the regressors are collinear in {lost} of {draws} draws; use coarser regressors"
        )
    note = f"the regressors are collinear in {lost} of {draws} draws, which were left out"
    return np.vstack(rows), (note,) if lost else ()
