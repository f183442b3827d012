"""Averages of group-time effects on synthetic panels."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    DataError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.aggregation import aggregate
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.group_time import group_time

YEARS = range(2010, 2017)
SHARES = "ignore:.*by the paper's formula:urbanecon.errors.EstimationWarning"


@pytest.fixture(scope="module")
def panel():
    """Synthetic panel of 90 cities: 20 start in 2012, 30 in 2014, 40 never."""
    rng = np.random.default_rng(8)
    index = pd.MultiIndex.from_product([range(90), YEARS], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    first = np.where(city < 20, 2012.0, np.where(city < 50, 2014.0, np.nan))
    data = pd.DataFrame({"first": first}, index=index)
    data["y"] = rng.normal(size=90)[city] + 0.3 * year + np.nan_to_num((year >= first) * 0.5)
    data["y"] += rng.normal(scale=0.4, size=len(data))
    data["w"] = np.repeat(rng.uniform(1, 3, 90), len(YEARS))
    return data


@pytest.fixture(scope="module")
def effects(panel):
    return group_time(panel, "y", "first", draws=0)


def cell(effects, group, year):
    return effects.params[f"g{group}:y{year}"]


def test_the_simple_mean_weighs_every_treated_cell_by_its_cohort(effects):
    cells = [(2012, t, 20) for t in range(2012, 2017)] + [(2014, t, 30) for t in range(2014, 2017)]
    values = [cell(effects, g, t) for g, t, _ in cells]
    expected = np.average(values, weights=[n for *_, n in cells])
    assert aggregate(effects, "simple").params["overall"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.filterwarnings(SHARES)
def test_means_by_cohort_year_and_relative_year(effects):
    groups = aggregate(effects, "group", draws=0).params
    assert groups["g2014"] == pytest.approx(
        np.mean([cell(effects, 2014, t) for t in range(2014, 2017)])
    )
    assert groups["overall"] == pytest.approx(0.4 * groups["g2012"] + 0.6 * groups["g2014"])
    years = aggregate(effects, "calendar", draws=0).params
    assert list(years.index) == [*(f"y{t}" for t in range(2012, 2017)), "overall"]
    both = 0.4 * cell(effects, 2012, 2015) + 0.6 * cell(effects, 2014, 2015)
    assert years["y2015"] == pytest.approx(both)
    assert years["overall"] == pytest.approx(years.drop("overall").mean())
    path = aggregate(effects, "dynamic", draws=0).params
    early = 0.4 * cell(effects, 2012, 2013) + 0.6 * cell(effects, 2014, 2015)
    assert path["t+1"] == pytest.approx(early)
    assert path["overall"] == pytest.approx(path[[f"t+{e}" for e in range(5)]].mean())


def test_the_path_is_laid_out_as_that_of_an_event_study(effects):
    fit = aggregate(effects, "dynamic", draws=99)
    path = fit.extra["path"]
    assert path["relative_year"].tolist() == list(range(-3, 5))
    assert not path["binned"].any()
    assert path.set_index("relative_year")["rows"].loc[[0, 3]].tolist() == [50, 20]
    assert [d.name for d in fit.diagnostics] == [
        "pre-trend Wald test",
        "joint test of leads",
        "joint test of lags",
    ]
    assert fit.diagnostics[1].df == (3, np.inf)
    assert (path["band_low"] < path["low"]).all()
    assert fit.stats["critical_value"] > 1.96


def test_a_common_base_year_is_a_row_of_zeros_and_no_term(panel):
    effects = group_time(panel, "y", "first", base_period="universal", draws=0)
    fit = aggregate(effects, "dynamic", draws=99)
    base = fit.extra["path"].set_index("relative_year").loc[-1]
    columns = ["estimate", "se", "low", "high", "band_low", "band_high"]
    assert (base[columns].astype(float) == 0).all()
    assert "t-1" not in fit.params.index


def test_balancing_keeps_the_cohorts_that_are_seen_long_enough(effects):
    fit = aggregate(effects, "dynamic", balance_e=3, draws=0)
    # only the cohort of 2012 is seen three years after its start
    assert list(fit.params.index) == ["t-1", "t+0", "t+1", "t+2", "t+3", "overall"]
    assert fit.params["t+1"] == cell(effects, 2012, 2013)
    fit = aggregate(effects, "dynamic", balance_e=1, draws=0)
    assert fit.extra["path"]["relative_year"].tolist() == [-3, -2, -1, 0, 1]


def test_the_window_cuts_the_path_and_what_is_averaged(effects):
    fit = aggregate(effects, "dynamic", min_e=-1, max_e=1, draws=0)
    assert list(fit.params.index) == ["t-1", "t+0", "t+1", "overall"]
    assert fit.params["overall"] == pytest.approx(fit.params[["t+0", "t+1"]].mean())
    first_year = aggregate(effects, "simple", max_e=0).params["overall"]
    expected = 0.4 * cell(effects, 2012, 2012) + 0.6 * cell(effects, 2014, 2014)
    assert first_year == pytest.approx(expected)
    with pytest.raises(NotEstimableError, match="min_e and max_e"):
        aggregate(effects, "dynamic", max_e=-1)


@pytest.fixture(scope="module")
def weighted(panel):
    """Effects of the whole panel, and of the panel without each city."""
    panels = panel, *(panel.drop(city) for city in range(90))
    return [group_time(data, "y", "first", weights="w", draws=0) for data in panels]


@pytest.mark.filterwarnings(SHARES)
@pytest.mark.parametrize("by", ["simple", "group", "calendar", "dynamic"])
def test_standard_errors_are_those_of_leaving_out_one_city_after_another(weighted, by):
    # an estimate without unit i moves by -psi_i / (n - 1) to first order
    fit, *without = (aggregate(effects, by, draws=0) for effects in weighted)
    spread = pd.DataFrame([one.params for one in without]).std(ddof=0) * np.sqrt(89)
    exact = fit.se.copy()
    if by == "group":
        exact["overall"] = fit.stats["overall_se_exact"]
    np.testing.assert_allclose(spread[fit.params.index], exact, rtol=0.06)  # 20 cities: 1/19


def test_did_takes_one_share_for_all_when_cohorts_are_averaged(effects):
    with pytest.warns(EstimationWarning, match="by the paper's formula it is 0.07047"):
        fit = aggregate(effects, "group", draws=0)
    exact = fit.stats["overall_se_exact"]
    assert fit.se["overall"] == pytest.approx(exact, rel=0.05)
    assert abs(fit.se["overall"] / exact - 1) > 0.01


def test_one_cohort_averages_to_the_two_way_fixed_effects_coefficient(panel):
    one = panel[panel["first"] != 2014].copy()
    one["treated"] = (one.index.get_level_values("year") >= one["first"]).astype(float)
    fit = aggregate(group_time(one, "y", "first", base_period="universal", draws=0), "simple")
    path = group_time(one, "y", "first", base_period="universal", draws=0).params
    before = path[[f"g2012:y{t}" for t in (2010,)]].sum() / 2
    twoway = fixed_effects(one, "y", ["treated"], ["city", "year"], "cluster(city)")
    # the coefficient compares with the mean of the two years before, not with the last
    assert twoway.params["treated"] == pytest.approx(fit.params["overall"] - before, rel=1e-10)


@pytest.mark.filterwarnings(SHARES)
def test_effects_with_gaps_are_averaged_only_when_asked(panel):
    year = panel.index.get_level_values("year")
    holes = panel[(panel["first"] != 2014) | (year != 2016)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        effects = group_time(holes, "y", "first", allow_unbalanced=True, draws=0)
    with pytest.raises(NotEstimableError, match="g2014:y2016 could not be estimated"):
        aggregate(effects, "group")
    fit = aggregate(effects, "group", skip_missing=True, draws=0)
    assert fit.params["g2014"] == pytest.approx(
        np.mean([cell(effects, 2014, t) for t in (2014, 2015)])
    )


@pytest.mark.filterwarnings(SHARES)
def test_only_group_time_effects_are_averaged_and_only_in_known_ways(panel, effects):
    with pytest.raises(UnknownNameError, match="Did you mean 'dynamic'"):
        aggregate(effects, "dynamics")
    with pytest.raises(DataError, match="give what group_time returned"):
        aggregate(aggregate(effects, "group", draws=0), "dynamic")
    with pytest.raises(MissingColumnError):
        group_time(panel, "y", "begin")
