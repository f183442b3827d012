"""Strategy S5: for whom the effect is large: groups, thresholds, quantiles, moderators."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.effects.designs.two_way import clustered
from urbanecon.effects.spec import Spec
from urbanecon.errors import NotEstimableError, UnknownNameError, did_you_mean
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moderation import moderation
from urbanecon.estimation.quantile_panel import quantile_panel
from urbanecon.estimation.threshold import threshold_regression

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

SIZE_BASE_YEARS = (2003, 2008)
"""Years over which city size is averaged: before any pilot."""
SIZE_BANDS = (0.0, 3e6, 5e6, 1e9)
SIZE_NAMES = ("under 3 million", "3 to 5 million", "over 5 million")
"""Residents of the whole prefecture. The State Council's size classes of 2014 are of the
urban districts, which the panel does not count each year."""

DRAWS, SEED = 300, 20141229
"""Bootstrap draws of the threshold's test, and their seed."""


def estimate_groups(spec: Spec, data: pd.DataFrame) -> Fit:
    """Fit one coefficient of the treatment a group of cities, year effects in common.

    Groups (`through`): "region" or "size", the latter by mean residents in
    2003-2008. The diagnostic tests that all groups have one effect.
    """
    groups = group_of(spec.through, data)
    names = [f"{spec.treatment}: {name}" for name in groups.cat.categories]
    parts = {
        name: data[spec.treatment] * (groups == group).where(groups.notna())
        for name, group in zip(names, groups.cat.categories, strict=True)
    }
    rows = data.assign(**parts)
    fit = fixed_effects(
        rows, spec.outcome, [*names, *spec.controls], spec.fixed_effects, clustered(spec)
    )
    # the same column space with the first group as the one compared with
    differences = fixed_effects(
        rows,
        spec.outcome,
        [spec.treatment, *names[1:], *spec.controls],
        spec.fixed_effects,
        clustered(spec),
    )
    others = [name for name in names[1:] if name in differences.params.index]
    if not others:
        return fit
    test = differences.test(others, f"one effect in all groups of {spec.through}")
    return replace(fit, diagnostics=(*fit.diagnostics, test))


def group_of(through: str, data: pd.DataFrame) -> pd.Series:
    """Group of each row's city, ordered, missing where unknown.

    Raises
    ------
    UnknownNameError
        The grouping is not known.
    NotEstimableError
        The panel lacks what it is made from.
    """
    cities = data.index.get_level_values("city")
    if through == "region":
        regions = load_divisions()["region"].reindex(cities)
        return pd.Series(pd.Categorical(regions), index=data.index)
    if through != "size":
        raise UnknownNameError(
            f"unknown groups {through!r}.{did_you_mean(through, ['region', 'size'])}"
        )
    if "population" not in data:
        raise NotEstimableError("needs city_macro (for population)")
    years = data.index.get_level_values("year")
    first, last = SIZE_BASE_YEARS
    size = data["population"][(years >= first) & (years <= last)].groupby("city").mean()
    bands = pd.cut(size, SIZE_BANDS, labels=SIZE_NAMES, right=False)
    return pd.Series(pd.Categorical(bands.reindex(cities), SIZE_NAMES), index=data.index)


def estimate_threshold(spec: Spec, data: pd.DataFrame) -> Fit:
    """One threshold in the variable `through` at which the treatment's slope changes."""
    return threshold_regression(
        data,
        spec.outcome,
        [spec.treatment],
        needed(spec, data),
        spec.controls,
        effects=spec.fixed_effects,
        draws=DRAWS,
        seed=SEED,
    )


def estimate_quantile(spec: Spec, data: pd.DataFrame) -> Fit:
    """Quantiles via moments: the effect along the distribution of the outcome."""
    fit = quantile_panel(
        data,
        spec.outcome,
        [spec.treatment, *spec.controls],
        QUANTILES,
        effects=spec.fixed_effects,
        cluster=spec.cluster[0],
    )
    return replace(fit, extra={k: v for k, v in fit.extra.items() if k != "draws"})


def estimate_moderation(spec: Spec, data: pd.DataFrame) -> Fit:
    """Marginal effect of the treatment along the moderator `through`, checked by bins."""
    return moderation(
        data,
        spec.outcome,
        spec.treatment,
        needed(spec, data),
        spec.controls,
        effects=spec.fixed_effects,
        vcov=clustered(spec),
    )


def needed(spec: Spec, data: pd.DataFrame) -> str:
    """Return the third variable of a spec.

    Raises
    ------
    NotEstimableError
        The panel lacks it.
    """
    if spec.through not in data:
        raise NotEstimableError(f"needs the variable {spec.through!r}, which is not in the panel")
    return spec.through
