"""The urban-rural income ratio recovered from a two-group Atkinson index."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.errors import DataError, DataWarning
from urbanecon.measures.atkinson import (
    MISSING,
    income_ratio,
    invert,
    supremum,
    two_group_atkinson,
)
from urbanecon.measures.inequality import atkinson

EPSILONS = (0.5, 1.0, 1.5, 2.0, 3.0)


def test_the_two_group_index_is_the_atkinson_index_of_the_two_incomes():
    for epsilon in EPSILONS:
        general = atkinson([2.7, 1.0], [0.4, 0.6], epsilon=epsilon)
        assert two_group_atkinson(2.7, 0.4, epsilon) == pytest.approx(general, abs=1e-15)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_the_ratio_is_recovered_over_a_grid(epsilon):
    ratios, shares = np.meshgrid(np.linspace(1.01, 10, 200), np.linspace(0.05, 0.95, 19))
    index = two_group_atkinson(ratios.ravel(), shares.ravel(), epsilon)
    found = income_ratio(pd.Series(index), pd.Series(shares.ravel()), epsilon)
    assert np.abs(found.to_numpy() - ratios.ravel()).max() < 1e-10


@given(st.floats(1.001, 50), st.floats(0.01, 0.99), st.floats(1.001, 2), st.sampled_from(EPSILONS))
def test_the_index_rises_with_the_ratio_and_stays_below_its_supremum(r, s, step, epsilon):
    low, high = two_group_atkinson([r, r * step], s, epsilon)
    assert 0 < low < high < supremum(s, epsilon)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_the_supremum_is_approached(epsilon):
    near = two_group_atkinson(1e25, 0.3, epsilon)
    assert near == pytest.approx(supremum(0.3, epsilon), abs=2e-7 if epsilon != 0.5 else 1e-10)


def test_equal_incomes_give_a_ratio_of_exactly_one():
    assert income_ratio(pd.Series([0.0]), pd.Series([0.5])).tolist() == [1.0]


def test_each_cell_without_a_ratio_says_why():
    cells = pd.MultiIndex.from_product([["420100"], range(2010, 2016)], names=["city", "year"])
    index = pd.Series([0.1, -0.01, 1.0, 0.1, 0.1, np.nan], index=cells)
    share = pd.Series([0.5, 0.5, 0.5, 1.02, np.nan, 0.5], index=cells)
    table = invert(index, share)
    assert table["ratio"].notna().tolist() == [True] + [False] * 5
    assert table["reason"].tolist() == [
        "",
        "the index is negative",
        "the index is as large as two groups with this urban share can reach, or larger",
        "the urban share lies outside (0, 1)",
        MISSING,
        MISSING,
    ]
    with pytest.warns(DataWarning) as caught:
        income_ratio(index, share)
    messages = sorted(str(w.message) for w in caught)
    assert len(messages) == 3
    assert "city 420100, year 2011" in messages[1]


def test_below_an_aversion_of_one_an_index_may_lie_beyond_every_ratio():
    limit = float(supremum(0.6, 0.5))
    assert limit == pytest.approx(1 - 0.6)
    table = invert(pd.Series([limit - 0.05, limit + 0.05]), pd.Series([0.6, 0.6]), 0.5)
    assert table["ratio"].isna().tolist() == [False, True]


def test_shares_are_lined_up_by_label():
    a = pd.Series(two_group_atkinson([2.0, 3.0], [0.3, 0.6]), index=["x", "y"])
    s = pd.Series({"y": 0.6, "x": 0.3})
    assert income_ratio(a, s).to_numpy() == pytest.approx([2.0, 3.0], abs=1e-10)


def test_an_empty_table_gives_an_empty_result():
    empty = pd.Series(dtype=float)
    assert income_ratio(empty, empty).empty


def test_text_and_infinity_are_errors():
    with pytest.raises(DataError, match="'-' is no finite number"):
        income_ratio(pd.Series(["-"]), pd.Series([0.5]))
    with pytest.raises(DataError, match="no finite number"):
        income_ratio(pd.Series([np.inf]), pd.Series([0.5]))


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match="epsilon must be positive"):
        invert(pd.Series([0.1]), pd.Series([0.5]), 0)


OFFICIAL = {
    # China Statistical Yearbook: income of urban and of rural households per head, yuan
    ("Beijing", 2009): 26738 / 11669,
    ("Hubei", 2009): 14367 / 5035,
    ("Zhejiang", 2009): 24611 / 10007,
    ("Beijing", 2018): 67990 / 26490,
    ("Tianjin", 2018): 42976 / 23065,
    ("Shanghai", 2018): 68034 / 30375,
    ("Zhejiang", 2018): 55574 / 27302,
    ("Hubei", 2018): 34455 / 14978,
    ("Guizhou", 2018): 31592 / 9716,
}


@pytest.fixture(scope="module")
def provinces(raw_file):
    def sheet(name):
        table = pd.read_excel(
            raw_file("gpi_province"), sheet_name=name, engine="calamine", index_col=0
        )
        long = table.rename(index=str.strip).melt(ignore_index=False, var_name="year")
        return long.set_index("year", append=True)["value"]

    urban, rural = sheet("population-urban"), sheet("population-rural")
    return sheet("atkinson"), urban / (urban + rural)


@pytest.mark.mirror
def test_the_official_ratio_comes_back_with_the_urban_share_of_residents(provinces):
    found = income_ratio(*provinces)
    for cell, official in OFFICIAL.items():
        assert found[cell] == pytest.approx(official, abs=5e-4), cell


@pytest.mark.mirror
def test_neither_the_rural_share_nor_another_aversion_gives_the_official_ratio(provinces):
    index, share = provinces
    official = pd.Series(OFFICIAL)
    for found in (income_ratio(index, 1 - share), income_ratio(index, share, 0.5)):
        assert (found.loc[official.index] - official).abs().min() > 0.03


@pytest.mark.mirror
def test_the_ratio_of_the_median_province_in_2009_is_near_three(provinces):
    found = income_ratio(*provinces)
    in_2009 = found[found.index.get_level_values(1) == 2009]
    assert len(in_2009) == 31
    assert 2.5 < in_2009.median() < 3.5
    assert in_2009.between(2.0, 4.5).all()
