"""Frames of distributions: Lorenz curves, moves, clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import Panel
from urbanecon.errors import DataError, NotEstimableError
from urbanecon.measures.distributions import (
    city_values,
    dagum_of_regions,
    local_clusters,
    lorenz_curve,
    lorenz_curves,
    markov_moves,
)
from urbanecon.measures.inequality import gini


def panel(data: pd.DataFrame) -> Panel:
    return Panel(data=data, provinces=pd.DataFrame(), cells=pd.DataFrame())


@pytest.fixture
def cities() -> Panel:
    """Synthetic incomes of sixty cities over ten years, rich ones along the coast."""
    rng = np.random.default_rng(9)
    names = load_divisions().query("level == 'prefecture_city'").index[:60]
    index = pd.MultiIndex.from_product([names, range(2004, 2014)], names=["city", "year"])
    place = np.repeat(np.arange(60), 10)
    return panel(
        pd.DataFrame(
            {
                "gdp_pc_real": np.exp(10 + 0.02 * place + rng.normal(0, 0.05, 600)),
                "population": rng.uniform(1e6, 9e6, 600),
                "latitude": 20 + 0.3 * place,
                "longitude": 110.0,
            },
            index=index,
        )
    )


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=30))
def test_twice_the_area_under_the_diagonal_is_the_gini_index(values: list[float]) -> None:
    y = pd.Series(values, index=[f"{i}" for i in range(len(values))])
    curve = lorenz_curve(y)
    area = np.trapezoid(curve["share"], curve["population"])
    assert 1 - 2 * area == pytest.approx(gini(y), abs=1e-9)
    assert curve.iloc[0].tolist() == [0, 0]
    assert curve.iloc[-1].tolist() == pytest.approx([1, 1])


def test_people_are_counted_where_they_live() -> None:
    y, w = pd.Series([1.0, 3.0], index=["a", "b"]), pd.Series([3.0, 1.0], index=["a", "b"])
    curve = lorenz_curve(y, w)
    assert curve["population"].tolist() == [0, 0.75, 1]
    assert curve["share"].tolist() == [0, 0.5, 1]


def test_what_is_negative_or_nothing_has_no_curve() -> None:
    with pytest.raises(DataError, match="zero or more"):
        lorenz_curve(pd.Series([1.0, -1.0], index=["a", "b"], name="y"))
    with pytest.raises(NotEstimableError, match="all values are zero"):
        lorenz_curve(pd.Series([0.0, 0.0], index=["a", "b"], name="y"))


def test_a_curve_a_year(cities: Panel) -> None:
    curves = lorenz_curves(cities, "gdp_pc_real", "population", (2004, 2010))
    assert curves.groupby("year").size().to_dict() == {2004: 61, 2010: 61}


def test_the_parts_of_regions_add_up_to_the_gini_index(cities: Panel) -> None:
    parts = dagum_of_regions(cities, "gdp_pc_real", "population")
    total = parts[["within", "net_between", "transvariation"]].sum(axis=1)
    assert total.to_numpy() == pytest.approx(parts["gini"].to_numpy())
    year = cities.data.xs(2004, level="year")
    assert parts["gini"].iloc[0] == pytest.approx(gini(year["gdp_pc_real"], year["population"]))


def test_probabilities_of_each_class_and_the_long_run_add_up_to_one(cities: Panel) -> None:
    moves = markov_moves(cities, "gdp_pc_real", ((2004, 2008), (2008, 2013)))
    assert list(dict.fromkeys(moves["period"])) == ["2004–2008", "2008–2013"]
    sums = moves.groupby(["period", "start"])["probability"].sum()
    assert sums.to_numpy() == pytest.approx(1.0)
    assert moves.groupby(["period", "start"])["ergodic"].sum().to_numpy() == pytest.approx(1.0)
    first = moves[moves["period"] == "2004–2008"].drop_duplicates("start")
    assert first["moves"].sum() == 60 * 4


def test_common_growth_moves_no_city(cities: Panel) -> None:
    data = cities.data.copy()
    base = data["gdp_pc_real"].groupby("city").transform("first")
    data["gdp_pc_real"] = base * 1.1 ** (data.index.get_level_values("year") - 2004)
    with pytest.warns(match="ergodic distribution is not unique"):
        moves = markov_moves(panel(data), "gdp_pc_real", ((2004, 2013),))
    stays = moves[moves["start"] == moves["end"]]
    assert (stays["probability"] == 1).all()


def test_values_of_some_years(cities: Panel) -> None:
    values = city_values(cities, "gdp_pc_real", [2005])
    assert list(values) == ["city", "year", "value"]
    assert len(values) == 60
    assert set(values["year"]) == {2005}


def test_both_ends_of_a_gradient_are_clusters(cities: Panel) -> None:
    clusters = local_clusters(cities, "gdp_pc_real", 2010).set_index("city")["cluster"]
    assert clusters.iloc[:3].eq("low-low").all()
    assert clusters.iloc[-3:].eq("high-high").all()
    assert "not significant" in set(clusters)
    assert clusters.equals(
        local_clusters(cities, "gdp_pc_real", 2010)["cluster"].set_axis(clusters.index)
    )


def test_a_year_without_values_has_no_clusters(cities: Panel) -> None:
    with pytest.raises(NotEstimableError, match="in 1999"):
        local_clusters(cities, "gdp_pc_real", 1999)
