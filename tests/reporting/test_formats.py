"""Numbers are written by rule: three digits, no p-value of zero, a true minus."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.reporting.formats import count, number, p_value, percent, percent_change, year


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.023149, "0.0231"),
        (-1.2, "−1.20"),
        (9.996, "10.0"),
        (10.42, "10.4"),
        (123.4, "123"),
        (12345.6, "12,300"),
        (0.00012345, "0.000123"),
        (0.000012345, "1.23×10⁻⁵"),
        (-4.5e12, "−4.50×10¹²"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_a_number_has_three_significant_digits(value, text):
    assert number(value) == text


@given(st.floats(1e-4, 1e8))
def test_what_is_written_is_within_half_a_digit(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "< 0.001"), (0.00099, "< 0.001"), (0.001, "0.001"), (0.0496, "0.050"), (1, "1.000")],
)
def test_no_p_value_is_zero(value, text):
    assert p_value(value) == text


def test_counts_years_and_percentages():
    assert count(4213) == "4,213"
    assert year(2014) == "2014"
    assert percent(-2.314) == "−2.31%"


def test_percent_change_is_exact_and_not_the_log_difference():
    assert percent_change(math.log(1.5)) == pytest.approx(50, rel=1e-14)
    assert percent_change(math.log(1.5) * 10, 0.1) == pytest.approx(50, rel=1e-14)
