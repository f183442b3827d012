"""Effects after adoption and the sets for their mean."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import DataError, MissingColumnError, NotEstimableError
from urbanecon.plotting.honest import honest_bounds
from urbanecon.plotting.style import BLUE, GREY, TWO_COLUMNS

OUTCOMES = ("ln_gdp_pc_real", "ln_pm25_chap")


@pytest.fixture
def paths(path_frame: pd.DataFrame) -> pd.DataFrame:
    """The path of conftest for two outcomes."""
    return pd.concat([path_frame.assign(outcome=name) for name in OUTCOMES])


@pytest.fixture
def sets() -> pd.DataFrame:
    """Sets that widen with the bound; the first leaves out zero."""
    bounds = np.array([0.0, 0.5, 1.0])
    one = pd.DataFrame({"bound": bounds, "low": 0.02 - 0.1 * bounds, "high": 0.06 + 0.1 * bounds})
    return pd.concat([one.assign(outcome=name) for name in OUTCOMES])


def bars(panel, colour: str) -> dict[float, tuple[float, float]]:  # type: ignore[no-untyped-def]
    from matplotlib.colors import to_rgb

    return {
        segment[0, 0]: (segment[0, 1], segment[1, 1])
        for lines in panel.collections
        if tuple(lines.get_color()[0][:3]) == to_rgb(colour)
        for segment in lines.get_segments()
    }


def test_each_outcome_has_its_path_and_its_sets_beside_it(
    paths: pd.DataFrame, sets: pd.DataFrame
) -> None:
    figure = honest_bounds(paths, sets, {})
    path, first, _, second = figure.axes
    dots = {x: y for line in path.lines if line.get_marker() == "o" for x, y in line.get_xydata()}
    assert dots == pytest.approx({-3: 0, -2: 0, -1: 0, 0: 0.02, 1: 0.04, 2: 0.06})
    assert bars(first, BLUE)[0.0] == pytest.approx((0.02, 0.06))
    assert bars(second, GREY)[1.0] == pytest.approx((-0.08, 0.16))
    assert figure.get_figwidth() == pytest.approx(TWO_COLUMNS / 25.4)


def test_a_set_is_grey_once_it_holds_zero(paths: pd.DataFrame, sets: pd.DataFrame) -> None:
    panel = honest_bounds(paths, sets, {}).axes[1]
    assert set(bars(panel, BLUE)) == {0.0}
    assert set(bars(panel, GREY)) == {0.5, 1.0}


@pytest.mark.parametrize("language", get_args(Language))
def test_the_breakdown_is_marked_on_the_axis_and_written(
    paths: pd.DataFrame, sets: pd.DataFrame, language: Language
) -> None:
    panel = honest_bounds(paths, sets, {OUTCOMES[0]: 0.212}, language=language).axes[1]
    (mark,) = [line for line in panel.lines if line.get_marker() == "^"]
    assert list(mark.get_xdata()) == [0.212]
    assert panel.texts[0].get_text().endswith("M = 0.21")


@pytest.mark.parametrize(
    ("breakdown", "text"),
    [(0.0, "breaks down at M = 0"), (7.5, "breaks down at M = 7.5"),
     (math.inf, "no M breaks it down")],
)  # fmt: skip
def test_a_breakdown_off_the_axis_is_written_alone(
    paths: pd.DataFrame, sets: pd.DataFrame, breakdown: float, text: str
) -> None:
    panel = honest_bounds(paths, sets, {OUTCOMES[0]: breakdown}).axes[1]
    marks = [line for line in panel.lines if line.get_marker() == "^"]
    assert [note.get_text() for note in panel.texts] == [text]
    assert len(marks) == (breakdown == 0)


def test_a_set_without_an_end_is_a_cross(paths: pd.DataFrame, sets: pd.DataFrame) -> None:
    sets.loc[sets["bound"] == 1.0, "high"] = np.nan
    panel = honest_bounds(paths, sets, {}).axes[1]
    (cross,) = [line for line in panel.lines if line.get_marker() == "x"]
    assert list(cross.get_xdata()) == [1.0]


@pytest.mark.parametrize("language", get_args(Language))
def test_titles_are_codebook_labels(
    paths: pd.DataFrame, sets: pd.DataFrame, language: Language
) -> None:
    figure = honest_bounds(paths, sets, {}, language=language)
    titles = [panel.get_title(loc="left") for panel in figure.axes[::2]]
    labels = [load_codebook().label(name, language) for name in OUTCOMES]
    assert titles == [f"({tag})  {label}" for tag, label in zip("ab", labels, strict=True)]


def test_a_set_that_ends_before_it_begins_is_refused(
    paths: pd.DataFrame, sets: pd.DataFrame
) -> None:
    with pytest.raises(DataError, match=r"set of ln_gdp_pc_real at 0 ends at"):
        honest_bounds(paths, sets.assign(high=-1.0), {})


def test_an_outcome_without_sets_is_refused(paths: pd.DataFrame, sets: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'ln_pm25_chap' has a path and no set"):
        honest_bounds(paths, sets[sets["outcome"] == OUTCOMES[0]], {})


def test_a_misspelt_column_is_named_with_the_closest(
    paths: pd.DataFrame, sets: pd.DataFrame
) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'bounds'"):
        honest_bounds(paths, sets.rename(columns={"bound": "bounds"}), {})


def test_an_empty_frame_cannot_be_drawn(paths: pd.DataFrame, sets: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError):
        honest_bounds(paths[:0], sets, {})
