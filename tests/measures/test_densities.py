"""Kernel densities over time."""

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError
from urbanecon.measures.densities import density_by_year


def values(draws):
    index = pd.MultiIndex.from_product(
        [[f"{i:06d}" for i in range(len(draws[0]))], range(2010, 2010 + len(draws))],
        names=["city", "year"],
    )
    return pd.Series(np.column_stack(draws).ravel(), index=index, name="ln_gdp_pc")


def test_each_density_integrates_to_one_and_follows_the_shift():
    rng = np.random.default_rng(1)
    first = rng.normal(0, 1, 200)
    density = density_by_year(values([first, first + 2]), points=400)
    step = density.index[1] - density.index[0]
    assert (density.sum() * step).to_numpy() == pytest.approx([1, 1], abs=3e-3)
    means = (density.mul(density.index.to_numpy(), axis=0)).sum() * step
    assert means[2011] - means[2010] == pytest.approx(2, abs=0.01)


def test_density_agrees_with_scipy_at_silvermans_bandwidth():
    from scipy.stats import gaussian_kde

    x = np.random.default_rng(2).normal(size=100)
    density = density_by_year(values([x]))
    iqr = np.subtract(*np.percentile(x, [75, 25]))
    width = 0.9 * min(x.std(ddof=1), iqr / 1.34) * 100**-0.2
    other = gaussian_kde(x, bw_method=width / x.std(ddof=1))(density.index.to_numpy())
    assert density[2010].to_numpy() == pytest.approx(other, rel=1e-10)


def test_a_year_of_one_value_has_no_density():
    with pytest.raises(DataError, match="ln_gdp_pc in 2010: one value only"):
        density_by_year(values([np.ones(5)]))
