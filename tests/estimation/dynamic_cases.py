"""What the tests of dynamic panels share: equations, firms, synthetic panels."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationWarning
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle

AB91 = {
    "outcome": "emp",
    "regressors": {"wage": (0, 1), "capital": (0,), "output": (0, 1)},
    "gmm": [GmmStyle("emp")],
    "lags": 2,
}
AB91_A = AB91 | {"regressors": {"wage": (0, 1), "capital": (0, 1, 2), "output": (0, 1, 2)}}
BB98 = {
    "outcome": "emp",
    "regressors": {"wage": (0, 1), "capital": (0, 1)},
    "gmm": [GmmStyle("emp"), GmmStyle("wage"), GmmStyle("capital")],
    "system": True,
}
CASES = {
    "AB91_diff_onestep_robust": AB91 | {"steps": 1},
    "AB91_diff_twostep_windmeijer": AB91 | {"steps": 2},
    "AB91_diff_twostep_nonrobust": AB91 | {"steps": 2, "robust": False},
    "AB91_diff_onestep_nonrobust": AB91 | {"steps": 1, "robust": False},
    "BB98_system_onestep_robust": BB98 | {"steps": 1},
    "BB98_system_twostep_windmeijer": BB98 | {"steps": 2},
}


def estimate(data, **spec):
    """Estimate without the caveats, which have tests of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        return dynamic_panel(data, **spec)


def diagnostic(fit, name):
    """Diagnostic of a name."""
    return next(d for d in fit.diagnostics if d.name == name)


def log_firms(reference_data):
    """Employment, wages, capital and output of the firms of Arellano and Bond (1991), in logs."""
    data = reference_data("empluk_plm").set_index(["firm", "year"])
    return np.log(data[["emp", "wage", "capital", "output"]])


def synthetic(n=60, t=7, seed=1, rho=0.5):
    """Synthetic: y = rho L.y + x + a + e with x that follows past shocks."""
    rng = np.random.default_rng(seed)
    a, e = rng.normal(size=n), rng.normal(size=(n, t + 20))
    y, x = np.zeros((n, t + 20)), np.zeros((n, t + 20))
    for s in range(1, t + 20):
        x[:, s] = 0.5 * x[:, s - 1] + 0.3 * e[:, s - 1] + rng.normal(size=n)
        y[:, s] = rho * y[:, s - 1] + x[:, s] + a + e[:, s]
    index = pd.MultiIndex.from_product([range(n), range(2000, 2000 + t)], names=["city", "year"])
    return pd.DataFrame({"y": y[:, 20:].ravel(), "x": x[:, 20:].ravel()}, index=index)


SPEC = {"outcome": "y", "regressors": ["x"], "gmm": [GmmStyle("y"), GmmStyle("x", (1, None))]}
