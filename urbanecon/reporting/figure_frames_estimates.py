"""What the figures show of strategies beyond fixed effects: small tidy frames.

Each function reads the files of estimates and returns what one figure takes.
Outcomes that could not be estimated are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.designs.space import BANDS_KM, ring_names
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Design
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.fit import Fit
from urbanecon.reporting.store import read_estimates

Results = Mapping[str, Path]
INTERVAL = ["estimate", "low", "high"]
TWO_WAY = ("city", "year")
TREATMENT = "pilot"
LINKS = ("treatment_to_mediator", "mediator_to_outcome", "direct", "indirect")
"""Terms of a mediation that its diagram shows."""


def honest_frames(results: Results) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Return paths, confidence sets and breakdown values of the primary outcomes.

    Paths: `outcome`, `relative_year`, `estimate`, `low`, `high`, of the
    group-time effects that the sets start from. Sets: `outcome`, `bound` (Mbar;
    0 for the interval under parallel trends), `low`, `high`, an end that is not
    finite missing.
    """
    paths, sets, breakdowns = [], [], {}
    for estimate, fit in _primary(results, "honest"):
        outcome = estimate.spec.outcome
        path = fit.extra["path"][["relative_year", *INTERVAL]]
        paths.append(path.assign(outcome=outcome))
        bounds = fit.extra["sets"][["bound", "low", "high"]].fillna({"bound": 0.0})
        sets.append(bounds.replace([np.inf, -np.inf], np.nan).assign(outcome=outcome))
        breakdowns[outcome] = float(fit.stats["breakdown"])
    return _stacked(paths, "honest"), _stacked(sets, "honest"), breakdowns


def group_time_frame(results: Results) -> pd.DataFrame:
    """Return `outcome`, `first_treated`, `year`, `estimate`, `low`, `high` of primary outcomes.

    Compared with never-treated cities; the base year of a cohort has no interval.
    """
    columns = ["first_treated", "year", *INTERVAL]
    return _stacked(
        [
            fit.extra["effects"][columns].assign(outcome=estimate.spec.outcome)
            for estimate, fit in _primary(results, "group_time")
        ],
        "group_time",
    )


def bacon_frame(results: Results) -> pd.DataFrame:
    """Return the comparisons behind the two-way estimates of the primary outcomes.

    Columns `outcome`, `type`, `treated`, `control`, `weight`, `estimate`; the
    sides are first treated years as text, "never" without one.
    """
    parts = []
    for estimate, fit in _primary(results, "bacon"):
        table = fit.extra["comparisons"]
        sides = {side: table[side].map(_cohort) for side in ("treated", "control")}
        parts.append(table.assign(outcome=estimate.spec.outcome, **sides))
    return _stacked(parts, "bacon")


