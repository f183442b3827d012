"""Difference and system GMM on synthetic panels whose truth is known."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import EstimationWarning
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle
from urbanecon.estimation.dynamic_moments import second_step, take_step, windmeijer
from urbanecon.estimation.dynamic_stacking import Choices, stack
from urbanecon.estimation.dynamic_tests import overidentification, serial_correlation

pytestmark = pytest.mark.slow
RHO = 0.5


def panel(rng, n, t):
    """Synthetic: stationary y = a + RHO L.y + e, errors heteroskedastic across units.

    Effects vary less than errors: with more, system GMM is biased upwards in
    small samples (Bun and Windmeijer 2010).
    """
    a, scale = 0.5 * rng.normal(size=n), rng.uniform(0.5, 1.5, n)
    y = a / (1 - RHO) + scale * rng.normal(size=n) / np.sqrt(1 - RHO**2)
    out = np.empty((n, t))
    for s in range(t):
        out[:, s] = y
        y = a + RHO * y + scale * rng.normal(size=n)
    index = pd.MultiIndex.from_product([range(n), range(t)], names=["city", "year"])
    return pd.DataFrame({"y": out.ravel()}, index=index)


def fit(data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        return dynamic_panel(data, "y", [], [GmmStyle("y")], time_effects=False, **options)


class Numbers(NamedTuple):
    """What a two-step fit says, without the fit around it."""

    slope: float
    corrected: float
    plain: float
    ar1: float
    ar2: float
    hansen: float


def numbers(data, system):
    """Slope, its standard errors with and without Windmeijer's correction, and p-values."""
    choices = Choices(system, "difference", 2, True, False, True, 3)
    stacked = stack(data, {"y": (1,)}, [GmmStyle("y")], [], choices)
    moments, at = stacked.moments, stacked.shown[0]
    first = take_step(moments, stacked.half)
    second = second_step(moments, first)
    vcov = windmeijer(moments, first, second)
    serial = [serial_correlation(moments, second, vcov, stacked.changes, m).p for m in (1, 2)]
    hansen = next(d for d in overidentification(first, second, 1.0) if d.name == "Hansen J")
    errors = (np.sqrt(v[at, at]) for v in (vcov, second.bread))
    return Numbers(second.params[at], *errors, *serial, hansen.p)


@pytest.mark.parametrize("system", [False, True])
def test_the_numbers_below_are_those_of_the_estimator(system):
    data = panel(np.random.default_rng(1), 80, 7)
    found, one = numbers(data, system), fit(data, system=system)
    tests = {d.name: d.p for d in one.diagnostics}
    p = [tests[name] for name in ("Arellano-Bond AR(1)", "Arellano-Bond AR(2)", "Hansen J")]
    plain = fit(data, system=system, robust=False).se["L1.y"]
    expected = [one.params["L1.y"], one.se["L1.y"], plain, *p]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def simulation(seed, draws, units, system):
    """Mean slope, shares of corrected and plain intervals that hold it, shares rejected."""
    rng = np.random.default_rng(seed)
    found = np.array([numbers(panel(rng, units, 7), system) for _ in range(draws)]).T
    off = np.abs(found[0] - RHO)
    covered = [np.mean(off <= stats.norm.ppf(0.975) * se) for se in found[1:3]]
    return Numbers(found[0].mean(), *covered, *np.mean(found[3:] < 0.05, axis=1))


def test_with_as_many_units_as_cities_system_gmm_covers_and_its_tests_keep_their_size():
    found = simulation(1, 500, 280, system=True)
    assert found.slope == pytest.approx(RHO, abs=0.01)
    assert 0.93 <= found.corrected <= 0.97
    assert found.ar1 == 1  # changes of independent errors are correlated
    assert abs(found.ar2 - 0.05) <= 0.02  # two binomial standard errors, as above
    assert abs(found.hansen - 0.05) <= 0.02


def test_with_80_units_difference_gmm_is_pulled_down_and_only_the_correction_nearly_covers():
    found = simulation(2, 500, 80, system=False)
    assert found.slope == pytest.approx(0.46, abs=0.015)  # weak levels
    assert found.corrected == pytest.approx(0.92, abs=0.025)
    assert found.plain == pytest.approx(0.80, abs=0.036)
    assert abs(found.ar2 - 0.05) <= 0.02


def test_a_large_panel_recovers_the_truth_with_every_transformation():
    data = panel(np.random.default_rng(7), 3000, 6)
    for system in (False, True):
        for transform in ("difference", "forward"):
            one = fit(data, system=system, transform=transform)
            assert one.params["L1.y"] == pytest.approx(RHO, abs=4 * one.se["L1.y"])
            assert one.se["L1.y"] < 0.03
