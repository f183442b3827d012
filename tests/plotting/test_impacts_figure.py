"""Direct, indirect and total effects."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, NotEstimableError, UnknownNameError
from urbanecon.plotting.impacts import PARTS, spatial_impacts


@pytest.fixture
def impacts() -> pd.DataFrame:
    """Two outcomes of one effect and one of another."""
    outcomes = [("E1", "ln_gdp_pc_real", 1), ("E1", "ln_night_lights", 1), ("E3", "ln_co2", -1)]
    rows = [
        (effect, outcome, sign, part, 0.1 * k, 0.1 * k - 0.05, 0.1 * k + 0.05)
        for effect, outcome, sign in outcomes
        for k, part in enumerate(PARTS)
    ]
    columns = ["effect", "outcome", "expected_sign", "part", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def test_every_part_is_a_mark_with_its_interval(impacts: pd.DataFrame) -> None:
    panel = spatial_impacts(impacts).axes[0]
    for k, (_, marker, offset) in enumerate(PARTS.values()):
        (marks,) = [line for line in panel.lines if line.get_marker() == marker]
        np.testing.assert_allclose(marks.get_xdata(), [0.1 * k] * 2)
        np.testing.assert_allclose(marks.get_ydata(), [offset, 1 + offset])
    ends = [segment[:, 0] for lines in panel.collections for segment in lines.get_segments()]
    np.testing.assert_allclose(ends[0], [-0.05, 0.05])


@pytest.mark.parametrize(
    ("language", "titles"), [("en", ["Growth", "Ecology"]), ("zh", ["经济增长", "生态"])]
)
def test_each_effect_has_a_panel_on_the_same_scale(
    impacts: pd.DataFrame, language: Language, titles: list[str]
) -> None:
    first, second = spatial_impacts(impacts, language=language).axes
    assert [first.get_title(loc="left"), second.get_title(loc="left")] == titles
    assert first.get_xlim() == second.get_xlim()
    assert language in get_args(Language)


def test_the_side_that_the_claim_predicts_is_shaded(impacts: pd.DataFrame) -> None:
    first, second = spatial_impacts(impacts).axes
    assert all(patch.get_width() > 0 for patch in first.patches)
    assert [patch.get_width() < 0 for patch in second.patches] == [True]


def test_an_unknown_part_is_refused(impacts: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'indirect'"):
        spatial_impacts(impacts.replace("indirect", "indirct"))


def test_an_estimate_outside_its_interval_is_refused(impacts: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"outcome ln_gdp_pc_real.*part direct"):
        spatial_impacts(impacts.assign(low=1.0, high=2.0))


def test_all_missing_cannot_be_drawn(impacts: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError):
        spatial_impacts(impacts.assign(estimate=np.nan, low=np.nan, high=np.nan))
