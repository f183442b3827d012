"""The effect along a moderator."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, MissingColumnError, UnknownNameError
from urbanecon.plotting.marginal import marginal_effects
from urbanecon.plotting.style import BLUE, GREY, PALE, VERMILION
from urbanecon.plotting.words import axis_label

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture
def frames() -> Frames:
    """A line from 0 to 0.1, two bins, three cells of which the last has no contrast."""
    value = np.linspace(0.5, 1.5, 5)
    line = pd.DataFrame({"value": value, "estimate": 0.1 * (value - 0.5)})
    line = line.assign(low=line["estimate"] - 0.02, high=line["estimate"] + 0.02)
    support = pd.DataFrame(
        {
            "from_value": [0.5, 0.8, 1.1],
            "to_value": [0.8, 1.1, 1.5],
            "rows": [20, 50, 5],
            "treatment_sd": [0.3, 0.4, 0.0],
        }
    )
    bins = pd.DataFrame(
        {"value": [0.7, 1.2], "estimate": [0.03, np.nan], "low": [0.01, np.nan],
         "high": [0.05, np.nan]}
    )  # fmt: skip
    return tuple(f.assign(outcome="ln_gdp_pc_real") for f in (line, support, bins))  # type: ignore[return-value]


def test_the_line_and_its_band_are_those_of_the_frame(frames: Frames) -> None:
    upper, _ = marginal_effects(*frames, "citizenization").axes
    (line,) = [line for line in upper.lines if line.get_color() == BLUE]
    np.testing.assert_allclose(line.get_xydata(), frames[0][["value", "estimate"]])
    band = upper.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((-0.02, 0.12))


def test_a_bin_stands_at_its_median_and_without_contrast_is_a_cross(frames: Frames) -> None:
    upper, _ = marginal_effects(*frames, "citizenization").axes
    (bins,) = [line for line in upper.lines if line.get_color() == VERMILION]
    assert bins.get_xydata()[0].tolist() == [0.7, 0.03]
    (cross,) = [line for line in upper.lines if line.get_marker() == "x"]
    assert list(cross.get_xdata()) == [1.2]


def test_the_histogram_is_pale_where_the_treatment_does_not_vary(frames: Frames) -> None:
    from matplotlib.colors import to_hex

    _, lower = marginal_effects(*frames, "citizenization").axes
    drawn = [(to_hex(bar.get_facecolor()).upper(), bar.get_height()) for bar in lower.patches]
    assert drawn == [(GREY, 20), (GREY, 50), (PALE, 5)]


@pytest.mark.parametrize("language", get_args(Language))
def test_the_moderator_names_the_lowest_axis(frames: Frames, language: Language) -> None:
    _, lower = marginal_effects(*frames, "citizenization", language=language).axes
    assert lower.get_xlabel() == axis_label("citizenization", language)


def test_three_outcomes_leave_no_empty_frame(frames: Frames) -> None:
    names = ("ln_gdp_pc_real", "ln_pm25_chap", "ln_co2")
    three = [pd.concat([frame.assign(outcome=name) for name in names]) for frame in frames]
    figure = marginal_effects(*three, "citizenization")
    assert sum(panel.get_visible() for panel in figure.axes) == 6
    titles = [panel.get_title(loc="left") for panel in figure.axes if panel.get_title(loc="left")]
    assert sorted(title[:3] for title in titles) == ["(a)", "(b)", "(c)"]


def test_bad_frames_are_refused(frames: Frames) -> None:
    line, support, bins = frames
    with pytest.raises(DataError, match="lies outside"):
        marginal_effects(line.assign(high=-1.0), support, bins, "citizenization")
    with pytest.raises(MissingColumnError, match="'from_value'"):
        marginal_effects(line, support.drop(columns="from_value"), bins, "citizenization")
    with pytest.raises(UnknownNameError, match="Did you mean 'citizenization'"):
        marginal_effects(line, support, bins, "citizenisation")
