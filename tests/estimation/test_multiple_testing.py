"""Families of hypotheses: step-down, shared draws, and error rates by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.bootstrap import Wild, wild_bootstrap
from urbanecon.estimation.bootstrap_draws import Weights
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import ols, two_stage
from urbanecon.estimation.multiple_testing import (
    Hypothesis,
    adjusted_p,
    romano_wolf,
    step_down,
)


def family_of(data, outcomes, term="x", controls=("z",)):
    """One hypothesis an outcome; each outcome keeps its own rows."""
    return {
        y: Hypothesis(
            ols(cluster_moments(data, [y, term, *controls]), y, [term, *controls], term), term
        )
        for y in outcomes
    }


def synthetic_family(rng, effect=0.0, *, cities=40, years=5, outcomes=5, shared=0.8):
    """Outcomes that share most of their shocks, and a treatment of some effect."""
    index = pd.MultiIndex.from_product([range(cities), range(years)], names=["city", "year"])
    city = index.get_level_values("city").to_numpy()
    common = rng.normal(size=(len(index), 1)) + rng.normal(size=(cities, 1))[city]
    own = rng.normal(size=(len(index), outcomes)) + rng.normal(size=(cities, outcomes))[city]
    x = rng.normal(size=cities)[city] * rng.uniform(0.5, 1.5, len(index))
    values = np.sqrt(shared) * common + np.sqrt(1 - shared) * own + effect * x[:, None]
    names = [f"y{j}" for j in range(outcomes)]
    data = pd.DataFrame(values, index=index, columns=names)
    return data.assign(x=x), names


def simulated(simulations, draws, effect, seed, **design):
    """Per simulation: whether any, and which share of, hypotheses are rejected at 5 percent."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(simulations):
        data, names = synthetic_family(rng, effect=effect, **design)
        moments = cluster_moments(data, [*names, "x"], ("year",), "city")
        family = {y: Hypothesis(ols(moments, y, ["x"]), "x") for y in names}
        table = romano_wolf(family, draws=draws, seed=int(rng.integers(2**31)))
        bonferroni = (table["p"] * len(names)).clip(upper=1)
        found.append([table["romano_wolf"].to_numpy(), table["p"].to_numpy(), bonferroni])
    return np.array(found, dtype=float).transpose(1, 0, 2) <= 0.05


def test_step_down_by_hand():
    draws = np.array([[3.0, 0.0], [0.0, -2.0], [1.0, 1.0], [-0.5, 0.5]])
    # the largest statistic is compared with all maxima, the other with its own draws alone
    np.testing.assert_allclose(step_down(np.array([2.5, -1.5]), draws), [(1 + 1) / 5, (1 + 1) / 5])
    np.testing.assert_allclose(step_down(np.array([2.5, 0.5]), draws), [2 / 5, 4 / 5])


def test_adjusted_values_rise_in_the_order_of_the_statistics():
    rng = np.random.default_rng(3)
    t, draws = rng.normal(size=8), rng.normal(size=(499, 8))
    adjusted = step_down(t, draws)
    order = np.argsort(-np.abs(t))
    assert (np.diff(adjusted[order]) >= 0).all()
    alone = (1 + (np.abs(draws) >= np.abs(t)).sum(axis=0)) / 500
    assert (adjusted >= alone).all()
    assert adjusted.max() <= 1


def test_a_family_of_one_is_not_adjusted(synthetic_panel):
    table = romano_wolf(family_of(synthetic_panel(60, cities=30), ["y"]), draws=999)
    assert table.loc["y", "romano_wolf"] == table.loc["y", "p"]
    assert table.loc["y", "holm"] == table.loc["y", "p"]


def test_alone_each_p_is_that_of_the_wild_bootstrap(synthetic_panel):
    data = synthetic_panel(61, cities=30)
    hypothesis = family_of(data, ["y"])["y"]
    table = romano_wolf({"y": hypothesis}, draws=999, seed=5)
    alone = wild_bootstrap(hypothesis.estimate, "x", how=Wild(draws=999, seed=5))
    assert table.loc["y", "t"] == pytest.approx(alone.statistic, rel=1e-12)
    assert table.loc["y", "p"] == pytest.approx((1 + 999 * alone.p) / 1000, rel=1e-12)


