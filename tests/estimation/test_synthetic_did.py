"""Synthetic difference-in-differences: exact weights, known truth, and its limits."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.cohorts import cohort_panel
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.simplex import simplex_weights
from urbanecon.estimation.synthetic_cohort import Weighting
from urbanecon.estimation.synthetic_did import (
    _jackknife,
    _placebo,
    _pooled,
    synthetic_did,
)

YEARS = np.arange(2000, 2016)
UNIT_AND_TIME = ("unit_weights", "time_weights")


def simulate(seed, *, cities=50, treated=10, starts=(2010.0,), noise=0.5, factor=1.0):
    """Synthetic panel with one factor; treated cities load on it more, so trends differ."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cities), YEARS], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    loading = rng.uniform(0, 1, cities)
    loading[:treated] = rng.uniform(0.4, 1, treated)
    first = np.full(cities, np.nan)
    first[:treated] = np.resize(starts, treated)
    path = np.linspace(0, 4, len(YEARS)) + np.sin(np.arange(len(YEARS)))
    data = pd.DataFrame({"first": first[city]}, index=index)
    data["d"] = (year >= data["first"]).astype(float)
    data["y"] = rng.normal(size=cities)[city] + factor * loading[city] * path[year - 2000]
    data["y"] += data["d"] + noise * rng.normal(size=len(data))
    return data


@pytest.mark.parametrize(("rows", "columns"), [(8, 20), (30, 6), (14, 200), (5, 1), (4, 10)])
@pytest.mark.parametrize("ridge", [5.0, 1e-3, 1e-8])
def test_weights_on_the_simplex_satisfy_the_conditions_of_a_minimum(rows, columns, ridge):
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(rows, columns)) + 2, rng.normal(size=rows) + 2
    x = simplex_weights(a, b, ridge)
    assert (x >= 0).all()
    assert x.sum() == pytest.approx(1, abs=1e-12)
    gradient = a.T @ (a @ x - b) + ridge * x
    level = gradient @ x
    assert gradient.min() >= level - 1e-8
    np.testing.assert_allclose(gradient[x > 0], level, atol=1e-7)


def test_uniform_weights_on_a_block_design_are_difference_in_differences():
    data = simulate(1)
    fit = synthetic_did(data, "y", "first", unit_weights="uniform", time_weights="uniform")
    plain = fixed_effects(data, "y", ["d"])
    assert fit.params["att"] == pytest.approx(plain.params["d"], abs=1e-12)


def test_the_estimate_is_the_regression_with_both_weights():
    """Arkhangelsky et al. (2021), equation 1: weighted two-way fixed effects."""
    data = simulate(2)
    fit = synthetic_did(data, "y", "first")
    omega = fit.extra["unit_weights"].set_index("city")["weight"]
    lam = fit.extra["time_weights"].set_index("year")["weight"]
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    unit = omega.reindex(city).fillna(1 / 10).to_numpy()
    time = lam.reindex(year).fillna(1 / 6).to_numpy()
    weighted = fixed_effects(data.assign(w=unit * time), "y", ["d"], weights="w")
    assert fit.params["att"] == pytest.approx(weighted.params["d"], abs=1e-9)
    assert omega.sum() == pytest.approx(1)
    assert lam.sum() == pytest.approx(1)


def test_without_noise_a_factor_model_is_no_obstacle():
    data = simulate(3, noise=0.0, cities=200)
    fit = synthetic_did(data, "y", "first", errors="placebo", replications=5)
    plain = fixed_effects(data, "y", ["d"])
    assert abs(plain.params["d"] - 1) > 0.3
    assert abs(fit.params["att"] - 1) < 0.05


def test_cohorts_are_averaged_by_treated_unit_years():
    data = simulate(4, treated=12, starts=(2008.0, 2008.0, 2012.0))
    fit = synthetic_did(data, "y", "first")
    table = fit.extra["cohorts"].set_index("cohort")
    assert list(table["units"]) == [8, 4]
    assert list(table["years"]) == [8, 4]
    assert table.loc[2008, "share"] == pytest.approx(64 / 80)
    assert fit.params["att"] == pytest.approx((table["estimate"] * table["share"]).sum())
    for start in (2008, 2012):
        alone = data[data["first"].isna() | (data["first"] == start)]
        single = synthetic_did(alone, "y", "first").params["att"]
        assert table.loc[start, "estimate"] == pytest.approx(single, abs=1e-12)


def test_the_path_averages_to_the_estimate_after_and_to_zero_before():
    fit = synthetic_did(simulate(5), "y", "first")
    path = fit.extra["path"].set_index("relative_year")["estimate"]
    assert path[path.index >= 0].mean() == pytest.approx(fit.params["att"], abs=1e-12)
    lam = fit.extra["time_weights"]["weight"].to_numpy()
    assert path[path.index < 0].to_numpy() @ lam == pytest.approx(0, abs=1e-12)


