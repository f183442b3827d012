"""Whether slopes differ between the units of a long panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.least_squares import orthogonal, solve, times
from urbanecon.estimation.panel_equation import demeaned, panel_equation
from urbanecon.estimation.panel_tests import unit_rows
from urbanecon.estimation.sample import Floats


def slope_heterogeneity(
    data: pd.DataFrame, outcome: str, regressors: Sequence[str]
) -> tuple[Diagnostic, Diagnostic]:
    """Standardised dispersion of the units' slopes (Pesaran and Yamagata 2008).

    With b_i the least-squares slopes of unit i and b the within estimate that
    weighs units by 1/s2_i, s2_i = e_i'e_i / (T_i - 1) at the plain within
    slopes, d_i = (b_i - b)'(X_i'MX_i / s2_i)(b_i - b) has mean k and variance
    2k(T - k - 1)/(T + 1) under equal slopes and normal errors. Delta = N^(-1/2)
    sum (d_i - k) / sqrt(2k) (their equation 27), and adjusted, each unit over
    its own exact variance (equation 29; T_i in unbalanced panels). Both normal,
    two-sided. Errors independent across units and time; exogenous regressors.

    Returns
    -------
    Delta and adjusted delta; the latter holds its size in short panels. Units
    with T_i <= k + 2 rows, or without variation in a regressor, are left out
    and counted in the note.

    Raises
    ------
    NotEstimableError
        Fewer than two units long enough.
    """
    from scipy import stats

    equation = panel_equation(data, outcome, regressors)
    within = demeaned(equation.raw, equation.units)
    equation = equation.restricted(equation.raw, within, "within units")
    within, k = demeaned(equation.raw, equation.units), len(equation.terms)
    units = [
        rows
        for rows in unit_rows(equation.units)
        if rows.stop - rows.start > k + 2 and len(orthogonal(within[rows, 1:])[2]) == k
    ]
    if len(units) < 2:
        raise NotEstimableError(
            f"slopes of {k} regressors can be compared between units with more than {k + 2} rows "
            f"and varying regressors; found {len(units)}"
        )
    statistics = dispersion_of_slopes(within, units)
    left = equation.n_units - len(units)
    note = f"{left} units too short or without variation are left out" if left else ""
    names = ("delta", "adjusted delta")
    delta, adjusted = (
        Diagnostic(
            f"Pesaran-Yamagata {name}, slopes equal", z, (), float(2 * stats.norm.sf(abs(z))), note
        )
        for name, z in zip(names, statistics, strict=True)
    )
    return delta, adjusted


def dispersion_of_slopes(within: Floats, units: Sequence[slice]) -> tuple[float, float]:
    """Delta and adjusted delta of `slope_heterogeneity`.

    Parameters
    ----------
    within
        Outcome and regressors less their unit means, n x (1 + k).
    units
        Rows of each unit compared.
    """
    k = within.shape[1] - 1
    used = np.concatenate([within[rows] for rows in units])
    common = solve(used[:, 0], used[:, 1:])
    s2 = np.array([_variance(within[rows], common) for rows in units])
    lengths = [rows.stop - rows.start for rows in units]
    weighted = solve(used[:, 0], used[:, 1:], np.repeat(1 / s2, lengths))
    delta = adjusted = 0.0
    for rows, t, own_s2 in zip(units, lengths, s2, strict=True):
        y, x = within[rows, 0], within[rows, 1:]
        d = float(np.sum(times(x, solve(y, x) - weighted) ** 2)) / own_s2
        delta += (d - k) / np.sqrt(2 * k)
        adjusted += (d - k) / np.sqrt(2 * k * (t - k - 1) / (t + 1))
    root = np.sqrt(len(units))
    return float(delta / root), float(adjusted / root)


def _variance(own: Floats, slopes: Floats) -> float:
    """Error variance of one unit at common slopes."""
    return float(np.sum((own[:, 0] - times(own[:, 1:], slopes)) ** 2)) / (len(own) - 1)
