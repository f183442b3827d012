"""Pieces of moments: however the rows are split, their sum is the moments of the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.errors import EstimationError
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_fit import moments_fit
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.moments_pieces import add_pieces
from urbanecon.estimation.unit_sums import unit_pieces

NAMES = ["y", "x", "z"]


def piece(data, weights=None, names=NAMES):
    keys = [(k, *pd.factorize(data.index.get_level_values(k))) for k in ("city", "year")]
    w = None if weights is None else data[weights].to_numpy()
    return unit_pieces(data[names].to_numpy(), names, *keys, w)


def split(data, seed, parts):
    owner = np.random.default_rng(seed).integers(0, parts, len(data))
    return [data[owner == k] for k in range(parts) if (owner == k).any()]


def homes(data, units):
    return data["province"].groupby(level="city").first()[units]


def assert_same_moments(ours, theirs, tolerance=1e-12):
    """Each number within `tolerance` of the lengths of the two columns it belongs to."""
    assert ours.variables == theirs.variables
    assert ours.levels == theirs.levels
    assert list(ours.clusters) == list(theirs.clusters)
    assert ours.absorbed == theirs.absorbed
    np.testing.assert_array_equal(ours.rows, theirs.rows)
    np.testing.assert_array_equal(ours.level_rows, theirs.level_rows)
    length = np.sqrt(np.diag(theirs.total))
    scale = np.where(length > 0, length, 1)
    off = np.abs(ours.cross - theirs.cross) / np.outer(scale, scale)
    assert off.max() < tolerance


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    parts=st.integers(1, 9),
    how=st.tuples(st.sampled_from(["city", "province"]), st.sampled_from([None, "weight"])),
    present=st.floats(0.3, 1.0),
    level=st.sampled_from([0.0, 1e4]),
)
def test_rows_split_anywhere_add_up_to_the_moments_of_the_whole(
    synthetic_panel, seed, parts, how, *, present, level
):
    cluster, weights = how
    data = synthetic_panel(seed, present=present)
    data["z"] = data["z"] + level
    joined = add_pieces(piece(part, weights) for part in split(data, seed, parts))
    labels = joined.units if cluster == "city" else homes(data, joined.units)
    whole = cluster_moments(data, NAMES, cluster=cluster, weights=weights, nested=["city"])
    # what is known of a row at level 1e4 is known to 1e-12 of its movement
    assert_same_moments(joined.moments(labels, cluster), whole, 1e-11 if level else 1e-12)


def test_pieces_of_disjoint_units_concatenate_to_the_last_digit(synthetic_panel):
    data = synthetic_panel(3)
    first = data.index.get_level_values("city") < "000007"
    joined = piece(data[first], "weight") + piece(data[~first], "weight")
    whole = piece(data, "weight")
    assert list(joined.units) == list(whole.units)
    for what in ("mean", "cross", "cell_weight", "cell_mean", "cell_rows"):
        np.testing.assert_array_equal(getattr(joined, what), getattr(whole, what))


def test_the_order_of_addition_does_not_matter(synthetic_panel):
    parts = [piece(part) for part in split(synthetic_panel(4), 4, 5)]
    one, other = add_pieces(parts), add_pieces(parts[::-1])
    assert_same_moments(one.moments(one.units, "city"), other.moments(other.units, "city"))


def test_single_rows_are_pieces_too(synthetic_panel):
    data = synthetic_panel(5, cities=6)
    joined = add_pieces(piece(data.iloc[[i]]) for i in range(len(data)))
    whole = cluster_moments(data, NAMES, nested=["city"])
    assert_same_moments(joined.moments(joined.units, "city"), whole)


def test_a_level_far_above_the_movement_costs_no_digits(synthetic_panel):
    data = synthetic_panel(6)
    far = data.assign(y=data["y"] + 2.0**30)  # exact in binary: the same movement
    exact = data.assign(y=far["y"] - 2.0**30)
    joined = add_pieces(piece(part) for part in split(far, 6, 4))
    whole = add_pieces(piece(part) for part in split(exact, 6, 4))
    np.testing.assert_allclose(joined.cross, whole.cross, rtol=1e-6, atol=1e-6)
    naive = (far["y"] ** 2).groupby(level="city").sum() - far["y"].groupby(
        level="city"
    ).sum() ** 2 / far["y"].groupby(level="city").size()
    assert np.abs(naive.to_numpy() - whole.cross[:, 0, 0]).max() > 10  # sums of squares: lost


def test_what_units_absorb_is_exactly_zero(synthetic_panel):
    data = synthetic_panel(7)
    data["z"] = data.index.get_level_values("city").astype(int) * 0.1 + 1e3
    joined = add_pieces(piece(part) for part in split(data, 7, 3)).moments(
        piece(data).units, "city"
    )
    assert not joined.cross[:, 2, :].any()
    assert not joined.cross[:, :, 2].any()


@pytest.mark.parametrize("weights", [None, "weight"])
def test_estimates_from_pieces_are_those_of_the_whole(synthetic_panel, weights):
    data = synthetic_panel(8, cities=20)
    joined = add_pieces(piece(part, weights) for part in split(data, 8, 6))
    estimate = ols(joined.moments(joined.units, "city"), "y", ["x", "z"])
    fit = moments_fit(data, "y", ["x", "z"], weights=weights)
    np.testing.assert_allclose(estimate.params[:2], fit.params, rtol=1e-12)
    np.testing.assert_allclose(crv1(estimate), fit.vcov, rtol=1e-10)


def test_pieces_of_other_variables_do_not_add(synthetic_panel):
    data = synthetic_panel(9)
    with pytest.raises(EstimationError, match="differ in variables"):
        piece(data) + piece(data, names=["y", "x"])


def test_each_unit_needs_a_cluster(synthetic_panel):
    data = synthetic_panel(10)
    joined = piece(data)
    with pytest.raises(EstimationError, match="'province' must be known for each of the 12"):
        joined.moments(["P1"], "province")
    with pytest.raises(EstimationError, match="must be known"):
        joined.moments([None, *joined.units[1:]], "province")


def test_no_pieces_have_no_sum():
    with pytest.raises(EstimationError, match="no pieces"):
        add_pieces([])
