"""Estimates from cluster moments agree with fixest, with refits and with other estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.instrumental import instrumental
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv1, crv3, leave_one_out, leverage, wald
from urbanecon.estimation.moments_fit import moments_fit
from urbanecon.estimation.moments_ols import ols, two_stage

NAMES = ["y", "x", "z"]
CONTROLS = ["ind2", "ltrade", "lfin", "lstud", "lfexp"]
pytestmark = pytest.mark.filterwarnings("ignore:.*only .* clusters")


def test_the_city_panel_agrees_with_fixest(cities, reference):
    expected = reference("twfe_city_fixest")["results"]["cl_city"]
    fit = moments_fit(cities, "lgdppc", CONTROLS)
    for term in CONTROLS:
        assert fit.params[term] == pytest.approx(expected["coef"][term], rel=1e-10)
        assert fit.se[term] == pytest.approx(expected["se"][term], rel=1e-10)
    assert (fit.nobs, fit.df) == (expected["nobs"], expected["df_t"])


def test_grunfeld_agrees_with_fixest(reference, reference_data):
    data = reference_data("grunfeld_plm").set_index(["firm", "year"])
    expected = reference("twfe_grunfeld_fixest")["results"]["cl_firm"]
    fit = moments_fit(data, "inv", ["value", "capital"], ("firm", "year"), "firm")
    for term in ("value", "capital"):
        assert fit.params[term] == pytest.approx(expected["coef"][term], rel=1e-10)
        assert fit.se[term] == pytest.approx(expected["se"][term], rel=1e-10)


def test_grunfeld_errors_by_firm_have_the_factors_of_plm(reference, reference_data):
    data = reference_data("grunfeld_plm").set_index(["firm", "year"])
    expected = reference("twfe_grunfeld_plm")["results"]["HC0_arellano_group"]
    fit = moments_fit(data, "inv", ["value", "capital"], ("firm", "year"), "firm")
    factor = 10 / 9 * 199 / 178  # plm has none: 10 firms, 200 rows, 2 + 20 parameters
    for term in ("value", "capital"):
        assert fit.params[term] == pytest.approx(expected["coef"][term], rel=1e-10)
        assert fit.se[term] == pytest.approx(expected["se"][term] * factor**0.5, rel=1e-10)


def test_grunfeld_jackknife_is_that_of_dummies_without_one_firm_after_another(reference_data):
    data = reference_data("grunfeld_plm")
    columns = ["value", "capital"]

    def slopes(rows):
        dummies = pd.get_dummies(rows[["firm", "year"]].astype(str), dtype=float)
        design = np.column_stack([rows[columns], dummies])
        return np.linalg.lstsq(design, rows["inv"], rcond=None)[0][:2]

    moves = [slopes(data[data["firm"] != f]) - slopes(data) for f in data["firm"].unique()]
    expected = 9 / 10 * sum(np.outer(m, m) for m in moves)
    fit = moments_fit(
        data.set_index(["firm", "year"]), "inv", columns, ("firm", "year"), "firm", errors="crv3"
    )
    np.testing.assert_allclose(fit.vcov, expected, rtol=1e-8)


class Naive:
    """Least squares by dummies of every effect, row by row, or in two stages."""

    def __init__(self, data, endogenous, effects, weights, instruments=()):
        w = np.ones(len(data)) if weights is None else data[weights].to_numpy()
        frame = data.reset_index()
        blocks = [pd.get_dummies(frame[e].astype(str), dtype=float) for e in effects]
        constant = [] if blocks else [np.ones((len(frame), 1))]
        others = [np.delete(d.to_numpy(), 0, 1) if i else d for i, d in enumerate(blocks)]
        x = np.column_stack([frame[endogenous], *constant, *others])
        z = np.column_stack([frame[list(instruments)], x[:, len(instruments) :]])
        z = z if len(instruments) else x
        projected = (
            z @ np.linalg.lstsq(z * w[:, None] ** 0.5, x * w[:, None] ** 0.5, rcond=None)[0]
        )
        self.rank = np.linalg.matrix_rank(projected)
        self.full = self.rank == x.shape[1]
        self.bread = np.linalg.pinv((projected.T * w) @ projected)
        self.params = self.bread @ (projected.T * w) @ frame["y"].to_numpy()
        residual = frame["y"].to_numpy() - x @ self.params
        self.scores = projected * (w * residual)[:, None]

    def crv1(self, labels, k, absorbed):
        n, size = len(self.scores), len(set(labels))
        sums = pd.DataFrame(self.scores).groupby(np.asarray(labels)).sum().to_numpy()
        factor = size / (size - 1) * (n - 1) / (n - k - absorbed)
        return factor * (self.bread @ sums.T @ sums @ self.bread)[:k, :k]


SAMPLES = {
    "seed": st.integers(0, 10_000),
    "cities": st.integers(6, 15),
    "present": st.floats(0.5, 1.0),
    "weights": st.sampled_from([None, "weight"]),
    "effects": st.sampled_from([(), ("year",), ("city",), ("city", "year")]),
    "cluster": st.sampled_from(["city", "province"]),
}


def labels_of(data, cluster):
    return data.reset_index()[cluster].to_numpy()


def years_that_count(data, effects):
    return data.index.get_level_values("year").nunique() if "year" in effects else 1


@settings(max_examples=40, deadline=None)
@given(**SAMPLES)
def test_random_samples_weights_and_clusters_agree_with_dummies(
    *, synthetic_panel, seed, cities, present, weights, effects, cluster
):
    data = synthetic_panel(seed, cities, 6, present)
    assume(data["province"].nunique() > 2)
    naive = Naive(data, ["x", "z"], effects, weights)
    assume(naive.full and len(data) > naive.rank + 5)
    moments = cluster_moments(data, NAMES, effects, cluster, weights=weights)
    estimate = ols(moments, "y", ["x", "z"])
    np.testing.assert_allclose(estimate.params[:2], naive.params[:2], rtol=1e-8, atol=1e-10)
    labels, absorbed = labels_of(data, cluster), years_that_count(data, effects)
    expected = naive.crv1(labels, 2, absorbed)
    np.testing.assert_allclose(crv1(estimate), expected, rtol=1e-7, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(**SAMPLES)
def test_random_jackknives_agree_with_dummies_on_what_remains(
    *, synthetic_panel, seed, cities, present, weights, effects, cluster
):
    data = synthetic_panel(seed, cities, 6, present)
    labels = labels_of(data, cluster)
    full = Naive(data, ["x", "z"], effects, weights)
    rest = [Naive(data[labels != g], ["x", "z"], effects, weights) for g in sorted(set(labels))]
    assume(all(fit.full for fit in [full, *rest]))
    moves = np.stack([fit.params[:2] - full.params[:2] for fit in rest])
    moments = cluster_moments(data, NAMES, effects, cluster, weights=weights)
    estimate = ols(moments, "y", ["x", "z"])
    expected = (len(rest) - 1) / len(rest) * moves.T @ moves
    np.testing.assert_allclose(crv3(estimate), expected, rtol=1e-6, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(**SAMPLES)
def test_random_instruments_agree_with_dummies(
    *, synthetic_panel, seed, cities, present, weights, effects, cluster
):
    data = synthetic_panel(seed, cities, 6, present)
    data["q"] = data["x"] + np.random.default_rng(seed).normal(size=len(data))
    naive = Naive(data, ["x", "z"], effects, weights, ["q"])
    assume(naive.full and len(data) > naive.rank + 5 and data["province"].nunique() > 2)
    moments = cluster_moments(data, [*NAMES, "q"], effects, cluster, weights=weights)
    estimate = two_stage(moments, "y", ["x"], ["q"], ["z"])
    assume(abs(naive.params[:2]).max() < 1e3)
    np.testing.assert_allclose(estimate.params[:2], naive.params[:2], rtol=1e-7, atol=1e-9)
    expected = naive.crv1(labels_of(data, cluster), 2, years_that_count(data, effects))
    np.testing.assert_allclose(crv1(estimate), expected, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("cluster", ["city", "province"])
def test_without_effects_the_constant_is_estimated_anew_without_each_cluster(
    synthetic_panel, cluster
):
    data = synthetic_panel(32)
    estimate = ols(cluster_moments(data, NAMES, (), cluster), "y", ["x", "z"])
    assert estimate.moments.levels == ("constant=1",)
    by_rows = fixed_effects(data, "y", ["x", "z"], (), vcov=f"crv3({cluster})")
    np.testing.assert_allclose(crv3(estimate), by_rows.vcov.loc[["x", "z"], ["x", "z"]], rtol=1e-9)


def test_effects_nested_in_unions_do_not_count_as_parameters(synthetic_panel):
    data = synthetic_panel(33, cities=30, years=8)
    effects = ("city", "province:year")
    by_rows = fixed_effects(data, "y", ["x", "z"], effects, "cluster(province)")
    for most in ({}, {"most_numbers": 2_000}):
        moments = cluster_moments(data, NAMES, effects, **most)
        assert moments.route == ("swept" if most else "columns")
        home = data.groupby("city")["province"].first().reindex(moments.clusters)
        unions = crv1(ols(moments, "y", ["x", "z"]), [home.tolist()])
        np.testing.assert_allclose(unions, by_rows.vcov, rtol=1e-9)
        coarse = ols(moments.coarsen(home, "province"), "y", ["x", "z"])
        np.testing.assert_allclose(crv1(coarse), by_rows.vcov, rtol=1e-9)


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("cluster", ["city", "province"])
@pytest.mark.parametrize(
    "effects", [(), ("year",), ("city",), ("city", "year"), ("city", "province:year")], ids=str
)
def test_every_design_agrees_with_the_estimator_by_rows(
    synthetic_panel, effects, cluster, weights
):
    data = synthetic_panel(21, cities=30, years=8)
    ours = moments_fit(data, "y", ["x", "z"], effects, cluster, weights=weights)
    rows = fixed_effects(data, "y", ["x", "z"], effects, f"cluster({cluster})", weights=weights)
    np.testing.assert_allclose(ours.params, rows.params[["x", "z"]], rtol=1e-10)
    np.testing.assert_allclose(ours.se, rows.se[["x", "z"]], rtol=1e-10)
    assert ours.stats["rss"] == pytest.approx(rows.stats["rss"], rel=1e-9)
    assert ours.stats["r2_within"] == pytest.approx(rows.stats["r2_within"], rel=1e-9)
    assert ours.nobs == rows.nobs


@pytest.mark.parametrize("weights", [None, "weight"])
def test_leaving_a_city_out_is_the_refit_without_its_rows(synthetic_panel, weights):
    data = synthetic_panel(22)
    estimate = ols(cluster_moments(data, NAMES, weights=weights), "y", ["x", "z"])
    left_out = leave_one_out(estimate)
    city = data.index.get_level_values("city")
    for g, label in enumerate(estimate.moments.clusters):
        refit = fixed_effects(data[city != label], "y", ["x", "z"], vcov="iid", weights=weights)
        np.testing.assert_allclose(left_out[g], refit.params, rtol=1e-9)
    by_rows = fixed_effects(data, "y", ["x", "z"], vcov="crv3(city)", weights=weights)
    np.testing.assert_allclose(crv3(estimate), by_rows.vcov, rtol=1e-9)


def test_a_year_that_only_one_city_has_leaves_with_it(synthetic_panel):
    data = synthetic_panel(23, present=1.0)
    year = data.index.get_level_values("year")
    data = data[(year < 2010) | (data.index.get_level_values("city") == "000002")]
    estimate = ols(cluster_moments(data, NAMES), "y", ["x", "z"])
    city = data.index.get_level_values("city")
    refit = fixed_effects(data[city != "000002"], "y", ["x", "z"], vcov="iid")
    np.testing.assert_allclose(leave_one_out(estimate)[2], refit.params, rtol=1e-10)


def test_a_term_that_one_cluster_identifies_has_no_jackknife(synthetic_panel):
    data = synthetic_panel(24)
    data["only"] = data["x"].where(data.index.get_level_values("city") == "000004", 0.0)
    estimate = ols(cluster_moments(data, [*NAMES, "only"]), "y", ["only", "z"])
    assert np.isnan(leave_one_out(estimate)[4, 0])
    with pytest.raises(EstimationError, match="without city 000004"):
        crv3(estimate)


def test_leverages_of_clusters_add_up_to_the_number_of_parameters(synthetic_panel):
    estimate = ols(cluster_moments(synthetic_panel(25), NAMES), "y", ["x", "z"])
    assert leverage(estimate).sum() == pytest.approx(len(estimate.params))


def test_clusters_in_two_dimensions_from_cities(synthetic_panel):
    data = synthetic_panel(26, cities=40)
    data["size"] = [f"S{int(c) % 7}" for c in data.index.get_level_values("city")]
    estimate = ols(cluster_moments(data, NAMES), "y", ["x", "z"])
    homes = data.groupby("city")[["province", "size"]].first()
    groups = [homes["province"].tolist(), homes["size"].tolist()]
    by_rows = fixed_effects(data, "y", ["x", "z"], vcov="cluster(province, size)")
    # city effects are nested in both dimensions, so the factor is that of the clusters
    np.testing.assert_allclose(crv1(estimate, groups), by_rows.vcov, rtol=1e-10)
    one_way = fixed_effects(data, "y", ["x", "z"], vcov="cluster(province)")
    np.testing.assert_allclose(crv1(estimate, groups[:1]), one_way.vcov, rtol=1e-10)


def test_the_joint_test_is_that_of_the_fit(synthetic_panel):
    data = synthetic_panel(27, cities=40)
    estimate = ols(cluster_moments(data, NAMES), "y", ["x", "z"])
    ours = wald(estimate, crv1(estimate), ["x", "z"], 39)
    theirs = fixed_effects(data, "y", ["x", "z"]).test(["x", "z"])
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.p), rel=1e-10)


@pytest.mark.parametrize("weights", [None, "weight"])
def test_two_stage_least_squares_agrees_with_the_estimator_by_rows(synthetic_panel, weights):
    data = synthetic_panel(28, cities=40)
    rng = np.random.default_rng(3)
    data["q"], data["r"] = rng.normal(size=(2, len(data)))
    data["x"] += data["q"] + 0.5 * data["r"]
    moments = cluster_moments(data, [*NAMES, "q", "r"], weights=weights)
    estimate = two_stage(moments, "y", ["x"], ["q", "r"], ["z"])
    by_rows = instrumental(data, "y", ["x"], ["q", "r"], ["z"], weights=weights)
    np.testing.assert_allclose(estimate.params[:2], by_rows.params[["x", "z"]], rtol=1e-10)
    se = np.sqrt(np.diag(crv1(estimate)))
    np.testing.assert_allclose(se, by_rows.se[["x", "z"]], rtol=1e-9)


def test_two_stages_need_instruments_that_move_the_regressor(synthetic_panel):
    data = synthetic_panel(29).assign(year_only=0.0)
    data["year_only"] = data.index.get_level_values("year").astype(float)
    moments = cluster_moments(data, [*NAMES, "year_only"])
    with pytest.raises(NotEstimableError, match="0 usable instruments for 1 endogenous"):
        two_stage(moments, "y", ["x"], ["year_only"])


def test_an_equation_needs_a_regressor(synthetic_panel):
    moments = cluster_moments(synthetic_panel(29), NAMES)
    with pytest.raises(EstimationError, match="equation of 'y' has no regressor"):
        ols(moments, "y", [])


def test_the_jackknife_of_two_stages_is_refused(synthetic_panel):
    moments = cluster_moments(synthetic_panel(29), NAMES)
    estimate = two_stage(moments, "y", ["x"], ["z"])
    assert estimate.two_stage
    with pytest.raises(EstimationError, match="estimated in two stages"):
        leave_one_out(estimate)


def test_collinear_regressors_are_named_and_a_lost_treatment_is_an_error(synthetic_panel):
    data = synthetic_panel(30)
    data["twice"] = 2 * data["x"]
    data["fixed"] = data.index.get_level_values("city").astype(float)
    estimate = ols(cluster_moments(data, [*NAMES, "twice"]), "y", ["x", "z", "twice"], "x")
    assert (estimate.terms, estimate.dropped) == (("x", "z"), ("twice",))
    moments = cluster_moments(data, [*NAMES, "fixed"])
    with pytest.raises(NotEstimableError, match="'fixed' cannot be estimated"):
        ols(moments, "y", ["fixed", "z"], "fixed")
    with pytest.raises(NotEstimableError, match="outcome 'fixed' does not vary"):
        ols(moments, "fixed", ["x"])


def test_one_cluster_and_no_degrees_of_freedom_are_errors(synthetic_panel):
    data = synthetic_panel(31).assign(country="CN")
    one = ols(cluster_moments(data, NAMES, cluster="country"), "y", ["x"])
    with pytest.raises(EstimationError, match="lie in one cluster of 'country'"):
        crv1(one)
    few = data.iloc[:3]
    with pytest.raises((EstimationError, NotEstimableError)):
        crv1(ols(cluster_moments(few, NAMES), "y", ["x", "z"]))


def test_large_units_cost_no_digits(cities):
    data = cities.assign(big=lambda d: d["ltrade"] * 1e12 + 1e15)
    ours = moments_fit(data, "lgdppc", ["ind2", "big"])
    rows = fixed_effects(data, "lgdppc", ["ind2", "big"])
    assert isinstance(ours.params, pd.Series)
    np.testing.assert_allclose(ours.params, rows.params, rtol=1e-8)
    np.testing.assert_allclose(ours.se, rows.se, rtol=1e-8)
