"""Inequality between cities over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import MissingColumnError, NotEstimableError
from urbanecon.plotting.inequality import inequality


@pytest.mark.parametrize(
    ("language", "titles", "parts", "heading"),
    [
        (
            "en",
            ["(a)  Theil index between cities", "(b)  Gini coefficient between cities"],
            ["between provinces", "within provinces"],
            "Real GDP per capita (2000 prices)",
        ),
        (
            "zh",
            ["(a)  城市间泰尔指数", "(b)  城市间基尼系数"],
            ["省际", "省内"],
            "实际人均GDP（2000年价）",
        ),
    ],
)
def test_panels_and_parts_are_named(
    inequality_series: pd.DataFrame,
    language: str,
    titles: list[str],
    parts: list[str],
    heading: str,
) -> None:
    figure = inequality(inequality_series, "gdp_pc_real", language=language)  # type: ignore[arg-type]
    assert [panel.get_title(loc="left") for panel in figure.axes] == titles
    assert [text.get_text() for text in figure.axes[0].texts] == parts
    assert figure.get_suptitle() == heading


def test_the_areas_stack_up_to_the_theil_index(inequality_series: pd.DataFrame) -> None:
    theil, gini = inequality(inequality_series, "gdp_pc_real").axes
    between, within = [area.get_datalim(theil.transData) for area in theil.collections]
    total = inequality_series["within"] + inequality_series["between"]
    assert between.y1 == pytest.approx(inequality_series["between"].max())
    assert within.y1 == pytest.approx(total.max())
    np.testing.assert_allclose(gini.lines[0].get_ydata(), inequality_series["gini"])


def test_missing_years_break_the_line_and_are_hatched(inequality_series: pd.DataFrame) -> None:
    holes = inequality_series[inequality_series["year"] != 2002]
    for panel in inequality(holes, "gdp_pc_real").axes:
        (gap,) = [patch for patch in panel.patches if patch.get_hatch()]
        assert (gap.get_x(), gap.get_width()) == (2001.5, 1.0)
    assert np.isnan(panel.lines[0].get_ydata()).tolist() == [False, False, True, False, False]


def test_a_missing_column_is_named(inequality_series: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'Gini'"):
        inequality(inequality_series.rename(columns={"gini": "Gini"}), "gdp_pc_real")


def test_an_empty_frame_cannot_be_drawn(inequality_series: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="inequality of gdp_pc_real"):
        inequality(inequality_series.iloc[:0], "gdp_pc_real")


def test_a_part_that_is_wholly_missing_is_refused(inequality_series: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="'gini' has no value"):
        inequality(inequality_series.assign(gini=np.nan), "gdp_pc_real")
