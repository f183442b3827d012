"""Random effects, between and first differences: parity with plm, and with plain formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.classical_panel import between, first_difference, random_effects
from urbanecon.estimation.fixed_effects import fixed_effects

EQUATION = ("inv", ["value", "capital"])
ESTIMATORS = [random_effects, between, first_difference]
pytestmark = pytest.mark.filterwarnings("ignore:.*clusters of:urbanecon.errors.EstimationWarning")


@pytest.fixture
def grunfeld(reference_data):
    return reference_data("grunfeld_plm").set_index(["firm", "year"])


def panel(seed, units=60, periods=6, *, unit_sd=1.0, correlated=0.0, missing=0.0):
    """Synthetic panel: slopes 1 and -0.5 (the second constant within units)."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(units), range(2000, 2000 + periods)])
    index = index.set_names(["city", "year"])
    effect = np.repeat(rng.normal(size=units), periods) * unit_sd
    data = pd.DataFrame({"x": rng.normal(size=len(index)) + correlated * effect}, index=index)
    data["z"] = np.repeat(rng.normal(size=units), periods)
    data["province"] = np.repeat(np.arange(units) // 5, periods)
    data["y"] = 2 + data["x"] - 0.5 * data["z"] + effect + rng.normal(size=len(index))
    return data[rng.random(len(index)) >= missing] if missing else data


# -- agreement ----------------------------------------------------------------------


@pytest.mark.parametrize("model", ["re", "fe", "pooling"])
def test_grunfeld_agrees_with_plm(grunfeld, reference, model):
    expected = reference("panel_tests_grunfeld_plm")["results"][model]
    if model == "re":
        fit = random_effects(grunfeld, *EQUATION, "iid")
    else:
        fit = fixed_effects(grunfeld, *EQUATION, ["firm"] if model == "fe" else (), "iid")
    for term, value in expected["coef"].items():
        name = "const" if term == "(Intercept)" else term
        assert fit.params[name] == pytest.approx(value, rel=1e-10)
        assert fit.se[name] == pytest.approx(expected["se"][term], rel=1e-10)


def plain_least_squares(y, x):
    """Coefficients and conventional errors with s2 = RSS / (n - K)."""
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    e = y - x @ b
    return b, np.sqrt(e @ e / (len(y) - x.shape[1]) * np.diag(inverse))


@pytest.mark.parametrize("missing", [0.0, 0.25], ids=["balanced", "unbalanced"])
def test_between_is_least_squares_on_the_means(missing):
    data = panel(1, missing=missing)
    means = data.groupby("city").mean()
    x = np.column_stack([means[["x", "z"]], np.ones(len(means))])
    b, se = plain_least_squares(means["y"].to_numpy(), x)
    fit = between(data, "y", ["x", "z"], "iid")
    np.testing.assert_allclose(fit.params, b, rtol=1e-10)
    np.testing.assert_allclose(fit.se, se, rtol=1e-10)


@pytest.mark.parametrize("drift", [False, True])
@pytest.mark.parametrize("across_gaps", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.25], ids=["balanced", "unbalanced"])
def test_first_differences_are_least_squares_on_changes(missing, across_gaps, drift):
    data = panel(2, missing=missing)
    wide = data[["y", "x"]] if across_gaps else data[["y", "x"]].unstack().stack()
    changes = wide.groupby("city").diff().dropna()
    x = np.column_stack([changes["x"], np.ones(len(changes))])[:, : 1 + drift]
    b, se = plain_least_squares(changes["y"].to_numpy(), x)
    options = {"drift": drift, "across_gaps": across_gaps}
    fit = first_difference(data, "y", ["x"], "iid", **options)
    assert list(fit.sample) == list(changes.index)
    np.testing.assert_allclose(fit.params, b, rtol=1e-10)
    np.testing.assert_allclose(fit.se, se, rtol=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.25], ids=["balanced", "unbalanced"])
