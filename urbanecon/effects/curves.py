"""The multiverse of every row of the ledger on one set of variants of the panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import pandas as pd

from urbanecon.cleaning.boundaries import groups
from urbanecon.cleaning.panel import Panel
from urbanecon.effects import CLAIMS
from urbanecon.effects.choices import MEASURES
from urbanecon.effects.criteria import CRITERIA
from urbanecon.effects.curve_test import joint_inference
from urbanecon.effects.designs.space import places_of
from urbanecon.effects.interactions import MODERATORS, run_interactions
from urbanecon.effects.robustness import moving_choices, run_effect, summaries
from urbanecon.effects.spillovers import run_spillovers
from urbanecon.effects.variants import panel_variants
from urbanecon.errors import NotEstimableError, SourceMissingError

CONTESTED_SPECS = 1_000
ROW_SPECS = 1_500
"""Specifications of each lever and of R3: one treatment in place of eight."""
INTERACTION_SPECS, SPILLOVER_SPECS = 500, 20
"""Specifications of each criterion of R1 and R4, and of R2: maximum likelihood has no moments
to share."""
SEED = 20141229
"""Of the draws of specifications and permutations: the day the first pilots were named."""


def curves(panel: Panel) -> Iterator[tuple[str, pd.DataFrame, dict[str, pd.DataFrame]]]:
    """Run the multiverse of each row in turn.

    Yields
    ------
    row
        "E1" ... "L3".
    specifications
        What `robustness.run_effect`, `interactions.run_interactions` or
        `spillovers.run_spillovers` returns.
    tables
        "summaries"; of effects also "contested" (the same of specifications with controls
        that pilots could move), "moving" (share of the variance by choice) and "joint"
        (the pilots' curve tested as a whole).

    Raises
    ------
    NotEstimableError
        The panel lacks a column, or the sources of the boundary changes are not
        at hand; the message names them.
    """
    try:
        frames = panel_variants(panel, groups())
    except SourceMissingError as error:
        raise NotEstimableError(f"the multiverse needs boundary changes: {error}") from error
    for effect in CLAIMS:
        table = run_effect(effect, frames, seed=SEED)
        yield effect, table, tables_of(effect, table, frames)
    places = places_of(panel.data)
    for row in (row for row in CRITERIA if row not in CLAIMS):
        table = _of_row(row, frames, places)
        yield row, table, {"summaries": summaries(table).set_index(["part", "option"])}


def _of_row(row: str, frames: Mapping[str, pd.DataFrame], places: pd.DataFrame) -> pd.DataFrame:
    """Specifications of a route or lever, by what its verdict rests on."""
    if row in MEASURES:
        return run_effect(row, frames, specs=ROW_SPECS, seed=SEED)
    if row in MODERATORS:
        return run_interactions(row, frames, specs=INTERACTION_SPECS, seed=SEED)
    return run_spillovers(row, frames, places, specs=SPILLOVER_SPECS, seed=SEED)


def tables_of(
    effect: str, table: pd.DataFrame, frames: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Sum up the multiverse of an effect: see `curves`."""
    contested = run_effect(effect, frames, contested=True, specs=CONTESTED_SPECS, seed=SEED)
    tests, _ = joint_inference(table, frames, seed=SEED)
    joint = pd.DataFrame([asdict(test) for test in tests]).set_index("statistic")
    moving = moving_choices(table).rename("share").rename_axis("choice").to_frame()
    return {
        "summaries": summaries(table).set_index(["part", "option"]),
        "contested": summaries(contested).set_index(["part", "option"]),
        "moving": moving,
        "joint": joint,
    }
