"""Small synthetic frames of the shape each figure takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

REGIONS = ("east", "central", "west", "northeast")


@pytest.fixture
def coverage_shares() -> pd.DataFrame:
    """Three variables by three years; the census is not published in two of them."""
    return pd.DataFrame(
        {2009: [1.0, 0.5, np.nan], 2010: [0.9, 0.0, 1.0], 2011: [1.0, 0.8, np.nan]},
        index=["gdp", "population", "population_census"],
    )


@pytest.fixture
def flag_shares() -> pd.DataFrame:
    """Two flagged variables and one without an observed cell."""
    return pd.DataFrame(
        {"interpolated": [0.1, 0.25, np.nan], "pasted": [0.9, 0.0, np.nan]},
        index=["broadband", "population", "so2"],
    )


@pytest.fixture
def region_frame() -> pd.DataFrame:
    """Urban shares of four regions, 2006-2010."""
    rows = [
        {"region": region, "year": year, "mean": mean, "q25": mean - 0.1, "q75": mean + 0.1}
        for rank, region in enumerate(REGIONS)
        for year in range(2006, 2011)
        for mean in [0.4 + 0.05 * rank + 0.01 * (year - 2006)]
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def census_points() -> pd.DataFrame:
    """One census point a region in 2010."""
    return pd.DataFrame({"region": REGIONS, "year": 2010, "value": [0.45, 0.5, 0.55, 0.6]})


@pytest.fixture
def pilot_cities() -> pd.DataFrame:
    """Six cities of two provinces; three become pilots."""
    return pd.DataFrame(
        {
            "city": ["320100", "320200", "320300", "510100", "510300", "510400"],
            "province": ["Jiangsu"] * 3 + ["Sichuan"] * 3,
            "region": ["east"] * 3 + ["west"] * 3,
            "first_year": [2014.0, 2014.0, np.nan, 2016.0, np.nan, np.nan],
        }
    )


@pytest.fixture
def path_frame() -> pd.DataFrame:
    """Effects by relative year -3 ... 2 with the base year -1 at zero."""
    years = np.arange(-3, 3)
    estimate = np.where(years < 0, 0.0, 0.02 * (years + 1))
    return pd.DataFrame(
        {
            "relative_year": years,
            "estimate": estimate,
            "low": estimate - 0.03,
            "high": estimate + 0.03,
        }
    )


@pytest.fixture
def coefficient_table() -> pd.DataFrame:
    """Two outcomes of two effects, two models each."""
    rows = [
        ("E1", "ln_gdp_pc_real", "city+year", 0.03, 0.01, 0.05, 7100, 1),
        ("E1", "ln_gdp_pc_real", "city+province:year", 0.01, -0.02, 0.04, 7000, 1),
        ("E3", "ln_pm25_chap", "city+year", -0.02, -0.05, 0.01, 2900, -1),
        ("E3", "ln_pm25_chap", "city+province:year", 0.01, -0.01, 0.03, 2890, -1),
    ]
    columns = ["effect", "outcome", "fixed_effects", "estimate", "low", "high", "n"]
    return pd.DataFrame(rows, columns=[*columns, "expected_sign"])


@pytest.fixture
def inequality_series() -> pd.DataFrame:
    """Theil parts and Gini, 2000-2004."""
    return pd.DataFrame(
        {
            "year": range(2000, 2005),
            "within": [0.10, 0.11, 0.10, 0.09, 0.08],
            "between": [0.12, 0.12, 0.11, 0.10, 0.09],
            "gini": [0.38, 0.38, 0.37, 0.36, 0.35],
        }
    )


@pytest.fixture
def pilot_frame() -> pd.DataFrame:
    """Two variables of pilot and never-pilot cities, 2012-2018."""
    rows = [
        {"variable": variable, "group": group, "year": year, "mean": mean}
        for variable, level in (("gdp_pc_real", 30_000.0), ("pm25_chap", 50.0))
        for rank, group in enumerate(("pilot", "never"))
        for year in range(2012, 2019)
        for mean in [level * (1 + 0.1 * rank + 0.02 * (year - 2012))]
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(low=0.95 * frame["mean"], high=1.05 * frame["mean"])


@pytest.fixture
def city_values() -> pd.DataFrame:
    """Upgrading of forty cities in three years."""
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "city": np.tile([f"{code}" for code in range(110000, 110040)], 3),
            "year": np.repeat([2000, 2010, 2020], 40),
            "value": np.concatenate([rng.normal(2.1 + 0.1 * k, 0.1, 40) for k in range(3)]),
        }
    )
