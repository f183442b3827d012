"""A synthetic panel with staggered starts, whose effects are known."""

from __future__ import annotations

import numpy as np
import pandas as pd


def staggered(seed=0, units=120, years=6, effect=1.0, covariate=0.0):
    """Synthetic panel: starts in the third, in the fifth year, or never; random city order."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [[f"c{i:03d}" for i in range(units)], range(2010, 2010 + years)], names=["city", "year"]
    )
    year = index.get_level_values("year").to_numpy()
    x = rng.normal(size=units)
    start = np.select([rng.random(units) < 0.3, rng.random(units) < 0.4], [2012.0, 2014.0], np.nan)
    data = pd.DataFrame({"x": np.repeat(x, years), "first": np.repeat(start, years)}, index=index)
    since = year - data["first"].to_numpy()
    data["truth"] = np.where(since >= 0, effect * (1 + np.nan_to_num(since)), 0.0)
    trend = 0.5 * (year - 2010) * (1 + covariate * data["x"])
    noise = rng.normal(scale=0.5, size=len(data))
    data["y"] = np.repeat(rng.normal(size=units), years) + trend + data["truth"] + noise
    data["province"] = np.repeat(np.arange(units) % 40, years)
    data["w"] = np.repeat(rng.uniform(0.5, 2, units), years)
    return data
