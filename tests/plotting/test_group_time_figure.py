"""The heat map of effects by cohort and year."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, NotEstimableError, UnknownNameError
from urbanecon.plotting.group_time import group_time_effects


@pytest.fixture
def effects() -> pd.DataFrame:
    """Two cohorts, 2013-2016; the last effect of the first is clear, one cell is absent."""
    rows = [
        (2014, 2013, 0.0, np.nan, np.nan),
        (2014, 2014, 0.01, -0.01, 0.03),
        (2014, 2015, 0.02, -0.01, 0.05),
        (2014, 2016, -0.04, -0.06, -0.02),
        (2015, 2013, 0.01, -0.01, 0.03),
        (2015, 2014, 0.0, np.nan, np.nan),
        (2015, 2015, 0.03, -0.01, 0.07),
    ]
    columns = ["first_treated", "year", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=columns).assign(outcome="ln_gdp_pc_real")


def markers(panel, size: float) -> list[tuple[float, float]]:  # type: ignore[no-untyped-def]
    (line,) = [line for line in panel.lines if line.get_markersize() == size
               and line.get_marker() == "o"]  # fmt: skip
    return [tuple(point) for point in line.get_xydata()]


def test_a_cell_is_coloured_by_its_estimate_around_zero(effects: pd.DataFrame) -> None:
    (image,) = group_time_effects(effects).axes[0].images
    cells = image.get_array()
    np.testing.assert_allclose(cells[0], [0.0, 0.01, 0.02, -0.04])
    np.testing.assert_allclose(np.ma.filled(cells[1], np.nan), [0.01, 0.0, 0.03, np.nan])
    assert image.get_clim() == pytest.approx((-0.04, 0.04))


def test_the_middle_of_the_colours_is_white_and_the_ends_are_the_signs(
    effects: pd.DataFrame,
) -> None:
    (image,) = group_time_effects(effects).axes[0].images
    colours = image.get_cmap()
    assert colours(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.02)
    red, _, blue, _ = colours(0.0)
    assert red > blue
    red, _, blue, _ = colours(1.0)
    assert blue > red


def test_intervals_without_zero_have_a_dot_and_base_years_a_circle(effects: pd.DataFrame) -> None:
    panel = group_time_effects(effects).axes[0]
    assert markers(panel, 1.9) == [(2016, 0)]
    assert markers(panel, 3) == [(2013, 0), (2014, 1)]


def test_the_line_steps_between_base_year_and_first_treated_year(effects: pd.DataFrame) -> None:
    panel = group_time_effects(effects).axes[0]
    (steps,) = [line for line in panel.lines if line.get_linewidth() == 1.4]
    assert list(steps.get_xdata()) == [2013.5, 2013.5, 2014.5, 2014.5]
    assert list(steps.get_ydata()) == [-0.5, 0.5, 0.5, 1.5]


@pytest.mark.parametrize("language", get_args(Language))
def test_outcomes_stand_below_each_other_on_one_axis_of_years(
    effects: pd.DataFrame, language: Language
) -> None:
    both = pd.concat([effects, effects.assign(outcome="ln_pm25_chap", year=effects["year"] + 1)])
    figure = group_time_effects(both, language=language)
    first, second = [
        panel for panel in figure.axes if panel.images and panel.get_title(loc="left")
    ]
    assert first.get_xlim() == second.get_xlim() == (2012.5, 2017.5)
    assert [label.get_text() for label in first.get_yticklabels()] == ["2014", "2015"]


def test_an_effect_outside_its_interval_is_refused(effects: pd.DataFrame) -> None:
    effects.loc[1, "high"] = 0.0
    with pytest.raises(DataError, match="first_treated 2014, year 2014"):
        group_time_effects(effects)


def test_a_cell_given_twice_is_refused(effects: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="more than one row"):
        group_time_effects(pd.concat([effects, effects[:1]]))


def test_an_unknown_outcome_is_refused(effects: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="ln_gdp_pc_real"):
        group_time_effects(effects.assign(outcome="ln_gdp_pc_rea"))


def test_an_empty_frame_cannot_be_drawn(effects: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError):
        group_time_effects(effects[:0])
