"""The rank-size rule: the power-law exponent of city sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.measures.cells import Vector, by_year, complete_rows, refuse, require_panel_index


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Exponent zeta of ``P(size > x) ~ x^-zeta``; Zipf's law is zeta = 1.

    Attributes
    ----------
    exponent, se
        Estimate and its asymptotic standard error.
    nobs
        Cities in the tail that was used.
    cutoff
        Size of the smallest of them.
    method
        Estimator in words.
    """

    exponent: float
    se: float
    nobs: int
    cutoff: float
    method: str


def rank_size(sizes: pd.Series, *, top: int | None = None) -> PowerLaw:
    """Exponent by OLS of ``ln(rank - 1/2)`` on ``ln size``.

    The shift by one half removes the leading bias of the estimate, and its
    standard error is ``zeta sqrt(2/n)``, not that of OLS, which is far too small
    because ranks are correlated (Gabaix and Ibragimov 2011, Journal of Business
    and Economic Statistics 29(1)).

    Parameters
    ----------
    sizes
        Positive sizes, one row a city.
    top
        Use only the `top` largest cities; all when None.

    Raises
    ------
    DataError
        For a size that is not positive; the message names it.
    NotEstimableError
        With fewer than three cities, or no spread of sizes.
    """
    log = np.log(_tail(sizes, top))
    centred = log - log.mean()
    spread = float(centred @ centred)
    if spread == 0:
        raise NotEstimableError("rank_size: all cities are of one size.")
    ranks = np.arange(1, len(log) + 1)
    zeta = -float(centred @ np.log(ranks - 0.5)) / spread
    error = zeta * math.sqrt(2 / len(log))
    cutoff = float(np.exp(log[-1]))
    return PowerLaw(zeta, error, len(log), cutoff, "OLS of ln(rank - 1/2) on ln size")


def hill(sizes: pd.Series, *, top: int | None = None) -> PowerLaw:
    """Exponent by Hill's (1975) maximum likelihood, corrected for small samples.

    ``zeta = (n - 2) / sum_{i<n} ln(S_i / S_n)`` for sizes in descending order,
    with standard error ``zeta / sqrt(n - 3)`` (Gabaix 2009, Annual Review of
    Economics 1); both exact under a Pareto tail. Parameters and errors
    as `rank_size`, with at least four cities.
    """
    log = np.log(_tail(sizes, top))
    n = len(log)
    if n < 4:
        raise NotEstimableError(f"hill: {n} cities; at least four are needed.")
    excess = float((log[:-1] - log[-1]).sum())
    if excess == 0:
        raise NotEstimableError("hill: all cities are of one size.")
    zeta = (n - 2) / excess
    return PowerLaw(zeta, zeta / math.sqrt(n - 3), n, float(np.exp(log[-1])), "Hill")


def rank_size_by_year(sizes: pd.Series, *, top: int | None = None) -> pd.DataFrame:
    """Both exponents for each year of a (city, year) panel.

    Returns one row a year: ``rank_size``, ``rank_size_se``, ``hill``,
    ``hill_se``, ``cutoff``, ``cities``.
    """
    require_panel_index(sizes.index, str(sizes.name or "sizes"))
    y, _ = complete_rows(sizes, None)
    rows = {}
    for year, at in by_year(y.index):
        ols, ml = rank_size(y.iloc[at], top=top), hill(y.iloc[at], top=top)
        rows[year] = {
            "rank_size": ols.exponent,
            "rank_size_se": ols.se,
            "hill": ml.exponent,
            "hill_se": ml.se,
            "cutoff": ols.cutoff,
            "cities": ols.nobs,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def _tail(sizes: pd.Series, top: int | None) -> Vector:
    """Return the largest sizes in descending order."""
    y, _ = complete_rows(sizes, None)
    refuse(y <= 0, y, "positive sizes (their logs are taken)")
    if top is not None and top > len(y):
        raise NotEstimableError(f"top={top} asked for, but only {len(y)} cities have a size.")
    ordered = np.sort(y.to_numpy())[::-1][:top]
    if len(ordered) < 3:
        raise NotEstimableError(f"{len(ordered)} cities; at least three are needed.")
    return np.asarray(ordered)
