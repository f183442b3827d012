"""What figures of estimates share."""

from __future__ import annotations

import pandas as pd
import pytest

from urbanecon.errors import DataError
from urbanecon.plotting.estimates import (
    check_estimates,
    leftmost,
    lowest,
    panels_by_outcome,
    written,
    written_p,
)
from urbanecon.plotting.style import ONE_COLUMN, TWO_COLUMNS, house_style

THREE = ("ln_gdp_pc_real", "ln_pm25_chap", "ln_co2")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234, "0.12"),
        (-0.00521, "\u22120.0052"),
        (0.3, "0.3"),
        (0.0, "0"),
        (12.6, "13"),
        (134.0, "130"),
    ],
)
def test_numbers_have_at_most_two_significant_digits_and_a_true_minus(
    value: float, text: str
) -> None:
    assert written(value) == text


def test_p_values_have_three_decimals_and_a_floor() -> None:
    assert written_p(0.0231) == "= 0.023"
    assert written_p(0.0009) == "< 0.001"


def test_an_estimate_outside_its_interval_is_named_by_its_keys() -> None:
    table = pd.DataFrame({"outcome": ["ln_co2"], "estimate": [2.0], "low": [0.0], "high": [1.0]})
    with pytest.raises(DataError, match=r"figure: the estimate 2 of outcome ln_co2 lies outside"):
        check_estimates(table, "figure", keys=["outcome"])


def test_one_outcome_fills_a_column_and_more_the_page() -> None:
    with house_style():
        one, panels = panels_by_outcome(THREE[:1], "en")
        three, more = panels_by_outcome(THREE, "en")
    assert one.get_figwidth() == pytest.approx(ONE_COLUMN / 25.4)
    assert panels["ln_gdp_pc_real"].get_title(loc="left") == "ln real GDP per capita"
    assert three.get_figwidth() == pytest.approx(TWO_COLUMNS / 25.4)
    assert [panel.get_visible() for panel in three.axes] == [True, True, True, False]
    assert leftmost(more) == [more["ln_gdp_pc_real"], more["ln_co2"]]
    assert lowest(more) == [more["ln_pm25_chap"], more["ln_co2"]]