def test_each_draw_is_a_refit_on_the_drawn_outcome(synthetic_panel):
    data = synthetic_panel(62, cities=12)
    data["y2"] = (data["y"] - data["z"]).where(data.index.get_level_values("city") < "000009")
    family = family_of(data, ["y", "y2"])
    weights = Weights("webb", 12, 20, 7)
    t = np.empty((20, 2))
    for j, (name, hypothesis) in enumerate(family.items()):
        rows = data.dropna(subset=[name])
        moments = hypothesis.estimate.moments
        null = ols(moments, name, ["z"])
        fitted = null_fit(rows, name)
        city = moments.clusters.get_indexer(rows.index.get_level_values("city"))
        for b, w in enumerate(weights.matrix()[:, : len(moments.clusters)]):
            drawn = rows.assign(drawn=fitted + w[city] * (rows[name] - fitted))
            refit = ols(cluster_moments(drawn, ["drawn", "x", "z"]), "drawn", ["x", "z"])
            t[b, j] = refit.params[0] / np.sqrt(crv1(refit)[0, 0])
        assert len(null.terms) == 1
    table = romano_wolf(family, law="webb", draws=20, seed=7)
    expected = step_down(table["t"].to_numpy(), t)
    np.testing.assert_allclose(table["romano_wolf"], expected)
    alone = (1 + (np.abs(t) >= np.abs(table["t"].to_numpy())).sum(axis=0)) / 21
    np.testing.assert_allclose(table["p"], alone)


def null_fit(rows, name):
    """Fitted values of the equation without the treatment, by dummies."""
    keys = [pd.get_dummies(rows.index.get_level_values(k)).to_numpy(float) for k in (0, 1)]
    x = np.column_stack([rows["z"].to_numpy(), *keys])
    return x @ np.linalg.lstsq(x, rows[name].to_numpy(), rcond=None)[0]


def test_few_clusters_are_enumerated_with_the_sample_among_the_draws(synthetic_panel):
    data = synthetic_panel(63, cities=6, present=1.0)
    table = romano_wolf(family_of(data, ["y"]), draws=99)
    assert table.loc["y", "p"] * 64 == pytest.approx(round(table.loc["y", "p"] * 64))
    assert table.loc["y", "p"] >= 2 / 64


def test_a_copy_of_a_hypothesis_costs_nothing(synthetic_panel):
    data = synthetic_panel(64, cities=30)
    data["copy"] = 3 * data["y"] + 1
    table = romano_wolf(family_of(data, ["y", "copy"]), draws=499)
    assert table.loc["copy", "romano_wolf"] == table.loc["y", "p"]
    assert table.loc["y", "holm"] == pytest.approx(min(1, 2 * table.loc["y", "p"]))


def test_treatments_may_form_the_family_and_the_order_given_is_kept(synthetic_panel):
    data = synthetic_panel(65, cities=30)
    estimate = ols(cluster_moments(data, ["y", "x", "z"]), "y", ["x", "z"])
    family = {name: Hypothesis(estimate, name) for name in ("z", "x")}
    table = romano_wolf(family, draws=199)
    assert table.index.tolist() == ["z", "x"]
    assert table.columns.tolist() == ["estimate", "se", "t", "p", "romano_wolf", "holm", "bh"]
    turned = romano_wolf(dict(reversed(family.items())), draws=199)
    pd.testing.assert_frame_equal(turned.loc[["z", "x"]], table)


@pytest.mark.slow
def test_under_the_complete_null_the_family_errs_in_five_percent_of_samples():
    adjusted, alone, _ = simulated(1000, 399, effect=0.0, seed=11)
    assert 0.04 <= adjusted.any(axis=1).mean() <= 0.06
    assert alone.any(axis=1).mean() > 0.08


