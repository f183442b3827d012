"""Multiplier bootstrap of influence functions, and simultaneous confidence bands.

Nothing is estimated again: a draw perturbs the influence functions by random
multipliers of mean zero and variance one, one for each cluster, and all draws
are one matrix product (Callaway and Sant'Anna 2021, Algorithm 1 and Remark 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.sample import Codes, Floats

Multipliers = Literal["rademacher", "mammen"]
DRAWS = 999
FEWEST = 50


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How a band is drawn.

    Attributes
    ----------
    level
        Probability that the band holds all effects at once.
    draws
        Draws; without any there is no band.
    seed
        Seed or generator of the multipliers.
    multipliers
        "rademacher": -1 or 1 with even odds (the default of did); "mammen": the
        two-point law of Mammen (1993), skewed by one.

    Raises
    ------
    EstimationError
        A level outside (0, 1), or fewer than 50 draws, which say nothing of a tail.
    UnknownNameError
        The multipliers are not known.
    """

    level: float = 0.95
    draws: int = DRAWS
    seed: int | np.random.Generator = 0
    multipliers: Multipliers = "rademacher"

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise EstimationError(f"the level must lie between 0 and 1, found {self.level}")
        if self.draws and self.draws < FEWEST:
            raise EstimationError(
                f"{self.draws} draws are too few for a quantile; take {DRAWS}, or 0 for no band"
            )
        known = ("rademacher", "mammen")
        if self.multipliers not in known:
            raise UnknownNameError(
                f"unknown multipliers {self.multipliers!r}."
                f"{did_you_mean(self.multipliers, known)} Known: {', '.join(map(repr, known))}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A simultaneous confidence band.

    Attributes
    ----------
    critical_value
        c of the band estimate +- c x se; never below the pointwise value.
    se
        Bootstrap standard errors from the interquartile range of the draws, length k.
    """

    critical_value: float
    se: Floats


def cluster_sums(influence: Floats, clusters: Codes) -> Floats:
    """Influence functions (n x k) summed within clusters, G x k."""
    groups = int(clusters.max()) + 1
    if groups == len(clusters):
        return influence[np.argsort(clusters, kind="stable")]
    sums = np.zeros((groups, influence.shape[1]))
    np.add.at(sums, clusters, influence)
    return sums


def influence_covariance(influence: Floats, clusters: Codes) -> Floats:
    """n^-2 sum_c S_c S_c' with S_c the cluster's sum of influence, k x k.

    No small-sample factor, as the did package.
    """
    sums = cluster_sums(influence, clusters)
    return cross(sums, sums) / len(influence) ** 2


def multiplier_draws(influence: Floats, clusters: Codes, bootstrap: Bootstrap) -> Floats:
    """Draws of the estimation error, draws x k: n^-1 sum_c v_c S_c.

    Parameters
    ----------
    influence
        Influence functions, n x k.
    clusters
        Cluster of each unit, length n.
    """
    sums = cluster_sums(influence, clusters)
    shape = (len(sums), bootstrap.draws)
    rng = np.random.default_rng(bootstrap.seed)
    if bootstrap.multipliers == "rademacher":
        v = rng.integers(0, 2, size=shape).astype(np.float64) * 2 - 1
    else:
        golden = (1 + math.sqrt(5)) / 2
        v = np.where(rng.random(shape) < golden / math.sqrt(5), 1 - golden, golden)
    return cross(np.asarray(v, dtype=np.float64), sums) / len(influence)


def simultaneous_band(influence: Floats, clusters: Codes, bootstrap: Bootstrap) -> Band:
    """Critical value of the largest t statistic among k effects.

    Effects whose draws do not vary are left out of the maximum and have a
    missing standard error.
    """
    from scipy import stats

    errors = multiplier_draws(influence, clusters, bootstrap)
    low, high = np.quantile(errors, [0.25, 0.75], axis=0, method="inverted_cdf")
    se = (high - low) / (2 * float(stats.norm.ppf(0.75)))
    varies = se > 0
    pointwise = float(stats.norm.ppf(0.5 + bootstrap.level / 2))
    if not varies.any():
        return Band(pointwise, np.full(len(se), np.nan))
    largest = np.max(np.abs(errors[:, varies] / se[varies]), axis=1)
    critical = float(np.quantile(largest, bootstrap.level, method="inverted_cdf"))
    return Band(max(critical, pointwise), np.where(varies, se, np.nan))


def with_intervals(
    table: pd.DataFrame,
    fit_se: pd.Series,
    influence: Floats,
    clusters: Codes,
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Add se, low, high, band_low and band_high to a table with term and estimate.

    low and high are pointwise. The band is estimate +- c x bootstrap standard
    error, as in did. Rows that are not terms have neither.

    Parameters
    ----------
    table
        Effects, one a row.
    fit_se
        Standard errors by term, length k.
    influence
        Influence functions of the terms, n x k.

    Returns
    -------
    The table, and the critical value as a scalar of the fit (empty without draws).
    """
    from scipy import stats

    at = fit_se.index.get_indexer(pd.Index(table["term"]))

    def of_rows(values: Floats) -> Floats:
        return np.where(at >= 0, np.append(values, np.nan)[at], np.nan)

    estimate = table["estimate"].to_numpy(dtype=np.float64)
    se = of_rows(fit_se.to_numpy(dtype=np.float64))
    reach = float(stats.norm.ppf(0.5 + bootstrap.level / 2)) * se
    table = table.assign(se=se, low=estimate - reach, high=estimate + reach)
    if not bootstrap.draws or not len(fit_se):
        return table, {}
    band = simultaneous_band(influence, clusters, bootstrap)
    reach = band.critical_value * of_rows(band.se)
    table = table.assign(band_low=estimate - reach, band_high=estimate + reach)
    return table, {"critical_value": band.critical_value}
