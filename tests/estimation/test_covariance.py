"""Meats against loops over rows that follow the formula word by word."""

from __future__ import annotations

import math

import numpy as np
import pytest

from urbanecon.errors import EstimationError
from urbanecon.estimation import covariance as cov

CLOSE = {"rtol": 1e-10, "atol": 1e-10}


@pytest.fixture
def rows():
    """Synthetic unbalanced panel of scores: 12 cities, 7 years, k = 3."""
    rng = np.random.default_rng(11)
    unit, period = np.divmod(np.arange(84), 7)
    keep = rng.random(84) < 0.85
    place = rng.uniform([22, 100], [40, 120], size=(12, 2))
    return {
        "scores": rng.normal(size=(keep.sum(), 3)),
        "unit": unit[keep],
        "period": period[keep],
        "lat": place[unit[keep], 0],
        "lon": place[unit[keep], 1],
        "region": unit[keep] % 4,
    }


def by_pairs(scores, weight):
    """Sum over all pairs i, j of weight(i, j) s_i s_j'."""
    total = np.zeros((scores.shape[1], scores.shape[1]))
    for i in range(len(scores)):
        for j in range(len(scores)):
            total += weight(i, j) * np.outer(scores[i], scores[j])
    return total


def great_circle(lat1, lon1, lat2, lon2):
    """Distance by the spherical law of cosines on vectors, in km."""
    p, q = (
        np.array(
            [
                math.cos(math.radians(a)) * math.cos(math.radians(o)),
                math.cos(math.radians(a)) * math.sin(math.radians(o)),
                math.sin(math.radians(a)),
            ]
        )
        for a, o in ((lat1, lon1), (lat2, lon2))
    )
    return 6371.0 * math.atan2(np.linalg.norm(np.cross(p, q)), float(p @ q))


def test_clustered_meat_pairs_rows_of_one_cluster(rows):
    unit = rows["unit"]
    expected = by_pairs(rows["scores"], lambda i, j: unit[i] == unit[j])
    np.testing.assert_allclose(cov.meat_cluster(rows["scores"], unit), expected, **CLOSE)


def test_several_dimensions_pair_rows_that_share_any_cluster(rows):
    unit, period, region = rows["unit"], rows["period"], rows["region"]
    two = by_pairs(rows["scores"], lambda i, j: unit[i] == unit[j] or period[i] == period[j])
    found = cov.meat_multiway(rows["scores"], [unit, period])
    np.testing.assert_allclose(found, two, **CLOSE)
    clusters = [unit % 5, period, region]
    three = by_pairs(rows["scores"], lambda i, j: any(c[i] == c[j] for c in clusters))
    found = cov.meat_multiway(rows["scores"], clusters)
    np.testing.assert_allclose(found, three, **CLOSE)


@pytest.mark.parametrize("lags", [0, 1, 3, 50])
def test_driscoll_kraay_pairs_all_rows_with_bartlett_weights_in_time(rows, lags):
    period = rows["period"]

    def weight(i, j):
        return max(0.0, 1 - abs(int(period[i]) - int(period[j])) / (lags + 1))

    found = cov.meat_driscoll_kraay(rows["scores"], period, lags)
    np.testing.assert_allclose(found, by_pairs(rows["scores"], weight), **CLOSE)


@pytest.mark.parametrize("lags", [0, 1, 3, 50])
def test_newey_west_pairs_rows_of_one_unit_and_skips_gaps(rows, lags):
    unit, period = rows["unit"], rows["period"]

    def weight(i, j):
        near = max(0.0, 1 - abs(int(period[i]) - int(period[j])) / (lags + 1))
        return near * (unit[i] == unit[j])

    found = cov.meat_newey_west(rows["scores"], unit, period, lags)
    np.testing.assert_allclose(found, by_pairs(rows["scores"], weight), **CLOSE)


@pytest.mark.parametrize("kernel", ["uniform", "bartlett"])
@pytest.mark.parametrize("lags", [0, 2])
@pytest.mark.parametrize("cutoff", [1.0, 600.0, 30_000.0])
def test_conley_equals_the_loop_over_pairs(rows, kernel, lags, cutoff):
    unit, period, lat, lon = (rows[k] for k in ("unit", "period", "lat", "lon"))

    def weight(i, j):
        if period[i] == period[j]:
            d = great_circle(lat[i], lon[i], lat[j], lon[j])
            return (d <= cutoff) * (1 - d / cutoff if kernel == "bartlett" else 1)
        if unit[i] == unit[j]:
            return max(0.0, 1 - abs(int(period[i]) - int(period[j])) / (lags + 1))
        return 0.0

    found = cov.meat_conley(rows["scores"], lat, lon, period, cutoff, kernel=kernel)
    found = found + cov.meat_serial(rows["scores"], unit, period, lags)
    np.testing.assert_allclose(found, by_pairs(rows["scores"], weight), rtol=1e-8, atol=1e-8)


def test_conley_with_a_tiny_cutoff_is_robust_and_with_a_huge_one_clusters_by_year(rows):
    args = rows["scores"], rows["lat"], rows["lon"], rows["period"]
    np.testing.assert_allclose(
        cov.meat_conley(*args, 1e-6), cov.meat_hetero(rows["scores"]), **CLOSE
    )
    np.testing.assert_allclose(
        cov.meat_conley(*args, 1e6), cov.meat_cluster(rows["scores"], rows["period"]), **CLOSE
    )


def test_beijing_to_shanghai_is_1068_km():
    place = [np.array(v) for v in (39.9042, 116.4074, 31.2304, 121.4737)]
    assert cov.haversine(*place) == pytest.approx(1067.3, abs=1)


def test_distance_crosses_the_date_line():
    near = cov.haversine(np.array(0.0), np.array(179.5), np.array(0.0), np.array(-179.5))
    assert near == pytest.approx(6371.0 * math.radians(1))


def test_two_rows_of_a_unit_in_one_period_have_no_order():
    one = np.zeros(2, dtype=np.int64)
    with pytest.raises(EstimationError, match="two rows in the same period"):
        cov.meat_newey_west(np.ones((2, 1)), one, one, 1)


def test_jackknife_of_a_mean_is_its_textbook_variance():
    y = np.random.default_rng(2).normal(size=30)
    v, left_out = cov.jackknife(
        np.array([y.mean()]), np.arange(30), lambda rows: np.array([y[rows].mean()])
    )
    assert v[0, 0] == pytest.approx(y.var(ddof=1) / 30)
    assert left_out.shape == (30, 1)


def test_only_a_matrix_with_negative_eigenvalues_is_mended():
    fine = np.diag([2.0, 0.0])
    same, mended = cov.make_psd(fine)
    assert same is fine
    assert not mended
    wrong = np.array([[1.0, 2, 2], [2, 1, 2], [2, 2, 1]])  # eigenvalues 5, -1, -1
    found, mended = cov.make_psd(wrong)
    assert mended
    np.testing.assert_allclose(np.linalg.eigvalsh(found), [0, 0, 5], atol=1e-12)
