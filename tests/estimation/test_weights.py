"""Spatial weights: what each kind is, and what is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from urbanecon.errors import DataError, EstimationError, MissingColumnError, UnknownNameError
from urbanecon.estimation.contiguity_weights import contiguity, contiguity_of_polygons
from urbanecon.estimation.distance_weights import economic_distance, inverse_distance, nearest
from urbanecon.estimation.weights import (
    Weights,
    weights_from_matrix,
)

RING = {"a": ["b", "d"], "b": ["a", "c"], "c": ["b", "d"], "d": ["c", "a"]}


@pytest.fixture
def places():
    """Five synthetic cities on the equator, in no order."""
    return pd.DataFrame(
        {"latitude": 0.0, "longitude": [4.0, 0.0, 1.0, 10.0, 2.5]},
        index=pd.Index(["d", "a", "b", "e", "c"]),
    )


def test_contiguity_gives_each_neighbour_an_equal_share():
    weights = contiguity(RING)
    np.testing.assert_array_equal(weights.matrix.sum(axis=1), 1)
    assert weights.matrix[0].tolist() == [0, 0.5, 0, 0.5]
    assert weights.rows_sum_to_one


def test_weights_do_not_depend_on_the_order_in_which_units_are_given():
    turned = contiguity({unit: RING[unit][::-1] for unit in reversed(RING)})
    assert turned.units.equals(contiguity(RING).units)
    np.testing.assert_array_equal(turned.matrix, contiguity(RING).matrix)


def test_an_island_is_named_and_its_row_stays_zero():
    weights = contiguity({**RING, "z": []})
    assert weights.islands == ("z",)
    assert not weights.matrix[-1].any()
    assert not weights.rows_sum_to_one


def test_a_neighbour_without_a_list_is_refused_with_the_closest_unit():
    with pytest.raises(DataError, match=r"'Wuhann'.*Did you mean 'Wuhan'"):
        contiguity({"Wuhan": ["Wuhann"], "Changsha": []})


def test_a_one_sided_border_is_an_error_unless_said_to_be_meant():
    one_sided = {"a": ["b"], "b": []}
    with pytest.raises(DataError, match="'b' is a neighbour of 'a' but not the other way"):
        contiguity(one_sided)
    assert contiguity(one_sided, directed=True).matrix.tolist() == [[0, 1], [0, 0]]


def test_nearest_neighbours_are_those_closest_on_the_sphere(places):
    weights = nearest(places, 2)
    neighbours = {u: set(weights.units[weights.raw[i] > 0]) for i, u in enumerate(weights.units)}
    assert neighbours == {
        "a": {"b", "c"}, "b": {"a", "c"}, "c": {"b", "d"}, "d": {"c", "b"}, "e": {"d", "c"}
    }  # fmt: skip


def test_ties_in_distance_go_to_the_first_unit_in_order():
    places = pd.DataFrame(
        {"latitude": 0.0, "longitude": [0.0, 1.0, -1.0]}, index=pd.Index(["m", "z", "a"])
    )
    weights = nearest(places, 1)
    assert weights.units[weights.raw[1] > 0].tolist() == ["a"]


@pytest.mark.parametrize("k", [0, 5])
def test_the_number_of_neighbours_must_be_possible(places, k):
    with pytest.raises(EstimationError, match="between 1 and 4"):
        nearest(places, k)


def test_inverse_distance_is_zero_beyond_the_cutoff(places):
    weights = inverse_distance(places, 200, power=2, standardise=False)
    degree = 2 * np.pi * 6371 / 360
    assert weights.raw[0, 1] == pytest.approx(degree**-2)
    assert weights.raw[1, 2] == pytest.approx((1.5 * degree) ** -2)
    assert weights.raw[0, 2] == 0
    assert weights.islands == ("e",)


def test_two_units_on_one_point_are_refused_by_name(places):
    places.loc["b"] = places.loc["a"]
    with pytest.raises(DataError, match="a and b lie on the same point"):
        inverse_distance(places, 500)


def test_missing_coordinates_and_columns_are_named(places):
    with pytest.raises(MissingColumnError, match="Did you mean 'latitude'"):
        nearest(places, 1, latitude="latitud")
    with pytest.raises(DataError, match="look at c"):
        nearest(places.assign(latitude=places["latitude"].where(places.index != "c")), 1)


def test_economic_distance_can_be_nested_in_geography(places):
    income = pd.Series([1.0, 2.0, 4.0, 8.0, 16.0], index=list("abcde"), name="income")
    plain = economic_distance(income, standardise=False)
    assert plain.raw[0, 1] == 1
    assert plain.raw[0, 3] == pytest.approx(1 / 7)
    nested = economic_distance(income, near=nearest(places, 2), standardise=False)
    assert nested.raw[0, 3] == 0
    assert nested.raw[0, 1] == 1
    with pytest.raises(DataError, match="a and b have equal income"):
        economic_distance(income.replace({2.0: 1.0}))
    with pytest.raises(DataError, match="no value of 'income' for c"):
        economic_distance(income.where(income != 4))


def test_polygons_touch_by_point_as_a_queen_and_by_border_as_a_rook():
    shapely = pytest.importorskip("shapely")
    squares = {f"{i}{j}": shapely.box(i, j, i + 1, j + 1) for i in range(2) for j in range(2)}
    assert contiguity_of_polygons(squares).raw.sum() == 12
    assert contiguity_of_polygons(squares, queen=False).raw.sum() == 8


def test_restricting_standardises_anew_and_names_unknown_units():
    weights = contiguity(RING)
    kept = weights.restrict(pd.Index(["c", "a", "b"]))
    assert kept.matrix.tolist() == [[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]]
    assert weights.restrict(pd.Index(list("dcba"))) is weights
    with pytest.raises(UnknownNameError, match=r"1 units have no row.*e"):
        weights.restrict(pd.Index(["a", "e"]))


def test_the_last_subsets_are_remembered_with_their_eigenvalues():
    weights = contiguity({i: [(i - 1) % 9, (i + 1) % 9] for i in range(9)})
    kept = weights.restrict(pd.Index([4, 3, 5]))
    assert weights.restrict(pd.Index([3, 4, 5])) is kept
    for last in range(2, 9):  # many subsets: the first is forgotten, not all are held
        weights.restrict(pd.Index(range(last)))
    again = weights.restrict(pd.Index([3, 4, 5]))
    assert again is not kept
    np.testing.assert_array_equal(again.matrix, kept.matrix)


def test_a_dense_matrix_is_multiplied_in_blocks_to_the_same_lag(places):
    dense = inverse_distance(places, 9999)
    assert dense.is_dense
    values = np.random.default_rng(0).normal(size=(5, 3, 20))
    expected = np.einsum("ij,jtp->itp", dense.matrix, values)
    np.testing.assert_allclose(dense.lag(values), expected, rtol=1e-13)
    assert dense.lag(values[..., :0]).shape == (5, 3, 0)


@pytest.mark.parametrize("value", [-1.0, np.inf, np.nan])
def test_weights_must_be_finite_and_not_negative(value):
    matrix = pd.DataFrame([[0, value], [1, 0]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(DataError, match="weight of b for a"):
        weights_from_matrix(matrix)


def test_a_matrix_must_name_the_same_units_once_on_both_sides():
    matrix = pd.DataFrame([[0.0, 1], [1, 0]], index=["a", "b"], columns=["a", "c"])
    with pytest.raises(DataError, match="only on one side: b, c"):
        weights_from_matrix(matrix)
    matrix = pd.DataFrame([[0.0, 1], [1, 0]], index=["a", "a"], columns=["a", "a"])
    with pytest.raises(DataError, match="'a' occurs more than once"):
        weights_from_matrix(matrix)
    own = pd.DataFrame([[1.0, 1], [1, 0]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(DataError, match="zero on the diagonal"):
        weights_from_matrix(own)


def test_eigenvalues_of_a_standardised_symmetric_matrix_are_those_of_w():
    weights = contiguity({**RING, "z": []})
    ours = np.sort(weights.eigenvalues.real)
    np.testing.assert_allclose(ours, [-1, 0, 0, 0, 1], atol=1e-12)
    assert weights.bounds == (-1.0, 1.0)


def test_weights_that_lead_nowhere_back_have_no_admissible_interval():
    chain = contiguity({"a": ["b"], "b": ["c"], "c": []}, directed=True, standardise=False)
    with pytest.raises(EstimationError, match="link no units in both directions"):
        _ = chain.bounds


@pytest.mark.parametrize("island", [{}, {"c": []}])
def test_where_rows_hold_shares_and_are_not_symmetric_one_is_the_bound(island):
    one_way = contiguity({**RING, "a": ["b"], **island}, directed=True)
    assert one_way.bounds == (-1.0, 1.0)


def test_weights_that_are_not_symmetric_are_bounded_by_their_spectral_radius():
    """Kelejian and Prucha (2010)."""
    plain = contiguity({**RING, "a": ["b"]}, directed=True, standardise=False)
    radius = np.abs(np.linalg.eigvals(plain.raw)).max()
    np.testing.assert_allclose(plain.bounds, (-1 / radius, 1 / radius), rtol=1e-8)


def test_the_order_of_neighbours_keeps_weights_close_to_the_diagonal(places):
    line = contiguity({i: [i - 50, i + 50][i < 50 :][: 1 + (50 <= i < 100)] for i in range(150)})
    ordered = line.ordered
    apart = np.abs(np.subtract(*np.nonzero(ordered)))
    assert apart.max() == 1
    back = np.empty_like(ordered)
    back[np.ix_(line.order, line.order)] = ordered
    np.testing.assert_array_equal(back, line.matrix)
    assert inverse_distance(places, 9999).order.tolist() == list(range(5))


@pytest.mark.parametrize(("n", "k"), [(40, 1), (90, 3), (150, 6)])
def test_the_order_holds_each_unit_once_and_is_no_wider_than_cuthill_and_mckee(n, k):
    rng = np.random.default_rng(n)
    places = pd.DataFrame(
        {"latitude": rng.uniform(22, 45, n), "longitude": rng.uniform(80, 122, n)}
    )
    weights = nearest(places, k)  # with one neighbour each, in several pieces
    assert sorted(weights.order) == list(range(n))
    known = reverse_cuthill_mckee(csr_array(weights.raw + weights.raw.T), symmetric_mode=True)
    apart = np.abs(np.subtract(*np.nonzero(weights.raw[np.ix_(known, known)])))
    assert np.abs(np.subtract(*np.nonzero(weights.ordered))).max() <= apart.max()


def test_a_lag_is_the_mean_over_neighbours_in_each_year():
    weights = contiguity(RING)
    values = np.arange(8.0).reshape(4, 2)
    np.testing.assert_allclose(weights.lag(values)[0], (values[1] + values[3]) / 2)
    assert isinstance(weights, Weights)
