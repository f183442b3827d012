"""How numbers are written, in tables and in the text alike: the one place of these rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

Format = Literal["number", "count", "percent", "p", "year", "word"]

DIGITS = 3
"""Significant digits of an estimate."""

MINUS = "−"
SMALLEST_P = 0.001
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Three significant digits: 0.0231, −1.20, 12,300; powers of ten below 0.0001."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else f"{MINUS if value < 0 else ''}∞"
    if value == 0:
        return "0"
    mantissa, exponent = f"{abs(value):.{DIGITS - 1}e}".split("e")
    power = int(exponent)
    if power < -4 or power >= 9:
        text = f"{mantissa}×10{str(power).translate(SUPERSCRIPT)}"
    else:
        rounded = float(f"{mantissa}e{exponent}")
        text = f"{rounded:,.{max(DIGITS - 1 - power, 0)}f}"
    return f"{MINUS}{text}" if value < 0 else text


def count(value: float) -> str:
    """Whole numbers with thousands separated: 4,213."""
    return f"{value:,.0f}".replace("-", MINUS)


def percent(value: float) -> str:
    """A share of 100 with its sign of percent: 2.31%."""
    return f"{number(value)}%"


def p_value(value: float) -> str:
    """Three decimals, and "< 0.001" below: no p-value is zero."""
    if math.isnan(value):
        return "–"
    return f"< {SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"


def year(value: float) -> str:
    """A year stands without separator."""
    return f"{value:.0f}"


FORMATS: Mapping[Format, Callable[..., str]] = {
    "number": number,
    "count": count,
    "percent": percent,
    "p": p_value,
    "year": year,
    "word": str,
}


def percent_change(coefficient: float, step: float = 1.0) -> float:
    """Change of an outcome in percent when a regressor of its log moves by `step`.

    100 (exp(step b) - 1), exact where 100 b is only near.
    """
    return 100 * math.expm1(step * coefficient)
