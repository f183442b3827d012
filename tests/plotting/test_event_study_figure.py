"""Effects by year relative to adoption."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError
from urbanecon.plotting.event_study import event_study
from urbanecon.plotting.style import ONE_COLUMN, TWO_COLUMNS

FOUR = ("ln_gdp_pc_real", "culture_per_10k", "ln_pm25_chap", "ln_urban_rural_ratio")


def drawn_points(panel) -> dict[float, float]:  # type: ignore[no-untyped-def]
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    return {x: y for line in dots for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}


def test_every_year_is_a_point_and_the_base_an_open_circle_at_zero(
    path_frame: pd.DataFrame,
) -> None:
    panel = event_study({"ln_gdp_pc_real": path_frame}).axes[0]
    expected = dict(zip(path_frame["relative_year"], path_frame["estimate"], strict=True))
    assert drawn_points(panel) == pytest.approx(expected)
    (base,) = [line for line in panel.lines if line.get_markerfacecolor() == "white"]
    assert (list(base.get_xdata()), list(base.get_ydata())) == ([-1], [0])


def test_the_base_may_be_absent_from_the_frame(path_frame: pd.DataFrame) -> None:
    without = path_frame[path_frame["relative_year"] != -1]
    panel = event_study({"ln_gdp_pc_real": without}).axes[0]
    assert drawn_points(panel)[-1] == 0


def test_intervals_reach_from_low_to_high(path_frame: pd.DataFrame) -> None:
    panel = event_study({"ln_gdp_pc_real": path_frame}).axes[0]
    reach = {
        segment[0, 0]: (segment[0, 1], segment[1, 1])
        for part in panel.collections
        for segment in part.get_segments()
    }
    assert set(reach) == {-3, -2, 0, 1, 2}
    assert reach[2] == pytest.approx((0.03, 0.09))


def test_adoption_lies_between_the_last_lead_and_year_zero(path_frame: pd.DataFrame) -> None:
    panel = event_study({"ln_gdp_pc_real": path_frame}).axes[0]
    assert any(list(line.get_xdata()) == [-0.5, -0.5] for line in panel.lines)


def test_a_year_that_could_not_be_estimated_is_a_cross(path_frame: pd.DataFrame) -> None:
    path_frame.loc[0, ["estimate", "low", "high"]] = np.nan
    panel = event_study({"ln_gdp_pc_real": path_frame}).axes[0]
    (cross,) = [line for line in panel.lines if line.get_marker() == "x"]
    assert list(cross.get_xdata()) == [-3]


@pytest.mark.parametrize(
    ("language", "p", "text"),
    [
        ("en", 0.4123, "leads jointly zero: p = 0.412"),
        ("en", 0.0004, "leads jointly zero: p < 0.001"),
        ("zh", 0.4123, "前期系数联合为零：p = 0.412"),
    ],
)
def test_the_test_of_the_leads_is_written(
    path_frame: pd.DataFrame, language: str, p: float, text: str
) -> None:
    figure = event_study(
        {"ln_gdp_pc_real": path_frame},
        {"ln_gdp_pc_real": p},
        language=language,  # type: ignore[arg-type]
    )
    assert [note.get_text() for note in figure.axes[0].texts] == [text]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_four_outcomes_stand_two_by_two_under_their_labels(
    path_frame: pd.DataFrame, language: str
) -> None:
    from urbanecon.cleaning.codebook import load_codebook

    figure = event_study(dict.fromkeys(FOUR, path_frame), language=language)  # type: ignore[arg-type]
    titles = [panel.get_title(loc="left").replace("\n", " ") for panel in figure.axes]
    labels = [load_codebook().label(name, language) for name in FOUR]  # type: ignore[arg-type]
    tags = ("(a)", "(b)", "(c)", "(d)")
    assert titles == [f"{tag}  {label}" for tag, label in zip(tags, labels, strict=True)]
    assert figure.get_figwidth() == pytest.approx(TWO_COLUMNS / 25.4)


def test_one_outcome_fills_one_column_and_needs_no_tag(path_frame: pd.DataFrame) -> None:
    figure = event_study({"ln_gdp_pc_real": path_frame})
    assert figure.get_figwidth() == pytest.approx(ONE_COLUMN / 25.4)
    assert figure.axes[0].get_title(loc="left") == "ln real GDP per capita"


def test_an_odd_number_of_outcomes_leaves_no_empty_frame(path_frame: pd.DataFrame) -> None:
    figure = event_study(dict.fromkeys(FOUR[:3], path_frame))
    assert [panel.get_visible() for panel in figure.axes] == [True, True, True, False]
    assert [bool(panel.get_xlabel()) for panel in figure.axes] == [False, True, True, False]


def test_an_interval_that_misses_its_estimate_is_refused(path_frame: pd.DataFrame) -> None:
    path_frame.loc[5, "high"] = 0.01
    with pytest.raises(DataError, match=r"relative year 2 the estimate 0\.06 lies outside"):
        event_study({"ln_gdp_pc_real": path_frame})


def test_no_path_cannot_be_drawn() -> None:
    with pytest.raises(NotEstimableError):
        event_study({})


def test_a_missing_column_names_the_outcome(path_frame: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="event_study of ln_gdp_pc_real: column 'high'"):
        event_study({"ln_gdp_pc_real": path_frame.drop(columns="high")})
