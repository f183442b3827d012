"""Every subset of controls from one reduction, against as many refits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.subsets import all_subsets, control_subsets

CONTROLS = ["a", "b", "c", "d"]


def synthetic(seed: int, cities: int = 30, years: int = 8, gaps: float = 0.1) -> pd.DataFrame:
    """Return a synthetic unbalanced panel with weights and provinces of six cities."""
    rng = np.random.default_rng(seed)
    names = [f"{i:06d}" for i in range(cities)]
    index = pd.MultiIndex.from_product([names, range(2005, 2005 + years)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(len(index), 6)), index, ["y", "x", *CONTROLS])
    data["x"] += 0.5 * data["a"]
    data["y"] += 0.3 * data["x"] - data["a"] + 0.2 * data["b"]
    data["weight"] = rng.uniform(0.5, 2.0, len(data))
    data["province"] = [f"p{int(city) // 6}" for city in index.get_level_values("city")]
    return data[rng.random(len(data)) >= gaps]


def refit(data: pd.DataFrame, controls: list[str], **options: str) -> tuple[float, float]:
    vcov = f"cluster({options.pop('cluster', 'city')})"
    fit = fixed_effects(data, "y", ["x", *controls], ("city", "year"), vcov, **options)
    return float(fit.params["x"]), float(np.sqrt(fit.vcov.loc["x", "x"]))


def test_there_are_two_to_the_power_of_controls_subsets_each_once() -> None:
    member = all_subsets(4)
    assert member.shape == (16, 4)
    assert len(np.unique(member, axis=0)) == 16
    assert not member[0].any()


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    weighted=st.booleans(),
    cluster=st.sampled_from(["city", "province"]),
    subset=st.lists(st.booleans(), min_size=4, max_size=4),
    gaps=st.floats(0.0, 0.3),
)
def test_any_subset_weights_mask_and_clusters_give_what_a_refit_gives(
    seed: int, weighted: bool, cluster: str, subset: list[bool], gaps: float
) -> None:
    data = synthetic(seed, gaps=gaps)
    options = {"weights": "weight"} if weighted else {}
    moments = cluster_moments(data, ["y", "x", *CONTROLS], cluster=cluster, **options)
    row = control_subsets(moments, "y", "x", CONTROLS, subsets=np.array([subset])).iloc[0]
    kept = [name for name, inside in zip(CONTROLS, subset, strict=True) if inside]
    wanted = refit(data, kept, cluster=cluster, **options)
    np.testing.assert_allclose((row["estimate"], row["se"]), wanted, rtol=1e-10)


def test_fifty_random_subsets_of_twelve_controls_equal_refits() -> None:
    rng = np.random.default_rng(1)
    data = synthetic(1, cities=60)
    more = {f"z{i}": rng.normal(size=len(data)) for i in range(8)}
    data, names = data.assign(**more), [*CONTROLS, *more]
    table = control_subsets(cluster_moments(data, ["y", "x", *names]), "y", "x", names)
    assert len(table) == 4096
    for place in rng.choice(4096, 50, replace=False):
        row = table.iloc[place]
        wanted = refit(data, [name for name in names if row[name]])
        np.testing.assert_allclose((row["estimate"], row["se"]), wanted, rtol=1e-10)


def test_t_p_and_counts_are_those_of_the_fit() -> None:
    data = synthetic(2)
    fit = fixed_effects(data, "y", ["x", "a"])
    moments = cluster_moments(data, ["y", "x", "a"])
    row = control_subsets(moments, "y", "x", ["a"]).iloc[1]
    assert row["t"] == pytest.approx(row["estimate"] / row["se"])
    assert row["p"] == pytest.approx(float(fit.pvalue["x"]), rel=1e-9)
    assert (row["n"], row["n_clusters"]) == (fit.nobs, 30)


def test_the_spread_of_the_outcome_is_that_within_the_effects() -> None:
    data = synthetic(3)
    row = control_subsets(cluster_moments(data, ["y", "x"]), "y", "x", []).iloc[0]
    effects = pd.get_dummies(data.reset_index()[["city", "year"]].astype(str)).to_numpy(float)
    y = data["y"].to_numpy()
    left = y - effects @ np.linalg.lstsq(effects, y, rcond=None)[0]
    assert row["outcome_sd"] == pytest.approx(np.sqrt(np.mean(left**2)))


def test_collinear_controls_cost_only_the_subsets_that_hold_both() -> None:
    data = synthetic(4)
    data["twice"] = 2 * data["a"] + data["b"]
    names = ["a", "b", "twice"]
    table = control_subsets(cluster_moments(data, ["y", "x", *names]), "y", "x", names)
    whole = table[names].all(axis=1)
    assert table.loc[whole, "reason"].str.startswith("twice is collinear").all()
    assert table.loc[whole, ["estimate", "se", "t", "p"]].isna().all(axis=None)
    assert (table.loc[~whole, "reason"] == "").all()
    assert table.loc[~whole, "estimate"].notna().all()


def test_a_control_that_the_effects_absorb_is_named_in_every_subset_that_holds_it() -> None:
    data = synthetic(5)
    data["height"] = data.groupby("city")["a"].transform("first")
    data["cycle"] = np.sin(data.index.get_level_values("year").to_numpy().astype(float))
    names = ["height", "cycle"]
    table = control_subsets(cluster_moments(data, ["y", "x", *names]), "y", "x", names)
    assert table["reason"].eq("").tolist() == [True, False, False, False]


def test_a_copy_of_the_treatment_leaves_nothing_to_estimate() -> None:
    data = synthetic(6).assign(copy=lambda d: d["x"])
    table = control_subsets(cluster_moments(data, ["y", "x", "copy"]), "y", "x", ["copy"])
    assert table["reason"].iloc[1].startswith("copy is collinear")


def test_more_parameters_than_rows_is_a_reason_and_no_number() -> None:
    rng = np.random.default_rng(7)
    index = pd.MultiIndex.from_product([["1", "2", "3"], [1, 2]], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(6, 4)), index, ["y", "x", "a", "b"])
    moments = cluster_moments(data, ["y", "x", "a", "b"])
    table = control_subsets(moments, "y", "x", ["a", "b"])
    assert table["reason"].iloc[-1] != ""
    assert np.isnan(table["se"].iloc[-1])


@pytest.mark.parametrize("still", ["x", "y"])
def test_a_treatment_or_outcome_without_variation_is_refused(still: str) -> None:
    data = synthetic(8)
    data[still] = data.groupby("city")["a"].transform("first")
    with pytest.raises(NotEstimableError, match=f"'{still}' does not vary within the effects"):
        control_subsets(cluster_moments(data, ["y", "x", "b"]), "y", "x", ["b"])


def test_one_cluster_is_refused() -> None:
    data = synthetic(9).assign(country="china")
    moments = cluster_moments(data, ["y", "x"], cluster="country")
    with pytest.raises(EstimationError, match="one cluster of 'country'"):
        control_subsets(moments, "y", "x", [])


def test_names_are_checked() -> None:
    moments = cluster_moments(synthetic(10), ["y", "x", "a"])
    with pytest.raises(UnknownNameError, match="'aa' is not among the variables"):
        control_subsets(moments, "y", "x", ["aa"])
    with pytest.raises(EstimationError, match="'x' stands more than once"):
        control_subsets(moments, "y", "x", ["x"])
    with pytest.raises(EstimationError, match="one column for each of the 1 controls"):
        control_subsets(moments, "y", "x", ["a"], subsets=np.ones((3, 2), dtype=bool))
    with pytest.raises(EstimationError, match="at most 20 controls"):
        all_subsets(21)
