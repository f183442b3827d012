"""Randomization inference: each draw a refit, exact p-values, size, power, bad input."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation import randomization_sums
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments import cluster_moments, moments_of
from urbanecon.estimation.randomization import permute_equation, randomization_test
from urbanecon.estimation.randomization_paths import assignments, treatment_paths
from urbanecon.estimation.randomization_result import Permutations, randomization_p
from urbanecon.estimation.sample import draw_sample

pytestmark = [
    pytest.mark.filterwarnings("ignore:y. only"),
    pytest.mark.filterwarnings("ignore:pilot. the paths of"),
]


def panel(seed, cities=20, years=8, present=1.0, effect=0.0):
    """Synthetic staggered panel: a quarter never treated, provinces of five."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [range(cities), range(2005, 2005 + years)], names=["city", "year"]
    )
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    data = pd.DataFrame(rng.normal(size=(len(index), 3)), index=index, columns=["y", "x", "z"])
    data["y"] += rng.normal(size=cities)[city] + 0.3 * (year - 2005)
    first = rng.permuted(np.resize([2007, 2009, 2010, np.inf], cities))
    data["pilot"] = (year >= first[city]).astype(float)
    data["share"] = rng.random(len(data)).round(2)
    data["y"] += effect * data["pilot"] + 0.5 * data["x"]
    data["province"] = [f"P{c // 5}" for c in city]
    data["weight"] = rng.uniform(0.2, 4, len(data))
    # of the absent outcomes half lack the whole row, but not the first year's
    luck = rng.random(len(data))
    data["y"] = data["y"].where(luck < present)
    return data[(luck < (1 + present) / 2) | (year == 2005)]


def paths_and_draws(data, treatment, how, strata=None):
    """The paths and assignments of a test, read again from the data."""
    index = data.index[data["y"].notna()]
    units, periods = (index.get_level_values(k).unique().sort_values() for k in (0, 1))
    seen = data["y"].unstack().reindex(units)[periods].notna().to_numpy()
    names = (
        pd.Series("all units", index=units)
        if strata is None
        else data.reset_index().groupby("city")[strata].first()[units]
    )
    paths = treatment_paths(data[treatment], units, periods, seen, names, exchange=how.exchange)
    return paths, assignments(paths, how.draws, how.seed)[0]


def moved(data, treatment, paths, assigned):
    """The panel in which the cities have the paths assigned to them."""
    city = paths.units.get_indexer(data.index.get_level_values(0))
    year = paths.periods.get_indexer(data.index.get_level_values(1))
    return data.assign(**{treatment: paths.by_period[assigned[city], year]})


def check_refits(data, found, how, *, strata=None, cluster="city", weights=None, some=50):
    """Compare a random part of the draws with refits."""
    paths, drawn = paths_and_draws(data, found.treatment, how, strata)
    chosen = np.random.default_rng(0).choice(len(drawn), min(some, len(drawn)), replace=False)
    for b in chosen:
        if np.isnan(found.distribution[b]):
            continue
        again = moved(data, found.treatment, paths, drawn[b])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EstimationWarning)
            fit = fixed_effects(
                again,
                "y",
                [found.treatment, "x", "z"],
                vcov=f"cluster({cluster})",
                weights=weights,
            )
        assert found.coefficients[b] == pytest.approx(
            fit.params[found.treatment], rel=1e-10, abs=1e-10
        )
        if how.statistic == "t":
            assert found.distribution[b] == pytest.approx(
                fit.tstat[found.treatment], rel=1e-10, abs=1e-10
            )


# each draw is a refit


@pytest.mark.parametrize("statistic", ["t", "coefficient"])
@pytest.mark.parametrize(
    ("strata", "cluster", "weights"),
    [(None, "city", None), ("province", "city", "weight"), (None, "province", "weight")],
)
@pytest.mark.parametrize("present", [1.0, 0.8])
def test_fifty_random_draws_equal_refits(statistic, strata, cluster, weights, present):
    data = panel(1, present=present)
    how = Permutations(statistic, draws=300, seed=2)
    found = permute_equation(
        data, "y", "pilot", ["x", "z"], strata=strata, cluster=cluster, how=how, weights=weights
    )
    assert not found.enumerated
    check_refits(data, found, how, strata=strata, cluster=cluster, weights=weights)


