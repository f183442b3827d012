"""Raw cells that estimates rest on, by flag and tier, and those that two sources both give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from urbanecon.cleaning.codebook import Variable, load_codebook
from urbanecon.cleaning.observations import SEVERITY, Flag
from urbanecon.cleaning.panel import NATION, Panel
from urbanecon.effects.result import Estimate
from urbanecon.errors import DataError

EQUATION = ("effect", "outcome", "treatment", "fixed_effects")
USE = [*EQUATION, "variable", "flag", "tier"]
"""What a count of uses is about."""

SOUND_TIERS = ("A", "B")


def within_years(panel: Panel) -> Panel:
    """Return the panel without the raw cells of years that it does not cover."""
    years = panel.data.index.get_level_values("year")
    constant = [name for name, entry in load_codebook().items() if entry.constant]
    kept = panel.cells["year"].between(years.min(), years.max())
    kept |= panel.cells["variable"].isin(constant)
    return replace(panel, cells=panel.cells[kept])


def side_by_side(panel: Panel, table: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that two variables share, for the pairs of a comparison's `table`.

    Columns `first`, `second`, `city`, `year`, `value_first`, `value_second`.
    """
    pairs = table.loc[table["n"] > 0, ["first", "second"]].itertuples(index=False)
    columns = ["value_first", "value_second"]
    common = [
        panel.data[[first, second]].dropna().set_axis(columns, axis="columns").reset_index()
        .assign(first=first, second=second)
        for first, second in pairs
    ]  # fmt: skip
    names = ["first", "second", "city", "year", *columns]
    return pd.concat(common)[names] if common else pd.DataFrame(columns=names)


def cells_used(
    estimates: Iterable[Estimate], panel: Panel, tiers: Mapping[str, str]
) -> pd.DataFrame:
    """Count the raw cells that the main regressions rest on.

    Every two-way estimate on published boundaries counts each row of its sample
    once for every raw variable below its equation: a cell that two equations read
    is used twice, one national price once a city. A city outside the list of
    pilots has no cell there, and shares of a province's residents in pilot cities
    rest on no cell of their own row; neither is counted.

    Parameters
    ----------
    estimates
        Of any effects; those without a fit are left out.
    panel
        As published, with its lineage.
    tiers
        Tier of each source, by its id.

    Returns
    -------
    DataFrame
        Columns `effect`, `outcome`, `treatment`, `fixed_effects` (joined by +),
        `variable` (raw), `flag` (the worst of the cell), `tier`, `uses`.

    Raises
    ------
    DataError
        If a cell's source has no tier.
    """
    known = _known_cells(panel, tiers)
    counts = []
    for estimate in estimates:
        spec, fit = estimate.spec, estimate.fit
        if spec.design != "twfe" or fit is None or spec.sample.vintage != "published":
            continue
        for name in panel.raw_inputs(spec.variables):
            used = _below(fit.sample, known.get(name), load_codebook()[name])
            counts.append(
                used.value_counts().rename("uses").reset_index().assign(
                    effect=spec.effect,
                    outcome=spec.outcome,
                    treatment=spec.treatment,
                    fixed_effects="+".join(spec.fixed_effects),
                    variable=name,
                )
            )  # fmt: skip
    if not counts:
        return pd.DataFrame(columns=[*USE, "uses"])
    table = pd.concat(counts, ignore_index=True)
    return table[[*USE, "uses"]].sort_values(USE, kind="stable", ignore_index=True)


def quality_shares(uses: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return shares of the cells used, by flag and tier.

    Parameters
    ----------
    uses
        What `cells_used` returns.
    by
        Columns of `uses` to tell apart, in the order of their first appearance;
        none for one row of all.

    Returns
    -------
    DataFrame
        Indexed by `by`; columns `equations`, `cells` (counts), and shares of the
        cells: `observed` (flag ok), `derived` (computed by the source or by the
        benchmark), `flagged` (any other flag), `tier_A`, `tier_B`, `tier_C`, and
        `sound` (observed, and of tier A or B).
    """
    keys = [uses[name] for name in by] or [pd.Series("all", index=uses.index)]
    equations = uses[list(EQUATION)].agg("|".join, axis="columns")
    observed = uses["flag"] == str(Flag.OK)
    derived = uses["flag"] == str(Flag.DERIVED)
    parts = {
        "observed": observed,
        "derived": derived,
        "flagged": ~observed & ~derived,
        **{f"tier_{tier}": uses["tier"] == tier for tier in ("A", "B", "C")},
        "sound": observed & uses["tier"].isin(SOUND_TIERS),
    }
    cells = uses["uses"].groupby(keys, sort=False).sum()
    shares = {
        name: (uses["uses"] * held).groupby(keys, sort=False).sum() / cells
        for name, held in parts.items()
    }
    counted = equations.groupby(keys, sort=False).nunique()
    return pd.DataFrame({"equations": counted, "cells": cells, **shares})


def _known_cells(panel: Panel, tiers: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Admitted cells of each variable, one a key, with `flag` (the worst) and `tier`."""
    cells = panel.cells[panel.cells["flag"].isin([str(flag) for flag in panel.admitted])]
    strange = sorted(set(cells["source"]) - set(tiers))
    if strange:
        raise DataError(
            f"No tier is known of the source {strange[0]!r}; expected one of {sorted(tiers)}."
        )
    ranked = cells.assign(
        rank=cells["flag"].map(SEVERITY).astype("int64"), tier=cells["source"].map(tiers)
    )
    ranked = ranked.sort_values("rank", ascending=False, kind="stable")
    found = {}
    for name, rows in ranked.groupby("variable"):
        key = ["city"] if load_codebook()[str(name)].constant else ["city", "year"]
        found[str(name)] = rows.drop_duplicates(key).set_index(key)[["flag", "tier"]]
    return found


def _below(sample: pd.Index, cells: pd.DataFrame | None, variable: Variable) -> pd.DataFrame:
    """Cells of one raw variable that the rows of a sample rest on, once a row."""
    if cells is None:
        return pd.DataFrame({"flag": [], "tier": []})
    unit, year = sample.get_level_values(0), sample.get_level_values(1)
    if variable.level == "nation":
        unit = pd.Index([NATION] * len(sample))
    rows = unit if variable.constant else pd.MultiIndex.from_arrays([unit, year])
    return cells.reindex(rows).dropna()
