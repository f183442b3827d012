"""Proportional selection where the truth is known, and the closed forms of the paper."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.oster import Selection, selection, selection_table

TRUTH = 0.7
PLAIN = Selection(0.9, 0.6, 0.10, 0.30, 100.0, 80.0, 60.0)


def constructed(delta, n=400):
    """Exactly orthogonal synthetic indices: selection on w2 is delta times that on w."""
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, 4))]))
    w, w2, u, e = (q[:, 1:] * np.sqrt(n)).T
    w2 = 1.5 * w2
    x = 0.4 * w + 0.4 * delta * w2 + u
    y = TRUTH * x + w + w2 + 0.8 * e
    data = pd.DataFrame({"y": y, "x": x, "w": w, "w2": w2, "row": range(n)}).set_index("row")
    moments = cluster_moments(data, ["y", "x", "w", "w2"], (), "row")
    r2_max = 1 - ols(moments, "y", ["x", "w", "w2"]).rss / np.sum((y - y.mean()) ** 2)
    return moments, float(r2_max)


def delta_of_psacalc(s, beta, r2_max):
    """Delta as the numerator and denominator of Oster (2019, Proposition 3)."""
    gap, moved = s.beta - beta, s.beta_short - s.beta
    gain = (s.r2 - s.r2_short) * s.outcome_squares
    room = (r2_max - s.r2) * s.outcome_squares
    sx, t = s.treatment_squares, s.treatment_left
    cube = gap**3 * (t * sx - t**2)
    top = gap * gain * t + gap * sx * t * moved**2 + 2 * gap**2 * t * moved * sx + cube
    bottom = room * moved * sx + gap * room * (sx - t) + gap**2 * t * moved * sx + cube
    return top / bottom


def quadratic_of_the_paper(s, r2_max):
    """Both solutions for delta = 1 (Oster 2019, Proposition 1)."""
    moved, sx, t = s.beta_short - s.beta, s.treatment_squares, s.treatment_left
    gain = (s.r2 - s.r2_short) * s.outcome_squares
    room = (r2_max - s.r2) * s.outcome_squares
    theta = room * (sx - t) - gain * t - sx * t * moved**2
    root = math.sqrt(theta**2 + 4 * room * moved**2 * sx**2 * t)
    return [s.beta - (-theta + sign * root) / (-2 * t * moved * sx) for sign in (-1, 1)]


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0, -0.6])
def test_the_true_effect_is_recovered_from_the_true_selection(delta):
    moments, r2_max = constructed(delta)
    found = selection(moments, "y", "x", ["w"])
    assert found.delta(TRUTH, r2_max) == pytest.approx(delta, rel=1e-10)
    assert found.beta_star(delta, r2_max) == pytest.approx(TRUTH, rel=1e-10)
    assert np.isclose(found.roots(delta, r2_max), TRUTH, rtol=1e-10).any()


@pytest.mark.parametrize("r2_max", [0.35, 0.39, 1.0])
def test_delta_is_the_quotient_of_the_paper(r2_max):
    for beta in (0.0, 0.2, -0.3):
        expected = delta_of_psacalc(PLAIN, beta, r2_max)
        assert PLAIN.delta(beta, r2_max) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("r2_max", [0.35, 0.39, 1.0])
def test_equal_selection_is_the_quadratic_of_the_paper(r2_max):
    expected = sorted(quadratic_of_the_paper(PLAIN, r2_max))
    np.testing.assert_allclose(np.sort(PLAIN.roots(1.0, r2_max)), expected, rtol=1e-10)


@pytest.mark.parametrize("delta", [-0.5, 0.3, 0.999999, 1.000001, 1.5, 3.0])
def test_every_root_needs_exactly_its_delta(delta):
    roots = PLAIN.roots(delta)
    assert len(roots)
    for beta in roots:
        assert PLAIN.delta(beta) == pytest.approx(delta, rel=1e-6)


def test_the_root_moves_on_as_the_controls_moved_the_estimate():
    assert PLAIN.beta_star(1.0) < PLAIN.beta < PLAIN.beta_short
    assert PLAIN.beta_star(-0.3) > PLAIN.beta


def test_of_the_roots_that_move_on_the_nearest_is_taken():
    roots = PLAIN.roots(0.5)
    onward = roots[roots < PLAIN.beta]
    assert PLAIN.beta_star(0.5) == onward[np.argmin(np.abs(onward - PLAIN.beta))]


def test_delta_at_the_adjusted_effect_is_where_it_came_from():
    star = PLAIN.beta_star(0.8)
    assert PLAIN.delta(star) == pytest.approx(0.8, rel=1e-9)


def test_no_selection_leaves_the_controlled_estimate():
    assert PLAIN.beta_star(0.0) == PLAIN.beta


def test_rmax_is_a_multiple_of_r2_but_at_most_one():
    assert PLAIN.r2_max() == pytest.approx(0.39)
    assert PLAIN.r2_max(10) == 1.0


def test_without_room_above_r2_nothing_is_left_to_adjust():
    assert PLAIN.beta_star(1.0, PLAIN.r2) == pytest.approx(PLAIN.beta, abs=1e-12)


def test_units_do_not_matter():
    yuan = Selection(0.9e4, 0.6e4, 0.10, 0.30, 100.0e8, 80.0, 60.0)
    assert yuan.delta() == pytest.approx(PLAIN.delta(), rel=1e-12)
    assert yuan.beta_star() == pytest.approx(1e4 * PLAIN.beta_star(), rel=1e-10)


def test_effects_and_permanent_controls_are_partialled_out(synthetic_panel):
    data = synthetic_panel(50, cities=20)
    data["w"] = data["x"] + np.random.default_rng(1).normal(size=len(data))
    data["y"] = data["y"] + data["x"] + data["w"]
    moments = cluster_moments(data, ["y", "x", "z", "w"])
    found = selection(moments, "y", "x", ["w"], always=["z"])
    short, full = ols(moments, "y", ["x", "z"]), ols(moments, "y", ["x", "z", "w"])
    assert (found.beta_short, found.beta) == (short.params[0], full.params[0])
    without = ols(moments, "y", ["z"]).rss
    assert found.r2 == pytest.approx(1 - full.rss / without, rel=1e-12)
    assert found.treatment_squares == pytest.approx(ols(moments, "x", ["z"]).rss, rel=1e-12)
    assert found.treatment_left == pytest.approx(ols(moments, "x", ["z", "w"]).rss, rel=1e-12)


def test_the_table_holds_each_choice():
    table = selection_table(PLAIN, [0.5, 1.0], [1.3, 2.0])
    assert table[["factor", "delta"]].to_numpy().tolist() == [
        [1.3, 0.5], [1.3, 1.0], [2.0, 0.5], [2.0, 1.0],
    ]  # fmt: skip
    assert table["onward"].all()
    assert (table["low"] <= table["high"]).all()
    assert table.loc[1, "beta_star"] == PLAIN.beta_star()
    assert table.loc[0, "delta_zero"] == PLAIN.delta()


@pytest.mark.parametrize("r2_max", [0.0, -0.2, 0.2, 1.1, math.nan, math.inf])
def test_an_impossible_rmax_is_refused(r2_max):
    with pytest.raises(EstimationError, match="Rmax is"):
        PLAIN.beta_star(1.0, r2_max)
    with pytest.raises(EstimationError, match="Rmax is"):
        PLAIN.delta(0.0, r2_max)


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.9, math.inf])
def test_a_factor_below_one_is_refused(factor):
    with pytest.raises(EstimationError, match="Rmax must be at least R2"):
        PLAIN.r2_max(factor)


def test_a_perfect_fit_is_refused():
    with pytest.raises(EstimationError, match="below one"):
        Selection(0.9, 0.6, 0.1, 1.0, 100.0, 80.0, 60.0)


def test_infinite_numbers_are_refused():
    with pytest.raises(EstimationError, match="finite"):
        Selection(math.inf, 0.6, 0.1, 0.3, 100.0, 80.0, 60.0)
    with pytest.raises(EstimationError, match="delta must be finite"):
        PLAIN.beta_star(math.inf)


def test_controls_must_be_known_and_stand_once(synthetic_panel):
    moments = cluster_moments(synthetic_panel(51), ["y", "x", "z"])
    with pytest.raises(UnknownNameError, match="'zz'"):
        selection(moments, "y", "x", ["zz"])
    with pytest.raises(EstimationError, match="name at least one control"):
        selection(moments, "y", "x", [])
    with pytest.raises(EstimationError, match="x cannot be a control"):
        selection(moments, "y", "x", ["x"])


def test_a_treatment_without_variation_is_refused(synthetic_panel):
    data = synthetic_panel(52).assign(x=1.0)
    with pytest.raises(NotEstimableError, match="'x' cannot be estimated"):
        selection(cluster_moments(data, ["y", "x", "z"]), "y", "x", ["z"])


def test_an_empty_table_is_refused():
    with pytest.raises(EstimationError, match="name at least one delta"):
        selection_table(PLAIN, [])
