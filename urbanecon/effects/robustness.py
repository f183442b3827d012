"""The multiverse of each row with outcomes: run, summed up, and which choice moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from urbanecon.effects.choices import FIRST_YEARS, INDICES, signs_of, space_of
from urbanecon.effects.controls import CONTESTED, NAMES
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.curve_summary import standardised, summarise, variance_shares
from urbanecon.estimation.multiverse import run_multiverse

SPECS, PER_WORLD = 5_000, 10
"""Specifications of each effect that are drawn, and of them in one world."""

Z95 = 1.959963984540054
"""Standard normal quantile of the drawn intervals."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "pilot": tuple(FIRST_YEARS),
    "urban_share": ("urban_share_benchmarked", "urban_share"),
    "ntu_index": INDICES,
}
"""Treatments that are one thing measured in different ways."""

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def run_effect(
    effect: str,
    frames: Mapping[str, pd.DataFrame],
    *,
    contested: bool = False,
    specs: int | None = SPECS,
    per_world: int = PER_WORLD,
    seed: int = 0,
    map_: Map = map,
) -> pd.DataFrame:
    """Run the multiverse of an effect, or of another row of `choices.MEASURES`.

    Parameters
    ----------
    effect
        "E1" ... "L3".
    frames
        What `variants.panel_variants` returns.
    contested
        Whether the subsets are those with at least one contested control, rather
        than those without any.
    specs, per_world, seed, map_
        As `multiverse.run_multiverse`.

    Returns
    -------
    DataFrame
        As `multiverse.run_multiverse`, with the columns `expected_sign`,
        `standardised` (positive where the sign is the claimed one) and `family`
        (of the treatment). `attrs` holds the effect too.
    """
    space = space_of(effect, contested=contested)
    table = run_multiverse(space, frames, specs=specs, per_world=per_world, seed=seed, map_=map_)
    attrs = {**table.attrs, "effect": effect}
    if contested:
        table = table[table[list(CONTESTED)].any(axis=1)].reset_index(drop=True)
    out = described(table, table["outcome"].map(signs_of(effect)))
    out.attrs = attrs
    return out


def described(table: pd.DataFrame, sign: pd.Series) -> pd.DataFrame:
    """Add the claimed sign, the standardised estimate and the family of the treatment."""
    family = {name: kind for kind, names in FAMILIES.items() for name in names}
    return table.assign(
        expected_sign=sign,
        standardised=standardised(table, sign),
        family=table["treatment"].map(family),
    )


def summaries(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise a multiverse, whole and by treatment and outcome.

    Parameters
    ----------
    table
        What `run_effect` returns.

    Returns
    -------
    DataFrame
        One row a part: `part` ("all", "family", "outcome"), `option`, and the
        numbers of `curve_summary.CurveSummary`; gaps where a part has no
        estimate.
    """
    parts = [("all", "", table)]
    for by in ("family", "outcome"):
        parts += [(by, str(option), own) for option, own in table.groupby(by, sort=False)]
    return pd.DataFrame(
        [{"part": part, "option": option, **_summary(own)} for part, option, own in parts]
    )


def _summary(table: pd.DataFrame) -> dict[str, object]:
    try:
        return asdict(summarise(table, table["expected_sign"]))
    except NotEstimableError:
        return {"specs": len(table), "estimated": 0}


def moving_choices(table: pd.DataFrame) -> pd.Series:
    """Share of the variance of the standardised estimates that goes with each choice.

    All controls together are one choice. See `curve_summary.variance_shares`.
    """
    choices = space_of(table.attrs["effect"]).choices
    varied = [name for name in choices if len(table[name].unique()) > 1]
    controls = [name for name in (*NAMES, *CONTESTED) if name in table]
    return variance_shares(
        table["standardised"], table[[*varied, *controls]], {"controls": controls}
    )


def curve_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return what `plotting.specification_curve` draws: standardised, claimed sign positive.

    Samples without one province are one option.
    """
    scale = table["expected_sign"] * table["treatment_sd"] / table["outcome_sd"]
    half = Z95 * table["se"] * scale.abs()
    left_out = table["sample"].str.startswith("without_")
    return table.assign(
        estimate=table["standardised"],
        low=table["standardised"] - half,
        high=table["standardised"] + half,
        sample=table["sample"].mask(left_out, "without_a_province"),
    )


def curve_choices(effect: str) -> dict[str, tuple[str, ...]]:
    """Return the options of each choice as `curve_table` holds them."""
    choices = dict(space_of(effect).choices)
    kept = [name for name in choices["sample"] if not name.startswith("without_")]
    return choices | {"sample": (*kept, "without_a_province")}
