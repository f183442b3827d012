"""Partialling out, against dense least squares on dummies."""

from __future__ import annotations

import numpy as np
import pytest

from urbanecon.estimation.within import Absorber, components, is_nested


def on_dummies(columns, codes, weights=None):
    """Residuals of the columns on all dummies, by dense least squares."""
    dummies = np.hstack([np.eye(c.max() + 1)[c] for c in codes])
    root = np.ones(len(columns)) if weights is None else np.sqrt(weights)
    centred = columns - columns.mean(axis=0)  # or lstsq itself loses the digits compared
    fit = np.linalg.lstsq(dummies * root[:, None], centred * root[:, None], rcond=None)
    return centred - dummies @ fit[0], int(fit[2])


def dense(codes):
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


@pytest.fixture
def rows():
    """Synthetic unbalanced panel: 40 cities, 12 years, 6 provinces, 9 industries."""
    rng = np.random.default_rng(3)
    city, year = np.divmod(np.arange(480), 12)
    keep = rng.random(480) < 0.8
    city, year = city[keep], year[keep]
    return {
        "columns": rng.normal(size=(keep.sum(), 3)) * [1, 1e6, 1e-6] + [0, 1e8, 1e-4],
        "weights": rng.uniform(0.01, 50, keep.sum()),
        "city": dense(city),
        "year": dense(year),
        "province": dense(city // 7),
        "province_year": dense(city // 7 * 100 + year),
        "industry": dense(rng.integers(0, 9, keep.sum())),
    }


SETS = [
    ("city",),
    ("city", "year"),
    ("city", "province_year"),
    ("city", "province"),
    ("city", "year", "industry"),
    ("year", "industry", "province", "city"),
]


@pytest.mark.parametrize("dense_levels", [2000, 0], ids=["factored", "conjugate gradients"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("effects", SETS, ids="+".join)
def test_residuals_are_those_of_least_squares_on_dummies(rows, effects, weighted, dense_levels):
    codes = [rows[e] for e in effects]
    weights = rows["weights"] if weighted else None
    columns = rows["columns"]
    expected, _ = on_dummies(columns, codes, weights)
    found = Absorber(codes, weights, dense_levels).residuals(columns)
    spread = np.abs(columns - columns.mean(axis=0)).max(axis=0)
    assert (np.abs(found - expected) / spread).max() < 1e-10


@pytest.mark.parametrize("effects", SETS, ids="+".join)
def test_rank_counts_the_dummies_that_are_not_redundant(rows, effects):
    codes = [rows[e] for e in effects]
    assert Absorber(codes).rank == on_dummies(rows["columns"], codes)[1]


@pytest.mark.parametrize("effects", SETS[:4], ids="+".join)
def test_rank_of_two_effects_is_exact_without_factoring(rows, effects):
    codes = [rows[e] for e in effects]
    assert Absorber(codes, dense_levels=0).rank == Absorber(codes).rank


def test_the_columns_given_are_not_changed(rows):
    before = rows["columns"].copy()
    Absorber([rows["city"], rows["year"]]).residuals(rows["columns"])
    assert np.array_equal(before, rows["columns"])


def test_residuals_are_orthogonal_to_every_level_even_for_long_chains():
    # movers link firm j to firm j + 1 only: the hardest graph for alternating means
    worker = np.repeat(np.arange(300), 2)
    firm = worker + np.tile([0, 1], 300)
    y = np.random.default_rng(1).normal(size=(600, 1)).cumsum(axis=0)
    left = Absorber([firm, worker]).residuals(y)[:, 0]
    assert np.abs(np.bincount(firm, left)).max() < 1e-10
    assert np.abs(np.bincount(worker, left)).max() < 1e-10


def test_components_are_one_in_a_connected_panel_and_one_a_province_with_province_years(rows):
    assert components(rows["city"], rows["year"]) == 1
    assert components(rows["city"], rows["province_year"]) == 6


def test_cities_are_nested_in_provinces_but_years_are_not(rows):
    assert is_nested(rows["city"], rows["province"])
    assert is_nested(rows["city"], rows["city"])
    assert not is_nested(rows["year"], rows["province"])
    assert not is_nested(rows["province"], rows["city"])


def test_an_absorber_needs_an_effect():
    with pytest.raises(ValueError, match="at least one effect"):
        Absorber([])
