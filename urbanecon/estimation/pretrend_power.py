"""What a pre-trends test can see: Roth (2022, "Pretest with Caution").

The estimates of an event study are normal around a linear violation of parallel
trends, slope x (relative year - base), with the estimated covariance. From that
follow the power of the pretest, the slopes it finds with given probability, and
what passing it does to the estimates after adoption: they are drawn from a
truncated law and, as a rule, further from the truth.

Two pretests. "individual": no lead is significant by itself (that of the
pretrends package); its probabilities are those of a box under the normal law,
by the GHK simulator on a Sobol sequence of a fixed seed. "joint": the Wald test
of all leads; its probabilities are noncentral chi-squared laws, exact.

Binned endpoints gather several years, for which the trend at the endpoint's own
year stands; leave them out of `leads` where that matters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError, did_you_mean
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.pretest_laws import Individual, Joint
from urbanecon.estimation.sample import Floats

Pretest = Literal["individual", "joint"]
PRETESTS: tuple[Pretest, ...] = ("individual", "joint")
TERM = re.compile(r"t([+-]\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class TrendPower:
    """What the pretest says about a linear trend.

    Attributes
    ----------
    slope
        The trend, in units of the outcome a year.
    pretest
        "individual" or "joint".
    power
        Probability that the pretest rejects.
    size
        The same without a trend.
    bayes_factor
        Probability of passing with the trend over that without: how much a
        pass says against the trend.
    likelihood_ratio
        Likelihood of the leads that were estimated, with the trend over without.
    path
        relative_year, estimate, se, trend, after_passing (mean of the estimate
        given a pass), bias (after_passing less the trend: what the pretest
        adds); the base is a row of zeros.
    """

    slope: float
    pretest: Pretest
    power: float
    size: float
    bayes_factor: float
    likelihood_ratio: float
    path: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Leads:
    """The coefficients of an event study and which of them the pretest reads.

    Attributes
    ----------
    years
        Relative years, length k.
    estimates, vcov
        Length k and k x k.
    pre
        Positions of the tested leads.
    base
        Relative year that the others are measured from.
    """

    years: Floats
    estimates: Floats
    vcov: Floats
    pre: list[int]
    base: int

    @property
    def elapsed(self) -> Floats:
        """Years since the base, length k: the trend of slope one."""
        return self.years - self.base

    @property
    def vcov_pre(self) -> Floats:
        """Covariance of the tested leads."""
        return self.vcov[np.ix_(self.pre, self.pre)]


def leads_of(fit: Fit, leads: Sequence[int] | None = None) -> Leads:
    """Read an event study with terms "t-5", ..., "t+5".

    Parameters
    ----------
    leads
        Relative years that the pretest reads; None: all before adoption.

    Raises
    ------
    NotEstimableError
        The fit has no lead beside the base.
    UnknownNameError
        A lead is not in the fit.
    EstimationError
        The covariance of the leads is not positive definite, or not finite.
    """
    terms = {int(m[1]): name for name in fit.params.index if (m := TERM.fullmatch(str(name)))}
    base = _base(fit, terms)
    years = sorted(terms)
    chosen = [r for r in years if r < 0] if leads is None else list(dict.fromkeys(leads))
    for year in chosen:
        if year not in terms:
            raise UnknownNameError(
                f"the event study has no lead {year:+d}.{did_you_mean(f'{year:+d}', terms)}"
            )
    if not chosen:
        raise NotEstimableError(
            f"the event study has no lead beside its base {base:+d}: nothing is tested"
        )
    names = [terms[r] for r in years]
    vcov = fit.vcov.loc[names, names].to_numpy(dtype=float)
    pre = [years.index(r) for r in sorted(chosen)]
    inner = vcov[np.ix_(pre, pre)]
    if not np.isfinite(vcov).all() or np.linalg.matrix_rank(inner, hermitian=True) < len(pre):
        raise EstimationError(
            f"the covariance of the {len(pre)} leads is not positive definite: there are too few "
            "clusters to test them together; give fewer leads"
        )
    estimates = fit.params[names].to_numpy(dtype=float)
    return Leads(np.array(years, dtype=float), estimates, vcov, pre, base)


def pretrend_power(
    leads: Leads,
    slope: float,
    *,
    pretest: Pretest = "individual",
    alpha: float = 0.05,
    seed: int = 0,
) -> TrendPower:
    """Power of the pretest against a linear trend, and the bias of having passed it.

    Estimates after passing: E[b_post | pass] = trend_post + S_post,pre
    S_pre^-1 (E[b_pre | pass] - trend_pre) (Roth 2022, Proposition 1).

    Raises
    ------
    UnknownNameError
        The pretest is not known.
    EstimationError
        A slope that is not finite, or alpha outside (0, 1).
    """
    if not np.isfinite(slope):
        raise EstimationError(f"the slope must be finite, found {slope}")
    trend = slope * leads.elapsed
    law = _law(leads, pretest, alpha, seed)
    passing, mean = law.passing(trend[leads.pre])
    nothing, _ = law.passing(np.zeros(len(leads.pre)))
    pull = np.linalg.solve(leads.vcov_pre, mean - trend[leads.pre])
    after = trend + leads.vcov[:, leads.pre] @ pull
    path = pd.DataFrame(
        {
            "relative_year": leads.years.astype(int),
            "estimate": leads.estimates,
            "se": np.sqrt(np.diag(leads.vcov)),
            "trend": trend,
            "after_passing": after,
            "bias": after - trend,
        }
    ).set_index("relative_year")
    path.loc[leads.base] = 0.0
    return TrendPower(
        slope=float(slope),
        pretest=pretest,
        power=1 - passing,
        size=1 - nothing,
        bayes_factor=passing / nothing,
        likelihood_ratio=_likelihood_ratio(leads, trend[leads.pre]),
        path=path.sort_index().reset_index(),
    )


def slope_for_power(
    leads: Leads,
    power: float = 0.5,
    *,
    pretest: Pretest = "individual",
    alpha: float = 0.05,
    seed: int = 0,
) -> float:
    """Positive slope of the trend that the pretest finds with probability `power`.

    Raises
    ------
    EstimationError
        The power is not above the size of the pretest and below one.
    """
    from scipy.optimize import brentq

    law = _law(leads, pretest, alpha, seed)
    elapsed = leads.elapsed[leads.pre]

    def lacking(slope: float) -> float:
        return 1 - law.passing(slope * elapsed)[0] - power

    if not 0 < power < 1 or lacking(0.0) >= 0:
        raise EstimationError(
            f"the pretest rejects with probability {lacking(0.0) + power:.3f} without any trend; "
            f"a power of {power} must lie above that and below one"
        )
    reach = float(np.min(np.sqrt(np.diag(leads.vcov_pre)) / np.abs(elapsed)))
    while lacking(reach) < 0:
        reach *= 2
    return float(brentq(lacking, 0.0, reach, xtol=1e-12 * reach, rtol=1e-10))


def power_curve(
    leads: Leads,
    slopes: Sequence[float] | Floats,
    *,
    pretest: Pretest = "individual",
    alpha: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Power of the pretest over slopes: columns slope, power.

    Raises
    ------
    EstimationError
        No slope, or one that is not finite.
    """
    values = np.asarray(slopes, dtype=np.float64)
    if not len(values) or not np.isfinite(values).all():
        raise EstimationError("name at least one slope, all of them finite")
    law = _law(leads, pretest, alpha, seed)
    elapsed = leads.elapsed[leads.pre]
    power = [1 - law.passing(s * elapsed)[0] for s in values]
    return pd.DataFrame({"slope": values, "power": power})


