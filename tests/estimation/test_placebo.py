"""Placebo dates and placebo cohorts are refits with treatments that never were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, EstimationError, MissingColumnError, NotEstimableError
from urbanecon.estimation.moments_fit import moments_fit
from urbanecon.estimation.placebo import placebo_cohorts, placebo_dates
from urbanecon.estimation.randomization_paths import assignments

FIRST = {0: 2011.0, 1: 2011.0, 2: 2013.0, 3: 2013.0, 4: 2012.0}


def synthetic_adoption(seed=1, cities=16, trend=0.0, effect=0.0, present=1.0):
    """Five cities adopt between 2011 and 2013, the others never."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [[f"{c:06d}" for c in range(cities)], range(2004, 2018)], names=["city", "year"]
    )
    city = index.get_level_values("city").astype(int)
    year = index.get_level_values("year").to_numpy()
    first = np.array([FIRST.get(c, np.nan) for c in city])
    y = rng.normal(size=len(index)) + effect * (year >= first)
    y = y + trend * (year - 2004) * np.isfinite(first)
    data = pd.DataFrame(
        {"y": y, "z": rng.normal(size=len(index)), "first": first, "weight": 1.0}, index=index
    )
    data["weight"] = rng.uniform(0.5, 2, len(data))
    return data[rng.random(len(data)) < present]


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("k", [1, 3])
def test_a_placebo_date_is_a_refit_on_the_years_before(k, weights):
    data = synthetic_adoption(present=0.9)
    year = data.index.get_level_values("year")
    before = data[(data["first"].isna() & (year < 2013)) | (year < data["first"])]
    moved = before.index.get_level_values("year") >= before["first"] - k
    refit = moments_fit(
        before.assign(d=moved.astype(float)), "y", ["d", "z"], weights=weights
    ).tidy()
    table = placebo_dates(data, "y", "first", [k], controls=["z"], weights=weights)
    row = table.loc[k]
    for column in ("estimate", "se", "t", "p", "low", "high"):
        assert row[column] == pytest.approx(refit.loc["d", column], rel=1e-10)
    assert (row["nobs"], row["placebo_rows"]) == (len(before), moved.sum())


def test_rows_without_an_outcome_are_not_counted_as_treated():
    data = synthetic_adoption()
    data.loc[("000000", 2010), "y"] = np.nan
    table = placebo_dates(data, "y", "first", [1])
    assert table.loc[1, "placebo_rows"] == 4


def test_the_true_effect_does_not_leak_into_the_placebo():
    without, big = (synthetic_adoption(effect=e) for e in (0.0, 100.0))
    pd.testing.assert_frame_equal(
        placebo_dates(without, "y", "first"), placebo_dates(big, "y", "first")
    )


def test_a_trend_of_the_treated_shows():
    table = placebo_dates(synthetic_adoption(trend=1.0), "y", "first", [2, 3])
    assert (table["t"] > 4).all()


def test_a_date_before_the_data_is_not_estimable_and_says_so():
    table = placebo_dates(synthetic_adoption(), "y", "first", [1, 40])
    assert np.isnan(table.loc[40, "estimate"])
    assert "cannot be estimated" in table.loc[40, "note"]
    assert table.loc[1, "note"] == ""
    assert np.isfinite(table.loc[1, "estimate"])


@pytest.mark.parametrize("earlier", [[], [0], [-1], [1.5]])
def test_shifts_are_positive_whole_years(earlier):
    with pytest.raises(EstimationError, match="positive whole years"):
        placebo_dates(synthetic_adoption(), "y", "first", earlier)


@pytest.mark.parametrize("weights", [None, "weight"])
def test_each_placebo_cohort_is_a_refit(weights):
    data = synthetic_adoption(2, present=0.9)
    table = placebo_cohorts(data, "y", "first", 12, seed=3, controls=["z"], weights=weights)
    never = data[data["first"].isna()]
    dates = np.array([2011, 2011, 2012, 2013, 2013])
    units = never.index.get_level_values("city").unique().sort_values()
    for draw, row in zip(
        drawn_dates(dates, len(units), 12, 3), table.to_dict("records"), strict=True
    ):
        start = never.index.get_level_values("city").map(dict(zip(units, draw, strict=True)))
        d = (never.index.get_level_values("year") >= start).astype(float)
        refit = moments_fit(never.assign(d=d), "y", ["d", "z"], weights=weights)
        assert row["estimate"] == pytest.approx(refit.params["d"], rel=1e-9)
        assert row["se"] == pytest.approx(refit.se["d"], rel=1e-9)
        assert row["t"] == pytest.approx(refit.tstat["d"], rel=1e-9)


def drawn_dates(dates, n, draws, seed):
    """First years of each city by draw, from the assignments that the seed gives."""
    from urbanecon.estimation.randomization_paths import Paths

    cohorts = np.unique(dates)
    of = np.full(n, len(cohorts))
    of[: len(dates)] = np.searchsorted(cohorts, dates)
    units = pd.Index(range(n))
    nothing = np.zeros((len(cohorts) + 1, 1))
    paths = Paths(nothing, of, np.zeros(n, dtype=int), units, pd.Index([0]), ("all",), "all")
    return np.append(cohorts, np.inf)[assignments(paths, draws, seed)[0]]


def test_placebo_cohorts_are_centred_on_nothing_whatever_the_effect():
    data = synthetic_adoption(4, cities=60, effect=5.0)
    table = placebo_cohorts(data, "y", "first", 999)
    assert abs(table["estimate"].mean()) < 0.05
    assert 0.02 < (table["t"].abs() > 2).mean() < 0.2


def test_the_seed_decides_and_the_order_of_rows_does_not():
    data = synthetic_adoption(5)
    one = placebo_cohorts(data, "y", "first", 50, seed=1)
    again = placebo_cohorts(data.sample(frac=1, random_state=2), "y", "first", 50, seed=1)
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(placebo_cohorts(data, "y", "first", 50, seed=2))


def test_too_few_never_treated_cities_are_refused():
    with pytest.raises(EstimationError, match="5 treated and 5 never-treated"):
        placebo_cohorts(synthetic_adoption(cities=10), "y", "first", 10)


def test_no_draws_are_refused():
    with pytest.raises(EstimationError, match="draws"):
        placebo_cohorts(synthetic_adoption(), "y", "first", 0)


def test_bad_data_are_named():
    data = synthetic_adoption()
    with pytest.raises(MissingColumnError, match="Did you mean 'first'"):
        placebo_dates(data, "y", "frist")
    with pytest.raises(NotEstimableError, match="nobody is treated"):
        placebo_cohorts(data.assign(first=np.nan), "y", "first")
    with pytest.raises(NotEstimableError, match="precedes"):
        early = data["first"].where(data["first"].isna(), 2004.0)
        placebo_dates(data.assign(first=early), "y", "first")
    with pytest.raises(EstimationError, match="infinite"):
        placebo_dates(data.assign(z=np.inf), "y", "first", controls=["z"])
    with pytest.raises(DataError, match="indexed by unit and year"):
        placebo_dates(data.reset_index(), "y", "first")


def test_an_outcome_without_variation_is_said_to_have_none():
    table = placebo_dates(synthetic_adoption().assign(y=1.0), "y", "first", [1])
    assert np.isnan(table.loc[1, "estimate"])
    assert "does not vary" in table.loc[1, "note"]
