"""Routes and levers: what is their own, and what they cite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects import CLAIMS, EVIDENCE, LEVERS, ROUTES, ROW_SPECS, ROWS, SPECS
from urbanecon.effects.designs import STRATEGIES
from urbanecon.effects.designs.two_way import FIRST_TREATED
from urbanecon.effects.estimate import estimate, estimate_all
from urbanecon.effects.levers import PROGRAMMES
from urbanecon.effects.spec import Spec
from urbanecon.measures.systems import SUBSYSTEMS

OWN = [spec for row in (*ROUTES, *LEVERS) for spec in ROW_SPECS[row]]
CITED = [spec for specs in EVIDENCE.values() for spec in specs]


def test_the_ledger_has_eleven_rows() -> None:
    assert list(ROWS) == ["E1", "E2", "E3", "E4", "R1", "R2", "R3", "R4", "L1", "L2", "L3"]
    assert list(ROW_SPECS) == list(ROWS)
    assert list(EVIDENCE) == [*ROUTES, *LEVERS]


def test_effects_are_the_rows_that_go_through_every_strategy() -> None:
    assert {row: ROW_SPECS[row] for row in CLAIMS} == SPECS


def test_routes_are_of_one_essay_and_levers_of_the_other() -> None:
    assert {claim.essay for claim in ROUTES.values()} == {ROWS["E1"].essay}
    assert {claim.essay for claim in LEVERS.values()} == {
        "You Shibing and Ma Rui, on high-quality urban development"
    }


def test_every_row_is_said_in_two_languages_under_a_name_of_its_own() -> None:
    assert len({claim.name for claim in ROWS.values()}) == len(ROWS)
    for claim in ROWS.values():
        assert claim.words_en.isascii()
        assert not claim.words_zh.isascii()


def test_names_are_unique_and_say_the_row() -> None:
    names = [spec.name for specs in ROW_SPECS.values() for spec in specs]
    assert len(set(names)) == len(names)
    for row, specs in ROW_SPECS.items():
        assert all(spec.effect == row for spec in specs)


@pytest.mark.parametrize("spec", OWN, ids=lambda spec: spec.name)
def test_every_variable_is_in_the_codebook_at_the_level_of_its_sample(spec: Spec) -> None:
    for variable in spec.variables:
        assert load_codebook()[variable].level == spec.sample.unit


def test_no_row_rests_on_nothing() -> None:
    for row in (*ROUTES, *LEVERS):
        assert ROW_SPECS[row] or EVIDENCE[row]


def test_what_is_cited_is_an_effects_own_and_not_estimated_again() -> None:
    of_effects = {spec for specs in SPECS.values() for spec in specs}
    assert set(CITED) <= of_effects

    def equation(spec: Spec) -> Spec:
        return replace(spec, effect="", primary=False, expected_sign=1)

    assert {equation(spec) for spec in of_effects}.isdisjoint(map(equation, OWN))


def test_the_layout_is_tested_by_spillovers_of_each_primary_outcome() -> None:
    found = {(spec.outcome, spec.design) for spec in EVIDENCE["R2"]}
    primaries = [claim.primary.variable for claim in CLAIMS.values()]
    assert found == {(y, design) for y in primaries for design in STRATEGIES["S4"]}


def test_no_coupling_is_explained_by_its_own_indicators() -> None:
    inputs = {name for subsystem in SUBSYSTEMS for name in subsystem.inputs}
    for spec in ROW_SPECS["R3"]:
        assert spec.treatment == "pilot"
        assert inputs.isdisjoint(spec.controls)


def test_a_lever_is_an_outcome_before_it_is_a_mediator() -> None:
    for row, mediator in (("L1", "rationalisation"), ("L2", "ln_retail_sales_pc")):
        specs = (*ROW_SPECS[row], *EVIDENCE[row])
        assert any(spec.outcome == mediator and spec.design == "twfe" for spec in specs)
        assert any(spec.through == mediator and spec.design == "mediation" for spec in specs)


def test_other_programmes_stand_beside_the_pilot_in_every_primary_equation() -> None:
    for claim in CLAIMS.values():
        own = [spec for spec in ROW_SPECS["L3"] if spec.outcome == claim.primary.variable]
        assert [spec.controls for spec in own if spec.design == "twfe"] == [PROGRAMMES]
        moderators = {spec.through for spec in own if spec.design == "moderation"}
        assert moderators == set(PROGRAMMES)


def test_only_a_rows_primary_outcome_is_marked_so() -> None:
    for row in (*ROUTES, *LEVERS):
        primary = ROWS[row].primary.variable
        assert {spec.outcome for spec in ROW_SPECS[row] if spec.primary} <= {primary}


def test_staggered_designs_have_their_first_year() -> None:
    staggered = [spec for spec in OWN if spec.design in STRATEGIES["S2"]]
    assert staggered
    assert {spec.treatment for spec in staggered} <= set(FIRST_TREATED)


def test_an_effect_that_grows_with_citizenization_is_found(synthetic_panel) -> None:
    rng = np.random.default_rng(4)
    data = synthetic_panel.data
    ratio = pd.Series(rng.uniform(0.6, 1.4, len(data)), index=data.index)
    outcome = data["ln_gdp_pc_real"] + 0.5 * data["pilot"] * (ratio - ratio.mean())
    panel = replace(
        synthetic_panel, data=data.assign(citizenization=ratio, ln_gdp_pc_real=outcome)
    )
    spec = next(spec for spec in ROW_SPECS["R1"] if spec.design == "moderation")
    fit = estimate(spec, panel)
    assert fit.params["pilot x citizenization"] == pytest.approx(0.5, abs=0.15)


def test_consumption_of_cities_is_not_estimable_and_the_reason_names_it(synthetic_panel) -> None:
    (spec,) = [s for s in ROW_SPECS["L2"] if s.through == "ln_consumption_pc_province"]
    (found,) = estimate_all((spec,), synthetic_panel)
    assert found.fit is None
    assert "'ln_consumption_pc_province'" in found.reason
