"""Sensitivity of event studies to violations of parallel trends (Rambachan and Roth 2023)."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning, UnknownNameError, did_you_mean
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.honest_conditional import (
    Method,
    Moments,
    least_favourable,
    moments,
    rejects,
)
from urbanecon.estimation.honest_flci import AffineFrontier, affine_frontier
from urbanecon.estimation.honest_path import EventPath, combination, event_path
from urbanecon.estimation.honest_restrictions import relative_magnitudes, smoothness
from urbanecon.estimation.sample import Floats, Mask

Restriction = Literal["smoothness", "relative magnitudes"]
EFFECT = "effect"
RELATIVE = (0.5, 1.0, 1.5, 2.0)
GRID = 1_000
# How far a confidence set is searched, in standard errors; widened while it is open.
REACH = 20.0
WIDEST = 20.0 * 2**12
LARGEST_M = 1e4
# Relative precision of the breakdown value; the simulated critical value has no more.
PRECISION = 1e-4


def honest_did(
    fit: Fit,
    restriction: Restriction = "relative magnitudes",
    bounds: Sequence[float] | None = None,
    *,
    l_vec: Sequence[float] | None = None,
    base: int = -1,
    level: float = 0.95,
    method: Method | Literal["FLCI"] | None = None,
    breakdown: bool = True,
    seed: int = 0,
) -> Fit:
    """Confidence sets for an effect when trends may differ after adoption.

    delta is the path of the difference in trends that event-study coefficients
    pick up, zero in the base year; tau = l'b_post - l'delta_post. Each set is
    valid when delta lies in the set of

    - "smoothness": second differences of delta at most M everywhere (M = 0: a
      linear trend). Method "FLCI": the shortest fixed-length interval around an
      affine estimator, the default;
    - "relative magnitudes": first differences after the base at most Mbar times
      the largest one before it. Method "C-LF": conditional test with least
      favourable first stage of size (1 - level) / 10, the default; a union over
      which difference is largest, and its sign.

    "conditional" is the test without first stage; both tests go with both
    restrictions, and use the inequalities that involve a lag, as HonestDiD does
    by default. Source: Rambachan and Roth (2023), "A more credible approach to
    parallel trends", sections 2.4, 3 and 4. Ends of sets are found on a grid of
    1,000 points over 20 standard errors, then refined to a thousandth of a step;
    the R package reports the last point of the grid inside. It simulates the
    critical value of the first stage with 1,000 draws, here there are 100,000.

    Parameters
    ----------
    fit
        Any event study with terms "t-3", "t-2", "t+0", ... and their covariance,
        every relative year between the first and the last but the base.
    bounds
        Values of M (in the unit of the outcome per year squared, always to be given) or of
        Mbar (0.5, 1, 1.5, 2 when None).
    l_vec
        Weights of the lags, from the first on; None: the first lag alone.
    base
        Relative year left out of the event study.
    level
        Confidence.
    breakdown
        Whether to find the largest M or Mbar whose set leaves out zero.
    seed
        Of the simulated critical value.

    Returns
    -------
    Fit
        Term "effect": l'b_post with its own error, valid under parallel trends.
        ``extra["sets"]``: restriction, method, bound, low, high, contains_zero
        (the first row is the original interval, bound missing).
        `stats`: breakdown, zero when the first set already holds zero, infinite
        when none does up to 10,000.

    Raises
    ------
    NotEstimableError
        As `honest_path.event_path`.
    EstimationError
        A bound is negative, or l_vec does not fit the lags.
    """
    grid = _grid(restriction, bounds)
    _check(restriction, grid, level, method)
    path = event_path(fit, base)
    weights = combination(path, l_vec)
    chosen = method or ("FLCI" if restriction == "smoothness" else "C-LF")
    analysis = _Sensitivity(path, weights, restriction, chosen, level, seed)
    notes = _caveats(fit, path)
    for note in notes:
        python_warnings.warn(f"{fit.outcome}: {note}", EstimationWarning, stacklevel=2)
    value, se = path.effect(weights)
    stats, tests = dict(fit.stats), fit.diagnostics
    if breakdown:
        stats["breakdown"] = analysis.breakdown()
        tests = (*tests, _breakdown_note(restriction, chosen, stats["breakdown"]))
    return replace(
        fit,
        params=pd.Series([value], index=[EFFECT], name="estimate"),
        vcov=pd.DataFrame([[se**2]], index=[EFFECT], columns=[EFFECT]),
        df=np.inf,
        estimator=f"{fit.estimator}, sensitivity to {restriction} ({chosen})",
        stats=stats,
        diagnostics=tests,
        warnings=(*fit.warnings, *notes),
        extra={**fit.extra, "sets": _sets(analysis, grid, value, se)},
    )


@dataclass(frozen=True, eq=False)
class _Sensitivity:
    """One effect, one restriction, one method."""

    path: EventPath
    l_vec: Floats
    restriction: str
    method: str
    level: float
    seed: int

    def confidence_set(self, bound: float) -> tuple[float, float]:
        """Lowest and highest value that is not rejected; NaN when all are."""
        if self.method == "FLCI":
            centre, half = self._frontier.best(bound, self.level)
            return centre - half, centre + half
        pieces = self._moments(bound)
        centre, se = self.path.effect(self.l_vec)
        reach = REACH * se
        while reach <= WIDEST * se:
            grid = np.linspace(-reach, reach, GRID)
            inside = np.flatnonzero(self._accepts(grid, pieces))
            if len(inside) and inside[0] > 0 and inside[-1] < GRID - 1:
                return self._refined(grid, pieces, int(inside[0]), int(inside[-1]))
            reach *= 2
        return (-np.inf, np.inf) if len(inside) else (np.nan, np.nan)

    def contains_zero(self, bound: float) -> bool:
        """Whether zero lies in the confidence set."""
        if self.method == "FLCI":
            low, high = self.confidence_set(bound)
            return low <= 0 <= high
        return bool(self._accepts(np.zeros(1), self._moments(bound))[0])

    def breakdown(self) -> float:
        """Bound from which on the set contains zero, by doubling and bisection."""
        if self.contains_zero(0.0):
            return 0.0
        low, high = 0.0, 1.0 if self.restriction != "smoothness" else self._scale
        while not self.contains_zero(high):
            low, high = high, 2 * high
            if high > LARGEST_M * (1 if self.restriction != "smoothness" else self._scale):
                return np.inf
        while high - low > PRECISION * high:
            middle = (low + high) / 2
            low, high = (low, middle) if self.contains_zero(middle) else (middle, high)
        return low

    @property
    def _scale(self) -> float:
        return self.path.effect(self.l_vec)[1]

    @cached_property
    def _frontier(self) -> AffineFrontier:
        return affine_frontier(self.path, self.l_vec)

    def _accepts(self, tau: Floats, pieces: list[Moments]) -> Mask:
        alpha = 1 - self.level
        accepted = [~rejects(tau, p, alpha, alpha / 10) for p in pieces]
        return np.asarray(np.logical_or.reduce(accepted), dtype=np.bool_)

    def _refined(
        self, grid: Floats, pieces: list[Moments], first: int, last: int
    ) -> tuple[float, float]:
        """Ends of the set between the last point inside and the next outside."""
        ends = []
        for inner, outer in ((first, first - 1), (last, last + 1)):
            fine = np.linspace(grid[inner], grid[outer], GRID)
            accepted = np.flatnonzero(self._accepts(fine, pieces))
            ends.append(float(fine[accepted[-1]]))
        return ends[0], ends[1]

    def _moments(self, bound: float) -> list[Moments]:
        build = smoothness if self.restriction == "smoothness" else relative_magnitudes
        beta, vcov = self.path.beta, self.path.vcov
        out = []
        for rows, constant, slack in build(len(self.path.pre), len(self.path.post), bound):
            found = moments(rows, constant, slack, self.l_vec, beta=beta, vcov=vcov)
            if self.method == "C-LF":
                critical = least_favourable(found.vcov, (1 - self.level) / 10, self.seed)
                found = replace(found, critical=critical)
            out.append(found)
        return out


def _sets(
    analysis: _Sensitivity, bounds: Sequence[float], value: float, se: float
) -> pd.DataFrame:
    from scipy.special import ndtri

    reach = float(ndtri(0.5 + analysis.level / 2)) * se
    rows = [("parallel trends", "original", np.nan, value - reach, value + reach)]
    for bound in bounds:
        low, high = analysis.confidence_set(float(bound))
        rows.append((analysis.restriction, analysis.method, float(bound), low, high))
    table = pd.DataFrame(rows, columns=["restriction", "method", "bound", "low", "high"])
    return table.assign(contains_zero=(table["low"] <= 0) & (table["high"] >= 0))


def _breakdown_note(restriction: str, method: str, value: float) -> Diagnostic:
    return Diagnostic(
        "breakdown value",
        value,
        note=f"largest bound of {restriction} whose {method} set leaves out zero",
    )


def _caveats(fit: Fit, path: EventPath) -> tuple[str, ...]:
    table = fit.extra.get("path")
    if table is None or "binned" not in table:
        return ()
    years = [int(y) for y in table.loc[table["binned"].astype(bool), "relative_year"]]
    ends = [f"{y:+d}" for y in years if y in (*path.pre, *path.post)]
    if not ends:
        return ()
    return (
        f"relative years {', '.join(ends)} gather all years beyond them: steps to them are not "
        "those of single years, which the restriction takes them for",
    )


def _grid(restriction: str, bounds: Sequence[float] | None) -> tuple[float, ...]:
    if bounds is None and restriction == "smoothness":
        raise EstimationError(
            "give the bounds M on the change of slope, in the unit of the outcome: M = 0 is a "
            "linear trend, and there is no value that suits every outcome"
        )
    return RELATIVE if bounds is None else tuple(float(b) for b in bounds)


def _check(restriction: str, bounds: Sequence[float], level: float, method: str | None) -> None:
    known = ("smoothness", "relative magnitudes")
    if restriction not in known:
        raise UnknownNameError(
            f"unknown restriction {restriction!r}.{did_you_mean(restriction, known)} "
            f"Known: {', '.join(known)}"
        )
    methods = (
        ("C-LF", "conditional") if restriction != "smoothness" else ("FLCI", "C-LF", "conditional")
    )
    if method is not None and method not in methods:
        raise UnknownNameError(
            f"unknown method {method!r} for {restriction}.{did_you_mean(method, methods)} "
            f"Known: {', '.join(methods)}"
        )
    if not 0 < level < 1:
        raise EstimationError(f"level must lie in (0, 1), found {level}")
    wrong = [b for b in bounds if not (np.isfinite(b) and b >= 0)]
    if wrong:
        raise EstimationError(f"bounds must be finite and not negative, found {wrong[0]}")
