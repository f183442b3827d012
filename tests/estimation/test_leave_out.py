"""Leaving out cities and provinces is refitting without them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.leave_out import leave_out, most_influential
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv3
from urbanecon.estimation.moments_fit import moments_fit
from urbanecon.estimation.moments_ols import ols

COLUMNS = ["estimate", "se", "t", "p", "low", "high"]


def estimate_of(data, weights=None, **other):
    moments = cluster_moments(data, ["y", "x", "z"], weights=weights, **other)
    return ols(moments, "y", ["x", "z"])


def provinces_of(estimate):
    return [f"P{int(c) // 3}" for c in estimate.moments.clusters]


def keys_of(data, key):
    return data["province"] if key == "province" else data.index.get_level_values(key)


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("key", ["city", "province"])
def test_each_row_is_a_refit_without_the_group(synthetic_panel, key, weights):
    data = synthetic_panel(31, cities=18, present=0.6)
    estimate = estimate_of(data, weights)
    groups = provinces_of(estimate) if key == "province" else None
    table = leave_out(estimate, "x", groups, key)
    assert table.index.name == key
    for group, row in table.iterrows():
        refit = moments_fit(data[keys_of(data, key) != group], "y", ["x", "z"], weights=weights)
        expected = refit.tidy().loc["x"]
        for column in COLUMNS:
            assert row[column] == pytest.approx(expected[column], rel=1e-10), (group, column)
        assert (row["rows"], row["clusters"]) == (refit.nobs, refit.n_clusters["city"])


def test_years_that_only_the_group_has_are_gone_with_it(synthetic_panel):
    data = synthetic_panel(32, cities=12, years=6, present=1.0)
    years, cities = data.index.get_level_values("year"), data.index.get_level_values("city")
    data = data[(cities < "000002") | ((years > 2005) & (years < 2010))]
    estimate = estimate_of(data)
    groups = ["old" if c < "000002" else c for c in estimate.moments.clusters]
    table = leave_out(estimate, "x", groups, "group")
    refit = moments_fit(data[data.index.get_level_values("city") >= "000002"], "y", ["x", "z"])
    assert table.loc["old", "estimate"] == pytest.approx(refit.params["x"], rel=1e-10)
    assert table.loc["old", "se"] == pytest.approx(refit.se["x"], rel=1e-10)


def test_a_control_that_only_one_city_moves_leaves_with_it(synthetic_panel):
    data = synthetic_panel(33)
    own = data.index.get_level_values("city") == "000003"
    data["z"] = data["z"].where(own, 0.0)
    estimate = estimate_of(data)
    row = leave_out(estimate, "x").loc["000003"]
    refit = moments_fit(data[~own].drop(columns="z"), "y", ["x"])
    assert row["estimate"] == pytest.approx(refit.params["x"], rel=1e-10)
    assert row["se"] == pytest.approx(refit.se["x"], rel=1e-10)


def test_a_term_that_only_one_city_moves_is_missing_without_it(synthetic_panel):
    data = synthetic_panel(34)
    own = data.index.get_level_values("city") == "000003"
    data["x"] = data["x"].where(own, 1.0)
    table = leave_out(estimate_of(data), "x")
    assert table.loc["000003", COLUMNS].isna().all()
    assert table.drop(index="000003")["se"].notna().all()
    assert most_influential(table, 1).index.tolist() == ["000003"]


def test_the_changes_are_those_of_the_jackknife(synthetic_panel):
    estimate = estimate_of(synthetic_panel(35))
    change = leave_out(estimate, "x")["change"]
    g = len(change)
    assert (g - 1) / g * (change**2).sum() == pytest.approx(crv3(estimate)[0, 0], rel=1e-10)


def test_the_most_influential_city_is_the_planted_one(synthetic_panel):
    data = synthetic_panel(36, cities=40)
    own = data.index.get_level_values("city") == "000017"
    data["y"] = data["y"].where(~own, data["y"] + 8 * data["x"])
    table = leave_out(estimate_of(data), "x")
    top = most_influential(table, 3)
    assert top.index[0] == "000017"
    assert top["change"].abs().is_monotonic_decreasing
    assert top["dfbeta"].abs().iloc[0] == table["dfbeta"].abs().max()


def test_the_order_of_the_rows_does_not_matter(synthetic_panel):
    data = synthetic_panel(37)
    shuffled = data.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        leave_out(estimate_of(data), "x"), leave_out(estimate_of(shuffled), "x")
    )


def test_with_two_clusters_no_error_remains(synthetic_panel):
    data = synthetic_panel(38, cities=2, years=20)
    table = leave_out(estimate_of(data), "x")
    assert table["se"].isna().all()


def test_one_group_cannot_be_left_out(synthetic_panel):
    estimate = estimate_of(synthetic_panel(39))
    with pytest.raises(EstimationError, match="nothing remains"):
        leave_out(estimate, "x", ["all"] * len(estimate.moments.clusters), "country")


def test_every_city_needs_its_group(synthetic_panel):
    estimate = estimate_of(synthetic_panel(39))
    groups = [None, *provinces_of(estimate)[1:]]
    with pytest.raises(EstimationError, match="'province' must be known for each"):
        leave_out(estimate, "x", groups, "province")


def test_swept_effects_cannot_be_estimated_anew(synthetic_panel):
    estimate = estimate_of(synthetic_panel(39), most_numbers=1)
    with pytest.raises(EstimationError, match="swept"):
        leave_out(estimate, "x")


def test_a_misspelt_term_and_a_wrong_level_are_refused(synthetic_panel):
    estimate = estimate_of(synthetic_panel(39))
    with pytest.raises(UnknownNameError, match="'X' is not a term"):
        leave_out(estimate, "X")
    with pytest.raises(EstimationError, match="level"):
        leave_out(estimate, "x", level=1.0)


def test_the_full_estimate_lies_within_the_range(synthetic_panel):
    estimate = estimate_of(synthetic_panel(40))
    table = leave_out(estimate, "x")
    assert table["estimate"].min() < estimate.params[0] < table["estimate"].max()
    np.testing.assert_allclose(table["estimate"] - estimate.params[0], table["change"])
