"""Rows of a sample that rest on flagged cells or on sources of unclear provenance."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import NATION, Panel
from urbanecon.cleaning.registry import load_registry

SOUND = frozenset({str(Flag.OK), str(Flag.DERIVED)})
UNCLEAR = "C"


def row_quality(panel: Panel, index: pd.Index, variables: Sequence[str]) -> pd.DataFrame | None:
    """Whether each row rests on a flagged cell, and on a cell of a tier C source.

    Returns
    -------
    DataFrame or None
        Indexed as `index`, columns "flagged" and "tier_c"; None when the panel
        has no lineage.
    """
    if panel.cells.empty:
        return None
    tiers = {name: source.tier for name, source in load_registry().items()}
    admitted = panel.cells["flag"].isin([str(flag) for flag in panel.admitted])
    cells = panel.cells[admitted]
    found = pd.DataFrame({"flagged": False, "tier_c": False}, index=index)
    for name in panel.raw_inputs(variables):
        own = cells[cells["variable"] == name]
        marks = {
            "flagged": own[~own["flag"].isin(SOUND)],
            "tier_c": own[own["source"].map(tiers) == UNCLEAR],
        }
        for column, bad in marks.items():
            found[column] |= _hit(index, bad, name)
    return found


def territory_changes(panel: Panel, members: pd.DataFrame | None = None) -> pd.Series | None:
    """Year of the last change of each city's territory, by city.

    From the groups of cities that exchanged territory (`boundaries.groups`);
    without them, from the cells that are flagged as breaks.
    """
    if members is None and panel.cells.empty:
        return None
    if members is None:
        members = panel.cells[panel.cells["flag"] == str(Flag.BOUNDARY_BREAK)]
        if members.empty:
            return None
    return members.groupby("city")["year"].max().astype("int64")


def _hit(index: pd.Index, bad: pd.DataFrame, name: str) -> pd.Series:
    """Rows that read one of the cells."""
    entry = load_codebook()[name]
    units, years = index.get_level_values(0), index.get_level_values(1)
    if entry.level == "nation":
        units = pd.Index([NATION] * len(index))
    if entry.constant:
        return pd.Series(units.isin(bad["city"]), index=index)
    rows = pd.MultiIndex.from_arrays([units, years])
    keys = pd.MultiIndex.from_arrays([bad["city"], bad["year"]])
    return pd.Series(rows.isin(keys), index=index)