@pytest.mark.parametrize("exchange", ["all", "same years"])
def test_a_continuous_path_moves_whole(exchange):
    data = panel(3)
    if exchange == "same years":
        late = data.index.get_level_values("city") % 2 == 1
        data = data[~(late & (data.index.get_level_values("year") < 2008))]
    how = Permutations("t", draws=200, seed=1, exchange=exchange)
    found = permute_equation(data, "y", "share", ["x", "z"], how=how)
    check_refits(data, found, how)
    assert found.n_strata == (2 if exchange == "same years" else 1)


@given(
    seed=st.integers(0, 10_000),
    cities=st.integers(6, 16),
    years=st.integers(5, 9),
    present=st.floats(0.7, 1),
    weights=st.sampled_from([None, "weight"]),
    strata=st.sampled_from([None, "province"]),
    moving=st.sampled_from([("pilot", "all"), ("share", "same years")]),
    statistic=st.sampled_from(["t", "coefficient"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_masks_weights_and_strata_agree_with_refits(
    *, seed, cities, years, present, weights, strata, moving, statistic
):
    data, (treatment, exchange) = panel(seed, cities, years, present), moving
    how = Permutations(statistic, draws=40, seed=seed, exchange=exchange)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EstimationWarning)
            found = permute_equation(
                data, "y", treatment, ["x", "z"], strata=strata, how=how, weights=weights
            )
    except EstimationError as problem:
        # a city first seen when treated, nobody treated, or a single assignment
        assert any(w in str(problem) for w in ("not known", "cannot be estimated", "one way"))
        assume(False)
    check_refits(data, found, how, strata=strata, weights=weights, some=4)


def test_the_observed_statistic_is_that_of_the_fit():
    data = panel(4, present=0.9)
    fit = fixed_effects(data, "y", ["pilot", "x", "z"], vcov="cluster(province)")
    found = permute_equation(
        data, "y", "pilot", ["x", "z"], cluster="province", how=Permutations(draws=99)
    )
    assert found.estimate == pytest.approx(fit.params["pilot"], rel=1e-12)
    assert found.observed == pytest.approx(fit.tstat["pilot"], rel=1e-11)


# p-values


def test_all_assignments_give_fishers_p():
    data = panel(5, cities=5)
    found = permute_equation(data, "y", "pilot", ["x", "z"], how=Permutations("coefficient"))
    assert found.enumerated
    paths, _ = paths_and_draws(data, "pilot", Permutations())
    orders = sorted(set(permutations(paths.of.tolist())))
    fits = [
        fixed_effects(
            moved(data, "pilot", paths, np.array(order)), "y", ["pilot", "x", "z"]
        ).params["pilot"]
        for order in orders
    ]
    assert found.possible == found.draws == len(orders)
    assert found.p == pytest.approx(np.mean(np.abs(fits) >= abs(found.estimate) * (1 - 1e-9)))


def test_random_assignments_count_the_observed_one():
    draws = np.array([-2.0, 1.0, 0.5, np.nan])
    assert randomization_p(draws, 1.0, False) == 4 / 5
    assert randomization_p(draws[:3], 1.0, True) == 2 / 3
    assert randomization_p(np.array([1.0 - 1e-12]), 1.0, True) == 1.0


def test_random_draws_come_near_the_exact_p():
    data = panel(6, cities=7)
    exact = permute_equation(data, "y", "pilot", ["x"], how=Permutations(draws=100_000))
    some = permute_equation(data, "y", "pilot", ["x"], how=Permutations(draws=exact.possible - 1))
    assert exact.enumerated
    assert not some.enumerated
    error = np.sqrt(exact.p * (1 - exact.p) / some.draws) + 1 / some.draws
    assert some.p == pytest.approx(exact.p, abs=4 * error)


def p_values_without_effect(statistic, rng, tests=50):
    """Of `tests` synthetic outcomes and assignments in one small panel, 199 permutations each.

    Given the rest of the panel the test is exact over assignments, so that the panel need not
    be drawn anew for each; that p is that of the public function is checked once.
    """
    data = panel(int(rng.integers(1e9)), cities=15, years=5)
    first, _ = paths_and_draws(data, "pilot", Permutations())
    paths = [replace(first, of=rng.permutation(first.of)) for _ in range(tests)]
    city, year = (data.index.codes[k] for k in (0, 1))
    columns = {f"y{k}": data["y"] + y for k, y in enumerate(rng.normal(size=(tests, len(data))))}
    columns |= {f"pilot{k}": o.by_period[o.of[city], year] for k, o in enumerate(paths)}
    data = pd.concat([data[["x"]], pd.DataFrame(columns, index=data.index)], axis=1)
    sample = draw_sample(data, [*columns, "x"], ("city", "year"), ("city", "year"))
    moments = moments_of(sample, ("city", "year"), "city")
    p = []
    for k, own in enumerate(paths):
        how = Permutations(statistic, draws=199, seed=int(rng.integers(1e9)))
        p.append(randomization_test(moments, f"y{k}", f"pilot{k}", own, ["x"], how=how).p)
        if not k:
            assert p[0] == permute_equation(data, "y0", "pilot0", ["x"], how=how).p
    return p


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["t", "coefficient"])
def test_the_size_is_five_percent_when_nobody_is_affected(statistic):
    rng = np.random.default_rng(8)
    p = np.concatenate([p_values_without_effect(statistic, rng) for _ in range(40)])
    assert 0.04 <= np.mean(p <= 0.05) <= 0.06  # 2,000 draws: two binomial standard errors


@pytest.mark.parametrize("statistic", ["t", "coefficient"])
def test_a_true_effect_is_found(statistic):
    how = Permutations(statistic, draws=199)
    p = [
        permute_equation(panel(s, 30, effect=1.0), "y", "pilot", ["x"], how=how).p
        for s in range(20)
    ]
    assert np.mean(np.array(p) <= 0.05) >= 0.9


# the same result everywhere


def test_neither_row_order_nor_units_touch_the_result():
    data, how = panel(9, present=0.9), Permutations(draws=200)
    first = permute_equation(data, "y", "pilot", ["x"], how=how)
    again = permute_equation(data.sample(frac=1, random_state=2), "y", "pilot", ["x"], how=how)
    assert np.array_equal(first.distribution, again.distribution)
    scaled = permute_equation(data.assign(y=1e7 * data["y"]), "y", "pilot", ["x"], how=how)
    assert scaled.p == first.p


CODE = """
import numpy as np, pandas as pd
from urbanecon.estimation.randomization import permute_equation
rng = np.random.default_rng(1)
index = pd.MultiIndex.from_product([range(250), range(12)], names=["city", "year"])
data = pd.DataFrame(rng.normal(size=(3000, 4)), index=index, columns=list("yxzd"))
found = permute_equation(data, "y", "d", ["x", "z"])
print(found.distribution.tobytes().hex()[-999:], found.p)
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


def test_moments_made_before_give_the_same_test():
    data, how = panel(10), Permutations(draws=100)
    moments = cluster_moments(data, ["y", "pilot", "x", "z"])
    paths, _ = paths_and_draws(data, "pilot", how)
    found = randomization_test(moments, "y", "pilot", paths, ["x"], how=how)
    assert found.p == permute_equation(data, "y", "pilot", ["x"], how=how).p


def test_the_result_says_what_was_done():
    found = permute_equation(panel(11), "y", "pilot", strata="province")
    shown = found.diagnostic()
    assert (shown.name, shown.statistic, shown.p) == (
        "randomization test of pilot",
        found.observed,
        found.p,
    )
    assert shown.note == (
        "randomization inference, 9,999 random assignments of whole paths within province, "
        "statistic: t, CRV1 by city (20)"
    )


# bad input


def test_strata_that_cannot_move_bring_a_warning_with_their_names():
    data = panel(12)
    city = data.index.get_level_values("city")
    data["stratum"] = np.where(city == 0, "lone", np.where(city < 4, "bare", "rest"))
    data.loc[data["stratum"] == "bare", "pilot"] = 0.0
    with pytest.warns(
        EstimationWarning, match=r"4 units keep .*treated in 1 strata \(bare\).*lone"
    ):
        found = permute_equation(data, "y", "pilot", strata="stratum")
    assert found.kept == 4


def test_few_assignments_bring_a_warning():
    data = panel(5, cities=10)
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    data["pilot"] = ((city == 3) & (year >= 2008)).astype(float)
    with pytest.warns(EstimationWarning, match=r"only 10 assignments differ: p is at least 0\.1"):
        permute_equation(data, "y", "pilot")


def test_nobody_or_everybody_treated_is_refused():
    for value in (0.0, 1.0):
        with pytest.raises(EstimationError, match="one way only"):
            permute_equation(panel(1).assign(pilot=value), "y", "pilot")


def test_a_treatment_without_variation_within_controls_is_refused():
    data = panel(1).assign(twin=lambda d: d["pilot"])
    with pytest.raises(NotEstimableError, match="cannot be estimated"):
        permute_equation(data, "y", "pilot", ["twin"], how=Permutations("coefficient", draws=50))


def test_years_must_be_among_the_effects_and_not_swept():
    data, how = panel(1), Permutations(draws=50)
    with pytest.raises(EstimationError, match="name 'year' among the effects"):
        permute_equation(data, "y", "pilot", effects=["city"], how=how)
    sample = draw_sample(data, ["y", "pilot"], ("city", "year"), ["city"])
    paths, _ = paths_and_draws(data, "pilot", how)
    swept = moments_of(sample, ("city", "year"), "city", most_numbers=1)
    with pytest.raises(EstimationError, match="randomization inference is not exact"):
        randomization_test(swept, "y", "pilot", paths, how=how)


def test_a_table_that_does_not_fit_in_memory_is_refused(monkeypatch):
    monkeypatch.setattr(randomization_sums, "MOST_NUMBERS", 10)
    with pytest.raises(EstimationError, match="20 units with 4 different paths"):
        permute_equation(panel(1), "y", "pilot")


def test_paths_must_be_those_of_the_moments():
    data, how = panel(1), Permutations(draws=50)
    moments = cluster_moments(data, ["y", "pilot", "share"])
    paths, _ = paths_and_draws(data, "pilot", how)
    with pytest.raises(EstimationError, match="is not what 'share' was"):
        randomization_test(moments, "y", "share", paths, how=how)
    provinces = cluster_moments(data, ["y", "pilot"], cluster="province")
    with pytest.raises(EstimationError, match="20 units, the moments of 4 clusters"):
        randomization_test(provinces, "y", "pilot", paths, how=how)


def test_a_city_has_one_stratum_and_one_cluster():
    data = panel(1)
    data["moving"] = data.index.get_level_values("year") > 2008
    for role in ("strata", "cluster"):
        with pytest.raises(EstimationError, match="'moving' changes within city 0"):
            permute_equation(data, "y", "pilot", **{role: "moving"})


def test_one_cluster_is_refused_for_t_and_not_for_the_coefficient():
    data = panel(1).assign(nation="C")
    with pytest.raises(EstimationError, match="one cluster"):
        permute_equation(data, "y", "pilot", cluster="nation")
    found = permute_equation(
        data, "y", "pilot", cluster="nation", how=Permutations("coefficient", draws=50)
    )
    assert 0 < found.p <= 1


def test_misspelt_names_duplicates_and_infinite_values():
    data = panel(1)
    with pytest.raises(MissingColumnError, match="Did you mean 'pilot'"):
        permute_equation(data, "y", "pilots")
    with pytest.raises(UnknownNameError, match="'coefficient'"):
        Permutations("coeficient")
    with pytest.raises(DataError, match="city"):
        permute_equation(pd.concat([data, data.iloc[:1]]), "y", "pilot")
    data.iloc[3, data.columns.get_loc("x")] = np.inf
    with pytest.raises(EstimationError, match="infinite"):
        permute_equation(data, "y", "pilot", ["x"])


def test_rows_without_an_outcome_still_tell_the_path():
    data = panel(14)
    year = data.index.get_level_values("year")
    kept = data[(year != 2007) | (data.index.get_level_values("city") % 2 == 0)]
    missing = data.assign(y=data["y"].where(data.index.isin(kept.index)))
    how = Permutations(draws=100)
    found = permute_equation(missing, "y", "pilot", ["x"], how=how)
    assert found.warnings == ()
    fit = fixed_effects(kept, "y", ["pilot", "x"])
    assert found.observed == pytest.approx(fit.tstat["pilot"], rel=1e-10)