def test_the_jackknife_is_that_of_its_definition():
    data = simulate(6, cities=20, treated=4)
    fit = synthetic_did(data, "y", "first")
    y = data["y"].unstack().to_numpy()
    omega = fit.extra["unit_weights"]["weight"].to_numpy()
    lam = np.concatenate([-fit.extra["time_weights"]["weight"], np.full(6, 1 / 6)])
    contrast = y @ lam
    left = []
    for i in range(20):
        treated = [j for j in range(4) if j != i]
        controls = [j for j in range(4, 20) if j != i]
        w = omega[[j - 4 for j in controls]]
        left.append(contrast[treated].mean() - contrast[controls] @ w / w.sum())
    variance = 19 / 20 * np.sum((left - np.mean(left)) ** 2)
    assert fit.se["att"] == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_the_jackknife_of_several_cohorts_is_that_of_estimates_without_each_unit():
    data = simulate(6, cities=30, treated=6, starts=(2008.0, 2011.0))
    fit = synthetic_did(data, "y", "first")
    y, first = data["y"].unstack().to_numpy(), data["first"].groupby("city").first().to_numpy()
    weights = {k: fit.extra[k].set_index("cohort")["weight"] for k in UNIT_AND_TIME}
    left = []
    for i in range(30):
        effects, mass = [], []
        for start in (2008, 2011):
            omega = np.zeros(30)
            omega[6:] = weights["unit_weights"][start]
            omega[i] = 0
            ours = (first == start) & (np.arange(30) != i)
            gap = y[ours].mean(axis=0) - omega @ y / omega.sum()
            before = start - 2000
            effects.append(gap[before:].mean() - weights["time_weights"][start] @ gap[:before])
            mass.append(ours.sum() * (16 - before))
        left.append(np.average(effects, weights=mass))
    variance = 29 / 30 * np.sum((left - np.mean(left)) ** 2)
    assert fit.se["att"] == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_placebo_errors_depend_on_the_seed_alone():
    data = simulate(7)
    one = synthetic_did(data, "y", "first", errors="placebo", replications=30, seed=1)
    shuffled = data.sample(frac=1, random_state=0)
    same = synthetic_did(shuffled, "y", "first", errors="placebo", replications=30, seed=1)
    other = synthetic_did(data, "y", "first", errors="placebo", replications=30, seed=2)
    pd.testing.assert_frame_equal(one.vcov, same.vcov, check_exact=True)
    pd.testing.assert_series_equal(one.params, same.params, check_exact=True)
    assert one.se["att"] != other.se["att"]
    assert one.params["att"] == other.params["att"]


SEEDED = """
import sys
sys.path.insert(0, {here!r})
from test_synthetic_did import simulate, synthetic_did
data = simulate(7, cities=24, treated=6, starts=(2008.0, 2011.0))
data.index = data.index.set_levels([f"city {{i:02d}}" for i in range(24)], level=0)
fit = synthetic_did(data, "y", "first", errors="placebo", replications=10)
print(float(fit.params["att"]).hex(), float(fit.se["att"]).hex())
print(fit.extra["unit_weights"].to_csv(), fit.extra["path"].to_csv())
"""


@pytest.mark.slow
def test_the_hash_seed_changes_no_digit():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SEEDED.format(here=str(Path(__file__).parent))],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert "0x" in outputs.pop()


def test_units_with_gaps_are_refused_or_left_out_as_asked():
    data = simulate(8)
    data.loc[(30, 2003), "y"] = np.nan
    with pytest.raises(DataError, match=r"lack one of the 16 years \(30\)"):
        synthetic_did(data, "y", "first")
    with pytest.warns(EstimationWarning, match=r"\(30\): left out"):
        fit = synthetic_did(data, "y", "first", incomplete="drop")
    expected = synthetic_did(data.drop(index=30, level="city"), "y", "first")
    assert fit.params["att"] == expected.params["att"]
    assert fit.nobs == 49 * 16


def test_cohorts_without_two_years_before_are_left_out_and_counted():
    data = simulate(9, starts=(2010.0, 2001.0))
    with pytest.warns(EstimationWarning, match="5 units treated from 2001 or before"):
        fit = synthetic_did(data, "y", "first")
    assert list(fit.extra["cohorts"]["cohort"]) == [2010]
    assert fit.nobs == 45 * 16


