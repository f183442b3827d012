"""Confounders of given strength: agreement with sensemakr, and what the definitions say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.omitted import (
    Law,
    Observed,
    adjusted,
    contour_grid,
    from_fit,
    from_moments,
)

OBSERVED = Observed("x", 0.6, 0.1, 120)
REGRESSORS = [
    "directlyharmed",
    "age",
    "farmer_dar",
    "herder_dar",
    "pastvoted",
    "hhsize_darfur",
    "female",
]


def darfur_fit(reference_data, vcov="iid"):
    data = reference_data("darfur").rename_axis("person")
    return fixed_effects(data, "peacefactor", REGRESSORS, ("village",), vcov)


def test_the_darfur_statistics_are_those_of_sensemakr(reference, reference_data):
    expected = reference("sensemakr_darfur")["results"]["stats"]
    found = from_fit(darfur_fit(reference_data), "directlyharmed")
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-8)
    assert found.se == pytest.approx(expected["se"], rel=1e-8)
    assert found.t == pytest.approx(expected["t_statistic"], rel=1e-8)
    assert found.df == expected["dof"]
    assert found.partial_r2 == pytest.approx(expected["r2yd.x"], rel=1e-8)
    assert found.partial_f2 == pytest.approx(expected["f2yd.x"], rel=1e-8)
    assert found.robustness_value() == pytest.approx(expected["rv_q"], rel=1e-8)
    assert found.robustness_value(1, 0.05) == pytest.approx(expected["rv_qa"], rel=1e-8)


def test_fit_and_moments_say_the_same(synthetic_panel):
    data = synthetic_panel(4)
    fit = fixed_effects(data, "y", ["x", "z"], vcov="iid")
    estimate = ols(cluster_moments(data, ["y", "x", "z"]), "y", ["x", "z"])
    ours, theirs = from_moments(estimate, "x", fit.df), from_fit(fit, "x")
    assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-10)
    assert ours.se == pytest.approx(theirs.se, rel=1e-10)


def test_a_confounder_left_out_is_found_again_by_its_partial_r2(synthetic_panel):
    data = synthetic_panel(5, cities=20)
    moments = cluster_moments(data, ["y", "x", "z"])
    short, full = ols(moments, "y", ["x"]), ols(moments, "y", ["x", "z"])
    fit_short = fixed_effects(data, "y", ["x"], vcov="iid")
    fit_full = fixed_effects(data, "y", ["x", "z"], vcov="iid")
    x_alone, x_given_z = ols(moments, "x", ["z"]).tss, ols(moments, "x", ["z"]).rss
    dz, yz = 1 - x_given_z / x_alone, 1 - full.rss / short.rss
    toward_zero = abs(full.params[0]) < abs(short.params[0])
    row = adjusted(from_fit(fit_short, "x"), dz, yz, reduce=bool(toward_zero)).iloc[0]
    assert row["estimate"] == pytest.approx(fit_full.params["x"], rel=1e-10)
    assert row["se"] == pytest.approx(fit_full.se["x"], rel=1e-10)


@pytest.mark.parametrize("q", [0.5, 1.0])
def test_the_robustness_value_reduces_the_estimate_by_its_share(q):
    strength = OBSERVED.robustness_value(q)
    row = adjusted(OBSERVED, strength, strength).iloc[0]
    assert row["estimate"] == pytest.approx((1 - q) * OBSERVED.estimate, abs=1e-12)


@pytest.mark.parametrize("law", [None, Law(1.7, 30)])
def test_at_the_robustness_value_of_a_level_the_t_is_just_critical(law):
    observed = Observed("x", 0.6, 0.1, 120, law)
    strength = observed.robustness_value(1, 0.05)
    row = adjusted(observed, strength, strength).iloc[0]
    assert row["t"] == pytest.approx(observed.critical_t(0.05, observed.df - 1), rel=1e-10)


def test_only_the_treatment_binds_when_the_estimate_is_overwhelming():
    strong = Observed("x", 100.0, 1.0, 10)
    strength = strong.robustness_value(1, 0.05)
    grid = adjusted(strong, strength, np.linspace(0, strength, 2001))
    assert grid["t"].min() == pytest.approx(strong.critical_t(0.05, 9), rel=1e-4)


def test_an_insignificant_estimate_has_no_robustness_to_lose():
    assert Observed("x", 0.1, 0.1, 120).robustness_value(1, 0.05) == 0.0


def test_clustered_errors_change_the_level_and_nothing_else(reference_data):
    classical = darfur_fit(reference_data)
    clustered = darfur_fit(reference_data, "cluster(village)")
    plain = from_fit(classical, "directlyharmed")
    judged = from_fit(classical, "directlyharmed", reported=clustered)
    assert judged.partial_r2 == plain.partial_r2
    assert judged.robustness_value() == plain.robustness_value()
    assert judged.ratio == pytest.approx(
        clustered.se["directlyharmed"] / classical.se["directlyharmed"]
    )
    one, other = (adjusted(o, 0.1, 0.1).iloc[0] for o in (plain, judged))
    assert other["estimate"] == one["estimate"]
    assert other["se"] == pytest.approx(one["se"] * judged.ratio)


def test_clustered_errors_alone_are_refused(reference_data):
    clustered = darfur_fit(reference_data, "cluster(village)")
    with pytest.raises(EstimationError, match="vcov='iid'"):
        from_fit(clustered, "directlyharmed")


def test_another_estimate_as_reported_is_refused(synthetic_panel):
    data = synthetic_panel(4)
    classical = fixed_effects(data, "y", ["x", "z"], vcov="iid")
    other = fixed_effects(data, "y", ["x"], vcov="hetero")
    with pytest.raises(EstimationError, match="same equation"):
        from_fit(classical, "x", reported=other)


def test_a_misspelt_treatment_is_named(reference_data):
    with pytest.raises(UnknownNameError, match="Did you mean 'directlyharmed'"):
        from_fit(darfur_fit(reference_data), "directly_harmed")


def test_the_grid_starts_at_the_estimate_itself():
    grid = contour_grid(OBSERVED, 0.3, 0.5, 11)
    assert len(grid) == 121
    assert grid.loc[0, "estimate"] == OBSERVED.estimate
    assert grid["r2dz_x"].max() == 0.3
    assert grid["r2yz_dx"].max() == 0.5
    assert (grid["estimate"] <= OBSERVED.estimate).all()


@pytest.mark.parametrize(
    ("dz", "yz"), [(1.0, 0.1), (-0.1, 0.1), (0.1, 1.1), (math.nan, 0.1), (0.1, math.inf)]
)
def test_impossible_strengths_are_refused(dz, yz):
    with pytest.raises(EstimationError, match="partial R2 must lie in"):
        adjusted(OBSERVED, dz, yz)


@pytest.mark.parametrize(
    "wrong", [{"estimate": math.inf}, {"se": 0.0}, {"se": math.nan}, {"df": 1.0}]
)
def test_an_estimate_without_an_error_is_refused(wrong):
    with pytest.raises(EstimationError, match="'x'"):
        Observed("x", **({"estimate": 1.0, "se": 0.1, "df": 20.0} | wrong))


def test_a_perfect_fit_leaves_nothing_for_a_confounder(synthetic_panel):
    data = synthetic_panel(4).assign(y=lambda d: 2 * d["x"])
    estimate = ols(cluster_moments(data, ["y", "x"]), "y", ["x"])
    with pytest.raises(EstimationError, match="R2 = 1"):
        from_moments(estimate, "x", 40)


@pytest.mark.parametrize("q", [0.0, -1.0, math.nan])
def test_a_share_that_is_not_positive_is_refused(q):
    with pytest.raises(EstimationError, match="q must be positive"):
        OBSERVED.robustness_value(q)


def test_a_grid_without_room_is_refused():
    with pytest.raises(EstimationError, match="cannot be drawn"):
        contour_grid(OBSERVED, 1.0)


def test_a_law_needs_positive_numbers():
    with pytest.raises(EstimationError, match="must be positive"):
        Law(0.0, 30)
