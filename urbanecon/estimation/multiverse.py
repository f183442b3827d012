"""A declared space of choices, all of it or a stated random part, run on shared moments.

Steegen, Tuerlinckx, Gelman and Vanpaemel (2016, "Increasing transparency through
a multiverse analysis", Perspectives on Psychological Science 11: 702-712). Worlds
(`choice_space`) that read the same rows with the same effects and clusters share
one pass over the data; subsamples that are unions of clusters are cut out of its
moments, and subsets of controls follow from the moments alone (`subsets`).

All subsets of the controls are compared on the same rows: those that have every
control of the space. What moves an estimate is then the control and not the rows
that its gaps cost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.choice_space import Equation, Space, Task, tasks_of
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.sample import Mask
from urbanecon.estimation.subsets import Swept, estimate_subsets, without_levels

NUMBERS = (
    "estimate", "se", "t", "p", "n", "n_clusters", "treatment_sd", "outcome_sd", "key", "reason",
)  # fmt: skip
"""Columns of the result after those of the choices and the controls."""

MOST_SHARED = 2**20
"""Clusters times columns squared up to which subsamples are cut out of shared moments: beyond,
a pass of its own with the effects swept out costs less than the copy."""


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Tasks that share one pass over the data: a work unit, whole in itself.

    Attributes
    ----------
    data
        Rows and columns that the tasks read.
    controls
        Columns of it.
    tasks
        All with the same effects and clusters.
    """

    data: pd.DataFrame
    controls: tuple[str, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True, eq=False)
class UnitResult:
    """Estimates of a unit, `NUMBERS` and the controls by `world`, and the passes they took."""

    table: pd.DataFrame
    passes: int


def run_multiverse(
    space: Space,
    frames: Mapping[str, pd.DataFrame],
    *,
    specs: int | None = None,
    per_world: int = 10,
    seed: int = 0,
    map_: Callable[[Callable[[Unit], UnitResult], Iterable[Unit]], Iterable[UnitResult]] = map,
) -> pd.DataFrame:
    """Estimate every specification of a space, or a random part of it.

    Parameters
    ----------
    space
        What is varied.
    frames
        Variants of the panel by the names that the equations use, each indexed
        by (city, year).
    specs
        How many specifications to draw; None runs all of the space. Drawn in two
        stages: worlds uniformly without replacement, and in each of them
        `per_world` subsets of the controls uniformly without replacement. Every
        specification has the same chance to be drawn.
    per_world
        Subsets of the controls in each drawn world.
    seed
        Of the draw.
    map_
        Applies `run_unit` to the units: the builtin, or that of a pool of workers.

    Returns
    -------
    DataFrame
        One row a specification: each choice a column, each control a boolean
        column, then `NUMBERS`. `key` names the rows, effects and
        clusters of its moments; `reason` says why there is no estimate, empty where there is one.
        `attrs`: space (specifications in it), worlds (run), specs (run), passes
        (over the data), seed and per_world (None where all was run).

    Raises
    ------
    UnknownNameError
        An equation names a frame that is not there.
    MissingColumnError, DataError, EstimationError
        A column is absent, holds text or infinite values; no specification is
        asked for.
    """
    tasks = tasks_of(space, specs, per_world, seed)
    results = list(map_(run_unit, units(tasks, frames, space.controls)))
    table = pd.concat([result.table for result in results], ignore_index=True)
    table = table.sort_values(["world", "subset"], kind="stable", ignore_index=True)
    numbers = {task.world: space.world(task.world) for task in tasks}
    choices = pd.DataFrame([numbers[w] for w in table["world"]], columns=list(space.choices))
    out = pd.concat([choices, table[[*space.controls, *NUMBERS]]], axis=1)
    out.attrs = {
        "space": space.specs,
        "worlds": len(tasks),
        "specs": len(out),
        "passes": sum(result.passes for result in results),
        "seed": None if specs is None else seed,
        "per_world": None if specs is None else per_world,
    }
    return out


def units(
    tasks: Sequence[Task], frames: Mapping[str, pd.DataFrame], controls: tuple[str, ...]
) -> Iterator[Unit]:
    """Put tasks together that read the same rows with the same effects and clusters."""
    groups: dict[tuple[object, ...], list[Task]] = {}
    rows: dict[tuple[object, ...], Mask] = {}
    known: dict[tuple[str, str], Mask] = {}
    for task in tasks:
        equation = task.equation
        frame = _frame(equation, frames, controls)
        mask = _window(frame, equation)
        for name in (equation.outcome, equation.treatment, *controls):
            if (equation.frame, name) not in known:
                known[equation.frame, name] = frame[name].notna().to_numpy()
            mask = mask & known[equation.frame, name]
        digest = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()
        key = (equation.frame, equation.effects, equation.cluster, digest)
        groups.setdefault(key, []).append(task)
        rows.setdefault(key, mask)
    for shared, members in groups.items():
        frame = frames[members[0].equation.frame]
        wanted = dict.fromkeys(controls)
        for task in members:
            equation = task.equation
            wanted |= dict.fromkeys([equation.outcome, equation.treatment])
            wanted |= dict.fromkeys(keys_of(equation, frame))
        yield Unit(frame.loc[rows[shared], list(wanted)], controls, tuple(members))


