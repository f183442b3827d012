"""What the figures show of the estimates: small tidy frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.result import Estimate
from urbanecon.reporting.numbers import event_path, leads_test
from urbanecon.reporting.store import read_estimates


def primary_event_studies(
    results: Mapping[str, Path],
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Return path and p-value of the joint test of leads of each primary outcome.

    Keys are codebook names of the outcomes; effects that could not be
    estimated are left out.
    """
    paths, p_values = {}, {}
    for estimate in _all(results):
        spec = estimate.spec
        if spec.design == "event_study" and spec.primary and estimate.fit is not None:
            paths[spec.outcome] = event_path(estimate.fit).reset_index()
            leads = leads_test(estimate.fit)
            if leads is not None:
                p_values[spec.outcome] = leads.p
    return paths, p_values


def standardised_coefficients(
    results: Mapping[str, Path], panel: Panel, treatment: str
) -> pd.DataFrame:
    """Return the coefficients of one treatment in standard deviations of the outcomes.

    One row a city-level estimate: `effect`, `outcome`, `fixed_effects`,
    `estimate`, `low`, `high`, `n`, `expected_sign`. An outcome's standard
    deviation is that of the rows used, over cities and years. An estimate that
    could not be made has NaN.
    """
    rows = []
    for estimate in _all(results):
        spec, fit = estimate.spec, estimate.fit
        if spec.design != "twfe" or spec.treatment != treatment or spec.sample.unit != "city":
            continue
        row: dict[str, object] = {
            "effect": spec.effect,
            "outcome": spec.outcome,
            "fixed_effects": "+".join(spec.fixed_effects),
            "expected_sign": spec.expected_sign,
        }
        if fit is None:
            row |= {"estimate": np.nan, "low": np.nan, "high": np.nan, "n": np.nan}
        else:
            sd = panel.data.loc[fit.sample, spec.outcome].std()
            term = fit.tidy().loc[treatment]
            row |= {name: term[name] / sd for name in ("estimate", "low", "high")}
            row["n"] = fit.nobs
        rows.append(row)
    return pd.DataFrame(rows)


def _all(results: Mapping[str, Path]) -> list[Estimate]:
    """Every estimate of every effect, effects in order."""
    return [estimate for effect in sorted(results) for estimate in read_estimates(results[effect])]
