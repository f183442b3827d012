"""Strategy S3: instruments for the urban share, and a dynamic panel beside them.

No instrument is built from the treatment. Each design gives one coefficient
named after the treatment; first stages, reduced forms, weights and tests are in
`Fit.extra` and `Fit.diagnostics`.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from urbanecon.effects.designs.two_way import clustered
from urbanecon.effects.spec import Spec
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.instrumental import instrumental
from urbanecon.estimation.shift_share import ShiftShare, growth_elsewhere
from urbanecon.estimation.shift_share_iv import shift_share_iv

INDUSTRIES = tuple(
    f"employees_{industry}"
    for industry in (
        "agriculture", "mining", "manufacturing", "utilities", "construction", "transport",
        "information", "trade", "hospitality", "finance", "real_estate", "business", "research",
        "environment", "households", "education", "health", "culture", "public",
    )
)  # fmt: skip
BASE_YEAR = 2003
"""First year of the classification of industries that the panel has (GB/T 4754-2002), and
three years before the first urban share."""

TERRAIN = "elevation_sd"
TREND_FROM = 2000
TERRAIN_TREND = "terrain_trend"

GMM_LAGS = (2, 4)
"""Lags of the instruments, collapsed: with thirteen years all lags would be hundreds of
instruments for some 280 cities (Roodman 2009, "A note on the theme of too many instruments")."""


def estimate_shift_share(spec: Spec, data: pd.DataFrame) -> Fit:
    """2SLS: shares of industries in a city's employment of 2003 times their growth elsewhere."""
    design = industry_growth(data)
    fit = shift_share_iv(
        data,
        spec.outcome,
        spec.treatment,
        design,
        spec.controls,
        effects=spec.fixed_effects,
        vcov=clustered(spec),
    )
    kept = {k: v for k, v in fit.extra.items() if k in ("errors", "rotemberg", "first_stage")}
    return replace(fit, extra=kept | {"reduced_form": fit.extra["reduced_form"]})


def industry_growth(data: pd.DataFrame) -> ShiftShare:
    """Shares of 2003 and the growth since then of each industry in all other cities.

    Raises
    ------
    NotEstimableError
        Employment by industry, or its base year, is not in the panel.
    """
    absent = [name for name in INDUSTRIES if name not in data]
    years = data.index.get_level_values("year")
    if absent or not (years == BASE_YEAR).any():
        raise NotEstimableError(
            f"needs employment_industry with the year {BASE_YEAR} (for the shift-share instrument)"
        )
    levels = data.loc[years >= BASE_YEAR, list(INDUSTRIES)]
    base = pd.DataFrame(levels.xs(BASE_YEAR, level="year"))
    shares = whole_rows(base.div(base.sum(axis=1, skipna=False), axis=0))
    return ShiftShare(shares, whole_rows(growth_elsewhere(levels, since=BASE_YEAR)))


def whole_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Make a row that lacks an industry missing whole: an unknown share is not zero."""
    return table.where(table.notna().all(axis=1))


def estimate_terrain(spec: Spec, data: pd.DataFrame) -> Fit:
    """2SLS: ruggedness (the spread of elevation within the city) times a linear trend.

    Building on slopes costs more, so that rugged cities urbanise more slowly.
    The exclusion is doubtful where terrain acts on the outcome's trend directly,
    as on air or output; it is shown beside the first for that comparison.
    """
    if TERRAIN not in data:
        raise NotEstimableError(f"needs facts_coordinates (for {TERRAIN})")
    trend = data.index.get_level_values("year").to_numpy() - TREND_FROM
    rows = data.assign(**{TERRAIN_TREND: data[TERRAIN] * trend})
    fit = instrumental(
        rows,
        spec.outcome,
        [spec.treatment],
        [TERRAIN_TREND],
        spec.controls,
        effects=spec.fixed_effects,
        vcov=clustered(spec),
    )
    kept = {k: v for k, v in fit.extra.items() if k in ("first_stage", "reduced_form")}
    return replace(fit, extra=kept)


def estimate_gmm(spec: Spec, data: pd.DataFrame) -> Fit:
    """System GMM with one lag of the outcome, two steps, collapsed instruments.

    The treatment is taken as endogenous: instruments are lags 2 to 4 of the
    outcome and of the treatment.
    """
    rows = data[[spec.outcome, spec.treatment, *spec.controls]].dropna()
    return dynamic_panel(
        rows,
        spec.outcome,
        [spec.treatment, *spec.controls],
        [
            GmmStyle(spec.outcome, GMM_LAGS, collapse=True),
            GmmStyle(spec.treatment, GMM_LAGS, collapse=True),
        ],
        system=True,
    )
