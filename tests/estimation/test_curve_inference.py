"""A curve tested as a whole by permuting adoption paths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.curve_inference import joint_tests
from urbanecon.estimation.curve_paths import PathUnit, permuted_paths, run_paths, treatment_columns
from urbanecon.estimation.fixed_effects import fixed_effects

CITIES = [f"{i:06d}" for i in range(36)]
YEARS = range(2008, 2018)
FIRST = pd.Series([2012.0] * 8 + [2014.0] * 6 + [np.nan] * 22, index=pd.Index(CITIES, name="city"))
PROVINCE = pd.Series([f"p{i % 6}" for i in range(36)], index=FIRST.index)


def synthetic(seed: int, effect: float = 0.0) -> pd.DataFrame:
    """Return a synthetic unbalanced panel in which adoption raises y by `effect`."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([CITIES, YEARS], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(len(index), 4)), index, ["y", "w", "a", "b"])
    cities = index.get_level_values("city")
    treated = index.get_level_values("year") >= FIRST.reindex(cities).to_numpy()
    data["y"] += effect * treated + 0.5 * data["a"]
    data["province"] = PROVINCE.reindex(cities).to_numpy()
    return data[rng.random(len(data)) > 0.1]


def unit(data: pd.DataFrame, draws: int = 9, **changes: object) -> PathUnit:
    given: dict[str, object] = {
        "data": data,
        "paths": permuted_paths(FIRST, draws, 0),
        "specs": (("y", ()), ("y", ("a", "b")), ("w", ("b",))),
        "effects": ("city", "year"),
        "cluster": "city",
    }
    return PathUnit(**{**given, **changes})  # type: ignore[arg-type]


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    effects=st.sampled_from([("city", "year"), ("city", "province:year")]),
    cluster=st.sampled_from(["city", "province"]),
)
def test_every_draw_equals_a_refit_with_its_paths(
    seed: int, effects: tuple[str, ...], cluster: str
) -> None:
    data = synthetic(seed)
    work = unit(data, draws=3, effects=effects, cluster=cluster)
    curves = run_paths([work])
    for draw in range(4):
        paths = work.paths.iloc[[draw]]
        permuted = data.assign(x=treatment_columns(data.index, paths)[:, 0])
        for k, (outcome, controls) in enumerate(work.specs):
            fit = fixed_effects(
                permuted, outcome, ["x", *controls], effects, f"cluster({cluster})"
            )
            found = curves.estimate[draw, k], curves.se[draw, k], curves.p[draw, k]
            wanted = fit.params["x"], fit.vcov.loc["x", "x"] ** 0.5, fit.pvalue["x"]
            np.testing.assert_allclose(found, wanted, rtol=1e-8)


def test_the_first_row_is_what_was_observed_and_whole_paths_change_hands() -> None:
    paths = permuted_paths(FIRST, 20, 1)
    pd.testing.assert_series_equal(paths.iloc[0], FIRST, check_names=False)
    for draw in paths.to_numpy():
        np.testing.assert_array_equal(np.sort(draw), np.sort(FIRST))
    assert not paths.iloc[1].equals(paths.iloc[0])


def test_inside_strata_each_keeps_its_paths() -> None:
    paths = permuted_paths(FIRST, 20, 1, PROVINCE)
    pilots = FIRST.notna().groupby(PROVINCE).sum()
    for _, draw in paths.iterrows():
        assert draw.notna().groupby(PROVINCE).sum().equals(pilots)


def test_draws_depend_on_the_seed_and_not_on_the_order_of_cities() -> None:
    one = permuted_paths(FIRST, 5, 3)
    pd.testing.assert_frame_equal(one, permuted_paths(FIRST.iloc[::-1], 5, 3))
    assert not one.equals(permuted_paths(FIRST, 5, 4))


def test_a_strong_effect_is_found_by_all_three_statistics() -> None:
    data = synthetic(5, effect=1.5)
    work = unit(data, draws=99, specs=(("y", ()), ("y", ("a",)), ("y", ("a", "b"))))
    tests = joint_tests(run_paths([work]), [1, 1, 1])
    assert [t.statistic for t in tests] == ["median", "share significant", "Stouffer Z"]
    assert all(t.observed > 0 for t in tests)
    median, share, stouffer = tests
    assert (median.p, stouffer.p) == (0.01, 0.01)
    # the three are nearly one: in one draw of twenty all of them are significant by chance
    assert (share.observed, share.p) == (1.0, pytest.approx(0.05, abs=0.05))


def test_an_effect_against_the_claim_is_significant_but_not_for_it() -> None:
    data = synthetic(5, effect=1.5)
    work = unit(data, draws=99, specs=(("y", ()), ("y", ("a",))))
    median, share, stouffer = joint_tests(run_paths([work]), [-1, -1])
    assert median.observed < 0
    assert median.p < 0.05
    assert (share.observed, share.p) == (0.0, 1.0)
    assert stouffer.observed < 0


def test_without_an_effect_p_is_spread_over_the_unit_interval() -> None:
    p = []
    for seed in range(20):
        work = unit(synthetic(seed), draws=39, paths=permuted_paths(FIRST, 39, seed))
        p.append(joint_tests(run_paths([work]), [1, 1, 1])[0].p)
    assert 0.3 < np.mean(p) < 0.7
    assert min(p) >= 1 / 40


def test_units_are_put_side_by_side_in_their_order() -> None:
    data = synthetic(6)
    whole = run_paths([unit(data)])
    parts = [unit(data, specs=(spec,)) for spec in unit(data).specs]
    split = run_paths(parts)
    np.testing.assert_allclose(whole.estimate, split.estimate, rtol=1e-12)
    np.testing.assert_allclose(whole.outcome_sd, split.outcome_sd, rtol=1e-12)


def test_bad_input_is_named() -> None:
    data = synthetic(7)
    with pytest.raises(EstimationError, match="at least one is needed"):
        permuted_paths(FIRST, 0, 0)
    with pytest.raises(NotEstimableError, match="the same adoption path"):
        permuted_paths(FIRST * np.nan, 9, 0)
    with pytest.raises(EstimationError, match="city 000000 has no stratum"):
        permuted_paths(FIRST, 9, 0, PROVINCE.iloc[1:])
    with pytest.raises(EstimationError, match="city 000000 has no adoption path"):
        run_paths([unit(data, paths=permuted_paths(FIRST.iloc[1:], 5, 0))])
    with pytest.raises(EstimationError, match="one cluster of 'country'"):
        run_paths([unit(data.assign(country="china"), cluster="country")])
    with pytest.raises(EstimationError, match="the curve is empty"):
        run_paths([])
    with pytest.raises(EstimationError, match="2 signs for 3 specifications"):
        joint_tests(run_paths([unit(data)]), [1, 1])
