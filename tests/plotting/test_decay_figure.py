"""Effects on others by distance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, MissingColumnError
from urbanecon.plotting.decay import distance_decay
from urbanecon.plotting.style import BLUE, ORANGE


@pytest.fixture
def rings() -> pd.DataFrame:
    """An own effect of 0.02 and two rings."""
    rows = [(0, 0, 0.02, 0.0, 0.04), (0, 100, 0.05, -0.01, 0.11), (100, 250, -0.03, -0.07, 0.01)]
    columns = ["from_km", "to_km", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=columns).assign(outcome="ln_gdp_pc_real")


def test_rings_stand_at_their_middle_and_span_their_distances(rings: pd.DataFrame) -> None:
    panel = distance_decay(rings).axes[0]
    (marks,) = [line for line in panel.lines if line.get_color() == ORANGE]
    assert marks.get_xydata().tolist() == [[50, 0.05], [175, -0.03]]
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in panel.patches]
    assert bars == [(0, 100, 0.05), (100, 150, -0.03)]


def test_the_own_effect_stands_left_of_all_distances(rings: pd.DataFrame) -> None:
    panel = distance_decay(rings).axes[0]
    (mark,) = [line for line in panel.lines if line.get_color() == BLUE]
    ((place, height),) = mark.get_xydata()
    assert place < 0
    assert height == 0.02


@pytest.mark.parametrize(("language", "own"), [("en", "own"), ("zh", "本市")])
def test_ticks_are_the_ends_of_the_rings(
    rings: pd.DataFrame, language: Language, own: str
) -> None:
    panel = distance_decay(rings, language=language).axes[0]
    assert [label.get_text() for label in panel.get_xticklabels()] == [own, "0", "100", "250"]


def test_a_ring_that_could_not_be_told_is_a_cross(rings: pd.DataFrame) -> None:
    rings.loc[2, ["estimate", "low", "high"]] = np.nan
    panel = distance_decay(rings).axes[0]
    crosses = [x for line in panel.lines if line.get_marker() == "x" for x in line.get_xdata()]
    assert crosses == [175]


def test_a_ring_that_ends_before_it_begins_is_refused(rings: pd.DataFrame) -> None:
    rings.loc[2, "to_km"] = 50
    with pytest.raises(DataError, match="from 100 km ends at 50 km"):
        distance_decay(rings)


def test_a_missing_column_is_named(rings: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="'to_km'"):
        distance_decay(rings.drop(columns="to_km"))
