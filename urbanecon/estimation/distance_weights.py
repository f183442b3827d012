"""Spatial weights from places: nearest neighbours, inverse and economic distance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, EstimationError, MissingColumnError, did_you_mean
from urbanecon.estimation.covariance import haversine
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.weights import Weights, refuse_duplicates


def nearest(
    places: pd.DataFrame,
    k: int,
    *,
    latitude: str = "latitude",
    longitude: str = "longitude",
    standardise: bool = True,
) -> Weights:
    """w_ij = 1 for the k units nearest to i on the sphere; ties go to the first in order.

    Parameters
    ----------
    places
        Coordinates in degrees, one row a unit.
    """
    units, km = distances_km(places, latitude, longitude)
    if not 1 <= k < len(units):
        raise EstimationError(f"k must lie between 1 and {len(units) - 1} neighbours, found {k}")
    np.fill_diagonal(km, np.inf)
    closest = np.argsort(km, axis=1, kind="stable")[:, :k]
    values = np.zeros_like(km)
    np.put_along_axis(values, closest, 1.0, axis=1)
    return Weights(units, values, standardise, f"{k} nearest neighbours")


def inverse_distance(
    places: pd.DataFrame,
    cutoff_km: float,
    power: float = 1.0,
    *,
    latitude: str = "latitude",
    longitude: str = "longitude",
    standardise: bool = True,
) -> Weights:
    """w_ij = d_ij^-power for great-circle distances up to the cutoff, else 0.

    Raises
    ------
    DataError
        Two units lie on the same point.
    """
    if not (cutoff_km > 0 and power > 0):
        raise EstimationError(f"cutoff ({cutoff_km} km) and power ({power}) must be positive")
    units, km = distances_km(places, latitude, longitude)
    inverse = _inverse(km, units, "lie on the same point") ** power
    words = f"inverse distance (power {power:g}) up to {cutoff_km:g} km"
    return Weights(units, np.where(km <= cutoff_km, inverse, 0.0), standardise, words)


def economic_distance(
    values: pd.Series, *, near: Weights | None = None, standardise: bool = True
) -> Weights:
    """w_ij = 1 / |z_i - z_j|, times the unstandardised geographic weight if `near` is given.

    `values` should predate the panel: weights that move with the outcome are
    endogenous (Qu and Lee 2015), and none of the estimators here allows for it.

    Raises
    ------
    DataError
        A value is missing or two units have the same one.
    """
    if values.isna().any():
        raise DataError(
            f"no value of {values.name!r} for {', '.join(map(str, values.index[values.isna()]))}"
        )
    values = values.sort_index()
    z = values.to_numpy(dtype=np.float64)
    inverse = _inverse(np.abs(z[:, None] - z[None, :]), values.index, f"have equal {values.name}")
    words = f"inverse distance in {values.name}"
    if near is not None:
        inverse = inverse * near.restrict(values.index).raw
        words += f" times {near.words}"
    return Weights(values.index, inverse, standardise, words)


def distances_km(places: pd.DataFrame, latitude: str, longitude: str) -> tuple[pd.Index, Floats]:
    """Great-circle distances between units in sorted order, N x N.

    Raises
    ------
    MissingColumnError, DataError
        A coordinate's column is absent; a coordinate is missing or out of range,
        or a unit occurs twice.
    """
    for name in (latitude, longitude):
        if name not in places.columns:
            raise MissingColumnError(
                f"the places have no column {name!r}.{did_you_mean(name, places.columns)}"
            )
    refuse_duplicates(places.index)
    places = places.sort_index()
    lat, lon = (places[name].to_numpy(dtype=np.float64) for name in (latitude, longitude))
    wrong = ~((np.abs(lat) <= 90) & (np.abs(lon) <= 360))
    if wrong.any():
        raise DataError(
            "coordinates must be known and in degrees; look at "
            f"{', '.join(map(str, places.index[wrong][:5]))}"
        )
    return places.index, haversine(lat[:, None], lon[:, None], lat[None, :], lon[None, :])


def _inverse(distance: Floats, units: pd.Index, same: str) -> Floats:
    """1 / distance off the diagonal, zero on it."""
    apart = distance + np.diag(np.full(len(units), np.inf))
    if (apart == 0).any():
        i, j = (int(k) for k in np.argwhere(apart == 0)[0])
        raise DataError(f"{units[i]} and {units[j]} {same}: their weight would be infinite")
    return np.asarray(1 / apart, dtype=np.float64)