def test_random_effects_are_generalised_least_squares_at_their_variances(missing):
    data = panel(3, missing=missing)
    fit = random_effects(data, "y", ["x", "z"], "iid")
    city = data.index.get_level_values("city").to_numpy()
    omega = fit.stats["sigma2_e"] * np.eye(len(data))
    omega += fit.stats["sigma2_u"] * (city[:, None] == city)
    root = np.linalg.inv(np.linalg.cholesky(omega))
    x = np.column_stack([data[["x", "z"]], np.ones(len(data))])
    b, se = plain_least_squares(root @ data["y"].to_numpy(), root @ x)
    np.testing.assert_allclose(fit.params, b, rtol=1e-9)
    np.testing.assert_allclose(fit.se, se, rtol=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_regressor_in_yuan_beside_a_share_costs_no_digits(estimator):
    data = panel(3, missing=0.2).assign(w=lambda d: np.cos(d["y"]))
    small = data.assign(x=data["x"] * 1e12, w=data["w"] * 1e-6)
    one, other = (estimator(rows, "y", ["x", "w"], "iid") for rows in (data, small))
    assert other.params["x"] * 1e12 == pytest.approx(one.params["x"], rel=1e-10)
    assert other.params["w"] * 1e-6 == pytest.approx(one.params["w"], rel=1e-10)
    assert other.se["w"] * 1e-6 == pytest.approx(one.se["w"], rel=1e-10)


def test_unbalanced_variance_components_solve_their_expected_quadratic_forms():
    # E[e_B'e_B] = (N - K) s2_e + (n - tr[...]) s2_u, computed here with full matrices
    data = panel(4, 25, 6, missing=0.3)
    units = pd.factorize(data.index.get_level_values(0))[0]
    dummies = np.eye(units.max() + 1)[units]
    average = dummies @ np.linalg.inv(dummies.T @ dummies) @ dummies.T
    z = np.column_stack([data["x"], data["z"], np.ones(len(data))])
    left_out = np.eye(len(data)) - average @ z @ np.linalg.pinv(average @ z)
    residual = left_out @ average @ data["y"]
    within = np.eye(len(data)) - average
    wx = within @ data["x"].to_numpy()
    e = within @ data["y"].to_numpy() - wx * (wx @ data["y"]) / (wx @ wx)
    sigma2_e = e @ e / (len(data) - units.max() - 1 - 1)
    form = average @ left_out @ average
    mass = np.trace(form @ dummies @ dummies.T)
    sigma2_u = (residual @ residual - np.trace(form) * sigma2_e) / mass
    fit = random_effects(data, "y", ["x", "z"])
    assert fit.stats["sigma2_e"] == pytest.approx(sigma2_e, rel=1e-9)
    assert fit.stats["sigma2_u"] == pytest.approx(sigma2_u, rel=1e-9)
    theta = 1 - np.sqrt(sigma2_e / (sigma2_e + dummies.sum(0) * sigma2_u))
    assert fit.stats["theta_min"] == pytest.approx(theta.min(), rel=1e-9)


def test_two_periods_make_first_differences_with_drift_two_way_fixed_effects():
    data = panel(5, periods=2)
    changes = first_difference(data, "y", ["x"], drift=True)
    effects = fixed_effects(data, "y", ["x"])
    assert changes.params["x"] == pytest.approx(effects.params["x"], rel=1e-10)


# -- known truth -----------------------------------------------------------------------


def coverage(seed, draws=4000, units=280, periods=5):
    """Shares of intervals of the slope of x that hold it, by estimator, errors drawn anew.

    Closed forms in one balanced panel, for all draws at once; they are the
    estimators' own numbers in the draws where both are computed.
    """
    data, rng = panel(seed, units, periods), np.random.default_rng(seed)
    shape = (units, periods, draws)
    x, z = (data[name].to_numpy().reshape(units, periods) for name in ("x", "z"))
    y = rng.normal(size=(units, 1, draws)) + rng.normal(size=shape)
    y += (2 + x - 0.5 * z)[..., None]
    design = np.stack([x, z, np.ones_like(x)], axis=2)
    plain = [_random_effects(y, design), _between(y, design), _changes(y, x)]
    covered = []
    for estimator, (b, se) in zip(ESTIMATORS, plain, strict=True):
        names = ["x"] if estimator is first_difference else ["x", "z"]
        fits = [estimator(data.assign(y=y[:, :, r].ravel()), "y", names) for r in range(2)]
        factor = fits[0].se["x"] / se[0]
        for r, fit in enumerate(fits):
            assert fit.params["x"] == pytest.approx(b[r], rel=1e-8)
            assert fit.se["x"] == pytest.approx(factor * se[r], rel=1e-8)
        low, high = fits[0].conf_int().loc["x"]
        reach = (high - low) / 2 / se[0] * se
        covered.append(np.mean(np.abs(b - 1) <= reach))
    return np.array(covered)


def _random_effects(y, x):
    """Slope and clustered error without a factor; Swamy and Arora's variances."""
    units, periods, k = x.shape
    mx, my = x.mean(axis=1), y.mean(axis=1)
    wx, wy = x - mx[:, None], y - my[:, None]
    own = wx[:, :, 0]
    slope = np.einsum("it,itd->d", own, wy) / np.sum(own**2)
    e = wy - own[..., None] * slope
    s2 = np.sum(e**2, axis=(0, 1)) / (units * (periods - 1) - 1)
    left = my - mx @ np.linalg.lstsq(mx, my, rcond=None)[0]
    effect = np.maximum(np.sum(left**2, axis=0) / (units - k) - s2 / periods, 0)
    share = periods * s2 / (s2 + periods * effect)  # T (1 - theta)^2
    gram = np.einsum("itk,itl->kl", wx, wx) + share[:, None, None] * (mx.T @ mx)
    right = np.einsum("itk,itd->dk", wx, wy) + share[:, None] * (my.T @ mx)
    inverse = np.linalg.inv(gram)
    b = np.einsum("dkl,dl->dk", inverse, right)
    scores = np.einsum("itk,itd->idk", wx, wy) - np.einsum("itk,itl,dl->idk", wx, wx, b)
    scores += share[:, None] * mx[:, None] * (my - mx @ b.T)[..., None]
    return b[:, 0], np.sqrt(np.sum(np.einsum("dl,idl->id", inverse[:, 0], scores) ** 2, axis=0))


def _between(y, x):
    """Slope and heteroskedasticity-robust error without a factor."""
    mx, my = x.mean(axis=1), y.mean(axis=1)
    pull = np.linalg.pinv(mx)
    b = pull @ my
    return b[0], np.sqrt(np.sum((pull[0][:, None] * (my - mx @ b)) ** 2, axis=0))


def _changes(y, x):
    """Slope and clustered error without a factor."""
    dx, dy = np.diff(x, axis=1), np.diff(y, axis=1)
    b = np.einsum("it,itd->d", dx, dy) / np.sum(dx**2)
    scores = np.einsum("it,itd->id", dx, dy) - np.sum(dx**2, axis=1)[:, None] * b
    return b, np.sqrt(np.sum(scores**2, axis=0)) / np.sum(dx**2)


@pytest.mark.slow
def test_robust_intervals_cover_the_truth_with_as_many_units_as_cities():
    covered = coverage(0)
    assert ((covered >= 0.94) & (covered <= 0.96)).all(), covered


def test_with_correlated_effects_only_changes_are_near_the_truth():
    data = panel(7, 300, correlated=0.8)
    assert abs(first_difference(data, "y", ["x"]).params["x"] - 1) < 0.12
    assert between(data, "y", ["x"]).params["x"] > 1.5
    assert random_effects(data, "y", ["x"]).params["x"] > 1.1


# -- rules ---------------------------------------------------------------------------------


def test_without_unit_variance_random_effects_are_pooled_and_say_so():
    data = panel(0, 40, 4, unit_sd=0.0)
    data["y"] = data["y"] - data.groupby("city")["y"].transform("mean") * 0.9
    with pytest.warns(EstimationWarning, match="was negative and is set to zero"):
        fit = random_effects(data, "y", ["x"], "iid")
    pooled = fixed_effects(data, "y", ["x"], (), "iid")
    assert fit.params["x"] == pytest.approx(pooled.params["x"], rel=1e-12)
    assert fit.stats["theta_max"] == 0


def test_a_gap_gives_no_change():
    data = panel(8, 30, 6)
    holes = data.drop(index=[(3, 2002), (4, 2004)])
    fit = first_difference(holes, "y", ["x"])
    assert fit.nobs == 30 * 5 - 4
    assert (3, 2003) not in fit.sample and (3, 2004) in fit.sample


def test_too_few_changes_are_refused():
    with pytest.raises(NotEstimableError, match="1 changes are too few for 1 coefficients"):
        first_difference(panel(8, 1, 2), "y", ["x"], "iid")


def test_a_regressor_constant_in_time_leaves_first_differences_by_name():
    with pytest.warns(EstimationWarning, match="without variation over time: 'z'"):
        fit = first_difference(panel(9), "y", ["x", "z"])
    assert list(fit.params.index) == ["x"]
    with pytest.raises(NotEstimableError, match="'z' cannot be estimated"):
        first_difference(panel(9), "y", ["z"])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_collinear_column_is_dropped_and_named(estimator):
    data = panel(10).assign(twice=lambda d: 2 * d["x"])
    with pytest.warns(EstimationWarning, match="'twice'"):
        fit = estimator(data, "y", ["x", "twice"])
    assert "twice" not in fit.params


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_row_order_and_index_names_do_not_matter(estimator):
    data = panel(11, missing=0.2)
    mixed = data.sample(frac=1, random_state=0).rename_axis(["firm", "period"])
    a, b = estimator(data, "y", ["x"]), estimator(mixed, "y", ["x"])
    pd.testing.assert_series_equal(a.params, b.params, check_exact=True)
    pd.testing.assert_frame_equal(a.vcov, b.vcov, check_exact=True)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_clusters_may_be_coarser_than_units(estimator):
    fit = estimator(panel(12), "y", ["x"], "cluster(province)")
    assert fit.n_clusters == {"province": 12}
    assert estimator(panel(12), "y", ["x"], "crv3(province)").se["x"] > 0


def test_between_refuses_a_cluster_that_varies_within_units():
    data = panel(13).reset_index("year").assign(period=lambda d: d["year"])
    data = data.set_index("year", append=True)
    with pytest.raises(EstimationError, match="'period' varies within city"):
        between(data, "y", ["x"], "cluster(period)")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_bad_input_is_refused_by_name(estimator):
    data = panel(14, 12, 4)
    with pytest.raises(MissingColumnError, match="no column 'xx'"):
        estimator(data, "y", ["xx"])
    with pytest.raises(EstimationError, match="'x' is infinite at city 0, year 2000"):
        estimator(
            data.assign(x=data["x"].where(data["x"] != data["x"].iloc[0], np.inf)), "y", ["x"]
        )
    with pytest.raises(EstimationError, match="not the outcome 'y'"):
        estimator(data, "y", ["y"])
    with pytest.raises(DataError, match="more than once"):
        estimator(pd.concat([data, data.iloc[:1]]), "y", ["x"])
    with pytest.raises(NotEstimableError, match="no value in any"):
        estimator(data.assign(x=np.nan), "y", ["x"])
    with pytest.raises(DataError, match="indexed by unit and year"):
        estimator(data.reset_index(drop=True), "y", ["x"])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_unit_is_refused(estimator):
    with pytest.raises(EstimationError):
        estimator(panel(15).loc[[0]], "y", ["x"])


def test_random_effects_show_the_tests_of_the_unit_variance():
    names = [d.name for d in random_effects(panel(16), "y", ["x"]).diagnostics]
    assert names == [
        "Breusch-Pagan LM test, no random unit effects",
        "Honda test, no random unit effects",
    ]
