"""Markov transitions of cities between classes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.errors import DataError, EstimationWarning, NotEstimableError
from urbanecon.measures.transitions import (
    ergodic_distribution,
    quantile_classes,
    spatial_lag,
    spatial_transitions,
    transitions,
)


def panel(rows, first=2010):
    """One row of values a city."""
    index = pd.MultiIndex.from_product(
        [[f"c{i}" for i in range(len(rows))], range(first, first + len(rows[0]))],
        names=["city", "year"],
    )
    return pd.Series(np.asarray(rows, dtype=float).ravel(), index=index, name="gdp_pc")


def walk(cities=60, years=15, seed=1):
    rng = np.random.default_rng(seed)
    return panel(np.cumsum(rng.normal(size=(cities, years)), axis=1))


def ring(n):
    w = np.zeros((n, n))
    for i in range(n):
        w[i, (i + 1) % n] = w[i, (i - 1) % n] = 1
    names = [f"c{i}" for i in range(n)]
    return pd.DataFrame(w, index=names, columns=names)


def test_moves_counted_by_hand():
    chain = transitions(panel([[1, 1, 4], [2, 4, 3], [4, 3, 1], [3, 2, 2]]), k=2)
    assert chain.counts.to_numpy().tolist() == [[2, 2], [2, 2]]
    assert chain.probabilities.to_numpy().tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert chain.ergodic.to_numpy() == pytest.approx([0.5, 0.5])
    assert chain.mobility == pytest.approx(1.0)


def test_classes_within_years_follow_ranks_and_pooled_classes_levels():
    growing = panel([[1, 11], [2, 12], [3, 13], [4, 14]])
    within, _ = quantile_classes(growing, 2, scope="year")
    pooled, cutoffs = quantile_classes(growing, 2)
    assert within.tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    assert pooled.tolist() == [1, 2] * 4
    assert cutoffs.index.tolist() == ["pooled"]


def test_a_gap_in_the_years_is_not_bridged():
    y = panel([[1, 2, 3], [3, 2.5, 1], [2, 4, 6]]).drop(("c0", 2011))
    assert transitions(y, k=2).counts.to_numpy().sum() == 4
    assert transitions(y, k=2, step=2).counts.to_numpy().sum() == 3


@given(st.integers(2, 5), st.integers(0, 10_000))
@settings(max_examples=25)
def test_rows_sum_to_one_and_the_ergodic_distribution_is_invariant(k, seed):
    chain = transitions(walk(seed=seed), k=k, scope="year")
    p = chain.probabilities.to_numpy()
    assert p.sum(axis=1) == pytest.approx(np.ones(k))
    pi = chain.ergodic.to_numpy()
    assert pi @ p == pytest.approx(pi, abs=1e-12)
    assert pi.sum() == pytest.approx(1)
    assert chain.counts.to_numpy().sum() == 60 * 14


def test_a_known_chain_is_recovered():
    p = np.array([[0.8, 0.2], [0.1, 0.9]])
    assert ergodic_distribution(p) == pytest.approx([1 / 3, 2 / 3])


def test_a_chain_with_two_closed_classes_has_no_single_long_run():
    with pytest.warns(EstimationWarning, match="more than one closed class"):
        chain = transitions(panel([[1, 1], [1.5, 1.5], [3, 3], [4, 4]]), k=2)
    assert chain.ergodic.isna().all()
    assert chain.mobility == 0


def test_the_lag_is_the_mean_of_the_neighbours_present():
    y = panel([[1], [2], [6], [9]])
    assert spatial_lag(y, ring(4)).tolist() == [5.5, 3.5, 5.5, 3.5]
    assert spatial_lag(y.drop(("c1", 2010)), ring(4)).tolist() == [9, 9, 3.5]
    alone = spatial_lag(y.loc[["c0", "c2"]], ring(4))
    assert alone.isna().all()


def test_moves_by_neighbours_add_up_to_the_pooled_moves():
    y = walk()
    result = spatial_transitions(y, ring(60), k=3)
    total = sum(chain.counts.to_numpy() for chain in result.by_lag.values())
    assert (total == result.pooled.counts.to_numpy()).all()
    assert (total == transitions(y, k=3).counts.to_numpy()).all()
    assert result.test.df[0] > 0


def test_the_homogeneity_statistic_equals_its_definition():
    result = spatial_transitions(walk(), ring(60), k=2)
    q = result.pooled.probabilities.to_numpy()
    expected = 0.0
    for chain in result.by_lag.values():
        n = chain.counts.to_numpy()
        for i in range(2):
            for j in range(2):
                if n[i, j]:
                    expected += 2 * n[i, j] * np.log(n[i, j] / n[i].sum() / q[i, j])
    assert result.test.statistic == pytest.approx(expected)
    assert result.test.df == (2,)


def test_the_homogeneity_test_has_its_size_when_neighbours_do_not_matter():
    """Independent chains with known transition law: rejection near 5% in 200 panels."""
    rng, rejected = np.random.default_rng(4), 0
    for _ in range(200):
        state = rng.integers(0, 2, 50)
        rows = [state]
        for _ in range(12):
            stay = rng.random(50) < 0.8
            rows.append(np.where(stay, rows[-1], 1 - rows[-1]))
        levels = np.array(rows).T + rng.uniform(0, 0.9, (50, 13))
        rejected += spatial_transitions(panel(levels), ring(50), k=2).test.p < 0.05
    assert 2 <= rejected <= 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.iloc[:, ::-1], "same cities in one order"),
        (lambda w: -w, "nonnegative with a zero diagonal"),
        (lambda w: w + np.eye(len(w)), "nonnegative with a zero diagonal"),
        (lambda w: w.drop("c3").drop(columns="c3"), "lack the city 'c3'"),
    ],
)
def test_bad_weights_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        spatial_lag(panel([[1], [2], [6], [9]]), change(ring(4)))


def test_bad_input():
    with pytest.raises(DataError, match="too many equal values for 4 classes"):
        quantile_classes(panel([[1, 1], [1, 1], [1, 2]]), 4)
    with pytest.raises(ValueError, match="k must be 2"):
        quantile_classes(walk(), 1)
    with pytest.raises(ValueError, match="'pooled' or 'year'"):
        quantile_classes(walk(), 3, scope="month")
    with pytest.raises(NotEstimableError, match="two years that are 20 apart"):
        transitions(walk(), 3, step=20)


def test_the_order_of_rows_does_not_matter():
    y = walk()
    mixed = y.sample(frac=1, random_state=1)
    one, other = (spatial_transitions(v, ring(60), k=3) for v in (y, mixed))
    pd.testing.assert_frame_equal(one.pooled.counts, other.pooled.counts)
    assert one.test.statistic == pytest.approx(other.test.statistic, rel=1e-12)
