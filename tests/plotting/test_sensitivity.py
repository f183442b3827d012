"""How far an estimate bends, drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, UnknownNameError
from urbanecon.plotting.saving import save
from urbanecon.plotting.sensitivity import (
    left_out,
    randomization_density,
    trend_power,
)
from urbanecon.plotting.style import BLUE, PALE, VERMILION

FULL = (0.03, 0.01, 0.05)


@pytest.fixture
def provinces() -> pd.DataFrame:
    """Three provinces, one without an estimate."""
    estimate = np.array([0.04, np.nan, 0.02])
    return pd.DataFrame(
        {
            "group": ["湖北", "北京", "江苏"],
            "estimate": estimate,
            "low": estimate - 0.02,
            "high": estimate + 0.02,
        }
    )


@pytest.fixture
def trend() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A path with a trend of 0.1 a year, and a power curve."""
    years = np.arange(-3, 3)
    path = pd.DataFrame(
        {
            "relative_year": years,
            "estimate": 0.05 * (years + 1),
            "se": np.where(years == -1, 0.0, 0.1),
            "trend": 0.1 * (years + 1),
            "after_passing": 0.12 * (years + 1),
        }
    )
    slopes = np.linspace(0, 0.3, 7)
    return path, pd.DataFrame({"slope": slopes, "power": 1 - 0.9 * np.exp(-10 * slopes)})


def texts_of(panel) -> set[str]:  # type: ignore[no-untyped-def]
    return {text.get_text() for text in panel.texts}


def test_groups_stand_in_the_order_of_their_estimates(provinces: pd.DataFrame) -> None:
    panel = left_out(provinces, FULL, "ln_gdp_pc_real").axes[0]
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["江苏", "湖北", "北京"]
    (dots,) = [line for line in panel.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots.get_xdata(), [0.02, 0.04, np.nan])
    assert "not estimable" in texts_of(panel)


def test_the_estimate_with_all_is_a_line_with_its_band(provinces: pd.DataFrame) -> None:
    panel = left_out(provinces, FULL, "ln_gdp_pc_real").axes[0]
    (line,) = [line for line in panel.lines if line.get_color() == BLUE]
    assert list(line.get_xdata()) == [0.03, 0.03]
    (band,) = panel.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.01, 0.05))
    assert panel.get_title(loc="left") == "ln real GDP per capita\nall included: 0.03"


def test_left_out_needs_numbers(provinces: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="finite"):
        left_out(provinces, (np.nan, 0, 1), "ln_gdp_pc_real")
    with pytest.raises(NotEstimableError):
        left_out(provinces.iloc[:0], FULL, "ln_gdp_pc_real")
    with pytest.raises(DataError, match="more than one row"):
        left_out(pd.concat([provinces, provinces]), FULL, "ln_gdp_pc_real")


def test_draws_at_least_as_extreme_are_coloured() -> None:
    draws = np.array([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 2.5, np.nan])
    panel = randomization_density(draws, 2.0, 0.4).axes[0]
    heights = {
        colour: sum(
            p.get_height() for p in panel.patches if to_hex(p.get_facecolor()).upper() == colour
        )
        for colour in (VERMILION, PALE)
    }
    assert heights[VERMILION] == pytest.approx(3 / 7)
    assert heights[PALE] == pytest.approx(4 / 7)
    (line,) = panel.lines
    assert list(line.get_xdata()) == [2.0, 2.0]
    assert line.get_label() == "observed; p = 0.400"


def test_a_tiny_p_is_written_as_below() -> None:
    panel = randomization_density(np.array([0.1, -0.2]), 5.0, 0.0004).axes[0]
    assert panel.lines[0].get_label() == "observed; p < 0.001"


def test_a_distribution_needs_draws_and_a_statistic() -> None:
    with pytest.raises(NotEstimableError):
        randomization_density(np.array([np.nan]), 1.0, 0.5)
    with pytest.raises(NotEstimableError):
        randomization_density(np.array([]), 1.0, 0.5)
    with pytest.raises(DataError, match="inf"):
        randomization_density(np.array([np.inf, 1.0]), 1.0, 0.5)
    with pytest.raises(DataError, match="p = 2"):
        randomization_density(np.array([1.0]), 1.0, 2.0)


def test_the_trend_and_its_power_are_drawn(trend: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    path, curve = trend
    left, right = trend_power(path, curve, 0.67, 0.1, "ln_gdp_pc_real").axes
    by_colour = {line.get_color(): line for line in left.lines}
    np.testing.assert_allclose(by_colour[VERMILION].get_ydata(), path["trend"])
    np.testing.assert_allclose(by_colour[BLUE].get_ydata(), path["after_passing"])
    assert by_colour[VERMILION].get_label() == "trend found with 67% power"
    (point,) = [line for line in right.lines if line.get_marker() == "o"]
    assert (list(point.get_xdata()), list(point.get_ydata())) == ([0.1], [0.67])


def test_trend_power_needs_numbers(trend: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    path, curve = trend
    with pytest.raises(DataError, match="expected finite"):
        trend_power(path, curve, 0.5, np.inf, "ln_gdp_pc_real")
    with pytest.raises(MissingColumnError, match="'trend'"):
        trend_power(path.drop(columns="trend"), curve, 0.5, 0.1, "ln_gdp_pc_real")
    with pytest.raises(UnknownNameError, match="Did you mean 'ln_gdp_pc_real'"):
        trend_power(path, curve, 0.5, 0.1, "ln_gdp_pc_rea")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_figure_can_be_saved_in_both_languages(
    request: pytest.FixtureRequest, tmp_path: Path, language: str
) -> None:
    provinces, trend = map(request.getfixturevalue, ["provinces", "trend"])
    said = {"language": language}
    figures = {
        "left": left_out(provinces, FULL, "ln_gdp_pc_real", **said),  # type: ignore[arg-type]
        "draws": randomization_density(np.linspace(-3, 3, 99), 2.0, 0.3, **said),  # type: ignore[arg-type]
        "trend": trend_power(*trend, 0.5, 0.1, "ln_gdp_pc_real", **said),  # type: ignore[arg-type]
    }
    for name, figure in figures.items():
        assert all(path.stat().st_size for path in save(figure, tmp_path / name))
