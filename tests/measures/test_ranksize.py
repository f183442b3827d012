"""The rank-size rule."""

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, NotEstimableError
from urbanecon.measures.ranksize import hill, rank_size, rank_size_by_year


def test_an_exact_power_law_is_recovered():
    ranks = np.arange(1, 101)
    fit = rank_size(pd.Series((ranks - 0.5) ** (-1 / 1.2)))
    assert fit.exponent == pytest.approx(1.2, rel=1e-12)
    assert fit.se == pytest.approx(1.2 * np.sqrt(2 / 100))
    assert fit.nobs == 100


def test_rank_size_equals_least_squares_on_shifted_ranks():
    sizes = np.random.default_rng(1).pareto(1.0, 60) + 1
    slope = np.polyfit(np.log(np.sort(sizes)[::-1]), np.log(np.arange(1, 61) - 0.5), 1)[0]
    assert rank_size(pd.Series(sizes)).exponent == pytest.approx(-slope, rel=1e-10)


def test_hill_by_hand():
    fit = hill(pd.Series([8.0, 4.0, 2.0, 1.0]))
    assert fit.exponent == pytest.approx(2 / (np.log(8) + np.log(4) + np.log(2)))
    assert fit.se == pytest.approx(fit.exponent)
    assert fit.cutoff == pytest.approx(1.0)


def test_both_are_scale_invariant_and_use_the_largest_cities():
    sizes = pd.Series(np.random.default_rng(2).pareto(1.0, 80) + 1)
    for estimator in (rank_size, hill):
        whole, scaled = estimator(sizes, top=30), estimator(1e4 * sizes, top=30)
        assert scaled.exponent == pytest.approx(whole.exponent, rel=1e-9)
        assert whole.nobs == 30
        assert whole.cutoff == pytest.approx(sizes.nlargest(30).min())


def test_known_truth_is_covered_and_hill_is_unbiased():
    """Pareto with exponent 1, 100 cities: 95% intervals cover near 95% of 1,000 draws."""
    rng = np.random.default_rng(3)
    draws = rng.pareto(1.0, (1000, 100)) + 1
    ols = [rank_size(pd.Series(row)) for row in draws]
    ml = [hill(pd.Series(row)) for row in draws]
    for fits in (ols, ml):
        covered = np.mean([abs(f.exponent - 1) < 1.96 * f.se for f in fits])
        assert 0.92 < covered < 0.98
    assert np.mean([f.exponent for f in ml]) == pytest.approx(1, abs=0.01)
    assert np.mean([f.exponent for f in ols]) == pytest.approx(1, abs=0.03)


def test_by_year():
    index = pd.MultiIndex.from_product([range(50), [2010, 2020]], names=["city", "year"])
    y = pd.Series(np.random.default_rng(4).pareto(1.0, 100) + 1, index=index)
    table = rank_size_by_year(y, top=20)
    assert table["cities"].tolist() == [20, 20]
    assert table.loc[2020, "hill"] == hill(y.xs(2020, level="year"), top=20).exponent


def test_bad_input():
    cities = pd.Index(["420100", "420200", "420300"], name="city")
    with pytest.raises(DataError, match=r"population: .*city 420200"):
        rank_size(pd.Series([5.0, 0.0, 2.0], index=cities, name="population"))
    with pytest.raises(NotEstimableError, match="2 cities; at least three"):
        rank_size(pd.Series([1.0, 2.0]))
    with pytest.raises(NotEstimableError, match="at least four"):
        hill(pd.Series([1.0, 2.0, 3.0]))
    with pytest.raises(NotEstimableError, match="top=9 asked for"):
        rank_size(pd.Series([1.0, 2.0, 3.0]), top=9)
    for estimator in (rank_size, hill):
        with pytest.raises(NotEstimableError, match="of one size"):
            estimator(pd.Series([2.0] * 5))
