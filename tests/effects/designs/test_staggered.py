"""Staggered designs recover a known effect, and say when they cannot."""

from __future__ import annotations

import pytest

from urbanecon.effects.estimate import estimate
from urbanecon.effects.spec import Spec
from urbanecon.errors import NotEstimableError, UnknownNameError

SPEC = Spec("E1", "ln_gdp_pc_real", "pilot")
pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


@pytest.mark.parametrize("design", ["group_time", "imputation", "bacon", "twfe_weights", "honest"])
def test_the_known_effect_is_recovered_and_named_after_the_treatment(synthetic_panel, design):
    fit = estimate(SPEC.but(design=design), synthetic_panel)
    assert list(fit.params.index) == ["pilot"]
    assert fit.params["pilot"] == pytest.approx(0.3, abs=0.05)


def test_group_time_effects_come_with_their_path_and_joint_tests(synthetic_panel):
    fit = estimate(SPEC.but(design="group_time", through="not-yet"), synthetic_panel)
    assert fit.extra["path"]["relative_year"].tolist() == list(range(-5, 6))
    assert [test.name for test in fit.diagnostics] == ["joint test of leads", "joint test of lags"]
    assert "influence" not in fit.extra


def test_bounds_hold_a_strong_effect_under_moderate_violations(synthetic_panel):
    fit = estimate(SPEC.but(design="honest"), synthetic_panel)
    assert fit.stats["breakdown"] > 0.5
    first = fit.extra["sets"].iloc[0]
    assert first["low"] < 0.3 < first["high"]


def test_bounds_need_years_before_adoption(synthetic_panel):
    later = SPEC.but(design="honest", sample=SPEC.sample.__class__(first_year=2015))
    with pytest.raises(NotEstimableError):
        estimate(later, synthetic_panel)


def test_an_unknown_comparison_is_named_with_a_close_match(synthetic_panel):
    with pytest.raises(UnknownNameError, match="Did you mean 'not-yet'"):
        estimate(SPEC.but(design="group_time", through="notyet"), synthetic_panel)
