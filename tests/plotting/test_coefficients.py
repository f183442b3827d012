"""The four effects in one coefficient plot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, UnknownNameError
from urbanecon.plotting.coefficients import MODELS, coefficients


def test_every_estimate_is_a_marker_with_its_interval(coefficient_table: pd.DataFrame) -> None:
    panel = coefficients(coefficient_table).axes[0]
    for name, (colour, marker, _) in MODELS.items():
        own = coefficient_table[coefficient_table["fixed_effects"] == name]
        (dots,) = [line for line in panel.lines if line.get_marker() == marker]
        assert dots.get_color() == colour
        np.testing.assert_allclose(dots.get_xdata(), own["estimate"])
    reach = [
        segment[:, 0].tolist() for part in panel.collections for segment in part.get_segments()
    ]
    expected = coefficient_table.sort_values("fixed_effects", ascending=False)
    np.testing.assert_allclose(reach, expected[["low", "high"]])


def test_the_predicted_side_of_zero_is_shaded(coefficient_table: pd.DataFrame) -> None:
    panel = coefficients(coefficient_table).axes[0]
    widths = [patch.get_width() for bars in panel.containers for patch in bars]
    assert [width > 0 for width in widths] == [True, False]


@pytest.mark.parametrize(
    ("language", "rows", "axis", "headers"),
    [
        (
            "en",
            ["ln real GDP per capita", "ln PM2.5 (CHAP)"],
            "Coefficient and 95% interval",
            ["Growth", "Ecology"],
        ),
        (
            "zh",
            ["实际人均GDP对数", "PM2.5浓度对数（CHAP）"],
            "系数及95%置信区间",
            ["经济增长", "生态"],
        ),
    ],
)
def test_rows_headers_and_axis_are_named(
    coefficient_table: pd.DataFrame, language: str, rows: list[str], axis: str, headers: list[str]
) -> None:
    panel = coefficients(coefficient_table, language=language).axes[0]  # type: ignore[arg-type]
    assert [label.get_text() for label in panel.get_yticklabels()] == rows
    assert panel.get_xlabel() == axis
    assert set(headers) <= {text.get_text() for text in panel.texts}


def test_the_scale_is_said_on_the_axis(coefficient_table: pd.DataFrame) -> None:
    panel = coefficients(coefficient_table, scale="standardised").axes[0]
    assert panel.get_xlabel().endswith("standard deviations of the outcome")


def test_the_number_of_rows_stands_at_the_right(coefficient_table: pd.DataFrame) -> None:
    panel = coefficients(coefficient_table).axes[0]
    assert {"7,100", "7,000", "2,900", "2,890"} <= {text.get_text() for text in panel.texts}


def test_an_estimate_that_is_missing_is_said_to_be(coefficient_table: pd.DataFrame) -> None:
    coefficient_table.loc[3, ["estimate", "low", "high", "n"]] = np.nan
    panel = coefficients(coefficient_table).axes[0]
    assert "not estimable" in {text.get_text() for text in panel.texts}


def test_outcomes_of_one_effect_stand_together_whatever_the_row_order(
    coefficient_table: pd.DataFrame,
) -> None:
    more = coefficient_table.assign(outcome=["ln_night_lights"] * 2 + ["ln_co2"] * 2)
    panel = coefficients(pd.concat([coefficient_table, more])).axes[0]
    labels = [label.get_text() for label in panel.get_yticklabels()]
    assert labels == ["ln real GDP per capita", "ln night lights", "ln PM2.5 (CHAP)", "ln CO2"]


def test_one_outcome_with_two_predicted_signs_is_refused(coefficient_table: pd.DataFrame) -> None:
    coefficient_table.loc[1, "expected_sign"] = -1
    with pytest.raises(DataError, match="'ln_gdp_pc_real' has two expected signs"):
        coefficients(coefficient_table)


def test_a_sign_is_one_or_minus_one(coefficient_table: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="0 is no expected sign"):
        coefficients(coefficient_table.assign(expected_sign=0))


def test_an_unknown_model_is_refused(coefficient_table: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="'city' is no set of fixed effects"):
        coefficients(coefficient_table.replace("city+year", "city"))


def test_a_missing_column_is_named(coefficient_table: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'estimates'"):
        coefficients(coefficient_table.rename(columns={"estimate": "estimates"}))


def test_an_empty_table_cannot_be_drawn(coefficient_table: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError):
        coefficients(coefficient_table.iloc[:0])
