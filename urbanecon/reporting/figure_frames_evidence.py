"""From the tables beside the estimates to the figures of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.plotting.confounding import confounding
from urbanecon.plotting.sensitivity import left_out, randomization_density, trend_power

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tables = Mapping[str, pd.DataFrame]


def provinces_left_out(tables: Tables, outcome: str, language: Language = "en") -> Figure:
    """Draw the primary estimate without each province in turn."""
    row = tables["inference"].to_dict("index")[outcome]
    names = load_divisions()[f"province_{language}"].groupby(load_divisions()["province"]).first()
    rows = tables["provinces"].reset_index()
    rows = rows.assign(group=rows["province"].map(names).fillna(rows["province"]))
    full = (float(row["estimate"]), float(row["low"]), float(row["high"]))
    return left_out(rows, full, outcome, language=language)


def permuted(tables: Tables, outcome: str, language: Language = "en") -> Figure:
    """Draw the coefficients under permuted paths, and the one found."""
    row = tables["inference"].to_dict("index")[outcome]
    draws = tables["randomization"]["estimate"].to_numpy(dtype=float)
    observed = float(row["estimate"])
    extreme = (abs(draws) >= abs(observed)).sum()
    return randomization_density(
        draws,
        observed,
        float((1 + extreme) / (1 + len(draws))),
        statistic="coefficient",
        language=language,
    )


def confounded(tables: Tables, _outcome: str, language: Language = "en") -> Figure:
    """Draw the estimate under confounders of any strength."""
    critical = float(tables["selection"]["critical_t"].iloc[0])
    return confounding(tables["contours"], tables["benchmarks"], critical, language=language)


def trends_missed(tables: Tables, outcome: str, language: Language = "en") -> Figure:
    """Draw the trend that the pre-trends test sees in 80 percent, and its power."""
    power = float(tables["power"].index.max())
    slope = float(tables["power"]["slope"].loc[power])
    path, curve = tables["power_path"], tables["power_curve"]
    return trend_power(path, curve, power, slope, outcome, language=language)


DRAW: Mapping[str, Callable[[Tables, str], Figure]] = {
    "left_out": provinces_left_out,
    "randomization": permuted,
    "confounding": confounded,
    "power": trends_missed,
}
"""Figures of a primary outcome's evidence, by the stem of their names."""
