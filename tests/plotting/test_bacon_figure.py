"""Two-by-two comparisons by weight and estimate."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, UnknownNameError
from urbanecon.estimation.bacon import TYPES
from urbanecon.plotting.bacon import COMPARISONS, bacon_scatter
from urbanecon.plotting.saving import save
from urbanecon.plotting.style import ONE_COLUMN


@pytest.fixture
def comparisons() -> pd.DataFrame:
    """Two cohorts against never treated and against each other."""
    rows = [
        ("treated vs never treated", "2014", "never", 0.7, 0.04),
        ("treated vs never treated", "2015", "never", 0.2, 0.01),
        ("earlier vs later treated", "2014", "2015", 0.06, -0.02),
        ("later vs earlier treated", "2015", "2014", 0.04, 0.03),
    ]
    columns = ["type", "treated", "control", "weight", "estimate"]
    return pd.DataFrame(rows, columns=columns).assign(outcome="ln_gdp_pc_real")


def test_every_type_of_the_decomposition_has_a_colour_and_a_marker() -> None:
    assert set(COMPARISONS) == set(TYPES)
    assert len(set(COMPARISONS.values())) == len(COMPARISONS)


def test_each_comparison_is_a_mark_at_its_weight_and_estimate(comparisons: pd.DataFrame) -> None:
    panel = bacon_scatter(comparisons).axes[0]
    for kind, own in comparisons.groupby("type"):
        (marks,) = [line for line in panel.lines if line.get_marker() == COMPARISONS[str(kind)][1]]
        np.testing.assert_allclose(marks.get_xydata(), own[["weight", "estimate"]])


def test_the_dashed_line_is_the_weighted_sum(comparisons: pd.DataFrame) -> None:
    panel = bacon_scatter(comparisons).axes[0]
    (dashed,) = [line for line in panel.lines if line.is_dashed()]
    assert dashed.get_ydata()[0] == pytest.approx(0.028 + 0.002 - 0.0012 + 0.0012)


def test_comparisons_with_never_treated_bear_their_year(comparisons: pd.DataFrame) -> None:
    panel = bacon_scatter(comparisons).axes[0]
    assert [text.get_text() for text in panel.texts] == ["2014", "2015"]


@pytest.mark.parametrize(
    ("language", "first"), [("en", "pilots vs never pilots"), ("zh", "试点对非试点")]
)
def test_the_legend_names_the_types_that_are_there(
    comparisons: pd.DataFrame, language: Language, first: str
) -> None:
    figure = bacon_scatter(comparisons, language=language)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 4
    assert texts[0] == first
    assert language in get_args(Language)


def test_one_outcome_keeps_its_legend_within_a_column(
    comparisons: pd.DataFrame, tmp_path: Path
) -> None:
    figure = bacon_scatter(comparisons)
    assert figure.get_figwidth() == pytest.approx(ONE_COLUMN / 25.4)
    assert all(path.is_file() for path in save(figure, tmp_path / "bacon"))


def test_weights_that_do_not_sum_to_one_are_refused(comparisons: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"weights of ln_gdp_pc_real sum to 0\.96; expected 1"):
        bacon_scatter(comparisons[:3])


def test_a_comparison_without_a_number_is_refused(comparisons: pd.DataFrame) -> None:
    comparisons.loc[2, "estimate"] = np.nan
    with pytest.raises(DataError, match="2014 against 2015 of ln_gdp_pc_real"):
        bacon_scatter(comparisons)


def test_an_unknown_type_is_named_with_the_closest(comparisons: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'earlier vs later treated'"):
        bacon_scatter(comparisons.replace("earlier vs later treated", "earlier vs late treated"))
