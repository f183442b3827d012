"""Dagum's decomposition of the Gini index."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.errors import DataError
from urbanecon.measures.dagum import dagum, dagum_by_year
from urbanecon.measures.inequality import gini


def test_two_groups_without_overlap_by_hand():
    """(1, 2) against (3, 6), equal weights: mu = 3, Gini = 0.3333 by pairs."""
    parts = dagum(pd.Series([1.0, 2.0, 3.0, 6.0]), None, pd.Series(list("aabb")))
    assert parts.gini == pytest.approx(1 / 3)
    assert parts.within_groups["a"] == pytest.approx(1 / 6)
    assert parts.within_groups["b"] == pytest.approx(1 / 6)
    # G_w = 1/6 (1/2 * 1/4 + 1/2 * 3/4)
    assert parts.within == pytest.approx(1 / 12)
    # E|y_a - y_b| = (2 + 5 + 1 + 4)/4 = 3 over mu_a + mu_b = 6
    assert parts.between_groups.loc["a", "b"] == pytest.approx(0.5)
    assert parts.affluence.loc["a", "b"] == pytest.approx(1.0)
    assert parts.net_between == pytest.approx(0.5 * (0.5 * 0.75 + 0.5 * 0.25))
    assert parts.transvariation == pytest.approx(0.0, abs=1e-15)


def test_two_groups_that_overlap_by_hand():
    """(1, 4) against (2, 5): d = (1 + 4 + 0 + 1)/4, transvariation moment (4 - 2)/4."""
    parts = dagum(pd.Series([1.0, 4.0, 2.0, 5.0]), None, pd.Series(list("aabb")))
    assert parts.affluence.loc["a", "b"] == pytest.approx((1.5 - 0.5) / (1.5 + 0.5))
    between = 2.0 / 6.0 * (0.5 * 7 / 12 + 0.5 * 5 / 12)
    assert parts.net_between == pytest.approx(between * 0.5)
    assert parts.transvariation == pytest.approx(between * 0.5)


@st.composite
def cities(draw):
    n = draw(st.integers(2, 12))
    numbers = st.lists(st.floats(0.5, 300), min_size=n, max_size=n)
    groups = draw(st.lists(st.sampled_from("abcd"), min_size=n, max_size=n))
    return pd.Series(draw(numbers)), pd.Series(draw(numbers)), pd.Series(groups)


@given(cities())
def test_the_three_parts_add_up_to_the_gini(data):
    values, weights, groups = data
    parts = dagum(values, weights, groups)
    total = parts.within + parts.net_between + parts.transvariation
    assert total == pytest.approx(parts.gini, abs=1e-12)
    assert parts.gini == pytest.approx(gini(values, weights), abs=1e-12)
    assert min(parts.within, parts.net_between, parts.transvariation) >= -1e-15
    assert parts.affluence.to_numpy().max() <= 1 + 1e-12


@given(cities(), st.floats(0.01, 1e4))
def test_scale_invariance(data, scale):
    values, weights, groups = data
    one, other = dagum(values, weights, groups), dagum(scale * values, weights, groups)
    for part in ("within", "net_between", "transvariation"):
        assert getattr(other, part) == pytest.approx(getattr(one, part), rel=1e-8, abs=1e-12)


def test_groups_of_one_distribution_have_no_net_inequality_between_them():
    values = pd.Series([1.0, 2.0, 9.0] * 2)
    parts = dagum(values, None, pd.Series(list("aaabbb")))
    assert parts.net_between == pytest.approx(0, abs=1e-15)
    assert parts.transvariation > 0


def test_every_city_of_one_value_gives_zeros():
    parts = dagum(pd.Series([2.0, 2.0, 2.0]), None, pd.Series(list("aab")))
    assert (parts.gini, parts.net_between, parts.transvariation) == (0.0, 0.0, 0.0)


def test_by_year_and_in_any_order_of_rows():
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product(
        [[f"{i:06d}" for i in range(30)], [2019, 2020]], names=["city", "year"]
    )
    y = pd.Series(rng.lognormal(size=60), index=index)
    w = pd.Series(rng.uniform(1, 9, 60), index=index)
    region = pd.Series([f"r{i % 3}" for i in range(30)], index=index.levels[0])
    table = dagum_by_year(y, w, region)
    parts = table[["within", "net_between", "transvariation"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(table["gini"].to_numpy(), abs=1e-12)
    shuffled = dagum_by_year(y.sample(frac=1, random_state=1), w, region)
    pd.testing.assert_frame_equal(shuffled, table, check_exact=True)


def test_a_negative_value_is_named():
    y = pd.Series([1.0, -1.0], index=pd.Index(["420100", "420200"], name="city"), name="income")
    with pytest.raises(DataError, match=r"income: .*found -1 .*city 420200"):
        dagum(y, None, pd.Series(["a", "b"], index=y.index))


def test_a_group_of_zeros_is_named():
    with pytest.raises(DataError, match="group b: every value is zero"):
        dagum(pd.Series([1.0, 0.0]), None, pd.Series(["a", "b"]))
