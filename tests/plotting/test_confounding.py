"""Contours of the estimate by a confounder's strength."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, MissingColumnError, UnknownNameError
from urbanecon.estimation.omitted import Observed, contour_grid
from urbanecon.plotting.confounding import confounding
from urbanecon.plotting.saving import save
from urbanecon.plotting.style import VERMILION

OBSERVED = Observed("x", 0.0973, 0.0233, 783)


@pytest.fixture
def grid() -> pd.DataFrame:
    """Strengths to 20 and 50 percent."""
    return contour_grid(OBSERVED, 0.2, 0.5, 41)


@pytest.fixture
def benchmarks() -> pd.DataFrame:
    """A variable of the codebook, a control of the catalogue, and one beyond the grid."""
    return pd.DataFrame(
        {
            "benchmark": ["gdp", "low_carbon", "gdp"],
            "k": [1.0, 1.0, 2.0],
            "r2dz_x": [0.01, 0.15, 0.02],
            "r2yz_dx": [0.12, 0.30, 0.60],
        }
    )


def texts_of(panel) -> set[str]:  # type: ignore[no-untyped-def]
    return {text.get_text() for text in panel.texts}


def test_the_thick_contours_pass_through_zero_and_the_critical_t(
    grid: pd.DataFrame, benchmarks: pd.DataFrame
) -> None:
    figure = confounding(grid, benchmarks, 1.963)
    for panel, threshold in zip(figure.axes, (0.0, 1.963), strict=True):
        thick = [c for c in panel.collections if hasattr(c, "levels") and len(c.levels) == 1]
        assert [c.levels[0] for c in thick] == [threshold]
        assert to_hex(thick[0].get_edgecolor()[0]).upper() == VERMILION


def test_at_equal_strengths_the_zero_contour_is_at_the_robustness_value(
    grid: pd.DataFrame, benchmarks: pd.DataFrame
) -> None:
    panel = confounding(grid, benchmarks, 1.963).axes[0]
    (zero,) = [c for c in panel.collections if list(getattr(c, "levels", ())) == [0.0]]
    path = zero.get_paths()[0].vertices
    at = np.argmin(np.abs(path[:, 0] - path[:, 1]))
    assert path[at].mean() == pytest.approx(OBSERVED.robustness_value(), abs=0.004)


def test_benchmarks_on_the_grid_are_points_with_names(
    grid: pd.DataFrame, benchmarks: pd.DataFrame
) -> None:
    panel = confounding(grid, benchmarks, 1.963).axes[0]
    (points,) = [line for line in panel.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(points.get_xdata(), [0.01, 0.15])
    assert {"1× Gross domestic product", "1× low-carbon pilot", "unadjusted"} <= texts_of(panel)
    assert not any(text.startswith("2×") for text in texts_of(panel))


def test_a_negative_estimate_has_a_negative_critical_t(benchmarks: pd.DataFrame) -> None:
    negative = contour_grid(Observed("x", -0.0973, 0.0233, 783), 0.2, 0.5, 41)
    panel = confounding(negative, benchmarks, 1.963).axes[1]
    thick = [c for c in panel.collections if len(getattr(c, "levels", ())) == 1]
    assert thick[0].levels[0] == -1.963


def test_an_unknown_benchmark_and_a_broken_grid_are_refused(
    grid: pd.DataFrame, benchmarks: pd.DataFrame
) -> None:
    with pytest.raises(UnknownNameError, match="control gdpp"):
        confounding(grid, benchmarks.replace("gdp", "gdpp"), 1.963)
    with pytest.raises(DataError, match="rectangle"):
        confounding(grid.iloc[1:], benchmarks, 1.963)
    with pytest.raises(MissingColumnError, match="'t'"):
        confounding(grid.drop(columns="t"), benchmarks, 1.963)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_figure_can_be_saved_in_both_languages(
    tmp_path: Path, grid: pd.DataFrame, benchmarks: pd.DataFrame, language: Language
) -> None:
    figure = confounding(grid, benchmarks, 1.963, language=language)
    assert all(path.stat().st_size for path in save(figure, tmp_path / "confounding"))
