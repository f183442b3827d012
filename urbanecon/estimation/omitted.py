"""How strong a confounder would have to be: Cinelli and Hazlett (2020).

Everything follows from the estimate, its classical standard error and the
residual degrees of freedom: se sqrt(df) is the residual spread of the outcome
over that of the treatment, whatever the errors are like. A clustered t has no
such meaning: t^2 / (t^2 + df) is the partial R2 of the treatment only for the
classical t, so estimates that come with clustered errors are taken apart again
here. What clustering does change is how large a t must be: `law` carries the
ratio of the clustered to the classical error, held fixed as the confounder
grows, and the degrees of freedom of the clustered t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.sample import Floats

SMALLEST_R2 = 1e-14


@dataclass(frozen=True, slots=True)
class Law:
    """How the t statistic is judged when errors are not classical.

    Attributes
    ----------
    ratio
        Standard error reported over the classical one; held fixed under
        confounding, which is an approximation.
    df
        Degrees of freedom of the t law, G - 1 for G clusters.
    """

    ratio: float
    df: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ratio) and self.ratio > 0 and self.df > 0):
            raise EstimationError(
                f"the ratio of the standard errors is {self.ratio} and the degrees of freedom "
                f"{self.df}; both must be positive"
            )


@dataclass(frozen=True, slots=True)
class Observed:
    """An estimate with its classical standard error.

    Attributes
    ----------
    treatment
        Name of the term.
    estimate, se, df
        Estimate, classical standard error, residual degrees of freedom N - K
        with K counting every effect.
    law
        None: t statistics are classical, as in sensemakr.
    """

    treatment: str
    estimate: float
    se: float
    df: float
    law: Law | None = None

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.estimate, self.se, self.df))):
            raise EstimationError(
                f"{self.treatment!r}: estimate {self.estimate}, se {self.se} and df {self.df} "
                "must be finite"
            )
        if not self.se > 0 or not self.df > 1:
            raise EstimationError(
                f"{self.treatment!r}: the standard error is {self.se:g} with {self.df:g} degrees "
                "of freedom; a positive error (R2 below one) and more than one degree are needed"
            )

    @property
    def t(self) -> float:
        """Classical t statistic."""
        return self.estimate / self.se

    @property
    def partial_r2(self) -> float:
        """R2 of the outcome on the treatment, controls out: t^2 / (t^2 + df)."""
        return self.t**2 / (self.t**2 + self.df)

    @property
    def partial_f2(self) -> float:
        """Cohen's f2, R2 / (1 - R2) = t^2 / df."""
        return self.t**2 / self.df

    def robustness_value(self, q: float = 1.0, alpha: float | None = None) -> float:
        """R2 that a confounder needs with both treatment and outcome.

        To reduce the estimate by the share q; with `alpha`, to make that
        reduction not significantly different from none at that level (eqs. 18
        and 19, with the solution where only the outcome's bound does not bind
        as in sensemakr).
        """
        refuse(not (math.isfinite(q) and q > 0), f"q must be positive, found {q}")
        f = q * math.sqrt(self.partial_f2)
        critical = 0.0 if alpha is None else self._critical_f(alpha)
        left = f - critical
        if left <= 0:
            return 0.0
        if critical > 0 and f > 1 / critical:
            return (f**2 - critical**2) / (1 + f**2)
        return 0.5 * (math.sqrt(left**4 + 4 * left**2) - left**2)

    def _critical_f(self, alpha: float) -> float:
        """Critical t over the root of the degrees of freedom left with a confounder."""
        return self.critical_t(alpha, self.df - 1) * self.ratio / math.sqrt(self.df - 1)

    def critical_t(self, alpha: float, df: float) -> float:
        """Two-sided critical value of the t law, with `df` degrees when classical."""
        from scipy import stats

        refuse(not 0 < alpha < 1, f"alpha must lie between 0 and 1, found {alpha}")
        return float(stats.t.ppf(1 - alpha / 2, df if self.law is None else self.law.df))

    @property
    def ratio(self) -> float:
        """Standard error used over the classical one."""
        return 1.0 if self.law is None else self.law.ratio


def from_fit(fit: Fit, treatment: str, reported: Fit | None = None) -> Observed:
    """Read an estimate from a fit with classical errors ("iid").

    Parameters
    ----------
    reported
        The same estimate with the errors that the paper reports (clustered):
        its ratio to the classical error and its degrees of freedom become the
        `law`.

    Raises
    ------
    UnknownNameError
        The treatment is not a term.
    EstimationError
        The errors of `fit` are not classical, or `reported` is another estimate.
    """
    require_known(treatment, fit.params.index)
    if not fit.inference.startswith("iid"):
        raise EstimationError(
            f"the errors of this fit are {fit.inference!r}: partial R2 follows from the classical "
            "t only. Give the fit with vcov='iid', and this one as `reported`"
        )
    estimate, se = float(fit.params[treatment]), float(fit.se[treatment])
    found = Observed(treatment, estimate, se, fit.df)
    if reported is None:
        return found
    require_known(treatment, reported.params.index)
    refuse_other(float(reported.params[treatment]), estimate, treatment)
    return replace(found, law=Law(float(reported.se[treatment]) / se, reported.df))


