"""What rules share: computed once while they run together, and never longer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.audit import RULES, run_rules
from urbanecon.cleaning.audit.planted import DEFECTS
from urbanecon.cleaning.audit.shared import shared, sharing
from urbanecon.cleaning.audit.synthetic import clean_panel


class Counted:
    """A function of a table that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, table: pd.DataFrame) -> int:
        self.calls += 1
        return len(table)


@pytest.fixture
def counted():
    inner = Counted()

    def length(table: pd.DataFrame) -> int:
        return inner(table)

    return inner, shared(length)


def test_a_table_is_computed_once_while_sharing_and_each_time_otherwise(counted):
    inner, length = counted
    table = pd.DataFrame({"a": [1, 2]})
    assert (length(table), length(table), inner.calls) == (2, 2, 2)
    with sharing():
        assert (length(table), length(table), inner.calls) == (2, 2, 3)
    length(table)
    assert inner.calls == 4


def test_an_equal_table_is_another_table(counted):
    inner, length = counted
    table = pd.DataFrame({"a": [1, 2]})
    with sharing():
        length(table)
        length(table.copy())
    assert inner.calls == 2


def test_nothing_is_kept_after_an_error(counted):
    inner, length = counted
    table = pd.DataFrame({"a": [1, 2]})
    with pytest.raises(KeyError), sharing():
        length(table)
        raise KeyError("any")
    length(table)
    assert inner.calls == 2


def test_rules_find_together_what_they_find_alone():
    rng = np.random.default_rng(11)
    panel = clean_panel(rng, cities=40)
    for defect in DEFECTS:
        if defect.name != "exact multiple":
            defect.plant(panel, rng)
    observations = panel.observations()
    alone = pd.concat([rule(observations) for rule in RULES], ignore_index=True)
    pd.testing.assert_frame_equal(run_rules(observations), alone)