def _frame(
    equation: Equation, frames: Mapping[str, pd.DataFrame], controls: tuple[str, ...]
) -> pd.DataFrame:
    """Frame of an equation, once it is known to have every column."""
    if equation.frame not in frames:
        raise UnknownNameError(
            f"There is no frame {equation.frame!r}.{did_you_mean(equation.frame, frames)}"
        )
    frame = frames[equation.frame]
    sample = [equation.sample] if equation.sample else []
    for name in (equation.outcome, equation.treatment, *controls, *sample):
        if name not in frame:
            raise MissingColumnError(
                f"the frame {equation.frame!r} has no column {name!r}."
                f"{did_you_mean(name, frame.columns)}"
            )
    return frame


def rows_of(equation: Equation, frame: pd.DataFrame, controls: Sequence[str]) -> Mask:
    """Rows of a frame that an equation uses: window, sample, and no gap in what it reads."""
    names = [equation.outcome, equation.treatment, *controls]
    mask = _window(frame, equation) & frame[names].notna().all(axis=1).to_numpy()
    return mask & frame[equation.sample].to_numpy(dtype=bool) if equation.sample else mask


def _window(frame: pd.DataFrame, equation: Equation) -> Mask:
    years = frame.index.get_level_values("year").to_numpy()
    mask = np.ones(len(frame), dtype=bool)
    if equation.first_year is not None:
        mask &= years >= equation.first_year
    if equation.last_year is not None:
        mask &= years <= equation.last_year
    return mask


def keys_of(equation: Equation, frame: pd.DataFrame) -> list[str]:
    """Columns that effects, clusters and the sample are read from."""
    parts = [part for key in (*equation.effects, equation.cluster) for part in key.split(":")]
    sample = [equation.sample] if equation.sample else []
    return [part for part in [*dict.fromkeys(parts), *sample] if part in frame]


def run_unit(unit: Unit) -> UnitResult:
    """Run the tasks of a unit; what cannot be estimated carries its reason instead."""
    by_sample: dict[str, list[Task]] = {}
    for task in unit.tasks:
        by_sample.setdefault(task.equation.sample, []).append(task)
    shared = _pass(unit.data, unit, MOST_SHARED) if len(by_sample) > 1 else None
    tables, passes = [], int(shared is not None)
    for sample, tasks in sorted(by_sample.items()):
        kept = _clusters_kept(unit, sample)
        if isinstance(shared, Moments) and kept is not None and _may_cut(shared, kept):
            moments = _cut(shared, kept)
        else:
            rows = unit.data[unit.data[sample].to_numpy(dtype=bool)] if sample else unit.data
            moments, passes = _pass(rows, unit, 0), passes + 1
        swept = moments if isinstance(moments, str) else without_levels(moments)
        tables += [_estimates(task, swept, unit.controls) for task in tasks]
    return UnitResult(pd.concat(tables, ignore_index=True), passes)


def _may_cut(moments: Moments, kept: pd.Series) -> bool:
    """Whether a subsample of whole clusters can be cut out of the moments exactly."""
    return bool(kept.all()) or moments.route == "columns"


def _pass(data: pd.DataFrame, unit: Unit, most_numbers: int) -> Moments | str:
    """Moments of all variables of a unit, or why there are none."""
    first = unit.tasks[0].equation
    pairs = [(task.equation.outcome, task.equation.treatment) for task in unit.tasks]
    names = dict.fromkeys([*(name for pair in pairs for name in pair), *unit.controls])
    if data.empty:
        return f"no row has {first.outcome}, {first.treatment} and every control"
    try:
        return cluster_moments(
            data, list(names), first.effects, first.cluster, most_numbers=most_numbers
        )
    except NotEstimableError as error:
        return str(error)


def _clusters_kept(unit: Unit, sample: str) -> pd.Series | None:
    """Whether each cluster is in a sample; None if the sample cuts through one.

    Index: labels of the clusters in sorted order.
    """
    data, cluster = unit.data, unit.tasks[0].equation.cluster
    labels = data[cluster] if cluster in data else data.index.get_level_values(cluster)
    inside = data[sample].to_numpy(dtype=bool) if sample else np.ones(len(data), dtype=bool)
    by_label = pd.Series(inside).groupby(np.asarray(labels))
    kept: pd.Series = by_label.all()
    return kept if kept.equals(by_label.any()) else None


def _cut(moments: Moments, kept: pd.Series) -> Moments | str:
    if kept.all():
        return moments
    if not kept.any():
        return "no row of the sample has outcome, treatment and every control"
    return moments.keep(kept.reindex(moments.clusters).to_numpy(dtype=bool))


def _estimates(task: Task, moments: Swept | str, controls: tuple[str, ...]) -> pd.DataFrame:
    equation = task.equation
    order = np.arange(len(task.subsets))
    if isinstance(moments, str):
        table = _not_estimable(task, moments, controls)
        return table.assign(world=task.world, subset=order)
    try:
        table = estimate_subsets(
            moments, equation.outcome, equation.treatment, controls, subsets=task.subsets
        )
    except EstimationError as error:
        table = _not_estimable(task, str(error), controls)
    return table.assign(key=moments.moments.key, world=task.world, subset=order)


def _not_estimable(task: Task, reason: str, controls: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(task.subsets, columns=list(controls))
    gaps = dict.fromkeys(("estimate", "se", "t", "p", "treatment_sd", "outcome_sd"), np.nan)
    return table.assign(**gaps).assign(n=0, n_clusters=0, key="", reason=reason)
