"""Every check finds the fault that was planted for it, and passes the study without one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from referee.planted_faults import FAULTS, Fault, sound_study

from urbanecon.referee import CHECKS, Verdict, referee
from urbanecon.referee.verdict import Check

BY_ID = {check.id: check for check in CHECKS}


def called(faults: Iterable[Fault]) -> list[str]:
    return [f"{fault.check}: {fault.words}" for fault in faults]


@pytest.mark.parametrize("fault", FAULTS, ids=called(FAULTS))
def test_a_check_finds_the_fault_that_was_planted_for_it(fault: Fault) -> None:
    verdict = BY_ID[fault.check](fault.make())
    assert verdict.status in fault.statuses, verdict.sentence
    assert any(letter.isdigit() for letter in verdict.sentence)
    assert verdict.next_step.endswith(".")


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_a_check_passes_the_study_without_a_fault(check: Check) -> None:
    verdict = check(sound_study())
    assert verdict.status == "pass", verdict.sentence
    assert verdict.next_step == ""
    assert any(letter.isdigit() for letter in verdict.sentence)


def test_a_fault_is_planted_for_every_check() -> None:
    assert {fault.check for fault in FAULTS} == set(BY_ID)


def test_every_check_has_a_reason_and_a_source() -> None:
    for check in CHECKS:
        assert check.reason and check.source, check.id
    assert len(BY_ID) == len(CHECKS)


def test_the_referee_gives_one_verdict_a_check_in_their_order() -> None:
    verdicts = referee(sound_study())
    assert [verdict.id for verdict in verdicts] == list(BY_ID)


def test_a_statistic_beyond_its_threshold_is_what_failed() -> None:
    for fault in FAULTS:
        if fault.check in ("few_clusters", "cluster_balance", "window"):
            verdict = BY_ID[fault.check](fault.make())
            low_is_bad = fault.check != "cluster_balance"
            assert (verdict.statistic <= verdict.threshold) == low_is_bad


def test_a_check_that_does_not_apply_says_why() -> None:
    verdict: Verdict = BY_ID["instrument_strength"](
        next(f for f in FAULTS if f.check == "unit_roots").make()
    )
    assert verdict.status == "not applicable"
    assert verdict.sentence == "No instrument is used."
    assert math.isnan(verdict.statistic)
