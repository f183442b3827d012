"""One treated and one comparison group, before and after, on synthetic rows."""

from __future__ import annotations

import numpy as np
import pytest

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.two_by_two import effect_of_changes, effect_of_levels

METHODS = ["dr", "ipw", "reg"]
N = 500


@pytest.fixture
def rows():
    """Synthetic rows: trends and treatment both depend on the covariates; the ATT is one."""
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(N), rng.normal(size=N), rng.exponential(size=N)])
    treated = rng.random(N) < 1 / (1 + np.exp(-x @ [-0.3, 0.6, -0.2]))
    after = rng.random(N) < 0.5
    trend = x @ [0.5, 0.8, -0.3]
    y = x @ [1, 0.5, 0.3] + after * (trend + treated) + rng.normal(size=N)
    change = trend + treated + rng.normal(size=N)
    weights = rng.uniform(0.5, 2, N)
    return {"x": x, "treated": treated, "after": after, "y": y, "change": change, "w": weights}


def changes(rows, method, weights):
    return effect_of_changes(
        rows["change"], rows["treated"], rows["x"], weights=weights, method=method
    )


def levels(rows, method, weights):
    return effect_of_levels(
        rows["y"], rows["after"], rows["treated"], rows["x"], weights=weights, method=method
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("estimator", [changes, levels])
def test_the_influence_of_a_row_is_the_derivative_by_its_weight(rows, estimator, method):
    effect = estimator(rows, method, rows["w"])
    step = 1e-4
    for i in (0, 7, 100, 333, 499):
        up, down = rows["w"].copy(), rows["w"].copy()
        up[i] *= 1 + step
        down[i] *= 1 - step
        move = estimator(rows, method, up).att - estimator(rows, method, down).att
        assert N * move / (2 * step) == pytest.approx(effect.influence[i], abs=1e-6)
    assert effect.influence.mean() == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("estimator", [changes, levels])
def test_effects_lie_within_three_standard_errors_of_the_truth(rows, estimator, method):
    effect = estimator(rows, method, np.ones(N))
    assert abs(effect.att - 1) < 3 * effect.influence.std() / np.sqrt(N)


@pytest.mark.parametrize("method", METHODS)
def test_the_units_of_weights_change_nothing(rows, method):
    one, many = changes(rows, method, rows["w"]), changes(rows, method, 1000 * rows["w"])
    assert many.att == pytest.approx(one.att, rel=1e-12)
    np.testing.assert_allclose(many.influence, one.influence, atol=1e-10)


@pytest.mark.parametrize(
    ("trend", "score", "wrong"),
    [
        (lambda z: z**2, lambda z: 0.8 * z, "reg"),
        (lambda z: z, lambda z: 0.5 * z + 0.5 * z**2 - 0.5, "ipw"),
    ],
    ids=["regression wrong", "score wrong"],
)
def test_doubly_robust_needs_only_one_of_its_two_models(trend, score, wrong):
    """Synthetic: both models are linear in z, and one of the truths is not."""
    rng = np.random.default_rng(6)
    n = 60_000
    z = np.clip(rng.normal(size=n), -2.5, 2.5)
    x = np.column_stack([np.ones(n), z])
    treated = rng.random(n) < 1 / (1 + np.exp(-score(z)))
    change = trend(z) + treated + rng.normal(size=n)
    found = {
        m: effect_of_changes(change, treated, x, weights=np.ones(n), method=m).att for m in METHODS
    }
    assert found["dr"] == pytest.approx(1, abs=0.05)
    assert abs(found.pop(wrong) - 1) > 0.1


@pytest.mark.parametrize("method", ["dr", "reg"])
def test_covariates_collinear_among_comparison_rows_are_refused(rows, method):
    rows["x"][~rows["treated"], 2] = 1.0
    with pytest.raises(NotEstimableError, match="collinear among the"):
        changes(rows, method, np.ones(N))


def test_rows_without_overlap_are_refused(rows):
    rows["x"][:, 1] = np.where(rows["treated"], 1.0, -1.0) + 0.01 * rows["x"][:, 1]
    with pytest.raises(NotEstimableError, match=r"no overlap: .* with probability 1\.0000"):
        changes(rows, "ipw", np.ones(N))


def test_an_empty_group_is_named(rows):
    with pytest.raises(NotEstimableError, match="no treated row"):
        effect_of_changes(
            rows["change"], np.zeros(N, dtype=bool), rows["x"], weights=np.ones(N), method="reg"
        )
    rows["after"] |= ~rows["treated"]
    with pytest.raises(NotEstimableError, match="no comparison before row"):
        levels(rows, "dr", np.ones(N))
