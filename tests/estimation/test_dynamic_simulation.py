"""Difference and system GMM on synthetic panels whose truth is known."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationWarning
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle

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


def covers(one):
    interval = one.conf_int().loc["L1.y"]
    return interval["low"] <= RHO <= interval["high"]


def p_of(one, name):
    return next(d.p for d in one.diagnostics if d.name == name)


def test_truth_is_recovered_tests_keep_their_size_and_the_correction_covers():
    rng = np.random.default_rng(2024)
    draws = 150
    rows = []
    for _ in range(draws):
        data = panel(rng, 80, 7)
        corrected, plain = fit(data), fit(data, robust=False)
        system = fit(data, system=True)
        rows.append(
            {
                "difference": corrected.params["L1.y"],
                "system": system.params["L1.y"],
                "corrected": covers(corrected),
                "plain": covers(plain),
                "system covers": covers(system),
                "ar1": p_of(system, "Arellano-Bond AR(1)") < 0.05,
                "ar2": p_of(system, "Arellano-Bond AR(2)") < 0.05,
                "hansen": p_of(system, "Hansen J") < 0.05,
            }
        )
    mean = pd.DataFrame(rows).mean()
    assert mean["difference"] == pytest.approx(RHO, abs=0.08)  # weak levels pull it down
    assert mean["system"] == pytest.approx(RHO, abs=0.03)
    assert mean["corrected"] > mean["plain"] + 0.05
    assert mean["corrected"] > 0.86
    assert mean["system covers"] > 0.88
    assert mean["ar1"] > 0.95
    assert mean["ar2"] < 0.11  # 5 percent and three Monte Carlo errors
    assert mean["hansen"] < 0.11


def test_a_large_panel_recovers_the_truth_with_every_transformation():
    data = panel(np.random.default_rng(7), 3000, 6)
    for system in (False, True):
        for transform in ("difference", "forward"):
            one = fit(data, system=system, transform=transform)
            assert one.params["L1.y"] == pytest.approx(RHO, abs=4 * one.se["L1.y"])
            assert one.se["L1.y"] < 0.03
