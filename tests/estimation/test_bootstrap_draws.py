"""Weights of the wild bootstrap: their laws, and each vector once when they are few."""

from __future__ import annotations

import numpy as np
import pytest

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.bootstrap_draws import AT_ONCE, GOLDEN, WEBB, Weights


@pytest.mark.parametrize("law", ["rademacher", "webb", "mammen"])
def test_weights_have_mean_zero_and_variance_one(law):
    w = Weights(law, 40, 20_000, 3).matrix()
    assert w.mean() == pytest.approx(0, abs=5 / np.sqrt(w.size))
    assert w.var() == pytest.approx(1, abs=0.01)


def test_the_points_are_those_of_the_papers():
    assert set(np.unique(Weights("rademacher", 20, 99).matrix())) == {-1.0, 1.0}
    assert np.array_equal(np.unique(Weights("webb", 20, 99).matrix()), WEBB)
    np.testing.assert_allclose(WEBB**2, [1.5, 1, 0.5, 0.5, 1, 1.5])
    mammen = Weights("mammen", 50, 9_999, 1).matrix()
    np.testing.assert_allclose(np.unique(mammen), [1 - GOLDEN, GOLDEN])
    assert np.mean(mammen**3) == pytest.approx(1, abs=0.02)  # skewed by one
    assert np.mean(mammen < 0) == pytest.approx(GOLDEN / np.sqrt(5), abs=0.005)


def test_every_vector_of_signs_is_taken_once_when_there_are_no_more_than_asked():
    weights = Weights("rademacher", 10, 1_024)
    w = weights.matrix()
    assert (weights.enumerated, weights.draws) == (True, 1_024)
    assert len(np.unique(w, axis=0)) == 1_024
    assert not Weights("rademacher", 10, 1_023).enumerated
    assert not Weights("webb", 3, 9_999).enumerated


def test_fewer_draws_are_the_first_of_more():
    many, few = Weights("webb", 7, 2 * AT_ONCE, 5), Weights("webb", 7, AT_ONCE, 5)
    assert np.array_equal(many.matrix()[:AT_ONCE], few.matrix())


def test_a_generator_gives_each_set_of_weights_a_seed_of_its_own():
    first, second = (Weights("mammen", 12, 30, rng) for rng in [np.random.default_rng(4)] * 2)
    assert not np.array_equal(first.matrix(), second.matrix())
    again = Weights("mammen", 12, 30, np.random.default_rng(4))
    assert np.array_equal(first.matrix(), again.matrix())


@pytest.mark.parametrize("law", ["rademacher", "webb", "mammen"])
def test_weights_are_the_same_however_often_they_are_read(law):
    weights = Weights(law, 70, 40, np.random.default_rng(4))
    assert np.array_equal(weights.matrix(), weights.matrix())


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(UnknownNameError, match="'rademacher'"):
        Weights("rademaker", 12)
    with pytest.raises(EstimationError, match="at least two"):
        Weights("webb", 1)
    with pytest.raises(EstimationError, match="positive, found 0"):
        Weights("webb", 12, 0)
