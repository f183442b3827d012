"""Rank and size of cities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError
from urbanecon.plotting.rank_size import rank_size_plot

SIZE = "population_urban_census"


@pytest.fixture
def cities() -> pd.DataFrame:
    """Sizes of fifty cities that follow Zipf's rule, doubled in ten years."""
    sizes = 1e7 / (np.arange(1, 51) - 0.5)
    names = [f"{code}" for code in range(110000, 110050)]
    tables = [
        pd.DataFrame({"city": names, "year": year, "value": times * sizes})
        for year, times in ((2010, 1), (2020, 2))
    ]
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "2010: exponent 1.00 (s.e. 0.28), 25 largest"),
        ("zh", "2010年：指数1.00（标准误0.28），前25个城市"),
    ],
)
def test_the_legend_says_year_exponent_and_error(
    cities: pd.DataFrame, language: str, said: str
) -> None:
    panel = rank_size_plot(cities, SIZE, top=25, language=language).axes[0]  # type: ignore[arg-type]
    legend = panel.get_legend()
    assert legend is not None
    assert legend.get_texts()[0].get_text() == said


def test_the_line_runs_through_cities_that_follow_the_rule(cities: pd.DataFrame) -> None:
    panel = rank_size_plot(cities, SIZE).axes[0]
    dots, line = panel.lines[0], panel.lines[1]
    x, y = (np.asarray(values) for values in line.get_data())
    np.testing.assert_allclose(x * y, 1e7)
    assert len(dots.get_xdata()) == 50


def test_the_largest_city_is_at_the_top(cities: pd.DataFrame) -> None:
    low, high = rank_size_plot(cities, SIZE).axes[0].get_ylim()
    assert low > high


def test_a_size_of_zero_is_refused(cities: pd.DataFrame) -> None:
    cities.loc[3, "value"] = 0.0
    with pytest.raises(DataError, match="110003"):
        rank_size_plot(cities, SIZE)


def test_more_years_than_colours_are_refused(cities: pd.DataFrame) -> None:
    more = pd.concat([cities, cities.assign(year=cities["year"] + 1)])
    with pytest.raises(DataError, match="4 years; at most 3"):
        rank_size_plot(more, SIZE)


def test_nothing_to_rank_is_said(cities: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="no value to draw"):
        rank_size_plot(cities.assign(value=np.nan), SIZE)


def test_a_missing_column_is_named(cities: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'values'"):
        rank_size_plot(cities.rename(columns={"value": "values"}), SIZE)
