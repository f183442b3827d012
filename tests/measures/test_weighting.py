"""Weights of the indicators of a composite index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from urbanecon.errors import EstimationError
from urbanecon.measures.inequality import theil_t
from urbanecon.measures.weighting import (
    METHODS,
    critic_weights,
    entropy_weights,
    equal_weights,
    pca_weights,
)

each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())


def test_entropy_weights_by_hand():
    """(0, 1) has entropy 0 by the limit 0 ln 0 = 0; (1/2, 1) has ln-entropy 0.6365/ln 2."""
    z = np.array([[0.0, 0.5], [1.0, 1.0]])
    e = -(1 / 3 * np.log(1 / 3) + 2 / 3 * np.log(2 / 3)) / np.log(2)
    assert entropy_weights(z) == pytest.approx(np.array([1, 1 - e]) / (2 - e))


def test_critic_weights_by_hand():
    """sd (1, 1/2) of uncorrelated indicators weigh two to one."""
    z = np.array([[1, 0.75], [-1, 0.75], [1, 0.25], [-1, 0.25]]) / 2 + 0.5
    expected = np.array([1.0, 0.25])
    assert critic_weights(z) == pytest.approx(expected / expected.sum())


def test_pca_weights_are_equal_for_two_indicators():
    z = np.random.default_rng(1).uniform(size=(50, 2))
    assert pca_weights(z) == pytest.approx([0.5, 0.5])


def test_pca_weights_by_eigenvectors_of_the_first_component():
    """Two indicators that move together and one beside them that hardly does."""
    rng = np.random.default_rng(2)
    common = rng.uniform(size=400)
    z = np.column_stack([common, common + 0.1 * rng.uniform(size=400), rng.uniform(size=400)])
    values, vectors = np.linalg.eigh(np.corrcoef(z.T))
    kept = values >= 1
    expected = vectors[:, kept] ** 2 @ values[kept] / values[kept].sum()
    assert pca_weights(z) == pytest.approx(expected)


@each_method
@given(arrays(float, (8, 3), elements=st.floats(0, 1, width=32)))
def test_weights_are_nonnegative_and_sum_to_one_or_the_method_says_why_not(method, z):
    try:
        w = method(z)
    except EstimationError as error:
        assert "no information" in str(error)
        return
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1)


@each_method
def test_copies_of_all_rows_change_no_weight(method):
    z = np.random.default_rng(3).uniform(size=(30, 4))
    assert method(np.tile(z, (2, 1))) == pytest.approx(method(z), rel=1e-9)


def test_entropy_weights_are_theil_indices_of_the_indicators():
    z = np.random.default_rng(3).uniform(size=(30, 4))
    theil = np.array([theil_t(column) for column in z.T])
    assert entropy_weights(z) == pytest.approx(theil / theil.sum())


def test_a_single_indicator_weighs_one():
    z = np.random.default_rng(4).uniform(size=(10, 1))
    for method in METHODS.values():
        assert method(z).tolist() == [1.0]


def test_critic_refuses_copies_of_one_indicator():
    z = np.random.default_rng(5).uniform(size=(10, 1))
    with pytest.raises(EstimationError, match=r"CRITIC weights: .*copies of each other"):
        critic_weights(np.hstack([z, z]))


def test_equal_weights():
    assert equal_weights(np.zeros((5, 4))).tolist() == [0.25] * 4
