"""Wild cluster bootstrap: parity with R, each draw a refit, intervals, bad input."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.bootstrap import bootstrap_equation, wild_bootstrap
from urbanecon.estimation.bootstrap_draws import Weights
from urbanecon.estimation.bootstrap_result import Wild
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import ols, two_stage

CONTROLS = ["ind2", "ltrade", "lfin", "lstud", "lfexp"]
LAWS = ["rademacher", "webb", "mammen"]
pytestmark = [
    pytest.mark.filterwarnings("ignore:y. with"),
    pytest.mark.filterwarnings("ignore:.*clusters"),
]


# parity with R


@pytest.fixture
def grunfeld(reference_data):
    return reference_data("grunfeld_plm").set_index(["firm", "year"])


@pytest.mark.reference
@pytest.mark.parametrize("term", ["value", "capital"])
def test_full_enumeration_on_grunfeld_is_that_of_fwildclusterboot(grunfeld, reference, term):
    expected = reference("wildboot_grunfeld_fwildclusterboot")["results"][f"{term} rademacher"]
    found = bootstrap_equation(
        grunfeld, "inv", term, ["value", "capital"], ["year"], cluster="firm"
    )
    assert (found.draws, found.enumerated) == (expected["B"], True)
    assert found.p == expected["p"]
    assert found.statistic == pytest.approx(expected["t"], rel=1e-10)
    # R stops its search at a tolerance; in units of the standard error it is near
    se = abs(found.estimates[0] / found.statistic)
    np.testing.assert_allclose(found.interval, expected["ci"], atol=1e-3 * se)


@pytest.mark.filterwarnings("ignore:lgdppc")
def test_the_city_panel_agrees_with_fwildclusterboot(cities, reference):
    expected = reference("wildboot_grunfeld_fwildclusterboot")["results"]
    found = bootstrap_equation(
        cities, "lgdppc", "ltrade", CONTROLS, how=Wild(draws=49_999, seed=1)
    )
    # R counts the five regressors alone in N - K, fixest the 24 years as well
    factor = np.sqrt((7_372 - 5) / (7_372 - 30))
    assert found.statistic * factor == pytest.approx(expected["city"]["t"], rel=1e-9)
    p = expected["city_p_99999"]
    error = np.sqrt(p * (1 - p) * (1 / 49_999 + 1 / 99_999))
    assert found.p == pytest.approx(p, abs=4 * error)


# each draw is a refit


def by_hand(
    data, tested, null, w, *, vcov, restricted, weights, effects=("city", "year"), terms=("x", "z")
):
    """Statistic of one draw: y* is built row by row (w) and the equation estimated again."""
    frame = data.reset_index()
    root = np.ones(len(frame)) if weights is None else np.sqrt(frame[weights].to_numpy())
    dummies = [pd.get_dummies(frame[e], dtype=float).to_numpy() for e in effects]
    terms = list(terms)
    free = [t for t in terms if not (restricted and t in tested)]
    imposed = frame[tested].to_numpy() @ null if restricted else np.zeros(len(frame))
    design = np.column_stack([frame[free], *dummies])
    y = frame["y"].to_numpy()
    b = np.linalg.lstsq(design * root[:, None], (y - imposed) * root, rcond=None)[0]
    fitted = design @ b + imposed
    starred = data.assign(y=fitted + w * (y - fitted))
    fit = fixed_effects(starred, "y", terms, effects, vcov, weights=weights)
    center = null if restricted else b[[terms.index(t) for t in tested]]
    move = fit.params[tested].to_numpy() - center
    v = fit.vcov.loc[tested, tested].to_numpy()
    if len(tested) == 1:
        return move[0] / np.sqrt(v[0, 0])
    return move @ np.linalg.solve(v, move) / len(tested)


def row_weights(data, w, key):
    codes = pd.factorize(data.reset_index()[key], sort=True)[0]
    return w[codes]


def check_draws(
    data, found, how, *, tested, null, by, weights=None, clusters=("city",), terms=("x", "z")
):
    """Compare three of the draws that have a variance with refits."""
    size = data.reset_index()[by].nunique()
    w = Weights(how.law, size, how.draws, how.seed).matrix()
    vcov = f"cluster({', '.join(clusters)})"
    usable = np.flatnonzero(~np.isnan(found.distribution))
    for draw in usable[[0, len(usable) // 2, -2]]:
        rows = row_weights(data, w[draw], by)
        expected = by_hand(
            data,
            tested,
            null,
            rows,
            vcov=vcov,
            restricted=how.restricted,
            weights=weights,
            terms=terms,
        )
        assert found.distribution[draw] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("restricted", [True, False], ids=["WCR", "WCU"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("weights", [None, "weight"])
def test_each_draw_is_a_refit(synthetic_panel, law, restricted, weights):
    data = synthetic_panel(3, cities=14)
    how = Wild(law, restricted, draws=60, seed=2)
    found = bootstrap_equation(data, "y", "x", ["z"], how=how, values=0.3, weights=weights)
    check_draws(data, found, how, tested=["x"], null=np.array([0.3]), by="city", weights=weights)


@given(
    seed=st.integers(0, 10_000),
    cities=st.integers(5, 14),
    years=st.integers(4, 7),
    present=st.floats(0.6, 1),
    law=st.sampled_from(LAWS),
    restricted=st.booleans(),
    null=st.floats(-2, 2),
    weights=st.sampled_from([None, "weight"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_samples_masks_and_weights_agree_with_refits(
    *, synthetic_panel, seed, cities, years, present, law, restricted, null, weights
):
    data = synthetic_panel(seed, cities, years, present)
    assume(len(data) > 2 * (cities + years))
    how = Wild(law, restricted, draws=40, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        found = bootstrap_equation(data, "y", "x", ["z"], how=how, values=null, weights=weights)
        if found.unusable == 0:
            check_draws(
                data, found, how, tested=["x"], null=np.array([null]), by="city", weights=weights
            )


@pytest.mark.parametrize("restricted", [True, False])
def test_each_draw_of_a_joint_test_is_a_refit(synthetic_panel, restricted):
    data = synthetic_panel(5, cities=16)
    how = Wild("webb", restricted, draws=50)
    null = np.array([0.1, -0.2])
    found = bootstrap_equation(data, "y", ["x", "z"], how=how, values=null)
    check_draws(
        data,
        found,
        how,
        tested=["x", "z"],
        null=null,
        by="city",
    )
    assert np.isnan(found.interval).all()


def test_subcluster_weights_by_city_with_errors_by_province(synthetic_panel):
    data = synthetic_panel(6, cities=18)
    how = Wild("webb", draws=50)
    found = bootstrap_equation(data, "y", "x", ["z"], cluster="province", draw_by="city", how=how)
    check_draws(
        data, found, how, tested=["x"], null=np.zeros(1), by="city", clusters=("province",)
    )
    assert (found.clusters, found.drawn_clusters) == ({"province": 6}, 18)
    assert "weights by city (18)" in found.words
    fit = fixed_effects(data, "y", ["x", "z"], vcov="cluster(province)")
    assert found.statistic == pytest.approx(fit.tstat["x"], rel=1e-10)


@pytest.mark.parametrize("draw_by", [None, "band", "province:band", "city"])
def test_two_clusterings_with_weights_by_one_of_them_or_their_intersection(
    synthetic_panel, draw_by
):
    data = synthetic_panel(8, cities=40)
    city = data.index.get_level_values("city").astype(int)
    data = data.assign(band=[f"B{c % 7}" for c in city])
    data["province:band"] = data["province"] + data["band"]
    how = Wild("webb", draws=50, seed=4)
    by = ["province", "band"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        found = bootstrap_equation(data, "y", "x", ["z"], cluster=by, draw_by=draw_by, how=how)
        fit = fixed_effects(data, "y", ["x", "z"], vcov="cluster(province, band)")
        assert found.statistic == pytest.approx(fit.tstat["x"], rel=1e-9)
        assert found.drawn_by == (draw_by or "band")  # 7 bands, 14 provinces
        check_draws(
            data, found, how, tested=["x"], null=np.zeros(1), by=found.drawn_by, clusters=by
        )


@pytest.mark.parametrize("draw_by", ["city", "year", "city:year"])
def test_clusters_that_cut_through_the_effects_keep_them_as_columns(synthetic_panel, draw_by):
    data = synthetic_panel(4, cities=9, years=8)
    data["city:year"] = np.arange(len(data))
    how, by = Wild("webb", draws=50, seed=1), ["city", "year"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        found = bootstrap_equation(data, "y", "x", cluster=by, draw_by=draw_by, how=how)
        # one regressor: with more, a refit mends a covariance that is not definite
        check_draws(
            data, found, how, tested=["x"], null=np.zeros(1), by=draw_by, clusters=by, terms=["x"]
        )


def test_without_effects_the_constant_is_estimated_anew_in_each_draw(synthetic_panel):
    data = synthetic_panel(9, cities=10)
    how = Wild("mammen", draws=30)
    found = bootstrap_equation(data, "y", "x", ["z"], [], how=how)
    w = Weights("mammen", 10, 30, 0).matrix()
    rows = row_weights(data, w[7], "city")
    data["one"] = 1
    expected = by_hand(
        data,
        ["x"],
        np.zeros(1),
        rows,
        vcov="cluster(city)",
        restricted=True,
        weights=None,
        effects=("one",),
    )
    assert found.distribution[7] == pytest.approx(expected, rel=1e-9)


# intervals


@pytest.mark.parametrize("tail", ["symmetric", "equal-tailed"])
@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("law", LAWS)
def test_p_at_the_ends_of_the_interval_is_alpha(synthetic_panel, law, restricted, tail):
    data = synthetic_panel(11, cities=20)
    estimate = ols(cluster_moments(data, ["y", "x", "z"]), "y", ["x", "z"])
    how = Wild(law, restricted, draws=999, tail=tail, level=0.9)
    low, high = wild_bootstrap(estimate, "x", how=how).interval
    assert low < estimate.params[0] < high
    step = (2 if tail == "equal-tailed" else 1) / 999
    for end in (low, high):
        p = wild_bootstrap(estimate, "x", end, how).p
        assert p == pytest.approx(0.1, abs=step + 1e-12)


def test_values_within_the_interval_are_not_rejected_and_others_are(synthetic_panel):
    data = synthetic_panel(12, cities=9)
    estimate = ols(cluster_moments(data, ["y", "x", "z"]), "y", ["x", "z"])
    found = wild_bootstrap(estimate, "x")
    assert found.enumerated
    low, high = found.interval
    width = high - low
    for r in (low + 0.01 * width, high - 0.01 * width):
        assert wild_bootstrap(estimate, "x", r).p > 0.05
    for r in (low - 0.01 * width, high + 0.01 * width):
        assert wild_bootstrap(estimate, "x", r).p <= 0.05


def test_the_interval_is_found_when_it_is_asked_for(synthetic_panel):
    data, runs = synthetic_panel(12, cities=15), []

    def counting(function, items):
        runs.append(function)
        return map(function, items)

    found = bootstrap_equation(data, "y", "x", ["z"], how=Wild(draws=99), map_=counting)
    assert len(runs) == 1
    first, again = found.interval, found.interval
    assert first == again
    assert len(runs) == 2


def test_an_unbounded_interval_brings_a_warning(synthetic_panel):
    found = bootstrap_equation(synthetic_panel(12, cities=15), "y", "x", how=Wild(draws=19))
    found = replace(found, inverted=lambda: (-np.inf, np.inf))
    with pytest.warns(EstimationWarning, match="y: the interval is unbounded"):
        assert found.interval == (-np.inf, np.inf)


def test_a_generator_gives_the_interval_the_draws_of_its_test(synthetic_panel):
    data, rng = synthetic_panel(12, cities=15), np.random.default_rng(5)
    found = bootstrap_equation(data, "y", "x", ["z"], how=Wild(draws=999, level=0.9, seed=rng))
    rng.random(7)
    low, high = found.interval
    again = np.random.default_rng(5)
    same = bootstrap_equation(data, "y", "x", ["z"], how=Wild(draws=999, level=0.9, seed=again))
    assert (low, high) == same.interval


def test_the_joint_test_of_one_term_is_the_square_of_its_t(synthetic_panel):
    data = synthetic_panel(12, cities=12)
    estimate = ols(cluster_moments(data, ["y", "x", "z"]), "y", ["x", "z"])
    both = wild_bootstrap(estimate, ["x", "z"], [estimate.params[0], 0.0])
    assert both.statistic > 0
    one = wild_bootstrap(estimate, ["z"])
    assert one.statistic**2 == pytest.approx(
        fixed_effects(data, "y", ["x", "z"]).test(["z"]).statistic, rel=1e-10
    )


# the same result everywhere


def test_neither_row_order_nor_shift_of_units_touches_the_result(synthetic_panel):
    data = synthetic_panel(13, cities=15)
    how = Wild("webb", draws=200, seed=8)
    first = bootstrap_equation(data, "y", "x", ["z"], how=how)
    again = bootstrap_equation(data.sample(frac=1, random_state=1), "y", "x", ["z"], how=how)
    assert np.array_equal(first.distribution, again.distribution)
    assert first.interval == again.interval
    scaled = bootstrap_equation(data.assign(x=data["x"] * 1e6), "y", "x", ["z"], how=how)
    np.testing.assert_allclose(scaled.distribution, first.distribution, rtol=1e-7)
    assert scaled.p == first.p


CODE = """
import numpy as np, pandas as pd
from urbanecon.estimation.bootstrap import bootstrap_equation
rng = np.random.default_rng(1)
index = pd.MultiIndex.from_product([range(250), range(12)], names=["city", "year"])
data = pd.DataFrame(rng.normal(size=(3000, 4)), index=index, columns=list("yxzw"))
found = bootstrap_equation(data[rng.random(3000) < 0.9], "y", "x", ["z", "w"])
print(found.distribution.tobytes().hex()[-999:], found.interval, found.p)
"""


def test_the_number_of_threads_does_not_touch_a_bit():
    printed = set()
    for threads in ("1", "2"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        env = {**os.environ, **dict.fromkeys(names, threads)}
        run = subprocess.run(
            [sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True
        )
        printed.add(run.stdout)
    assert len(printed) == 1


def test_the_result_says_what_was_done(synthetic_panel):
    found = bootstrap_equation(synthetic_panel(1, cities=10), "y", "x", ["z"])
    shown = found.diagnostic()
    assert (shown.statistic, shown.p) == (found.statistic, found.p)
    assert shown.name == "wild bootstrap test of x = 0"
    assert shown.note == (
        "wild cluster bootstrap, restricted, Rademacher weights, all 1,024 draws, clustered by "
        "city (10), CRV1, symmetric"
    )


# size


@pytest.mark.slow
def test_the_size_is_right_with_twelve_clusters():
    """Synthetic: random walks within clusters, no effect, 2,000 samples, Webb weights."""
    rng = np.random.default_rng(20)
    index = pd.MultiIndex.from_product([range(12), range(5)], names=["city", "year"])
    rejected = 0
    for _ in range(2_000):
        walks = rng.normal(size=(12, 5, 2)).cumsum(axis=1).reshape(60, 2)
        data = pd.DataFrame(walks, index=index, columns=["y", "x"])
        estimate = ols(cluster_moments(data, ["y", "x"], ["year"]), "y", ["x"])
        found = wild_bootstrap(estimate, "x", how=Wild("webb", draws=199, seed=rng))
        rejected += found.p < 0.05
    assert rejected / 2_000 == pytest.approx(0.05, abs=0.015)


# bad input


def test_swept_moments_and_two_stages_are_refused(synthetic_panel):
    data = synthetic_panel(2)
    swept = cluster_moments(data, ["y", "x", "z"], most_numbers=1)
    with pytest.raises(EstimationError, match="wild bootstrap is not exact"):
        wild_bootstrap(ols(swept, "y", ["x"]), "x")
    moments = cluster_moments(data, ["y", "x", "z"])
    with pytest.raises(EstimationError, match="two stages"):
        wild_bootstrap(two_stage(moments, "y", ["x"], ["z"]), "x")


def test_misspelt_names_are_met_with_the_nearest(synthetic_panel):
    data = synthetic_panel(2)
    estimate = ols(cluster_moments(data, ["y", "x", "zeal"][:2]), "y", ["x"])
    with pytest.raises(UnknownNameError, match="'z' is not a term"):
        wild_bootstrap(estimate, "z")
    with pytest.raises(UnknownNameError, match="Known: city, province"):
        wild_bootstrap(estimate, "x", cluster="provinces", unions={"province": data["province"]})
    with pytest.raises(MissingColumnError, match="Did you mean 'province'"):
        bootstrap_equation(data, "y", "x", cluster="provinse")
    with pytest.raises(UnknownNameError, match="'symmetric'"):
        Wild(tail="symetric")


def test_what_is_collinear_cannot_be_tested(synthetic_panel):
    data = synthetic_panel(2).assign(twice=lambda d: 2 * d["x"])
    estimate = ols(cluster_moments(data, ["y", "x", "twice"]), "y", ["x", "twice"])
    with pytest.raises(NotEstimableError, match="'twice' was dropped"):
        wild_bootstrap(estimate, "twice")


def test_one_cluster_is_refused(synthetic_panel):
    data = synthetic_panel(2).assign(nation="C")
    with pytest.raises(EstimationError, match="one cluster"):
        bootstrap_equation(data, "y", "x", cluster="nation", draw_by="city")


def test_labels_must_be_known_for_every_cluster(synthetic_panel):
    estimate = ols(cluster_moments(synthetic_panel(2), ["y", "x"]), "y", ["x"])
    for labels in (["a", "b"], [None] * 12):
        with pytest.raises(EstimationError, match="each of the 12 clusters of 'city'"):
            wild_bootstrap(estimate, "x", cluster="region", unions={"region": labels})


def test_null_values_must_fit_the_terms(synthetic_panel):
    estimate = ols(cluster_moments(synthetic_panel(2), ["y", "x", "z"]), "y", ["x", "z"])
    for values in ([1.0, 2.0, 3.0], np.nan):
        with pytest.raises(EstimationError, match="2 terms need one finite null value or 2"):
            wild_bootstrap(estimate, ["x", "z"], values)


def test_more_restrictions_than_clusters_are_refused(synthetic_panel):
    data = synthetic_panel(2, cities=12)
    group = data.index.get_level_values("city").astype(int) % 2
    with pytest.raises(EstimationError, match="not positive definite"):
        bootstrap_equation(
            data.assign(half=group), "y", ["x", "z"], cluster="half", draw_by="city"
        )


def test_few_clusters_and_two_points_bring_a_warning(synthetic_panel):
    data = synthetic_panel(2, cities=15)
    with pytest.warns(EstimationWarning, match="only 32 different draws; use webb"):
        found = bootstrap_equation(data, "y", "x", cluster="province")
    assert found.enumerated
    assert found.draws == 32


def test_missing_and_infinite_values(synthetic_panel):
    data = synthetic_panel(2, cities=15)
    data.iloc[4, data.columns.get_loc("x")] = np.nan
    found = bootstrap_equation(data, "y", "x", ["z"], how=Wild(draws=99))
    without = bootstrap_equation(data.dropna(), "y", "x", ["z"], how=Wild(draws=99))
    assert np.array_equal(found.distribution, without.distribution)
    data.iloc[4, data.columns.get_loc("x")] = np.inf
    with pytest.raises(EstimationError, match="infinite"):
        bootstrap_equation(data, "y", "x", ["z"])
