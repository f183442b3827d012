"""The rules measured on defects whose places are known, over several seeds."""

from __future__ import annotations

import numpy as np
import pytest

from urbanecon.cleaning import audit
from urbanecon.cleaning.audit.planted import DEFECTS, Defect, measure
from urbanecon.cleaning.audit.synthetic import clean_panel

SEEDS = (1, 2, 3, 4)
PROMISED = {
    "pasted": 0.95, "interpolated": 0.95, "unit slip": 0.95, "sign": 0.95, "duplicate": 0.95,
    "boundary break": 0.8, "level break": 0.8, "growth outlier": 0.8,
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_recall_and_precision_reach_what_the_rule_promises(defect: Defect):
    for seed in SEEDS:
        score = measure(defect, seed)
        assert score.planted >= 75, "enough to measure"
        assert score.recall >= defect.required, (seed, score)
        assert score.precision >= defect.required, (seed, score)


def test_the_promises_are_not_lowered():
    required = {defect.name: defect.required for defect in DEFECTS}
    assert {name: required[name] for name in PROMISED} == PROMISED


def test_a_clean_panel_has_next_to_no_findings():
    observations = clean_panel(np.random.default_rng(5)).observations()
    assert len(audit.run_rules(observations)) < 0.003 * len(observations)


def test_a_panel_and_its_defects_depend_on_the_seed_alone():
    assert measure(DEFECTS[1], 7) == measure(DEFECTS[1], 7)
    assert measure(DEFECTS[1], 7) != measure(DEFECTS[1], 8)
