"""Capital is accumulated investment, and says how much of it is assumption."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.capital import (
    CAPITAL,
    SHAN_2008,
    ZHANG_2004,
    perpetual_inventory,
)
from urbanecon.errors import DataError, DataWarning

CITY = "420100"


def flows(values: list[float], city: str = CITY, first_year: int = 2006) -> pd.Series:
    years = range(first_year, first_year + len(values))
    index = pd.MultiIndex.from_product([[city], years], names=["city", "year"])
    return pd.Series(values, index, name="gfcf", dtype="float64")


def test_the_stock_follows_the_recursion_by_hand():
    stock = perpetual_inventory(flows([10.0, 20.0, 30.0]), depreciation=0.1, initial="tenth")
    assert stock["capital"].tolist() == pytest.approx([100.0, 110.0, 129.0], rel=1e-15)


def test_the_part_left_of_the_initial_stock_is_told():
    stock = perpetual_inventory(flows([10.0, 20.0, 30.0]), depreciation=0.1, initial="tenth")
    left = stock["initial_share"].tolist()
    assert left == pytest.approx([1.0, 90 / 110, 81 / 129], rel=1e-15)


def test_in_a_steady_state_stock_and_investment_grow_alike():
    growth = 0.08
    investment = flows([100 * (1 + growth) ** year for year in range(12)])
    stock = perpetual_inventory(investment)["capital"]
    first = 100 / (growth + ZHANG_2004)
    assert stock.iloc[0] == pytest.approx(first, rel=1e-12)
    ratio = stock.iloc[1:].to_numpy() / stock.iloc[:-1].to_numpy()
    # K_0 = I_0/(g+d) belongs to the end of the year before I_0 in the strict steady
    # state, so the ratio comes near 1+g and settles there.
    assert ratio[-1] == pytest.approx(1 + growth, abs=0.005)


def test_the_growth_of_the_steady_state_is_that_of_the_first_five_years():
    steady = [100 * 1.1**year for year in range(6)]
    boom = perpetual_inventory(flows([*steady, 1e6]))["capital"].iloc[0]
    assert boom == pytest.approx(100 / (0.1 + ZHANG_2004), rel=1e-12)


def test_faster_depreciation_leaves_less_capital():
    investment = flows([10.0, 12.0, 15.0, 16.0])
    slow = perpetual_inventory(investment, depreciation=ZHANG_2004)["capital"]
    fast = perpetual_inventory(investment, depreciation=SHAN_2008)["capital"]
    assert (fast < slow).all()


def test_a_gap_in_investment_ends_the_stock_and_is_not_bridged():
    stock = perpetual_inventory(flows([10.0, 10.0, np.nan, 10.0]), initial="tenth")["capital"]
    assert stock.isna().tolist() == [False, False, True, True]


def test_the_stock_begins_with_the_first_positive_investment():
    stock = perpetual_inventory(flows([np.nan, 0.0, 10.0, 10.0]), initial="tenth")["capital"]
    assert stock.isna().tolist() == [True, True, False, False]
    assert stock.iloc[2] == 100.0


def test_a_city_whose_investment_collapses_has_no_steady_state_and_is_named():
    with pytest.warns(DataWarning, match=f"{CITY}.*initial='tenth'"):
        stock = perpetual_inventory(flows([100.0, 50.0, 20.0]))
    assert stock["capital"].isna().all()


def test_a_city_with_one_year_has_no_steady_state():
    with pytest.warns(DataWarning, match="one year only"):
        assert perpetual_inventory(flows([5.0]))["capital"].isna().all()


def test_a_city_without_investment_has_no_capital():
    assert perpetual_inventory(flows([np.nan, np.nan]))["capital"].isna().all()


def test_cities_do_not_disturb_one_another_and_rows_may_come_in_any_order():
    one, other = flows([10.0, 20.0, 30.0]), flows([5.0, 5.0, 5.0], city="110000")
    both = pd.concat([one, other])
    together = perpetual_inventory(both.iloc[::-1])["capital"]
    assert together.loc[CITY].sort_index().tolist() == perpetual_inventory(one)["capital"].tolist()


def test_negative_investment_is_refused_with_city_and_year():
    with pytest.raises(DataError, match=f"Investment of {CITY} in 2007 is -1"):
        perpetual_inventory(flows([1.0, -1.0]))


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 9.6])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(DataError, match="expected between 0 and 1"):
        perpetual_inventory(flows([1.0, 2.0]), depreciation=rate)


def test_an_unknown_rule_for_the_initial_stock_is_refused():
    with pytest.raises(DataError, match="'steady_state' or 'tenth'"):
        perpetual_inventory(flows([1.0, 2.0]), initial="zero")  # type: ignore[arg-type]


def test_the_column_of_the_panel_deflates_before_it_accumulates():
    nominal = flows([10.0, 20.0, 40.0])
    prices = pd.Series([1.0, 2.0, 4.0], nominal.index)
    real = perpetual_inventory(flows([10.0, 10.0, 10.0]))["capital"]
    assert CAPITAL.compute(nominal, prices).tolist() == real.tolist()


@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=15))
def test_the_stock_is_never_below_the_investment_of_the_year(values):
    stock = perpetual_inventory(flows(values), initial="tenth")
    assert (stock["capital"] >= np.array(values) * (1 - 1e-12)).all()
    assert stock["initial_share"].between(0, 1 + 1e-12).all()
    assert stock["initial_share"].is_monotonic_decreasing


@pytest.mark.mirror
def test_the_initial_stock_matters_little_at_the_end_of_the_city_tables(raw_file):
    from urbanecon.cleaning.sources import facts_prices, gpi_prefecture

    cells = gpi_prefecture.read(raw_file("gpi_prefecture"))
    gfcf = cells[cells["variable"] == "gfcf"].set_index(["city", "year"])["value"]
    prices = facts_prices.read(raw_file("facts_prices")).set_index("year")["value"]
    real = gfcf / prices.reindex(gfcf.index.get_level_values("year")).to_numpy()
    stock = perpetual_inventory(real)
    assert stock["capital"].groupby(level=0).count().gt(0).sum() == 287
    left = stock["initial_share"].groupby(level=1).median()
    assert left[2010] == pytest.approx(0.27, abs=0.02)
    assert left[2018] < 0.05