def from_moments(
    estimate: Linear, treatment: str, df: float, reported: tuple[float, float] | None = None
) -> Observed:
    """Read an estimate from cluster moments.

    Parameters
    ----------
    df
        Residual degrees of freedom, every effect counted: the moments no longer
        know how many effects were nested in the clusters.
    reported
        Clustered standard error and its degrees of freedom.

    Raises
    ------
    UnknownNameError, EstimationError
        As `from_fit`; or R2 is one.
    """
    require_known(treatment, estimate.terms)
    at = estimate.terms.index(treatment)
    if not estimate.rss > SMALLEST_R2 * estimate.tss or not df > 1:
        raise EstimationError(
            f"{treatment!r}: the residual sum of squares is {estimate.rss:.3g} with {df:g} "
            "degrees of freedom; with R2 = 1 nothing is left for a confounder"
        )
    se = math.sqrt(estimate.rss / df * float(estimate.bread[at, at]))
    law = None if reported is None else Law(reported[0] / se, reported[1])
    return Observed(treatment, float(estimate.params[at]), se, df, law)


def adjusted(
    observed: Observed,
    r2dz_x: float | Floats,
    r2yz_dx: float | Floats,
    *,
    level: float = 0.95,
    reduce: bool = True,
) -> pd.DataFrame:
    """Estimate, error and interval had a confounder of given strength been included.

    Parameters
    ----------
    r2dz_x
        Partial R2 of the confounder with the treatment given controls, in [0, 1).
    r2yz_dx
        Partial R2 of the confounder with the outcome given treatment and
        controls, in [0, 1].
    reduce
        Whether the confounder moves the estimate towards zero, or away.

    Returns
    -------
    DataFrame
        r2dz_x, r2yz_dx, estimate, se, t, low, high. Bias: eq. 9, error: eq. 12
        of the paper, sqrt(df / (df - 1)) included.

    Raises
    ------
    EstimationError
        A strength outside its range.
    """
    dz, yz = np.broadcast_arrays(np.atleast_1d(r2dz_x).astype(float), np.asarray(r2yz_dx, float))
    if not ((dz >= 0) & (dz < 1)).all() or not ((yz >= 0) & (yz <= 1)).all():
        raise EstimationError(
            "a confounder's partial R2 must lie in [0, 1) with the treatment and in [0, 1] with "
            f"the outcome; found {np.ravel(dz)[:3]} and {np.ravel(yz)[:3]}"
        )
    bias = np.sqrt(yz * dz / (1 - dz)) * observed.se * math.sqrt(observed.df)
    sign = math.copysign(1.0, observed.estimate)
    estimate = observed.estimate - (sign if reduce else -sign) * bias
    inflation = math.sqrt(observed.df / (observed.df - 1)) * observed.ratio
    se = np.sqrt((1 - yz) / (1 - dz)) * observed.se * inflation
    # sensemakr takes the law of the interval with the degrees before the confounder
    reach = observed.critical_t(1 - level, observed.df) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        t = estimate / se
    return pd.DataFrame(
        {
            "r2dz_x": dz,
            "r2yz_dx": yz,
            "estimate": estimate,
            "se": se,
            "t": t,
            "low": estimate - reach,
            "high": estimate + reach,
        }
    )


def contour_grid(
    observed: Observed, most_dz: float = 0.4, most_yz: float = 0.4, points: int = 81
) -> pd.DataFrame:
    """Adjusted estimate and t over a grid of strengths, points^2 rows.

    Raises
    ------
    EstimationError
        The limits do not lie in (0, 1), or fewer than two points.
    """
    refuse(
        not (0 < most_dz < 1 and 0 < most_yz <= 1) or points < 2,
        f"a grid to {most_dz} and {most_yz} with {points} points cannot be drawn; limits lie "
        "between 0 and 1",
    )
    dz, yz = np.meshgrid(np.linspace(0, most_dz, points), np.linspace(0, most_yz, points))
    grid = adjusted(observed, dz.ravel(), yz.ravel())
    return grid[["r2dz_x", "r2yz_dx", "estimate", "t"]]


def require_known(name: str, among: Sequence[str] | pd.Index, what: str = "a term") -> None:
    """Raise `UnknownNameError` unless the name is among those known."""
    if name not in among:
        raise UnknownNameError(
            f"{name!r} is not {what} of this estimate.{did_you_mean(name, list(among))}"
        )


def refuse_other(one: float, other: float, treatment: str) -> None:
    """Raise if two estimates of one coefficient differ."""
    if abs(one - other) > 1e-6 * abs(other):
        raise EstimationError(
            f"{treatment!r} is {one:g} in one estimate and {other:g} in the other; both must come "
            "from the same equation and rows"
        )


def refuse(wrong: bool, message: str) -> None:
    """Raise `EstimationError` if `wrong`."""
    if wrong:
        raise EstimationError(message)
