"""Likelihood ratios of the thresholds that were tried."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, MissingColumnError, UnknownNameError
from urbanecon.plotting.threshold import threshold_curves

SHARE = "urban_share_benchmarked"


@pytest.fixture
def search() -> pd.DataFrame:
    """Two dips below 7.35; the deeper at 0.5."""
    return pd.DataFrame(
        {
            "outcome": "ln_gdp_pc_real",
            "value": [0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
            "lr": [20.0, 5.0, 0.0, 12.0, 7.0, 15.0],
            "critical": 7.35,
        }
    )


def test_the_curve_is_the_search_and_its_lowest_point_is_marked(search: pd.DataFrame) -> None:
    panel = threshold_curves(search, SHARE).axes[0]
    (curve,) = [line for line in panel.lines if len(line.get_xdata()) == 6]
    np.testing.assert_allclose(curve.get_xydata(), search[["value", "lr"]])
    (best,) = [line for line in panel.lines if line.get_marker() == "o"]
    assert best.get_xydata().tolist() == [[0.5, 0.0]]


def test_the_order_of_rows_does_not_matter(search: pd.DataFrame) -> None:
    panel = threshold_curves(search[::-1], SHARE).axes[0]
    (curve,) = [line for line in panel.lines if len(line.get_xdata()) == 6]
    np.testing.assert_allclose(curve.get_xydata(), search[["value", "lr"]])


def test_candidates_below_the_line_are_shaded_run_by_run(search: pd.DataFrame) -> None:
    panel = threshold_curves(search, SHARE).axes[0]
    spans = sorted((p.get_x(), p.get_x() + p.get_width()) for p in panel.patches)
    np.testing.assert_allclose(spans, [(0.35, 0.55), (0.65, 0.75)])
    (dashed,) = [line for line in panel.lines if line.is_dashed()]
    assert dashed.get_ydata()[0] == 7.35


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "threshold 50.0%; against none: p = 0.540"),
     ("zh", "门槛值 50.0%；与无门槛相比 p = 0.540")],
)  # fmt: skip
def test_the_estimate_and_its_test_are_written(
    search: pd.DataFrame, language: Language, text: str
) -> None:
    figure = threshold_curves(search, SHARE, {"ln_gdp_pc_real": 0.54}, language=language)
    assert figure.axes[0].texts[0].get_text() == text


def test_without_a_test_only_the_estimate_is_written(search: pd.DataFrame) -> None:
    assert threshold_curves(search, SHARE).axes[0].texts[0].get_text() == "threshold 50.0%"


def test_two_critical_values_of_an_outcome_are_refused(search: pd.DataFrame) -> None:
    search.loc[0, "critical"] = 6.0
    with pytest.raises(DataError, match="ln_gdp_pc_real has 2 critical values"):
        threshold_curves(search, SHARE)


def test_infinite_ratios_are_refused(search: pd.DataFrame) -> None:
    search.loc[0, "lr"] = np.inf
    with pytest.raises(DataError, match="finite number"):
        threshold_curves(search, SHARE)


def test_an_unknown_variable_and_a_missing_column_are_refused(search: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'urban_share_benchmarked'"):
        threshold_curves(search, "urban_share_benchmark")
    with pytest.raises(MissingColumnError, match="'critical'"):
        threshold_curves(search.drop(columns="critical"), SHARE)
