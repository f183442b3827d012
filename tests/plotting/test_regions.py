"""Regional trends, one panel a region."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import MissingColumnError, UnknownNameError
from urbanecon.plotting.regions import region_trends
from urbanecon.plotting.style import REGION_COLOURS

TITLES = {
    "en": ["(a)  East", "(b)  Central", "(c)  West", "(d)  Northeast"],
    "zh": ["(a)  东部", "(b)  中部", "(c)  西部", "(d)  东北"],
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_panel_a_region_with_the_codebook_label(
    region_frame: pd.DataFrame, census_points: pd.DataFrame, language: str
) -> None:
    figure = region_trends(
        region_frame,
        "urban_share",
        census_points,
        language=language,  # type: ignore[arg-type]
    )
    assert [panel.get_title(loc="left") for panel in figure.axes] == TITLES[language]
    label = {"en": "Urban share of residents", "zh": "常住人口城镇化率"}[language]
    assert figure.axes[0].get_ylabel() == label


def test_each_panel_shows_its_own_line_the_others_and_its_census_point(
    region_frame: pd.DataFrame, census_points: pd.DataFrame
) -> None:
    figure = region_trends(region_frame, "urban_share", census_points)
    for panel, region in zip(figure.axes, REGION_COLOURS, strict=True):
        (own,) = [line for line in panel.lines if line.get_color() == REGION_COLOURS[region]][:1]
        expected = region_frame.loc[region_frame["region"] == region, "mean"]
        np.testing.assert_allclose(own.get_ydata(), expected)
        assert sum(str(line.get_gid()).startswith("other") for line in panel.lines) == 3
        (point,) = [line for line in panel.lines if line.get_marker() == "D"]
        assert len(point.get_xdata()) == 1


def test_a_year_no_region_has_is_hatched_and_named(region_frame: pd.DataFrame) -> None:
    holes = region_frame.assign(mean=region_frame["mean"].where(region_frame["year"] != 2008))
    for panel in region_trends(holes, "urban_share").axes:
        (gap,) = [patch for patch in panel.patches if patch.get_hatch()]
        assert gap.get_x() == 2007.5
        assert "no data" in [text.get_text() for text in panel.texts]


def test_an_unknown_region_is_refused(region_frame: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'central'"):
        region_trends(region_frame.replace("central", "centre"), "urban_share")


def test_a_missing_column_is_named(region_frame: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match=r"'q25' is missing. Did you mean 'q_25'"):
        region_trends(region_frame.rename(columns={"q25": "q_25"}), "urban_share")
