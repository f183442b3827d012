"""Cluster moments: what one pass keeps, and how pieces of it join."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.errors import EstimationError, MissingColumnError, UnknownNameError
from urbanecon.estimation.gram import independent
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import ols

NAMES = ["y", "x", "z"]


def naive_moments(data, cluster, weights):
    """The cross products by definition: demean by city, dummies of years, loop over clusters."""
    w = np.ones(len(data)) if weights is None else data[weights].to_numpy()
    years = data.index.get_level_values("year")
    z = np.column_stack([data[NAMES], pd.get_dummies(years, dtype=float)])
    city = data.index.get_level_values("city")
    for c in city.unique():
        rows = city == c
        z[rows] -= np.average(z[rows], axis=0, weights=w[rows])
    keys = data.get(cluster, city)
    return np.stack([(z[keys == g].T * w[keys == g]) @ z[keys == g] for g in sorted(set(keys))])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    cluster=st.sampled_from(["city", "province"]),
    weights=st.sampled_from([None, "weight"]),
    present=st.floats(0.3, 1.0),
)
def test_the_pass_gives_the_cross_products_of_each_cluster(
    synthetic_panel, seed, cluster, weights, present
):
    data = synthetic_panel(seed, present=present)
    moments = cluster_moments(data, NAMES, cluster=cluster, weights=weights)
    expected = naive_moments(data, cluster, weights)
    np.testing.assert_allclose(moments.cross, expected, atol=1e-10)
    years = data.index.get_level_values("year").unique().sort_values()
    assert moments.levels == tuple(f"year={y}" for y in years)
    assert moments.nobs == len(data)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(3, 9))
def test_pieces_of_disjoint_clusters_concatenate(synthetic_panel, seed, cut):
    data = synthetic_panel(seed, present=0.6)
    first = data.index.get_level_values("city") < f"{cut:06d}"
    whole = cluster_moments(data, NAMES)
    # in a piece with few cities a year may lie in one of them by chance
    pieces = [cluster_moments(data[rows], NAMES, nested=["city"]) for rows in (first, ~first)]
    joined = pieces[0] + pieces[1]
    assert list(joined.clusters) == list(whole.clusters)
    assert joined.absorbed == whole.absorbed
    ours, theirs = ols(joined, "y", ["x", "z"]), ols(whole, "y", ["x", "z"])
    np.testing.assert_allclose(ours.params[:2], theirs.params[:2], rtol=1e-9)


def test_pieces_of_one_cluster_add(synthetic_panel):
    data = synthetic_panel(1)
    # each piece holds whole cities, but provinces are split between them
    even = data.index.get_level_values("city").astype(int) % 2 == 0
    pieces = [cluster_moments(data[rows], NAMES, cluster="province") for rows in (even, ~even)]
    joined, whole = pieces[0] + pieces[1], cluster_moments(data, NAMES, cluster="province")
    np.testing.assert_allclose(joined.cross, whole.cross, atol=1e-10)
    np.testing.assert_array_equal(joined.rows, whole.rows)


def test_pieces_of_other_variables_or_clusters_do_not_join(synthetic_panel):
    data = synthetic_panel(2)
    moments = cluster_moments(data, NAMES)
    with pytest.raises(EstimationError, match="differ in variables"):
        moments + cluster_moments(data, ["y", "x"])
    with pytest.raises(EstimationError, match="differ in by"):
        moments + cluster_moments(data, NAMES, cluster="province")


def test_provinces_from_cities_are_the_moments_of_provinces(synthetic_panel):
    data = synthetic_panel(3)
    cities = cluster_moments(data, NAMES)
    home = data.groupby("city")["province"].first()
    unions = cities.coarsen(home.reindex(cities.clusters), "province")
    direct = cluster_moments(data, NAMES, cluster="province")
    np.testing.assert_allclose(unions.cross, direct.cross, atol=1e-10)
    assert list(unions.clusters) == list(direct.clusters)


def test_a_union_must_be_named_for_every_cluster(synthetic_panel):
    moments = cluster_moments(synthetic_panel(3), NAMES)
    with pytest.raises(EstimationError, match="'province' must be known for each of the 12"):
        moments.coarsen([None] * 12, "province")


def test_a_subsample_of_clusters_is_the_pass_over_its_rows(synthetic_panel):
    data = synthetic_panel(4)
    moments = cluster_moments(data, NAMES)
    which = np.arange(12) >= 5
    direct = cluster_moments(data[data.index.get_level_values("city") >= "000005"], NAMES)
    ours, theirs = (ols(m, "y", ["x", "z"]) for m in (moments.keep(which), direct))
    np.testing.assert_allclose(ours.params[:2], theirs.params[:2], rtol=1e-10)
    assert moments.keep(which).absorbed == direct.absorbed
    with pytest.raises(EstimationError, match="no cluster of 'city' is kept"):
        moments.keep(which & ~which)


def test_levels_leave_when_they_would_not_fit_and_the_estimate_stays(synthetic_panel):
    data = synthetic_panel(5)
    columns = cluster_moments(data, NAMES)
    swept = cluster_moments(data, NAMES, most_numbers=10)
    assert (columns.route, swept.route) == ("columns", "swept")
    assert swept.level_positions == []
    assert columns.absorbed == swept.absorbed == columns.sweep().absorbed
    a, b, c = (ols(m, "y", ["x", "z"]) for m in (columns, swept, columns.sweep()))
    np.testing.assert_allclose(b.params, a.params[:2], rtol=1e-11)
    np.testing.assert_allclose(crv1(b), crv1(a), rtol=1e-10)
    np.testing.assert_allclose(crv1(c), crv1(a), rtol=1e-10)


def test_what_leaves_clusters_out_is_refused_once_effects_are_swept(synthetic_panel):
    swept = cluster_moments(synthetic_panel(6), NAMES, most_numbers=10)
    with pytest.raises(EstimationError, match="a subsample of clusters is not exact"):
        swept.keep(np.ones(12, dtype=bool))


def test_effects_nested_in_the_clusters_need_no_columns(synthetic_panel):
    data = synthetic_panel(7, years=8)
    moments = cluster_moments(data, NAMES, ("city", "province:year"), "province")
    assert (moments.route, moments.levels, moments.absorbed) == ("columns", (), 1)


def test_the_key_tells_samples_weights_and_effects_apart(synthetic_panel):
    data = synthetic_panel(8)
    keys = [
        cluster_moments(data, NAMES).key,
        cluster_moments(data.iloc[1:], NAMES).key,
        cluster_moments(data, NAMES, weights="weight").key,
        cluster_moments(data, NAMES, ("city",)).key,
        cluster_moments(data, NAMES, cluster="province").key,
    ]
    assert len(set(keys)) == 5
    shuffled = data.sample(frac=1, random_state=0)
    assert cluster_moments(shuffled, ["y", "x"]).key == keys[0]


def test_bad_cells_are_named(synthetic_panel):
    data = synthetic_panel(9)
    with pytest.raises(MissingColumnError, match="no column 'zz'"):
        cluster_moments(data, ["y", "zz"])
    infinite = data.copy()
    infinite.iloc[3, 1] = np.inf
    with pytest.raises(EstimationError, match="'x' is infinite at city 0"):
        cluster_moments(infinite, NAMES)
    with pytest.raises(EstimationError, match="weights must not be negative"):
        cluster_moments(data.assign(weight=-1.0), NAMES, weights="weight")
    with pytest.raises(UnknownNameError, match="'xx' is not among the variables"):
        cluster_moments(data, NAMES).positions(["xx"])


def test_independent_columns_come_in_the_order_asked():
    x = np.random.default_rng(0).normal(size=(20, 3))
    gram = np.column_stack([x, x[:, 0] + x[:, 1]])
    gram = gram.T @ gram
    assert independent(gram, [0, 1, 2, 3], 1e-9) == [0, 1, 2]
    assert independent(gram, [3, 2, 1, 0], 1e-9) == [3, 2, 1]
