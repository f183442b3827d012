"""Claims are declared as data; their equations follow from the declaration."""

from __future__ import annotations

import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects import CLAIMS, SPECS
from urbanecon.effects.claim import CITIZENIZATION, CITY_EFFECTS, associated_treatments
from urbanecon.effects.evidence import pilot_specs
from urbanecon.effects.spec import Spec
from urbanecon.measures.ntu_index import version_for

ALL = [spec for specs in SPECS.values() for spec in specs]


def test_the_four_effects_are_declared() -> None:
    assert list(CLAIMS) == ["E1", "E2", "E3", "E4"]


def test_names_of_specs_are_unique() -> None:
    assert len({spec.name for spec in ALL}) == len(ALL)


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_every_variable_of_a_spec_is_in_the_codebook_at_the_level_of_its_sample(
    spec: Spec,
) -> None:
    for variable in spec.variables:
        assert load_codebook()[variable].level == spec.sample.unit


def test_each_claim_has_one_primary_outcome_and_it_is_estimated_by_every_design() -> None:
    for effect, specs in SPECS.items():
        primary = {spec.outcome for spec in specs if spec.primary}
        assert primary == {CLAIMS[effect].primary.variable}
        designs = {spec.design for spec in specs if spec.primary}
        assert {"twfe", "event_study", "group_time", "imputation", "honest", "bacon"} <= designs


def test_no_control_enters_the_main_estimates() -> None:
    assert all(spec.controls == () for spec in ALL)


def test_errors_are_clustered_where_treatment_is_assigned() -> None:
    assert all(spec.cluster == (spec.sample.unit,) for spec in ALL)


def test_a_mechanism_is_a_mediator_within_the_years_of_its_series() -> None:
    found = {s.through: s.sample.last_year for s in SPECS["E1"] if s.design == "mediation"}
    assert list(found) == list(CLAIMS["E1"].mechanisms)
    assert found["ln_retail_sales_pc"] == 2018
    assert found["upgrading"] is None


def test_every_mechanism_is_a_variable_of_cities() -> None:
    for claim in CLAIMS.values():
        for mechanism in claim.mechanisms:
            assert load_codebook()[mechanism].level == "city"


def test_the_index_and_citizenization_are_associated_with_every_outcome_of_cities() -> None:
    for effect, claim in CLAIMS.items():
        found = [spec for spec in SPECS[effect] if spec.design == "association"]
        for outcome in (o for o in claim.outcomes if o.unit == "city"):
            own = {(s.treatment, s.fixed_effects) for s in found if s.outcome == outcome.variable}
            treatments = associated_treatments(outcome)
            assert own == {(t, effects) for t in treatments for effects in CITY_EFFECTS}
            assert CITIZENIZATION in treatments
            assert outcome.two_years or version_for(outcome.variable) in treatments


def test_an_outcome_of_the_censuses_has_no_index_which_ends_before_the_second() -> None:
    (census,) = [o for o in CLAIMS["E2"].outcomes if o.two_years]
    assert associated_treatments(census) == (CITIZENIZATION,)


def test_associations_are_in_no_family_of_the_pilot_and_in_no_staggered_design() -> None:
    associated = {spec.treatment for spec in ALL if spec.design == "association"}
    for spec in ALL:
        assert (spec.treatment in associated) == (spec.design == "association")
    for claim in CLAIMS.values():
        assert {spec.treatment for spec in pilot_specs(claim)} == {"pilot"}
