"""Means of group-time effects by cohort size, with their influence functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from urbanecon.errors import (
    DataError,
    NotEstimableError,
)
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.least_squares import times
from urbanecon.estimation.sample import Floats, Mask

By = Literal["simple", "group", "calendar", "dynamic"]


@dataclass(frozen=True, slots=True, eq=False)
class CellEffects:
    """Group-time effects as arrays: m cells, n units."""

    group: Floats
    year: Floats
    att: Floats
    influence: Floats
    share: Floats
    member: Floats
    treated: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """An average effect with its influence function, length n."""

    value: float
    influence: Floats
    rows: int = 0


def read_cells(effects: Fit, by: By, skip_missing: bool) -> CellEffects:
    """Take the cells out of a fit of `group_time`."""
    if not {"effects", "influence", "units"} <= set(effects.extra):
        raise DataError("these are not group-time effects; give what group_time returned")
    table, units = effects.extra["effects"], effects.extra["units"]
    missing = table["estimate"].isna()
    if missing.any():
        if not skip_missing:
            raise NotEstimableError(
                f"{', '.join(table.loc[missing, 'term'])} could not be estimated; average "
                "without them by skip_missing=True"
            )
        table = table[~missing]
    if by == "group":
        treated = table.loc[table["first_treated"] <= table["year"], "first_treated"]
        table = table[table["first_treated"].isin(treated)]
    group = table["first_treated"].to_numpy(dtype=np.float64)
    influence = effects.extra["influence"].reindex(columns=table["term"]).fillna(0.0)
    first, size = (units[name].to_numpy(dtype=np.float64) for name in ("first_treated", "size"))
    member = (first[:, None] == group) * size[:, None]
    return CellEffects(
        group=group,
        year=table["year"].to_numpy(dtype=np.float64),
        att=table["estimate"].to_numpy(dtype=np.float64),
        influence=influence.to_numpy(dtype=np.float64),
        share=member.mean(axis=0),
        member=member,
        treated=table["treated"].to_numpy(dtype=np.float64),
    )


def by_size(cells: CellEffects, chosen: Mask) -> Average:
    """Mean over cells by cohort size, the sizes estimated."""
    if not chosen.any():
        raise NotEstimableError("there is no effect after treatment to average")
    att, share = cells.att[chosen], cells.share[chosen]
    weights = share / share.sum()
    value = float((weights * att).sum())
    sizes = times(cells.member[:, chosen] - share, (att - value) / share.sum())
    influence = times(cells.influence[:, chosen], weights) + sizes
    return Average(value, influence, int(cells.treated[chosen].sum()))


def _evenly(parts: list[Average]) -> Average:
    """Plain mean of averages."""
    return Average(
        float(np.mean([part.value for part in parts])),
        np.mean([part.influence for part in parts], axis=0),
        sum(part.rows for part in parts),
    )


def by_group(cells: CellEffects, after: Mask) -> tuple[dict[int, Average], Average, Average]:
    """Means by cohort, and their mean with the standard error of did and the exact one."""
    groups = np.unique(cells.group)
    parts = {int(g): by_size(cells, after & (cells.group == g)) for g in groups}
    at = [int(np.flatnonzero(cells.group == g)[0]) for g in groups]
    cohorts = replace(
        cells,
        group=groups,
        year=groups,
        att=np.array([part.value for part in parts.values()]),
        influence=np.column_stack([part.influence for part in parts.values()]),
        share=cells.share[at],
        member=cells.member[:, at],
        treated=np.array([float(part.rows) for part in parts.values()]),
    )
    everyone = np.ones(len(groups), dtype=bool)
    exact = by_size(cohorts, everyone)
    # did takes the cohorts of the first cells, in general all the first cohort,
    # for the cohorts whose shares are estimated
    as_did = replace(cohorts, member=cells.member[:, : len(groups)])
    return parts, by_size(as_did, everyone), exact


def by_year(cells: CellEffects) -> tuple[dict[int, Average], Average]:
    """Means by calendar year, and their plain mean."""
    treated = cells.group <= cells.year
    years = np.unique(cells.year[treated])
    parts = {int(t): by_size(cells, treated & (cells.year == t)) for t in years}
    if not parts:
        raise NotEstimableError("there is no effect after treatment to average")
    return parts, _evenly(list(parts.values()))


def by_relative_year(
    cells: CellEffects, balance_e: int | None, min_e: float, max_e: float
) -> tuple[dict[int, Average], Average]:
    """Means by relative year, and the plain mean of those after treatment."""
    relative = cells.year - cells.group
    chosen = (relative >= min_e) & (relative <= max_e)
    if balance_e is not None:
        first, last = cells.year.min(), cells.year.max()
        chosen &= last - cells.group >= balance_e
        chosen &= (relative <= balance_e) & (relative >= balance_e - last + first)
    if not (chosen & (relative >= 0)).any():
        raise NotEstimableError(
            "no cohort has an effect after treatment within balance_e, min_e and max_e"
        )
    parts = {int(e): by_size(cells, chosen & (relative == e)) for e in np.unique(relative[chosen])}
    return parts, _evenly([part for e, part in parts.items() if e >= 0])
