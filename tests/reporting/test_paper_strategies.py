"""What the text may state of strategies S2 to S5. All estimates here are synthetic."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from urbanecon.effects import SPECS
from urbanecon.effects.result import Estimate
from urbanecon.estimation.fit import Diagnostic
from urbanecon.reporting.paper_strategies import FIELDS, strategy_numbers


@pytest.fixture
def primary(make_fit):
    """A synthetic estimate of E1's primary outcome by a design, with tables of its own."""

    def make(design, through="", terms=None, **parts):
        spec = next(
            s for s in SPECS["E1"] if s.primary and s.design == design and s.through == through
        )
        fit = make_fit(spec)
        if terms:
            values = pd.Series(terms)
            vcov = pd.DataFrame(0.0, index=values.index, columns=values.index)
            for term in values.index:
                vcov.loc[term, term] = 0.01**2
            fit = replace(fit, params=values, vcov=vcov)
        return Estimate(spec, replace(fit, **parts))

    return make


def values(*estimates):
    return {one.name: one.value for one in strategy_numbers(estimates, "E1.json")}


def test_group_time_effects_have_their_leads_and_a_word_for_their_sign(primary):
    leads = Diagnostic("joint test of leads", 3.2, (4.0,), 0.012)
    found = values(primary("group_time", terms={"pilot": 0.05}, diagnostics=(leads,)))
    assert found["E1.S2.never.estimate"] == 0.05
    assert found["E1.S2.never.direction"] == "positive"
    assert found["E1.S2.leads_p"] == 0.012


def test_whom_the_treated_are_compared_with_is_part_of_the_name(primary):
    found = values(primary("group_time", "not-yet", terms={"pilot": 0.05}))
    assert "E1.S2.notyet.p" in found
    assert "E1.S2.never.p" not in found


def test_shares_are_stated_in_percent(primary):
    types = pd.DataFrame({"type": ["treated vs never treated"], "weight": [0.97]})
    bacon = primary("bacon", extra={"types": types})
    found = values(bacon, primary("twfe_weights", stats={"negative_share": 0.02}))
    assert found["E1.S2.clean"] == pytest.approx(97.0)
    assert found["E1.S2.negative"] == pytest.approx(2.0)


def test_the_strength_of_an_instrument_stands_beside_its_critical_value(primary):
    stats = {"effective_f": 0.4, "effective_f_critical": 23.1}
    test = Diagnostic("Anderson-Rubin", 0.9, (1.0,), 0.347)
    found = values(primary("shift_share", stats=stats, diagnostics=(test,)))
    assert found["E1.S3.shift.f"] < found["E1.S3.shift.critical"]
    assert found["E1.S3.shift.ar_p"] == 0.347


def test_groups_bear_their_names_and_share_one_test(primary):
    test = Diagnostic("one effect in all groups of region", 7.8, (3.0,), 0.0004)
    terms = {"pilot: east": -0.06, "pilot: west": 0.16}
    found = values(primary("groups", "region", terms=terms, diagnostics=(test,)))
    assert found["E1.S5.region.west.estimate"] == 0.16
    assert found["E1.S5.region_p"] == 0.0004


def test_the_ends_of_the_quantiles_are_stated(primary):
    terms = {"pilot@0.1": 0.01, "pilot@0.5": 0.02, "pilot@0.9": 0.03}
    found = values(primary("quantile", terms=terms))
    assert (found["E1.S5.quantile.low.estimate"], found["E1.S5.quantile.high.estimate"]) == (
        0.01, 0.03,
    )  # fmt: skip


def test_a_mediator_is_stated_with_its_label(primary):
    found = values(primary("mediation", "upgrading", terms={"indirect": 0.001}))
    assert found["E1.M.upgrading.label"] == "Industrial structure upgrading (1-3)"
    assert found["E1.M.upgrading.estimate"] == 0.001


def test_other_outcomes_other_designs_and_failures_have_no_numbers(make_estimates):
    spoken = {f"E1.{strategy}." for strategy in ("S2", "S3", "S4", "S5", "M")}
    found = values(*make_estimates("E1"))
    assert found
    assert all(any(name.startswith(start) for start in spoken) for name in found)
    assert values(*make_estimates("E1", estimable=False)) == {}
    assert not {"twfe", "event_study"} & set(FIELDS)
