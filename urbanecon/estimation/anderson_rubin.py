"""Tests and confidence sets that hold however weak the instruments are."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.iv_diagnostics import LEVEL, ReducedForms, f_law, wald
from urbanecon.estimation.sample import Floats

# The statistic is a ratio of polynomials of degree 2q in the coefficient; this
# many directions separate its roots, and each turning point is looked at.
DIRECTIONS = 501


def anderson_rubin(forms: ReducedForms, set_: pd.DataFrame | None) -> Diagnostic:
    """Test that all endogenous coefficients are zero (Anderson and Rubin 1949).

    The Wald test that no instrument moves the outcome, under the inference of
    the estimate. With one endogenous regressor the note gives the confidence
    set as well.
    """
    statistic, rank = wald(forms.theta[:, 0], forms.block(0))
    df = (float(rank), forms.df)
    note = f"H0: {', '.join(forms.equation.roles.endogenous)} = 0"
    if set_ is not None:
        note += f"; {LEVEL:.0%} set {in_words(set_)}"
    return Diagnostic("Anderson-Rubin", statistic, df, f_law(statistic, *df), note)


def confidence_set(forms: ReducedForms, level: float = LEVEL) -> pd.DataFrame:
    """Values of the one endogenous coefficient that the test does not reject.

    AR(b) = (d - b t)'V(b)^-1(d - b t) / q, d and t the coefficients of outcome
    and regressor on the instruments, V(b) the covariance of d - b t, against
    the F law with (q, df) degrees of freedom. AR depends on the direction
    (1, b) only, so that the search runs over angles, infinity included.

    Returns
    -------
    Intervals in columns low and high (infinite where unbounded), ascending: one
    row (an interval or the whole line), two or more (the outer ones unbounded),
    none when over-identifying restrictions are rejected at every value.
    """
    from scipy import stats

    rank = int(np.linalg.matrix_rank(forms.vcov, hermitian=True))
    q = min(forms.q, rank)
    law = stats.f.ppf(level, q, forms.df) if math.isfinite(forms.df) else (
        stats.chi2.ppf(level, q) / q
    )  # fmt: skip
    centre, scale = _frame(forms)
    ends = _accepted(lambda a: _statistic(forms, a, centre, scale) - float(law))

    def value(angle: float) -> float:
        if abs(angle) >= math.pi / 2:
            return math.copysign(math.inf, angle)
        return centre + scale * math.tan(angle)

    return pd.DataFrame(
        [(value(a), value(b)) for a, b in ends], columns=["low", "high"], dtype=float
    )


def in_words(set_: pd.DataFrame) -> str:
    """Say a confidence set: "[0.1, 0.5]", "(-inf, 1] or [2, inf)", "the whole line", "empty"."""
    if set_.empty:
        return "empty"
    if len(set_) == 1 and np.isinf(set_.to_numpy()).all():
        return "the whole line"
    parts = []
    for low, high in set_.itertuples(index=False):
        left = "(-inf" if math.isinf(low) else f"[{low:.4g}"
        parts.append(f"{left}, " + ("inf)" if math.isinf(high) else f"{high:.4g}]"))
    return " or ".join(parts)


def caveat(set_: pd.DataFrame) -> str | None:
    """Say what is wrong when the set is empty or unbounded."""
    if set_.empty:
        return (
            "the Anderson-Rubin set is empty: no value of the coefficient is compatible with all "
            "instruments being valid"
        )
    if np.isinf(set_.to_numpy()).any():
        return (
            f"the Anderson-Rubin set is unbounded ({in_words(set_)}): the instruments are too "
            "weak to bound the effect"
        )
    return None


def _frame(forms: ReducedForms) -> tuple[float, float]:
    """Centre and scale of the search: 2SLS and its standard error."""
    d, t = forms.theta[:, 0], forms.theta[:, 1]
    length = float(t @ t)
    centre = float(t @ d) / length
    shift = np.kron(np.array([[1.0, -centre]]), np.eye(forms.q))
    variance = float(t @ shift @ forms.vcov @ shift.T @ t)
    if variance > 0:
        return centre, math.sqrt(variance) / length
    return centre, max(abs(centre), 1.0)


def _statistic(forms: ReducedForms, angles: Floats, centre: float, scale: float) -> Floats:
    """AR at centre + scale tan(angle), one value an angle."""
    q = forms.q
    cosine, sine = np.cos(angles), np.sin(angles)
    # weights of the equations of outcome and regressor in cos(angle) (d - b t)
    a, b = cosine, -(cosine * centre + sine * scale)
    delta = a[:, None] * forms.theta[:, 0] + b[:, None] * forms.theta[:, 1]
    v = forms.vcov
    yy, yx, xx = v[:q, :q], v[:q, q : 2 * q], v[q : 2 * q, q : 2 * q]
    blocks = (
        (a**2)[:, None, None] * yy
        + (a * b)[:, None, None] * (yx + yx.T)
        + (b**2)[:, None, None] * xx
    )
    inverse = np.linalg.pinv(blocks, hermitian=True)
    return np.asarray(np.einsum("gi,gij,gj->g", delta, inverse, delta) / q, dtype=np.float64)


def _accepted(f: Callable[[Floats], Floats]) -> list[tuple[float, float]]:
    """Intervals of angles in [-pi/2, pi/2] where f <= 0."""
    grid = np.linspace(-math.pi / 2, math.pi / 2, DIRECTIONS)
    grid = np.sort(np.append(grid, _turning_points(f, grid)))
    values = f(grid)
    inside = values <= 0
    ends: list[float] = [float(grid[0])] if inside[0] else []
    for i in np.flatnonzero(inside[1:] != inside[:-1]):
        ends.append(_root(f, float(grid[i]), float(grid[i + 1])))
    if inside[-1]:
        ends.append(float(grid[-1]))
    return list(zip(ends[::2], ends[1::2], strict=True))


def _turning_points(f: Callable[[Floats], Floats], grid: Floats) -> list[float]:
    """Minima above zero and maxima below it, which two roots may hide behind."""
    from scipy.optimize import minimize_scalar

    values = f(grid)
    before, here, after = values[:-2], values[1:-1], values[2:]
    lowest = (here <= before) & (here <= after) & (here > 0)
    highest = (here >= before) & (here >= after) & (here < 0)
    found = []
    for i in np.flatnonzero(lowest | highest):
        sign = 1.0 if lowest[i] else -1.0
        best = minimize_scalar(
            lambda a, sign=sign: sign * float(f(np.array([a]))[0]),
            bounds=(grid[i], grid[i + 2]),
            method="bounded",
            options={"xatol": 1e-12},
        )
        found.append(float(best.x))
    return found


def _root(f: Callable[[Floats], Floats], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(lambda a: float(f(np.array([a]))[0]), low, high, xtol=1e-15, rtol=1e-14))