def _law(leads: Leads, pretest: Pretest, alpha: float, seed: int) -> Individual | Joint:
    if not 0 < alpha < 1:
        raise EstimationError(f"alpha must lie between 0 and 1, found {alpha}")
    if pretest not in PRETESTS:
        raise UnknownNameError(
            f"unknown pretest {pretest!r}.{did_you_mean(pretest, PRETESTS)} Known: {PRETESTS}"
        )
    vcov = leads.vcov_pre
    return Individual(vcov, alpha, seed) if pretest == "individual" else Joint(vcov, alpha)


def _likelihood_ratio(leads: Leads, trend: Floats) -> float:
    found = leads.estimates[leads.pre]

    def distance(gap: Floats) -> float:
        return float(gap @ np.linalg.solve(leads.vcov_pre, gap))

    return float(np.exp(0.5 * (distance(found) - distance(found - trend))))


def _base(fit: Fit, terms: dict[int, str]) -> int:
    """Relative year without a coefficient: the row of zeros in the path."""
    if "path" not in fit.extra or not terms:
        raise NotEstimableError(
            "this fit is no event study: it has no path by relative year. Use event_study"
        )
    shown = fit.extra["path"]["relative_year"].astype(int)
    bases = sorted(set(shown) - set(terms))
    if len(bases) != 1:
        raise NotEstimableError(f"the path must have one base, found {bases}")
    return bases[0]
