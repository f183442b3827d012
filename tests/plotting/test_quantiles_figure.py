"""The effect along the distribution of the outcome."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, NotEstimableError
from urbanecon.plotting.quantiles import quantile_effects
from urbanecon.plotting.style import BLUE, VERMILION


@pytest.fixture
def path() -> pd.DataFrame:
    """Effects that grow with the quantile."""
    quantile = np.array([0.1, 0.5, 0.9])
    frame = pd.DataFrame({"quantile": quantile, "estimate": 0.1 * quantile})
    return frame.assign(
        low=frame["estimate"] - 0.05, high=frame["estimate"] + 0.05, outcome="ln_gdp_pc_real"
    )


@pytest.fixture
def means() -> pd.DataFrame:
    return pd.DataFrame(
        {"outcome": ["ln_gdp_pc_real"], "estimate": [0.05], "low": [0.01], "high": [0.09]}
    )


def test_quantiles_and_the_mean_are_those_of_the_frames(
    path: pd.DataFrame, means: pd.DataFrame
) -> None:
    panel = quantile_effects(path, means).axes[0]
    (line,) = [line for line in panel.lines if line.get_color() == BLUE]
    np.testing.assert_allclose(line.get_xydata(), path[["quantile", "estimate"]])
    (mean,) = [line for line in panel.lines if line.get_color() == VERMILION]
    assert mean.get_ydata()[0] == 0.05
    (span,) = panel.patches
    assert (span.get_y(), span.get_y() + span.get_height()) == pytest.approx((0.01, 0.09))


def test_the_order_of_rows_does_not_matter(path: pd.DataFrame, means: pd.DataFrame) -> None:
    panel = quantile_effects(path[::-1], means).axes[0]
    (line,) = [line for line in panel.lines if line.get_color() == BLUE]
    assert list(line.get_xdata()) == [0.1, 0.5, 0.9]


@pytest.mark.parametrize("language", get_args(Language))
def test_ticks_are_the_quantiles_and_the_legend_speaks_the_language(
    path: pd.DataFrame, means: pd.DataFrame, language: Language
) -> None:
    figure = quantile_effects(path, means, language=language)
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["0.1", "0.5", "0.9"]
    english = figure.legends[0].get_texts()[0].get_text().isascii()
    assert english == (language == "en")


def test_an_outcome_without_a_mean_is_drawn_without_one(
    path: pd.DataFrame, means: pd.DataFrame
) -> None:
    panel = quantile_effects(path, means.assign(outcome="ln_co2")).axes[0]
    assert not panel.patches


def test_a_quantile_in_percent_is_refused(path: pd.DataFrame, means: pd.DataFrame) -> None:
    path["quantile"] *= 100
    with pytest.raises(DataError, match="quantile 10"):
        quantile_effects(path, means)


def test_all_missing_cannot_be_drawn(path: pd.DataFrame, means: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError):
        quantile_effects(path.assign(estimate=np.nan), means)
