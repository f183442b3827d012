"""Claims are declared as data; their equations follow from the declaration."""

from __future__ import annotations

import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects import CLAIMS, SPECS
from urbanecon.effects.spec import Spec

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