def test_what_the_errors_need_is_asked_for():
    data = simulate(10, treated=1)
    with pytest.raises(EstimationError, match="two treated units in each cohort; 2010 has one"):
        synthetic_did(data, "y", "first")
    assert synthetic_did(data, "y", "first", errors="placebo", replications=5).se["att"] > 0
    many = simulate(10, treated=30)
    with pytest.raises(EstimationError, match="more controls"):
        synthetic_did(many, "y", "first", errors="placebo")
    with pytest.raises(EstimationError, match="one control carries all weight"):
        synthetic_did(simulate(10, cities=11), "y", "first")
    with pytest.raises(UnknownNameError, match="Did you mean 'placebo'"):
        synthetic_did(data, "y", "first", errors="placebos")
    with pytest.raises(EstimationError, match="replications must be at least 2"):
        synthetic_did(data, "y", "first", errors="placebo", replications=1)


def test_what_cannot_be_estimated_is_refused():
    data = simulate(11)
    with pytest.raises(NotEstimableError, match="every city is treated"):
        synthetic_did(data.assign(first=2010.0), "y", "first")
    with pytest.raises(NotEstimableError, match="no cohort has two years"):
        synthetic_did(data.assign(first=data["first"] - 9), "y", "first")
    with pytest.raises(NotEstimableError, match="no unit in the sample is treated"):
        synthetic_did(data.assign(first=np.nan), "y", "first")
    with pytest.raises(EstimationError, match="infinite"):
        synthetic_did(data.assign(y=np.inf), "y", "first")


def test_a_flat_outcome_gives_zero_and_no_error_message():
    data = simulate(12).assign(y=1.0)
    fit = synthetic_did(data, "y", "first")
    assert fit.params["att"] == pytest.approx(0, abs=1e-12)


def simulation(seed, draws, errors="jackknife", *, cities=60, treated=10):
    """Coverage, bias and spread of estimates under a factor that parallel trends miss.

    As in the paper's own simulations the factor is larger than the noise, and
    the treated load more on it. Weights and errors are the estimator's; the last
    number is the spread of difference-in-differences.
    """
    data = simulate(
        seed, cities=cities, treated=treated, starts=(2009.0, 2012.0), factor=0.0, noise=0.0
    )
    panel = cohort_panel(data, "y", "first", comparable=False)
    starts = np.unique(panel.first[np.isfinite(panel.first)])
    ever = np.isfinite(panel.first)[:, None]
    effect = 1.0 * (panel.years >= panel.first[:, None])
    rng, uniform = np.random.default_rng(seed), Weighting("uniform", "uniform")
    hits, off, plain = [], [], []
    for _ in range(draws):
        loading = rng.normal(size=(cities, 1)) + 0.5 * ever
        y = effect + loading * rng.normal(size=len(YEARS)) + 0.1 * rng.normal(size=effect.shape)
        drawn = replace(panel, outcome=y)
        fits = [
            [w.fit(y, panel.first, g, int((panel.years < g).sum())) for g in starts]
            for w in (Weighting(), uniform)
        ]
        off.append(_pooled(y, fits[0]) - 1)
        plain.append(_pooled(y, fits[1]) - 1)
        variance = (
            _jackknife(drawn, fits[0])
            if errors == "jackknife"
            else _placebo(drawn, fits[0], Weighting(), 30, seed)
        )
        hits.append(abs(off[-1]) <= stats.norm.ppf(0.975) * np.sqrt(variance))
    return np.mean(hits), np.mean(off), np.std(off), np.std(plain)


@pytest.mark.slow
def test_jackknife_intervals_of_ten_treated_units_cover_two_points_too_little():
    covered, bias, spread, plain = simulation(0, 1000)
    assert covered == pytest.approx(0.926, abs=0.017)  # two binomial standard errors
    assert abs(bias) < 0.01
    assert spread < 0.8 * plain


@pytest.mark.slow
def test_jackknife_intervals_of_forty_treated_units_cover_the_truth():
    covered = simulation(11, 1000, cities=280, treated=40)[0]
    assert abs(covered - 0.95) <= 0.014  # two binomial standard errors


@pytest.mark.slow
def test_placebo_intervals_cover_the_truth_within_two_binomial_errors_of_100_panels():
    """1,000 panels and 200 assignments are in the docstring of `synthetic_did`."""
    assert abs(simulation(0, 100, "placebo")[0] - 0.95) <= 0.044


@pytest.mark.slow
def test_a_trending_factor_biases_it_less_than_difference_in_differences():
    """The ridge on the unit weights leaves some of the bias when noise is large."""
    off, plain = [], []
    for seed in range(60):
        data = simulate(seed, cities=60, starts=(2009.0, 2012.0))
        off.append(synthetic_did(data, "y", "first").params["att"] - 1)
        plain.append(fixed_effects(data, "y", ["d"]).params["d"] - 1)
    assert 0 < np.mean(off) < 0.5 * np.mean(plain)
