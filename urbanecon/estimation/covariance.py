"""Covariance matrices of linear estimators, from scores and bread alone.

Every estimator here has the form V = B M B, where the bread B = (X'WX)^-1 is
`least_squares.bread` and the meat M is built from the scores s_i = w_i x_i e_i
(n x k). The functions know no result object and apply no small-sample factor:
which factor goes with which matrix is said in
`urbanecon.estimation.standard_errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.sample import Codes, Floats, Mask

Kernel = Literal["uniform", "bartlett"]

EARTH_RADIUS_KM = 6371.0
# An eigenvalue this far below zero, as a share of the largest, is not rounding.
EIGENVALUE_TOLERANCE = 1e-12


def sandwich(bread_: Floats, meat: Floats) -> Floats:
    """B M B, k x k."""
    return symmetric(bread_ @ meat @ bread_)


def symmetric(matrix: Floats) -> Floats:
    """Return the matrix without the asymmetry that rounding leaves."""
    return np.asarray((matrix + matrix.T) / 2, dtype=np.float64)


def sum_by(scores: Floats, codes: Codes) -> Floats:
    """Sum the scores of each group, G x k."""
    size = int(codes.max()) + 1
    return np.column_stack(
        [np.bincount(codes, scores[:, j], size) for j in range(scores.shape[1])]
    )


def meat_hetero(scores: Floats) -> Floats:
    """Sum of s_i s_i' (White 1980)."""
    return cross(scores, scores)


def meat_cluster(scores: Floats, codes: Codes) -> Floats:
    """Sum over clusters of S_g S_g', S_g the sum of the scores (Liang and Zeger 1986)."""
    sums = sum_by(scores, codes)
    return cross(sums, sums)


def meat_multiway(
    scores: Floats, clusters: Sequence[Codes], *, own_factors: bool = False
) -> Floats:
    """Clustering in several dimensions by inclusion and exclusion.

    One way M_A; two ways M_A + M_B - M_AB; and so on (Cameron, Gelbach and
    Miller 2011, "Robust inference with multiway clustering"). With
    two or more ways the matrix need not be positive semidefinite.

    Parameters
    ----------
    own_factors
        Whether each term carries G / (G - 1), G its own number of clusters,
        those of the intersection for M_AB.
    """
    total = np.zeros((scores.shape[1], scores.shape[1]))
    for ways in range(1, len(clusters) + 1):
        for chosen in combinations(clusters, ways):
            codes = _intersection(chosen)
            groups = int(codes.max()) + 1
            factor = groups / (groups - 1) if own_factors else 1.0
            total += (-1) ** (ways + 1) * factor * meat_cluster(scores, codes)
    return total


def _intersection(clusters: Sequence[Codes]) -> Codes:
    joint = clusters[0]
    for other in clusters[1:]:
        keys = joint * (int(other.max()) + 1) + other
        joint = np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)
    return joint


def meat_driscoll_kraay(scores: Floats, period: Codes, lags: int) -> Floats:
    """Newey-West on the sums of the scores by period (Driscoll and Kraay 1998).

    Bartlett weights 1 - l / (lags + 1). Periods are consecutive in the order of
    those observed, as in fixest and plm.
    """
    sums = sum_by(scores, period)
    total = cross(sums, sums)
    for lag in range(1, min(lags, len(sums) - 1) + 1):
        lagged = cross(sums[lag:], sums[:-lag])
        total += (1 - lag / (lags + 1)) * (lagged + lagged.T)
    return total


def meat_newey_west(scores: Floats, unit: Codes, period: Codes, lags: int) -> Floats:
    """Newey and West (1987) within each unit of a panel.

    Bartlett weights 1 - l / (lags + 1) on the products of a unit's scores l
    periods apart; a gap in a unit's series contributes no product. Periods are
    consecutive in the order of those observed in the sample.

    Raises
    ------
    EstimationError
        A unit has two rows in one period.
    """
    total = cross(scores, scores)
    for lag, (later, earlier) in _lagged_pairs(unit, period, lags):
        lagged = cross(scores[later], scores[earlier])
        total += (1 - lag / (lags + 1)) * (lagged + lagged.T)
    return total