def threshold_frame(results: Results, variable: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the search for one threshold in `variable`, and the p-values of its test.

    Columns `outcome`, `value`, `lr`, `critical`.
    """
    parts, p_values = [], {}
    for estimate, fit in _primary(results, "threshold", variable):
        outcome = estimate.spec.outcome
        table = fit.extra["lr"]
        first = table[table["search"] == table["search"].iloc[0]]
        parts.append(first[["value", "lr", "critical"]].assign(outcome=outcome))
        if fit.diagnostics:
            p_values[outcome] = fit.diagnostics[0].p
    return _stacked(parts, "threshold"), p_values


def impact_frame(results: Results, panel: Panel) -> pd.DataFrame:
    """Return impacts of the pilot on every outcome in standard deviations of the outcome.

    Columns `effect`, `outcome`, `expected_sign`, `part`, `estimate`, `low`,
    `high`. The standard deviation is that of the rows used.
    """
    parts = []
    for estimate, fit in _estimated(results, "durbin"):
        spec = estimate.spec
        impacts = fit.extra["impacts"]
        own = impacts[impacts["variable"] == spec.treatment].rename(columns={"effect": "part"})
        sd = panel.data.loc[fit.sample, spec.outcome].std()
        parts.append(
            pd.DataFrame({"part": own["part"], **{name: own[name] / sd for name in INTERVAL}})
            .assign(effect=spec.effect, outcome=spec.outcome, expected_sign=spec.expected_sign)
        )  # fmt: skip
    return _stacked(parts, "durbin")


def decay_frame(results: Results) -> pd.DataFrame:
    """Return the own effect and those of the rings, for the primary outcomes.

    Columns `outcome`, `from_km`, `to_km` (both 0 for the city itself), `estimate`,
    `low`, `high`; a ring whose coefficient could not be told is missing.
    """
    terms = dict(zip([TREATMENT, *ring_names(TREATMENT)], [(0, 0), *BANDS_KM], strict=True))
    parts = []
    for estimate, fit in _primary(results, "exposure"):
        table = fit.tidy().reindex(list(terms))[INTERVAL].reset_index(drop=True)
        ends = pd.DataFrame(list(terms.values()), columns=["from_km", "to_km"])
        parts.append(ends.join(table).assign(outcome=estimate.spec.outcome))
    return _stacked(parts, "exposure")


def marginal_frames(
    results: Results, moderator: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return line, support and bins of the effect along a moderator, each outcome it has.

    Line: `outcome`, `value`, `estimate`, `low`, `high`; support: `outcome`,
    `from_value`, `to_value`, `rows`, `treatment_sd`; bins: as the line.
    """
    lines, support, bins = [], [], []
    for estimate, fit in _estimated(results, "moderation"):
        if estimate.spec.through != moderator:
            continue
        outcome = estimate.spec.outcome
        line = fit.extra["marginal"].rename(columns={"effect": "estimate"})
        lines.append(line[["value", *INTERVAL]].assign(outcome=outcome))
        cells = fit.extra["support"].rename(columns={"low": "from_value", "high": "to_value"})
        support.append(cells.assign(outcome=outcome))
        found = fit.extra["bins"][["median", "effect", "low_effect", "high_effect"]]
        bins.append(found.set_axis(["value", *INTERVAL], axis=1).assign(outcome=outcome))
    return tuple(_stacked(parts, "moderation") for parts in (lines, support, bins))  # type: ignore[return-value]


def quantile_frames(results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return effects by quantile and the two-way effects on the mean, primary outcomes.

    Columns `outcome`, `quantile`, `estimate`, `low`, `high`, and the same without
    the quantile.
    """
    paths, means = [], []
    for estimate, fit in _primary(results, "quantile"):
        path = fit.extra["path"]
        own = path.loc[path["term"] == estimate.spec.treatment, ["quantile", *INTERVAL]]
        paths.append(own.assign(outcome=estimate.spec.outcome))
    for estimate, fit in _primary(results, "twfe"):
        row = fit.tidy().loc[[estimate.spec.treatment], INTERVAL]
        means.append(row.assign(outcome=estimate.spec.outcome))
    return _stacked(paths, "quantile"), _stacked(means, "twfe")


def mechanism_frame(results: Results) -> pd.DataFrame:
    """Return the links of every mediator of the primary outcomes.

    Columns `effect`, `outcome`, `mediator`, `link`, `estimate`, `low`, `high`, the
    intervals percentiles of the bootstrap.
    """
    parts = []
    for estimate, fit in _primary(results, "mediation", None):
        spec = estimate.spec
        table = fit.extra["intervals"].rename(columns={"term": "link"})
        own = table.loc[table["link"].isin(LINKS), ["link", *INTERVAL]]
        parts.append(own.assign(effect=spec.effect, outcome=spec.outcome, mediator=spec.through))
    return _stacked(parts, "mediation")


def _primary(
    results: Results, design: Design, through: str | None = ""
) -> list[tuple[Estimate, Fit]]:
    """Estimates of the pilot on primary outcomes; None: through any third variable."""
    return [
        (estimate, fit)
        for estimate, fit in _estimated(results, design)
        if estimate.spec.primary and (through is None or estimate.spec.through == through)
    ]


def _estimated(results: Results, design: Design) -> list[tuple[Estimate, Fit]]:
    """Two-way estimates of the pilot, boundaries as published, in the order of the effects."""
    found = []
    for effect in sorted(results):
        for estimate in read_estimates(results[effect]):
            spec, fit = estimate.spec, estimate.fit
            wanted = (spec.design, spec.treatment, spec.fixed_effects, spec.sample.vintage)
            if fit is not None and wanted == (design, TREATMENT, TWO_WAY, "published"):
                found.append((estimate, fit))
    return found


def _stacked(parts: list[pd.DataFrame], design: Design) -> pd.DataFrame:
    if not parts:
        raise NotEstimableError(
            f"There is no estimate of the design {design!r} to draw. Run `urbanecon run`; its "
            "report says what each missing estimate needs."
        )
    return pd.concat(parts, ignore_index=True)


def _cohort(first_treated: float) -> str:
    return "never" if np.isnan(first_treated) else f"{first_treated:.0f}"
