"""Strategy S4: what a treated city does to its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.effects.designs.two_way import clustered
from urbanecon.effects.spec import Spec
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.distance_weights import distances_km, nearest
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.spatial_panel import spatial_panel
from urbanecon.estimation.spatial_sample import balanced_panel

if TYPE_CHECKING:
    from urbanecon.estimation.weights import Weights

COORDINATES = ["latitude", "longitude"]
NEIGHBOURS = 5
"""Nearest cities in W: about the number of neighbours that prefectures have on the map."""

BANDS_KM = ((0, 100), (100, 200), (200, 300))
"""Rings around a city in which pilots are counted; beyond them nothing is claimed."""


def estimate_durbin(spec: Spec, data: pd.DataFrame) -> Fit:
    """Spatial Durbin panel, five nearest cities, both effects, Lee-Yu correction.

    `extra["impacts"]`: direct, indirect and total effect of the treatment with
    the errors of the full covariance.
    """
    known = data.index.get_level_values("city").isin(places_of(data).index)
    regressors = [spec.treatment, *spec.controls]
    rows = data[known]
    # neighbours are looked for among the cities that the balanced sample keeps
    kept = balanced_panel(rows, [spec.outcome, *regressors], neighbours(rows)).index
    rows = rows[rows.index.isin(kept)]
    return spatial_panel(rows, spec.outcome, regressors, neighbours(rows), "sdm")


def neighbours(data: pd.DataFrame, k: int = NEIGHBOURS) -> Weights:
    """Row-standardised weights on the nearest cities of a panel, by great circles."""
    return nearest(places_of(data), k)


def places_of(data: pd.DataFrame) -> pd.DataFrame:
    """Coordinates of each city in degrees; cities without are left out.

    Raises
    ------
    NotEstimableError
        The panel has no coordinates.
    """
    if any(name not in data for name in COORDINATES):
        raise NotEstimableError("needs facts_coordinates (for the distances between cities)")
    return data[COORDINATES].groupby(level="city").first().dropna()


def estimate_exposure(spec: Spec, data: pd.DataFrame) -> Fit:
    """The treatment, and the share of treated cities in rings around the city.

    Two-way fixed effects; the coefficient of a ring is the effect of all of its
    cities being treated instead of none.
    """
    rows = with_exposure(data, spec.treatment)
    regressors = [spec.treatment, *ring_names(spec.treatment), *spec.controls]
    return fixed_effects(
        rows,
        spec.outcome,
        regressors,
        spec.fixed_effects,
        clustered(spec),
        treatment=spec.treatment,
    )


def ring_names(treatment: str, bands: Sequence[tuple[int, int]] = BANDS_KM) -> list[str]:
    """Names of the exposures: ``pilot 0-100 km``."""
    return [f"{treatment} {low}-{high} km" for low, high in bands]


def with_exposure(
    data: pd.DataFrame, treatment: str, bands: Sequence[tuple[int, int]] = BANDS_KM
) -> pd.DataFrame:
    """Add the mean treatment of the other cities in each ring, zero where there is none."""
    units, distance = distances_km(places_of(data), *COORDINATES)
    wide = data[treatment].unstack("year").reindex(units)
    treated, known = wide.fillna(0.0).to_numpy(), wide.notna().to_numpy(dtype=float)
    columns = {}
    for name, (low, high) in zip(ring_names(treatment, bands), bands, strict=True):
        ring = ((distance > low) & (distance <= high)).astype(float)
        number = ring @ known
        mean = np.divide(ring @ treated, number, out=np.zeros_like(number), where=number > 0)
        columns[name] = pd.DataFrame(mean, index=units, columns=wide.columns).stack()
    exposure = pd.DataFrame(columns).rename_axis(["city", "year"])
    return data.join(exposure)
