"""Dependence across units when period effects are in the equation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.panel_equation import panel_equation, residuals_of
from urbanecon.estimation.panel_tests import SHARED_PERIODS, arranged, pair_correlations
from urbanecon.estimation.sample import Codes, Floats
from urbanecon.estimation.within import Absorber


def weighted_dependence(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    *,
    draws: int = 30,
    seed: int | np.random.Generator = 0,
) -> tuple[Diagnostic, Diagnostic]:
    """CD test for an equation with unit and period effects (Juodis and Reese 2022).

    Period effects make the residuals of a period sum to zero, which drives CD
    to -sqrt(T / 2) whatever the dependence. With random signs w_i,

    CD_w = sum_{i<j} sum_t w_i z_it w_j z_jt / sqrt(sum_{i<j} T_ij^2 / (T_ij - 1)),

    z_it two-way residuals over their unit's root mean square, is normal again
    (their equation 12; they divide by T_ij, but correlations of residuals about
    their mean have variance 1 / (T_ij - 1)). Of several draws of signs the sum over
    sqrt(draws) is taken. Its power is small: CD_w+ adds the sum of |r_ij| over pairs with
    |r_ij| > 2 sqrt(ln N / T) (their section 4), T the mean number of shared
    periods. In short panels with many units that bound exceeds one, and CD_w+
    is CD_w.

    Returns
    -------
    CD_w and CD_w+, both normal.

    Raises
    ------
    NotEstimableError
        No two units share three periods, or no regressor varies within units
        and periods.
    """
    equation = panel_equation(data, outcome, regressors)
    effects = Absorber([equation.units, equation.periods])
    equation = equation.restricted(
        equation.raw, effects.residuals(equation.raw), "within units and periods"
    )
    errors = residuals_of(effects.residuals(equation.raw))
    rng = np.random.default_rng(seed)
    return weighted_scores(errors, equation.units, equation.periods, draws, rng)


def weighted_scores(
    residuals: Floats, units: Codes, periods: Codes, draws: int, rng: np.random.Generator
) -> tuple[Diagnostic, Diagnostic]:
    """CD_w and CD_w+ of `weighted_dependence` from residuals, length n."""
    from scipy import stats

    table, seen = arranged(residuals, units, periods)
    correlation, shared = pair_correlations(table, seen)
    used = np.triu(shared >= SHARED_PERIODS, 1) & np.isfinite(correlation)
    if not used.any():
        raise NotEstimableError(
            f"no two units share {SHARED_PERIODS} periods with varying residuals"
        )
    level = np.sqrt(np.sum(table**2, axis=1) / np.sum(seen, axis=1))
    z = table / np.where(level > 0, level, 1.0)[:, None]
    signs = np.asarray(rng.integers(0, 2, size=(len(z), draws)) * 2 - 1, dtype=np.float64)
    sums = np.sum(cross(signs, z) ** 2, axis=1) - np.sum(z**2)
    t = np.triu(shared, 1)[np.triu(shared, 1) > 1]
    variance = float(np.sum(t**2 / (t - 1)))
    cd = float(np.sum(sums) / 2 / np.sqrt(variance * draws))
    r = np.abs(correlation[used])
    bound = 2 * np.sqrt(np.log(len(z)) / np.mean(shared[used]))
    large = r[r > bound]
    plus = cd + float(np.sum(large))
    note = f"{draws} draws of signs"
    more = f"{note}; {len(large)} of {len(r)} correlations above {bound:.2f}"
    return (
        Diagnostic("Juodis-Reese CD_w test", cd, (), float(2 * stats.norm.sf(abs(cd))), note),
        Diagnostic("Juodis-Reese CD_w+ test", plus, (), float(2 * stats.norm.sf(abs(plus))), more),
    )
