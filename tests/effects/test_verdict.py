"""The rule by which a claim is judged: each condition by itself changes the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.effects.verdict import Findings, Unmet, rule, rule_family

WHOLE = Findings(
    expected_sign=1, s1=0.2, s1_p=0.01, s2=0.2, s2_p=0.02, leads_p=0.4, breakdown=0.8,
    share=0.9, median_p=0.03,
)  # fmt: skip


def test_a_claim_that_meets_every_condition_is_supported():
    assert rule(WHOLE).ruling == "supported"
    assert rule(WHOLE).unmet == ()


def test_either_strategy_may_be_the_significant_one():
    assert rule(replace(WHOLE, s1_p=0.6)).ruling == "supported"
    assert rule(replace(WHOLE, s2_p=0.6)).ruling == "supported"


@pytest.mark.parametrize(
    ("change", "unmet"),
    [
        ({"leads_p": 0.04}, Unmet("leads", {"p": 0.04})),
        ({"breakdown": 0.49}, Unmet("bounds", {"mbar": 0.49})),
        ({"share": 0.74}, Unmet("share", {"share": 0.74})),
        ({"median_p": 0.1}, Unmet("median_p", {"p": 0.1})),
        ({"s1_p": 0.05, "s2_p": 0.05}, Unmet("strategies", {"s1": 0.05, "s2": 0.05})),
    ],
)
def test_one_unmet_condition_makes_it_mixed_and_is_named_with_its_numbers(change, unmet):
    verdict = rule(replace(WHOLE, **change))
    assert verdict.ruling == "mixed"
    assert verdict.unmet == (unmet,)


def test_the_opposite_sign_with_everything_else_contradicts():
    opposite = replace(WHOLE, expected_sign=-1, share=0.1)
    assert rule(opposite).ruling == "contradicted"


def test_nothing_significant_is_not_supported():
    nothing = replace(WHOLE, s1_p=0.5, s2_p=0.6, median_p=0.4)
    assert rule(nothing).ruling == "not supported"
    assert rule(replace(nothing, secondary=("ln_night_lights",))).ruling == "mixed"


def test_without_an_estimate_nothing_can_be_said():
    assert rule(Findings(expected_sign=1)).ruling == "not estimable"


def test_what_was_not_tested_supports_nothing():
    untested = replace(WHOLE, breakdown=float("nan"))
    assert rule(untested).ruling == "mixed"
    assert rule(replace(untested, staggered=False)).ruling == "supported"


FINDINGS = st.builds(
    Findings,
    st.just(1),
    s1=st.floats(-1, 1),
    s1_p=st.floats(0, 1),
    s2=st.floats(-1, 1),
    s2_p=st.floats(0, 1),
    leads_p=st.floats(0, 1),
    breakdown=st.floats(0, 2),
    share=st.floats(0, 1),
    median_p=st.floats(0, 1),
)


@given(FINDINGS)
def test_what_supports_a_claim_contradicts_its_opposite(found):
    turned = replace(found, expected_sign=-1, share=1 - found.share)
    mirror = {"supported": "contradicted", "contradicted": "supported"}
    ruling = rule(found).ruling
    assert rule(turned).ruling == mirror.get(ruling, ruling)


COEFFICIENT = Findings(
    expected_sign=1, s1=0.4, s1_p=0.01, share=0.9, median_p=0.03, staggered=False
)
"""Synthetic findings on a coefficient without an adoption date, every condition met."""


def test_a_claim_of_several_tests_needs_all_of_them():
    yes, no = COEFFICIENT, replace(COEFFICIENT, s1_p=0.3, share=0.6, median_p=0.4)
    against = replace(COEFFICIENT, s1=-0.4, share=0.1)
    assert rule_family({"a": yes, "b": yes}).ruling == "supported"
    assert rule_family({"a": yes, "b": no}).ruling == "mixed"
    assert rule_family({"a": no, "b": no}).ruling == "not supported"
    assert rule_family({"a": against, "b": against}).ruling == "contradicted"
    assert rule_family({"a": yes, "b": against}).ruling == "mixed"
    assert rule_family({"a": Findings(1), "b": Findings(1)}).ruling == "not estimable"


@pytest.mark.parametrize("change", [{"share": 0.7}, {"median_p": 0.2}, {"s1_p": 0.06}])
def test_one_condition_of_one_test_is_enough_against_support(change):
    verdict = rule_family({"growth": COEFFICIENT, "air": replace(COEFFICIENT, **change)})
    assert verdict.ruling == "mixed"
    assert [unmet.test for unmet in verdict.unmet] == ["air"]


def test_a_test_that_could_not_be_made_supports_nothing():
    assert rule_family({"a": COEFFICIENT, "b": Findings(1)}).ruling == "mixed"
    multiverse_missing = replace(COEFFICIENT, share=float("nan"), median_p=float("nan"))
    assert rule_family({"a": COEFFICIENT, "b": multiverse_missing}).ruling == "mixed"


def test_a_test_of_the_pilot_needs_leads_and_bounds_and_one_of_a_product_does_not():
    assert rule_family({"pilot": WHOLE, "product": COEFFICIENT}).ruling == "supported"
    bare = replace(WHOLE, leads_p=float("nan"), breakdown=float("nan"))
    assert rule_family({"pilot": bare, "product": COEFFICIENT}).ruling == "mixed"
