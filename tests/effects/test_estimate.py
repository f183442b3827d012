"""From a spec and a panel to an estimate, or to the reason why not."""

from __future__ import annotations

import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.effects import SPECS
from urbanecon.effects.estimate import estimate, estimate_all, needs, sample_of
from urbanecon.effects.spec import Sample, Spec
from urbanecon.errors import EstimationError, NotEstimableError

SPEC = Spec("E1", "ln_gdp_pc_real", "pilot")


def test_the_known_effect_is_recovered(synthetic_panel: Panel) -> None:
    interval = estimate(SPEC, synthetic_panel).conf_int(0.99).loc["pilot"]
    assert interval["low"] < 0.3 < interval["high"]


def test_province_by_year_effects_find_their_column(synthetic_panel: Panel) -> None:
    fit = estimate(SPEC.but(fixed_effects=("city", "province:year")), synthetic_panel)
    assert fit.fixed_effects == ("city", "province:year")


def test_an_event_study_has_a_path(synthetic_panel: Panel) -> None:
    fit = estimate(SPEC.but(design="event_study"), synthetic_panel)
    assert {"t-5", "t+0", "t+5"} <= set(fit.params.index)


def test_engines_that_disagree_stop_the_job(
    synthetic_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urbanecon.effects.designs import two_way as module

    honest = module.linearmodels_fit

    def biased(data: pd.DataFrame, *arguments: object) -> object:
        shifted = data.assign(ln_gdp_pc_real=data["ln_gdp_pc_real"] * (1 + 1e-6))
        return honest(shifted, *arguments)

    monkeypatch.setattr(module, "linearmodels_fit", biased)
    with pytest.raises(EstimationError, match="differ by"):
        estimate(SPEC, synthetic_panel)


def test_an_association_is_the_two_way_estimate_held_against_the_cluster_moments(
    synthetic_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urbanecon.effects.designs import two_way as module

    association = SPEC.but(design="association")
    fit, same = estimate(association, synthetic_panel), estimate(SPEC, synthetic_panel)
    assert fit.params["pilot"] == same.params["pilot"]
    assert fit.se["pilot"] == same.se["pilot"]
    honest = module.moments_fit

    def biased(data: pd.DataFrame, *arguments: object) -> object:
        shifted = data.assign(ln_gdp_pc_real=data["ln_gdp_pc_real"] * (1 + 1e-6))
        return honest(shifted, *arguments)

    monkeypatch.setattr(module, "moments_fit", biased)
    with pytest.raises(EstimationError, match="differ by"):
        estimate(association, synthetic_panel)


def test_an_absent_outcome_is_not_estimable_and_names_the_sources(synthetic_panel: Panel) -> None:
    with pytest.raises(NotEstimableError, match=r"needs pm25_chap \(for ln_pm25_chap\)"):
        estimate(SPEC.but(outcome="ln_pm25_chap"), synthetic_panel)


def test_the_sources_of_a_computed_variable_are_those_of_its_inputs(
    synthetic_panel: Panel,
) -> None:
    assert needs("ln_co2_per_gdp", synthetic_panel) == ["city_macro", "co2_edgar", "facts_prices"]


def test_every_spec_gets_an_estimate_or_a_reason(synthetic_panel: Panel) -> None:
    results = estimate_all(SPECS["E1"], synthetic_panel)
    assert len(results) == len(SPECS["E1"])
    for result in results:
        assert (result.fit is None) == bool(result.reason)


def test_the_sample_rule_selects_years_and_municipalities(synthetic_panel: Panel) -> None:
    spec = SPEC.but(sample=Sample(2008, 2010, drop_municipalities=True))
    rows = sample_of(spec, synthetic_panel)
    assert set(rows.index.get_level_values("year")) == {2008, 2009, 2010}
    assert not rows.index.get_level_values("city").str.endswith("0000").any()


def test_a_spec_on_constant_boundaries_gets_the_joined_panel(
    synthetic_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urbanecon.effects import estimate as module

    joined = Panel(
        data=synthetic_panel.data.drop(index=synthetic_panel.data.index.unique("city")[0]),
        provinces=pd.DataFrame(),
        cells=pd.DataFrame(),
    )
    monkeypatch.setattr(module, "constant_boundary", lambda panel: joined)
    constant = SPEC.but(sample=Sample(vintage="constant"))
    published, whole = estimate_all((SPEC, constant), synthetic_panel)
    assert published.fit is not None
    assert whole.fit is not None
    assert published.fit.nobs - whole.fit.nobs == 16