@pytest.mark.slow
def test_correlated_outcomes_leave_more_power_than_bonferroni():
    adjusted, _, bonferroni = simulated(200, 399, effect=0.45, seed=12)
    assert adjusted.mean() > bonferroni.mean() + 0.05
    assert (adjusted.mean(axis=0) >= bonferroni.mean(axis=0)).all()


def test_holm_and_benjamini_hochberg_by_hand():
    table = adjusted_p(pd.Series([0.01, 0.04, 0.03, np.nan], index=list("abcd")))
    np.testing.assert_allclose(table["holm"], [0.03, 0.06, 0.06, np.nan])
    np.testing.assert_allclose(table["bh"], [0.03, 0.04, 0.04, np.nan])


def test_holm_and_benjamini_hochberg_are_those_of_statsmodels():
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(5)
    for p in (rng.uniform(size=40) ** 3, rng.integers(0, 5, 12) / 4, np.array([0.3])):
        table = adjusted_p(pd.Series(p))
        np.testing.assert_array_equal(table["holm"], multipletests(p, method="holm")[1])
        np.testing.assert_array_equal(table["bh"], multipletests(p, method="fdr_bh")[1])


@pytest.mark.parametrize("p", [[], [np.nan]])
def test_an_empty_family_of_p_values_is_refused(p):
    with pytest.raises(EstimationError, match="the family is empty"):
        adjusted_p(pd.Series(p, dtype=float))


@pytest.mark.parametrize("p", [-0.1, 1.2, np.inf])
def test_a_p_value_outside_its_range_is_named(p):
    with pytest.raises(EstimationError, match="p of 'b'"):
        adjusted_p(pd.Series([0.1, p], index=["a", "b"]))


def test_an_empty_family_is_refused():
    with pytest.raises(EstimationError, match="the family is empty"):
        romano_wolf({})


def test_clusters_of_two_kinds_do_not_share_weights(synthetic_panel):
    data = synthetic_panel(66, cities=30)
    family = family_of(data, ["y"])
    province = cluster_moments(data, ["y", "x"], cluster="province")
    family["by province"] = Hypothesis(ols(province, "y", ["x"]), "x")
    with pytest.raises(EstimationError, match="clustered by city and province"):
        romano_wolf(family)


def test_one_cluster_is_refused(synthetic_panel):
    data = synthetic_panel(67, cities=1, years=30, present=1.0)
    moments = cluster_moments(data, ["y", "x"], ("city",), "city")
    with pytest.raises(EstimationError, match="cluster"):
        romano_wolf({"y": Hypothesis(ols(moments, "y", ["x"]), "x")})


def test_a_misspelt_term_and_swept_moments_are_refused(synthetic_panel):
    data = synthetic_panel(68)
    estimate = ols(cluster_moments(data, ["y", "x"]), "y", ["x"])
    with pytest.raises(UnknownNameError, match="'X' is not a term"):
        Hypothesis(estimate, "X")
    swept = ols(cluster_moments(data, ["y", "x"], most_numbers=1), "y", ["x"])
    with pytest.raises(EstimationError, match="swept"):
        Hypothesis(swept, "x")
    two = two_stage(cluster_moments(data, ["y", "x", "z"]), "y", ["x"], ["z"])
    with pytest.raises(EstimationError, match="two stages"):
        Hypothesis(two, "x")


@pytest.mark.parametrize(
    ("t", "draws"),
    [
        (np.array([]), np.empty((9, 0))),
        (np.ones(2), np.ones((9, 3))),
        (np.ones(2), np.ones((0, 2))),
        (np.array([1.0, np.inf]), np.ones((9, 2))),
    ],
)
def test_statistics_that_make_no_family_are_refused(t, draws):
    with pytest.raises(EstimationError):
        step_down(t, draws)


def test_a_draw_without_variance_counts_against_rejection():
    draws = np.array([[np.nan], [0.0], [0.0]])
    np.testing.assert_allclose(step_down(np.array([5.0]), draws), [0.5])
