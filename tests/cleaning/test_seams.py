"""A joined series that still breaks where borders changed is not trusted before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.seams import SEAM, cut, seams

GROUP = "370100"
MEMBERS = pd.DataFrame({"group": [GROUP] * 2, "city": [GROUP, "371200"], "year": [2011] * 2})


def joined(values: list[float]) -> pd.DataFrame:
    years = range(2006, 2006 + len(values))
    index = pd.MultiIndex.from_product([[GROUP], years], names=["city", "year"])
    return pd.DataFrame({"population": values}, index=index, dtype="float64")


def growing(jump: float, at: int = 2011, growth: float = 0.02) -> pd.DataFrame:
    years = np.arange(2006, 2017)
    return joined(list(1e6 * np.exp(growth * (years - 2006) + jump * (years >= at))))


@pytest.mark.parametrize("year", [2011, 2012])
def test_a_jump_at_the_change_or_a_year_after_is_a_seam(year):
    found = seams(growing(-0.4, at=year), MEMBERS).iloc[0]
    assert (found["variable"], found["year"]) == ("population", year)
    assert found["change"] == pytest.approx(-0.38, abs=1e-12)
    assert found["usual"] == pytest.approx(0.02, abs=1e-12)


def test_usual_growth_is_no_seam_however_fast():
    assert seams(growing(0.0, growth=0.3), MEMBERS).empty


def test_a_jump_below_the_threshold_is_no_seam():
    assert seams(growing(SEAM - 0.01), MEMBERS).empty


def test_a_jump_in_another_year_is_not_the_borders_doing():
    assert seams(growing(-0.4, at=2014), MEMBERS).empty


def test_a_series_that_always_moves_wildly_has_no_seam():
    wild = joined(list(1e6 * np.exp(0.3 * np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]))))
    assert seams(wild, MEMBERS).empty


def test_a_series_that_begins_with_the_change_has_no_seam():
    late = growing(-0.4)
    late.loc[(GROUP, slice(2006, 2010)), :] = np.nan
    assert seams(late, MEMBERS).empty


def test_the_years_before_a_seam_are_missing_and_the_others_unchanged():
    series = growing(-0.4)
    kept = cut(series, seams(series, MEMBERS))
    assert kept["population"].isna().tolist() == [True] * 5 + [False] * 6
    assert kept["population"].dropna().tolist() == series["population"].tolist()[5:]
    assert series["population"].notna().all()


@given(st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")), min_size=1, max_size=15))
def test_no_series_stops_the_search_and_no_value_is_changed(values):
    series = joined(values)
    kept = cut(series, seams(series, MEMBERS))["population"]
    same = (kept == series["population"]) | kept.isna()
    assert same.all()
