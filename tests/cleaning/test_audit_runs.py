"""Runs of cells that a formula gives: found where exact, let go where natural."""

from __future__ import annotations

import numpy as np
import pytest
from audit_tables import series

from urbanecon.cleaning import audit

NATURAL = [812.43, 830.91, 826.17, 861.55, 880.02, 902.78, 897.36, 940.19, 967.84, 1003.27]
NATURAL += [1010.66, 1055.93, 1081.47, 1078.35, 1120.59, 1166.81, 1190.24, 1203.76, 1251.12]


def found(path: list[float]) -> dict[int, str]:
    findings = audit.filled_runs(series("unknown", {"110000": path}))
    return dict(zip(findings["year"], findings["flag"], strict=True))


def test_figures_as_published_follow_no_formula():
    assert found(NATURAL) == {}


def test_a_line_between_two_observed_ends_is_interpolated_but_for_the_ends():
    path = [*NATURAL]
    path[5:10] = np.linspace(path[5], path[9], 5).tolist()
    assert found(path) == dict.fromkeys([2006, 2007, 2008], "interpolated")


def test_rounding_of_the_filled_values_does_not_hide_the_line():
    path = [*NATURAL]
    path[5:10] = np.linspace(path[5], path[9], 5).round(2).tolist()
    assert set(found(path)) == {2006, 2007, 2008}


def test_constant_growth_between_two_observed_ends_is_interpolated():
    path = [*NATURAL]
    path[4:9] = np.geomspace(path[4], path[8], 5).tolist()
    assert found(path) == dict.fromkeys([2005, 2006, 2007], "interpolated")


def test_a_run_that_reaches_an_end_of_the_series_is_extrapolated():
    path = [*NATURAL]
    path[:5] = (path[4] * 1.03 ** np.arange(-4, 1)).tolist()
    assert found(path) == dict.fromkeys(range(2000, 2004), "extrapolated")
    path = [*NATURAL]
    path[-4:] = (path[-4] + 7.3 * np.arange(4)).tolist()
    assert found(path) == dict.fromkeys(range(2016, 2019), "extrapolated")


@pytest.mark.parametrize("factor", [0.8, -0.9, 1.08])
def test_growth_changing_by_a_constant_factor_is_the_trace_of_a_forecast(factor):
    path = [*NATURAL]
    path[-6:] = (path[-6] * np.exp(0.1 * np.cumsum([0, *(factor ** np.arange(5))]))).tolist()
    assert found(path) == dict.fromkeys(range(2014, 2019), "extrapolated")


@pytest.mark.parametrize(
    "path",
    [[7.0] * 19, [0.0] * 19, [3.0, 4.0, 5.0, 4.0, 5.0, 6.0, 7.0, 6.0, 5.0] * 2],
    ids=["a constant", "zeros", "one digit"],
)
def test_constants_and_values_of_few_digits_prove_nothing(path):
    assert found(path) == {}


def test_a_missing_year_ends_a_run():
    path = [*NATURAL]
    path[5:10] = np.linspace(path[5], path[9], 5).tolist()
    observations = series("unknown", {"110000": path})
    gap = observations["year"].isin([2007])
    assert audit.filled_runs(observations[~gap]).empty


def test_the_reason_names_the_run_the_formula_and_the_chance():
    path = [*NATURAL]
    path[5:10] = np.linspace(path[5], path[9], 5).tolist()
    reason = audit.filled_runs(series("unknown", {"110000": path}))["reason"].iloc[0]
    assert "5 values from 2005 to 2009 follow a straight line to the last digit" in reason
