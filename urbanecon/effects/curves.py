"""The multiverse of every effect on one set of variants of the panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import pandas as pd

from urbanecon.cleaning.boundaries import groups
from urbanecon.cleaning.panel import Panel
from urbanecon.effects.choices import MEASURES
from urbanecon.effects.curve_test import joint_inference
from urbanecon.effects.robustness import moving_choices, run_effect, summaries
from urbanecon.effects.variants import panel_variants
from urbanecon.errors import NotEstimableError, SourceMissingError

CONTESTED_SPECS = 1_000
SEED = 20141229
"""Of the draws of specifications and permutations: the day the first pilots were named."""


def curves(panel: Panel) -> Iterator[tuple[str, pd.DataFrame, dict[str, pd.DataFrame]]]:
    """Run the multiverse of each effect in turn.

    Yields
    ------
    effect
        "E1" ... "E4".
    specifications
        What `robustness.run_effect` returns.
    tables
        "summaries" and "contested" (the same of specifications with controls
        that pilots could move), "moving" (share of the variance by choice),
        "joint" (the pilots' curve tested as a whole).

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
    for effect in MEASURES:
        table = run_effect(effect, frames, seed=SEED)
        yield effect, table, tables_of(effect, table, frames)


def tables_of(
    effect: str, table: pd.DataFrame, frames: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Sum up a multiverse: see `curves`."""
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
