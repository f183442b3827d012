"""Slope heterogeneity: definition, size, power and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.slope_heterogeneity import dispersion_of_slopes, slope_heterogeneity


def panel(seed, units=40, periods=20, spread=0.0):
    """Synthetic panel with unit effects, unequal variances and slopes around one."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(len(index), 2)), columns=["x", "w"], index=index)
    slope = np.repeat(1 + spread * rng.normal(size=units), periods)
    scale = np.repeat(rng.uniform(0.5, 2, size=units), periods)
    effect = np.repeat(rng.normal(size=units), periods)
    data["y"] = effect + slope * data["x"] + scale * rng.normal(size=len(index))
    return data


def test_the_statistic_is_its_formula():
    data = panel(1, 6, 12)
    swept = data - data.groupby("city").transform("mean")
    x, y = swept[["x", "w"]], swept["y"]
    common = np.linalg.lstsq(x, y, rcond=None)[0]
    s2 = ((y - x @ common) ** 2).groupby("city").sum() / 11
    grams = [x.loc[i].T.to_numpy() @ x.loc[i].to_numpy() / s2[i] for i in range(6)]
    crosses = [x.loc[i].T.to_numpy() @ y.loc[i].to_numpy() / s2[i] for i in range(6)]
    weighted = np.linalg.solve(sum(grams), sum(crosses))
    gaps = [np.linalg.solve(g, c) - weighted for g, c in zip(grams, crosses, strict=True)]
    s = sum(b @ g @ b for b, g in zip(gaps, grams, strict=True))
    delta = np.sqrt(6) * (s / 6 - 2) / np.sqrt(4)
    plain, adjusted = slope_heterogeneity(data, "y", ["x", "w"])
    assert plain.statistic == pytest.approx(delta, rel=1e-9)
    assert adjusted.statistic == pytest.approx(delta / np.sqrt((12 - 3) / 13), rel=1e-9)


def rejections(units, periods, seed, draws=2000):
    """Of both tests with normal errors of unequal variance, two regressors."""
    rng = np.random.default_rng(seed)
    rows = [slice(i * periods, (i + 1) * periods) for i in range(units)]
    found = np.empty((draws, 2))
    for r in range(draws):
        own = rng.normal(size=(units, periods, 3))
        own[:, :, 0] *= rng.uniform(0.5, 2, (units, 1))
        own -= own.mean(axis=1, keepdims=True)
        found[r] = dispersion_of_slopes(own.reshape(-1, 3), rows)
    return np.mean(np.abs(found) > stats.norm.ppf(0.975), axis=0)


@pytest.mark.slow
def test_under_equal_slopes_the_adjusted_test_rejects_one_in_twenty():
    assert 0.04 <= rejections(20, 20, 0)[1] <= 0.06


@pytest.mark.slow
def test_in_short_panels_the_plain_test_rejects_too_rarely_and_the_adjusted_one_in_twenty():
    plain, adjusted = rejections(20, 10, 0)
    assert plain < 0.035 and 0.04 <= adjusted <= 0.06


def test_unequal_slopes_are_found():
    assert slope_heterogeneity(panel(2, spread=0.5), "y", ["x"])[1].p < 1e-4


def test_short_units_are_left_out_and_counted():
    data = panel(3).drop(index=[(0, t) for t in range(3, 20)])
    assert slope_heterogeneity(data, "y", ["x"])[0].note.startswith("1 units too short")
    with pytest.raises(NotEstimableError, match="found 0"):
        slope_heterogeneity(panel(3, 10, 3), "y", ["x"])


def test_row_order_does_not_matter_and_bad_input_is_refused():
    data = panel(4, 8, 10)
    mixed = data.sample(frac=1, random_state=5)
    assert slope_heterogeneity(data, "y", ["x"]) == slope_heterogeneity(mixed, "y", ["x"])
    with pytest.raises(EstimationError, match="'x' is infinite"):
        slope_heterogeneity(data.assign(x=np.inf), "y", ["x"])
    with pytest.raises(NotEstimableError, match="found 1"):
        slope_heterogeneity(data.loc[[0]], "y", ["x"])
