"""Sigma and beta convergence."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, EstimationError, MissingColumnError, NotEstimableError
from urbanecon.measures.convergence import beta_convergence, beta_panel, sigma_convergence


def converging(cities=200, years=range(2005, 2021), speed=0.03, noise=0.0, seed=1):
    """Synthetic: ln y = exp(-speed t) ln y_0, so that every gap closes at one speed."""
    rng = np.random.default_rng(seed)
    keys = [f"{i:06d}" for i in range(cities)]
    index = pd.MultiIndex.from_product([keys, years], names=["city", "year"])
    start = np.repeat(rng.normal(0, 0.5, cities), len(years))
    t = index.get_level_values("year").to_numpy() - years[0]
    log = 10 + np.exp(-speed * t) * start + rng.normal(0, noise, len(index))
    control = pd.Series(rng.normal(size=len(index)), index=index)
    return pd.DataFrame({"gdp_pc": np.exp(log), "students": control}, index=index)


def test_dispersion_falls_at_the_speed_that_made_the_data():
    table = sigma_convergence(converging()["gdp_pc"])
    assert table["sd_log"].to_numpy() == pytest.approx(
        table["sd_log"].iloc[0] * np.exp(-0.03 * np.arange(16)), rel=1e-9
    )
    assert (table["cv"].diff().dropna() < 0).all()
    assert (table["cities"] == 200).all()


def test_dispersion_by_hand_and_weighted():
    index = pd.MultiIndex.from_tuples([("a", 2020), ("b", 2020)], names=["city", "year"])
    y, w = pd.Series([1.0, 4.0], index=index), pd.Series([3.0, 1.0], index=index)
    table = sigma_convergence(y, w)
    assert table.loc[2020, "sd_log"] == pytest.approx(np.log(4) * np.sqrt(3) / 4)
    assert table.loc[2020, "cv"] == pytest.approx(3 * np.sqrt(3) / 4 / 1.75)


def test_a_city_that_enters_late_does_not_move_the_balanced_dispersion():
    y = converging(cities=20)["gdp_pc"]
    late = y.copy()
    late[("000003", 2005)] = np.nan
    balanced = sigma_convergence(late)
    assert (balanced["cities"] == 19).all()
    expected = sigma_convergence(y.drop("000003", level="city"))
    pd.testing.assert_frame_equal(balanced, expected)
    assert sigma_convergence(late, balanced=False)["cities"].tolist() == [19] + [20] * 15


def test_dispersion_needs_positive_values_and_a_balanced_city():
    y = converging(cities=2, years=range(2005, 2007))["gdp_pc"]
    holes = y.copy()
    holes.iloc[[0, 3]] = np.nan
    with pytest.raises(NotEstimableError, match="no city has a value in each of the 2 years"):
        sigma_convergence(holes)
    y.iloc[2] = 0
    with pytest.raises(DataError, match=r"gdp_pc: .*city 000001, year 2005"):
        sigma_convergence(y)


def test_beta_recovers_the_speed_and_half_life():
    fit = beta_convergence(converging(), "gdp_pc", first=2005, last=2020)
    assert fit.params["ln_initial"] == pytest.approx(-(1 - np.exp(-0.45)) / 15, rel=1e-10)
    assert fit.stats["speed"] == pytest.approx(0.03, rel=1e-9)
    assert fit.stats["half_life"] == pytest.approx(np.log(2) / 0.03, rel=1e-9)
    assert fit.nobs == 200


def test_conditional_convergence_agrees_with_statsmodels_hc1():
    import statsmodels.api as sm

    data = converging(noise=0.1)
    fit = beta_convergence(data, "gdp_pc", first=2005, last=2020, controls=["students"])
    start, end = (data.xs(year, level="year") for year in (2005, 2020))
    level = np.log(start["gdp_pc"])
    x = pd.DataFrame({"a": level, "b": start["students"], "const": 1.0})
    other = sm.OLS((np.log(end["gdp_pc"]) - level) / 15, x).fit(cov_type="HC1")
    assert fit.params.to_numpy() == pytest.approx(other.params.to_numpy(), rel=1e-10)
    assert fit.se.to_numpy() == pytest.approx(other.bse.to_numpy(), rel=1e-10)
    assert fit.stats["r2"] == pytest.approx(other.rsquared)
    left = 1 + 15 * fit.params["ln_initial"]
    assert fit.stats["speed_se"] == pytest.approx(fit.se["ln_initial"] / left)


def test_divergence_has_no_speed():
    fit = beta_convergence(converging(speed=-0.02), "gdp_pc", first=2005, last=2020)
    assert fit.params["ln_initial"] > 0
    assert np.isnan(fit.stats["speed"])


def test_bad_input_to_the_cross_section():
    data = converging(cities=5)
    with pytest.raises(MissingColumnError, match=r"'gdp_cp' is missing.*Did you mean 'gdp_pc'"):
        beta_convergence(data, "gdp_cp", first=2005, last=2020)
    with pytest.raises(NotEstimableError, match="no year 2030; years found: 2005-2020"):
        beta_convergence(data, "gdp_pc", first=2005, last=2030)
    with pytest.raises(NotEstimableError, match="2 complete cities for 2 coefficients"):
        beta_convergence(converging(cities=2), "gdp_pc", first=2005, last=2020)
    with pytest.raises(EstimationError, match="collinear"):
        beta_convergence(data.assign(one=1.0), "gdp_pc", first=2005, last=2020, controls=["one"])
    with pytest.raises(ValueError, match="must come after"):
        beta_convergence(data, "gdp_pc", first=2020, last=2005)
    text = data.astype({"gdp_pc": object})
    text.iloc[0, 0] = "n/a"
    for fit in (beta_panel, partial(beta_convergence, first=2005, last=2020)):
        with pytest.raises(DataError, match=r"'n/a' is no finite number .*city 000000, year 2005"):
            fit(text, "gdp_pc")
    bad = data.copy()
    bad.iloc[0, 0] = -1
    with pytest.raises(DataError, match=r"gdp_pc in 2005: .*city 000000"):
        beta_convergence(bad, "gdp_pc", first=2005, last=2020)


def test_the_panel_form_carries_the_nickell_caveat_and_bridges_no_gap():
    data = converging(cities=30, years=range(2005, 2011), noise=0.05)
    data = data.drop(("000004", 2007))
    fit = beta_panel(data, "gdp_pc")
    assert fit.nobs == 30 * 5 - 2
    assert any("Nickell" in caveat for caveat in fit.warnings)
    assert fit.params["ln_lag"] < 0
    year_only = beta_panel(data, "gdp_pc", effects=("year",))
    assert not any("Nickell" in caveat for caveat in year_only.warnings)
    log = np.log(data["gdp_pc"])
    before = pd.MultiIndex.from_tuples([(city, year - 1) for city, year in log.index])
    lag = pd.Series(log.reindex(before).to_numpy(), index=log.index)
    rows = pd.DataFrame({"g": log - lag, "l": lag}).dropna()
    rows -= rows.groupby("year").transform("mean")
    by_hand = (rows["g"] * rows["l"]).sum() / (rows["l"] ** 2).sum()
    assert year_only.params["ln_lag"] == pytest.approx(by_hand, rel=1e-9)
