"""Confounders as strong as observed controls: agreement with sensemakr."""

from __future__ import annotations

import pytest

from urbanecon.errors import EstimationError, EstimationWarning, UnknownNameError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.omitted import Observed, from_moments
from urbanecon.estimation.omitted_bounds import benchmark_r2, bounds, squares_left

REGRESSORS = [
    "directlyharmed",
    "age",
    "farmer_dar",
    "herder_dar",
    "pastvoted",
    "hhsize_darfur",
    "female",
]
OURS = {
    "r2dz.x": "r2dz_x",
    "r2yz.dx": "r2yz_dx",
    "adjusted_estimate": "estimate",
    "adjusted_se": "se",
    "adjusted_t": "t",
    "adjusted_lower_CI": "low",
    "adjusted_upper_CI": "high",
}


@pytest.fixture
def darfur(reference_data):
    """Cluster moments of the survey by village, and the equation of the paper."""
    data = reference_data("darfur").rename_axis("person")
    moments = cluster_moments(data, ["peacefactor", *REGRESSORS], ("village",), "village")
    return ols(moments, "peacefactor", REGRESSORS, "directlyharmed")


@pytest.fixture
def panel_estimate(synthetic_panel):
    """An estimate with two controls, and what a fit with classical errors says of it."""
    data = synthetic_panel(8, cities=25)
    data["w"] = data["z"] + data["x"]
    estimate = ols(cluster_moments(data, ["y", "x", "z", "w"]), "y", ["x", "z"])
    return estimate, from_moments(estimate, "x", 80), data


def test_the_darfur_bounds_are_those_of_sensemakr(darfur, reference):
    expected = reference("sensemakr_darfur")["results"]
    observed = from_moments(darfur, "directlyharmed", expected["stats"]["dof"])
    table = bounds(observed, darfur, {"female": ["female"]})
    assert table["k"].tolist() == [1, 2, 3]
    for row, values in zip(table.to_dict("records"), expected["bounds"], strict=True):
        for theirs, ours in OURS.items():
            assert row[ours] == pytest.approx(values[theirs], rel=1e-8), (row["k"], ours)


def test_a_group_of_controls_is_judged_together(darfur):
    group = ["age", "female", "pastvoted"]
    others = [name for name in REGRESSORS[1:] if name not in group]
    moments = darfur.moments
    without = ols(moments, "peacefactor", ["directlyharmed", *others]).rss
    on_treatment = [ols(moments, "directlyharmed", c).rss for c in (others, REGRESSORS[1:])]
    found = benchmark_r2(darfur, "directlyharmed", group)
    assert found[0] == pytest.approx(1 - on_treatment[1] / on_treatment[0], rel=1e-12)
    assert found[1] == pytest.approx(1 - darfur.rss / without, rel=1e-12)


def test_partial_r2_is_that_of_the_classical_t(panel_estimate):
    estimate, _, data = panel_estimate
    outcome = fixed_effects(data, "y", ["x", "z"], vcov="iid")
    treatment = fixed_effects(data, "x", ["z"], vcov="iid")
    expected = [
        float(f.tstat["z"] ** 2 / (f.tstat["z"] ** 2 + f.df)) for f in (treatment, outcome)
    ]
    assert benchmark_r2(estimate, "x", ["z"]) == pytest.approx(expected, rel=1e-9)


def test_every_control_may_be_the_benchmark(panel_estimate):
    estimate, observed, _ = panel_estimate
    table = bounds(observed, estimate, {"all": ["z"], "again": ["z"]}, [0.5])
    assert table["benchmark"].tolist() == ["all", "again"]
    assert (table["estimate"].abs() < abs(observed.estimate)).all()


def test_squares_left_need_no_regressor(panel_estimate):
    estimate, _, data = panel_estimate
    fit = fixed_effects(data, "y", ["z"])
    assert squares_left(estimate.moments, "y", ["z"]) == pytest.approx(fit.stats["rss"])
    assert squares_left(estimate.moments, "y", []) == pytest.approx(estimate.tss)


def test_a_benchmark_that_is_no_control_is_named(panel_estimate):
    estimate, observed, _ = panel_estimate
    for wrong in ("zz", "x", "w"):
        with pytest.raises(UnknownNameError, match=f"{wrong!r} is not a control"):
            bounds(observed, estimate, {"wrong": [wrong]})


def test_a_confounder_that_would_explain_the_treatment_is_refused(panel_estimate):
    *_, data = panel_estimate
    estimate = ols(cluster_moments(data, ["y", "x", "w"]), "y", ["x", "w"])
    observed = from_moments(estimate, "x", 80)
    with pytest.raises(EstimationError, match="Take a smaller k"):
        bounds(observed, estimate, {"w": ["w"]}, [50])


def test_a_confounder_that_would_explain_more_than_the_outcome_is_capped(panel_estimate):
    *_, data = panel_estimate
    data["y"] = data["z"] * 3 + 0.1 * data["y"]
    estimate = ols(cluster_moments(data, ["y", "x", "z"]), "y", ["x", "z"])
    observed = from_moments(estimate, "x", 80)
    with pytest.warns(EstimationWarning, match="set to one"):
        table = bounds(observed, estimate, {"z": ["z"]}, [3])
    assert table.loc[0, "r2yz_dx"] == 1.0
    assert table.loc[0, "se"] == 0.0


def test_estimates_of_two_equations_are_not_mixed(panel_estimate):
    estimate, _, _ = panel_estimate
    with pytest.raises(EstimationError, match="same equation"):
        bounds(Observed("x", 5.0, 0.1, 80), estimate, {"z": ["z"]})


@pytest.mark.parametrize(("benchmarks", "k"), [({}, [1]), ({"z": ["z"]}, []), ({"z": []}, [1])])
def test_nothing_to_compare_with_is_refused(panel_estimate, benchmarks, k):
    estimate, observed, _ = panel_estimate
    with pytest.raises(EstimationError, match="name at least one"):
        bounds(observed, estimate, benchmarks, k)


@pytest.mark.parametrize("k", [0.0, -1.0, float("inf")])
def test_a_multiple_must_be_positive(panel_estimate, k):
    estimate, observed, _ = panel_estimate
    with pytest.raises(EstimationError, match="multiple must be positive"):
        bounds(observed, estimate, {"z": ["z"]}, [k])
