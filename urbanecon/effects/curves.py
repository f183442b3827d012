"""The multiverse of every row of the ledger on one set of variants of the panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial

import pandas as pd

from urbanecon.cleaning.boundaries import groups
from urbanecon.cleaning.panel import Panel
from urbanecon.effects import CLAIMS
from urbanecon.effects.choices import MEASURES
from urbanecon.effects.criteria import CRITERIA
from urbanecon.effects.curve_test import joint_inference
from urbanecon.effects.designs.space import places_of
from urbanecon.effects.interactions import MODERATORS, run_interactions
from urbanecon.effects.robustness import Map, moving_choices, run_effect, summaries
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


Curve = tuple[pd.DataFrame, dict[str, pd.DataFrame]]
"""Specifications of a row of the ledger, and the tables that sum them up."""


def curves(panel: Panel, map_: Map = map) -> Iterator[tuple[str, Curve]]:
    """Run the multiverse of each row.

    Parameters
    ----------
    map_
        Calls a function on each row; of a pool of processes, several at once. The
        numbers are the same.

    Yields
    ------
    Row, "E1" ... "L3", and what `curve_of` returns of it.

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
    rows = [*CLAIMS, *(row for row in CRITERIA if row not in CLAIMS)]
    made = map_(partial(curve_of, frames=frames, places=places_of(panel.data)), rows)
    yield from zip(rows, made, strict=True)


def curve_of(row: str, frames: Mapping[str, pd.DataFrame], places: pd.DataFrame) -> Curve:
    """Run the multiverse of one row, by what its verdict rests on.

    Returns
    -------
    specifications
        What `robustness.run_effect`, `interactions.run_interactions` or
        `spillovers.run_spillovers` returns.
    tables
        "summaries"; of effects also "contested" (the same of specifications with controls
        that pilots could move), "moving" (share of the variance by choice) and "joint"
        (the pilots' curve tested as a whole).
    """
    if row in CLAIMS:
        table = run_effect(row, frames, seed=SEED)
        return table, tables_of(row, table, frames)
    if row in MEASURES:
        table = run_effect(row, frames, specs=ROW_SPECS, seed=SEED)
    elif row in MODERATORS:
        table = run_interactions(row, frames, specs=INTERACTION_SPECS, seed=SEED)
    else:
        table = run_spillovers(row, frames, places, specs=SPILLOVER_SPECS, seed=SEED)
    return table, {"summaries": _summed_up(table)}


def _summed_up(table: pd.DataFrame) -> pd.DataFrame:
    return summaries(table).set_index(["part", "option"])


def tables_of(
    effect: str, table: pd.DataFrame, frames: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Sum up the multiverse of an effect: see `curve_of`."""
    contested = run_effect(effect, frames, contested=True, specs=CONTESTED_SPECS, seed=SEED)
    tests, _ = joint_inference(table, frames, seed=SEED)
    joint = pd.DataFrame([asdict(test) for test in tests]).set_index("statistic")
    moving = moving_choices(table).rename("share").rename_axis("choice").to_frame()
    return {
        "summaries": _summed_up(table),
        "contested": _summed_up(contested),
        "moving": moving,
        "joint": joint,
    }