def _lagged_pairs(unit: Codes, period: Codes, lags: int) -> list[tuple[int, tuple[Codes, Codes]]]:
    """Rows of the same unit `lag` periods apart, for lag = 1 ... lags."""
    periods = int(period.max()) + 1
    place = np.full((int(unit.max()) + 1, periods), -1, dtype=np.int64)
    place[unit, period] = np.arange(len(unit))
    if (place >= 0).sum() != len(unit):
        raise EstimationError(
            "a unit has two rows in the same period, so its scores cannot be put in order; "
            "aggregate them or use Driscoll-Kraay"
        )
    pairs = []
    for lag in range(1, min(lags, periods - 1) + 1):
        later, earlier = place[:, lag:].ravel(), place[:, :-lag].ravel()
        both = (later >= 0) & (earlier >= 0)
        pairs.append((lag, (later[both], earlier[both])))
    return pairs


def meat_conley(
    scores: Floats,
    latitude: Floats,
    longitude: Floats,
    period: Codes,
    cutoff_km: float,
    *,
    kernel: Kernel = "uniform",
    radius_km: float = EARTH_RADIUS_KM,
) -> Floats:
    """Spatial correlation within each period (Conley 1999).

    Sum over pairs i, j of one period of K(d_ij) (s_i s_j'), d_ij the
    great-circle distance on a sphere of `radius_km`. Uniform:
    K = 1 for d <= cutoff. Bartlett: K = 1 - d / cutoff for d <= cutoff. Rows in
    different periods are not paired; serial correlation is
    `meat_serial`'s.

    Parameters
    ----------
    latitude, longitude
        Degrees, length n.
    period
        Codes of the periods, length n; zeros for a cross-section.
    """
    total = np.zeros((scores.shape[1], scores.shape[1]))
    places, place = np.unique(np.column_stack([latitude, longitude]), axis=0, return_inverse=True)
    lat, lon = places[:, 0], places[:, 1]
    distance = haversine(lat[:, None], lon[:, None], lat[None, :], lon[None, :], radius_km)
    near = (distance <= cutoff_km).astype(np.float64)
    if kernel == "bartlett":
        near *= 1 - distance / cutoff_km
    place = place.ravel()
    for t in range(int(period.max()) + 1):
        rows = np.flatnonzero(period == t)
        here, position = np.unique(place[rows], return_inverse=True)
        sums = sum_by(scores[rows], position)
        total += cross(sums, cross(near[np.ix_(here, here)], sums))
    return symmetric(total)


def haversine(
    lat1: Floats,
    lon1: Floats,
    lat2: Floats,
    lon2: Floats,
    radius_km: float = EARTH_RADIUS_KM,
) -> Floats:
    """Great-circle distance in km between points in degrees, broadcast."""
    lat1, lon1, lat2, lon2 = (np.radians(v) for v in (lat1, lon1, lat2, lon2))
    half_chord = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    return np.asarray(2 * radius_km * np.arcsin(np.minimum(1, np.sqrt(half_chord))))


def meat_serial(scores: Floats, unit: Codes, period: Codes, lags: int) -> Floats:
    """Serial part of a panel's Conley matrix: own lags 1 ... lags, Bartlett weights.

    The same products as `meat_newey_west` without lag zero, to be added to
    `meat_conley` (Hsiang 2010, "Temperatures and cyclones strongly associated
    with economic production", supporting text).
    """
    return meat_newey_west(scores, unit, period, lags) - cross(scores, scores)


def jackknife(
    params: Floats, codes: Codes, estimate: Callable[[Mask], Floats]
) -> tuple[Floats, Floats]:
    """Cluster jackknife CV3 and the leave-one-cluster-out estimates.

    V = (G - 1) / G sum_g (b_(g) - b)(b_(g) - b)' (MacKinnon, Nielsen and Webb
    2023, "Fast and reliable jackknife and bootstrap methods for cluster-robust
    inference"). Centred on the full-sample estimate.

    Parameters
    ----------
    params
        Full-sample estimate b, length k.
    codes
        Cluster of each row, length n.
    estimate
        Re-estimates on the rows of a mask, everything else (effects included)
        re-estimated with it; returns length k.

    Returns
    -------
    V, k x k, and the estimates b_(g), G x k.
    """
    clusters = int(codes.max()) + 1
    left_out = np.vstack([estimate(codes != g) for g in range(clusters)])
    moves = left_out - params
    return (clusters - 1) / clusters * cross(moves, moves), left_out


def make_psd(matrix: Floats) -> tuple[Floats, bool]:
    """Set negative eigenvalues to zero if there are any; say whether there were.

    The remedy of Cameron, Gelbach and Miller (2011, p. 241). A matrix that is
    positive semidefinite up to rounding is returned untouched.
    """
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= -EIGENVALUE_TOLERANCE * max(float(values[-1]), 0.0):
        return matrix, False
    return symmetric((vectors * np.maximum(values, 0)) @ vectors.T), True
