"""Inequality between cities: indices, decomposition, years."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.errors import DataError, MissingColumnError
from urbanecon.measures.inequality import (
    atkinson,
    decompose,
    generalised_entropy,
    gini,
    inequality_by_year,
    theil_by_year,
    theil_l,
    theil_t,
)

INDICES = {
    "gini": gini,
    "theil_t": theil_t,
    "theil_l": theil_l,
    "ge2": partial(generalised_entropy, alpha=2),
    "ge_half": partial(generalised_entropy, alpha=0.5),
    "ge_minus1": partial(generalised_entropy, alpha=-1),
    "atkinson_half": partial(atkinson, epsilon=0.5),
    "atkinson_1": partial(atkinson, epsilon=1),
    "atkinson_1.5": partial(atkinson, epsilon=1.5),
}
each_index = pytest.mark.parametrize("index", INDICES.values(), ids=INDICES.keys())

incomes = st.lists(st.floats(0.5, 500), min_size=2, max_size=12)


@st.composite
def weighted(draw, groups=False):
    y = np.array(draw(incomes))
    w = np.array(draw(st.lists(st.floats(0.1, 50), min_size=len(y), max_size=len(y))))
    if not groups:
        return y, w
    labels = draw(st.lists(st.sampled_from("abc"), min_size=len(y), max_size=len(y)))
    return y, w, np.array(labels, dtype=object)


def panel(values, years=(2019, 2020), seed=1, cities=40):
    """Synthetic: lognormal values of cities in five provinces."""
    rng = np.random.default_rng(seed)
    keys = [f"{42 + i % 5}{i:02d}00" for i in range(cities)]
    index = pd.MultiIndex.from_product([keys, years], names=["city", "year"])
    y = pd.Series(np.exp(rng.normal(10, 0.5, len(index))), index=index, name=values)
    w = pd.Series(rng.uniform(1e5, 1e7, len(index)), index=index, name="population")
    province = pd.Series([key[:2] for key in keys], index=keys, name="province")
    return y, w, province


def test_two_cities_by_hand():
    y, w = [1.0, 3.0], [1.0, 1.0]
    assert gini(y, w) == pytest.approx(0.25)
    assert theil_t(y, w) == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5))
    assert theil_l(y, w) == pytest.approx(-0.5 * (np.log(0.5) + np.log(1.5)))
    assert generalised_entropy(y, w, alpha=2) == pytest.approx(0.125)  # half of cv^2 = 1/4
    assert atkinson(y, w, epsilon=1) == pytest.approx(1 - np.sqrt(3) / 2)
    assert atkinson(y, w, epsilon=2) == pytest.approx(1 - 1.5 / 2)  # harmonic mean 1.5


def test_gini_equals_its_pairwise_definition():
    rng = np.random.default_rng(3)
    y, w = rng.lognormal(size=50), rng.uniform(1, 9, 50)
    p = w / w.sum()
    pairs = p @ np.abs(y[:, None] - y) @ p / (2 * (p @ y))
    assert gini(y, w) == pytest.approx(pairs, abs=1e-14)


@each_index
def test_equal_values_have_no_inequality(index):
    assert index([7.0, 7.0, 7.0], [1, 2, 3]) == pytest.approx(0, abs=1e-14)


@each_index
@given(weighted(), st.floats(0.01, 1e4))
@settings(max_examples=25)
def test_scale_invariance(index, data, scale):
    y, w = data
    assert index(scale * y, w) == pytest.approx(index(y, w), rel=1e-9, abs=1e-11)
    assert index(y, scale * w) == pytest.approx(index(y, w), rel=1e-9, abs=1e-11)


@each_index
@given(weighted(), st.integers(2, 4))
@settings(max_examples=25)
def test_replication_invariance_and_weights_that_stand_for_copies(index, data, copies):
    y, w = data
    replicated = index(np.tile(y, copies), np.tile(w, copies))
    assert replicated == pytest.approx(index(y, w), rel=1e-9, abs=1e-11)
    counts = np.arange(1, len(y) + 1)
    assert index(np.repeat(y, counts)) == pytest.approx(index(y, counts), rel=1e-9, abs=1e-11)


@each_index
@given(incomes, st.floats(0.05, 0.95))
@settings(max_examples=25)
def test_a_transfer_from_richer_to_poorer_lowers_inequality(index, y, part):
    y = np.array(y)
    rich, poor = y.argmax(), y.argmin()
    moved = y.copy()
    amount = part * (y[rich] - y[poor]) / 2
    moved[rich] -= amount
    moved[poor] += amount
    before, after = index(y), index(moved)
    assert after <= before + 1e-12
    if amount > 1e-3 * y.mean():
        assert after < before


@each_index
@given(weighted())
@settings(max_examples=25)
def test_bounds(index, data):
    y, w = data
    value = index(y, w)
    assert value >= -1e-12
    if index is gini or getattr(index, "func", None) is atkinson:
        assert value < 1
    if index is theil_t:
        assert value <= np.log(w.sum() / w.min()) + 1e-12


@each_index
def test_the_order_of_rows_changes_not_one_bit(index):
    rng = np.random.default_rng(5)
    y, w = rng.lognormal(size=300), rng.uniform(1, 9, 300)
    order = rng.permutation(300)
    assert index(y[order], w[order]) == index(y, w)


@given(weighted(groups=True), st.sampled_from([-1, 0, 0.5, 1, 2]))
def test_within_and_between_add_up_to_the_total(data, alpha):
    y, w, groups = data
    parts = decompose(y, w, groups=groups, alpha=alpha)
    assert parts["within"] + parts["between"] == pytest.approx(parts["total"], abs=1e-12)
    assert parts["within"] >= -1e-12
    assert parts["between"] >= -1e-12
    assert parts["total"] == pytest.approx(generalised_entropy(y, w, alpha=alpha), abs=1e-12)


def test_one_group_is_all_within_and_a_group_for_each_city_all_between():
    y, w = [1.0, 2.0, 5.0], [1.0, 1.0, 2.0]
    assert decompose(y, w, groups=["a"] * 3)["between"] == pytest.approx(0, abs=1e-15)
    assert decompose(y, w, groups=["a", "b", "c"])["within"] == pytest.approx(0, abs=1e-15)


def test_zero_is_a_limit_in_theil_t_and_an_error_where_there_is_none():
    y = pd.Series([0.0, 2.0], index=["420100", "420200"], name="gdp_pc").rename_axis("city")
    assert theil_t(y) == pytest.approx(np.log(2))
    assert gini(y) == pytest.approx(0.5)
    assert atkinson(y, epsilon=0.5) == pytest.approx(0.5)
    for index in (theil_l, INDICES["atkinson_1"], INDICES["ge_minus1"]):
        with pytest.raises(DataError, match=r"gdp_pc: expected positive.*city 420100"):
            index(y)


@each_index
def test_a_negative_value_is_an_error_that_names_city_and_year(index):
    y, w, _ = panel("gdp_pc")
    y.iloc[3] = -5.0
    city, year = y.index[3]
    with pytest.raises(DataError, match=f"gdp_pc: .*found -5 .*city {city}, year {year}"):
        index(y, w)


def test_theil_by_year_adds_up_in_each_year_and_counts_cities():
    y, w, province = panel("gdp_pc")
    y.iloc[0] = np.nan
    table = theil_by_year(y, w, province)
    assert table.index.tolist() == [2019, 2020]
    assert table["cities"].tolist() == [39, 40]
    assert (table["within"] + table["between"]).to_numpy() == pytest.approx(
        table["total"].to_numpy(), abs=1e-12
    )
    own = y.xs(2020, level="year")
    assert table.loc[2020, "total"] == pytest.approx(theil_t(own, w.xs(2020, level="year")))


def test_groups_may_change_over_the_years():
    y, w, province = panel("gdp_pc")
    yearly = pd.Series(
        province.reindex(y.index.get_level_values("city")).to_numpy(), index=y.index
    )
    pd.testing.assert_frame_equal(theil_by_year(y, w, yearly), theil_by_year(y, w, province))


def test_a_city_without_a_province_is_named():
    y, w, province = panel("gdp_pc")
    with pytest.raises(DataError, match="province: no group for city 420000, year 2019"):
        theil_by_year(y, w, province.drop("420000"))


def test_a_panel_without_years_is_refused_with_the_close_match():
    y, w, province = panel("gdp_pc")
    with pytest.raises(MissingColumnError, match=r"lacks the level 'year'.*Did you mean 'years'"):
        theil_by_year(y.rename_axis(["city", "years"]), w, province)


def test_two_rows_for_one_city_year_are_refused():
    y, w, province = panel("gdp_pc")
    with pytest.raises(DataError, match="two rows for city 420000, year 2019"):
        theil_by_year(pd.concat([y, y.iloc[:1]]), w, province)


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        ([], None, "no row has both"),
        ([np.nan, np.nan], None, "no row has both"),
        ([0.0, 0.0], None, "every value is zero"),
        ([1.0, np.inf], None, "no finite number"),
        ([1.0, 2.0], [1.0, 0.0], "expected a positive weight"),
        ([1.0, 2.0], [1.0], "2 values but 1 weights"),
        (["x", "y"], None, "'x' is no finite number"),
    ],
)
def test_bad_input(values, weights, message):
    with pytest.raises(DataError, match=message):
        gini(values, weights)


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match="epsilon must be positive"):
        atkinson([1.0, 2.0], epsilon=0)


def test_all_indices_by_year():
    y, w, _ = panel("gdp_pc")
    table = inequality_by_year(y, w)
    own, weight = y.xs(2019, level="year"), w.xs(2019, level="year")
    assert table.loc[2019, "gini"] == gini(own, weight)
    assert table.loc[2019, "theil_l"] == theil_l(own, weight)
