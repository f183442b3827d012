"""Bootstrap over cities."""

import numpy as np
import pandas as pd
import pytest

from urbanecon.measures.inequality import decompose, gini
from urbanecon.measures.resampling import bootstrap_by_year, city_draws


def panel(cities=40):
    """Synthetic: lognormal values of cities in five provinces, two years."""
    rng = np.random.default_rng(1)
    keys = [f"{42 + i % 5}{i:02d}00" for i in range(cities)]
    index = pd.MultiIndex.from_product([keys, (2019, 2020)], names=["city", "year"])
    y = pd.Series(np.exp(rng.normal(10, 0.5, len(index))), index=index, name="gdp_pc")
    w = pd.Series(rng.uniform(1e5, 1e7, len(index)), index=index, name="population")
    return y, w, pd.Series([key[:2] for key in keys], index=keys, name="province")


def test_a_draw_holds_whole_cities():
    cities = pd.Index(["b", "a", "b", "a", "c", "c"])
    for at in city_draws(cities, np.random.default_rng(1), 20):
        assert len(at) == 6
        counts = np.bincount(at, minlength=6)
        assert counts[0] == counts[2]
        assert counts[1] == counts[3]


def test_bootstrap_intervals_hold_the_estimate_and_repeat_with_the_seed():
    y, w, province = panel()

    def run(y):
        rng = np.random.default_rng(7)
        return bootstrap_by_year(decompose, y, w, province, rng=rng, draws=60)

    table = run(y)
    assert table.index.names == ["year", "measure"]
    totals = table.xs("total", level="measure")
    assert (totals["low"] < totals["estimate"]).all()
    assert (table.xs("within", level="measure")["bias"] < 0).all()
    assert (totals["estimate"] < totals["high"]).all()
    pd.testing.assert_frame_equal(run(y.sample(frac=1, random_state=3)), table)


@pytest.mark.slow
def test_bootstrap_intervals_of_the_gini_cover_the_truth():
    """Lognormal with sd 0.5 has a Gini of 2 Phi(0.5 / sqrt 2) - 1 = 0.2763."""
    rng, covered = np.random.default_rng(11), 0
    index = pd.MultiIndex.from_product([[f"{i:06d}" for i in range(150)], [2020]])
    index.names = ["city", "year"]
    for _ in range(100):
        y = pd.Series(rng.lognormal(0, 0.5, 150), index=index)
        row = bootstrap_by_year(gini, y, rng=rng, draws=99).iloc[0]
        covered += row["low"] <= 0.2763263901682369 <= row["high"]
    assert 84 <= covered <= 100  # percentile intervals run a little narrow at this size


def test_the_level_must_be_a_probability():
    y, w, _ = panel()
    with pytest.raises(ValueError, match="level must lie"):
        bootstrap_by_year(gini, y, w, rng=np.random.default_rng(1), level=95)
