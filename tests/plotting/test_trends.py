"""Pilot and never-pilot cities over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import MissingColumnError, NotEstimableError, UnknownNameError
from urbanecon.plotting.style import GROUP_COLOURS
from urbanecon.plotting.trends import pilot_trends


@pytest.mark.parametrize(
    ("language", "titles", "groups"),
    [
        (
            "en",
            [
                "(a)  Real GDP per capita (2000 prices), yuan per person",
                "(b)  PM2.5 (CHAP, city centre), µg/m³",
            ],
            {"Pilot cities", "Never pilots"},
        ),
        (
            "zh",
            [
                "(a)  实际人均GDP（2000年价），元/人",
                "(b)  PM2.5浓度（CHAP，城市中心），微克/立方米",
            ],
            {"试点城市", "非试点城市"},
        ),
    ],
)
def test_panels_follow_the_frame_and_lines_are_named(
    pilot_frame: pd.DataFrame, language: str, titles: list[str], groups: set[str]
) -> None:
    figure = pilot_trends(pilot_frame, language=language)  # type: ignore[arg-type]
    found = [panel.get_title(loc="left").replace("\n", " ") for panel in figure.axes]
    assert found == titles
    for panel in figure.axes:
        assert groups <= {text.get_text() for text in panel.texts}


def test_each_group_is_a_line_in_its_colour(pilot_frame: pd.DataFrame) -> None:
    panel = pilot_trends(pilot_frame).axes[0]
    for group, colour in GROUP_COLOURS.items():
        of_group = pilot_frame["group"].eq(group) & pilot_frame["variable"].eq("gdp_pc_real")
        own = pilot_frame[of_group]
        line = next(line for line in panel.lines if line.get_color() == colour)
        np.testing.assert_allclose(line.get_ydata(), own["mean"])


def test_the_years_in_which_pilots_started_are_shaded(pilot_frame: pd.DataFrame) -> None:
    for panel in pilot_trends(pilot_frame).axes:
        (wave,) = panel.patches
        assert (wave.get_x(), wave.get_width()) == (2014, 2)


def test_a_year_no_group_has_is_hatched(pilot_frame: pd.DataFrame) -> None:
    holes = pilot_frame[pilot_frame["year"] != 2013]
    panel = pilot_trends(holes).axes[0]
    (gap,) = [patch for patch in panel.patches if patch.get_hatch()]
    assert gap.get_x() == 2012.5


def test_a_variable_without_a_number_is_named(pilot_frame: pd.DataFrame) -> None:
    empty = pilot_frame["variable"] == "pm25_chap"
    pilot_frame.loc[empty, ["mean", "low", "high"]] = np.nan
    with pytest.raises(NotEstimableError, match="pilot_trends of pm25_chap"):
        pilot_trends(pilot_frame)


def test_an_unknown_group_is_refused(pilot_frame: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match=r"'pilots' is no group. Did you mean 'pilot'"):
        pilot_trends(pilot_frame.replace("pilot", "pilots"))


def test_a_missing_column_is_named(pilot_frame: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'groups'"):
        pilot_trends(pilot_frame.rename(columns={"group": "groups"}))
