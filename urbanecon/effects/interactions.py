"""How the pilot's effect differs along a moderator: routes R1 and R4, and their spaces.

The coefficient of pilot times moderator, the pilot itself always beside it, is linear
in the moments of the data, so that its specifications share passes like any other. An
interaction has no adoption date: group-time effects, leads and bounds say nothing on
it (strategy S2 does not apply).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from urbanecon.cleaning.panel import Panel
from urbanecon.cleaning.urban_share import VARIABLE as URBAN_SHARE
from urbanecon.effects import ROW_SPECS
from urbanecon.effects.choices import FIRST_YEARS, space_of
from urbanecon.effects.controls import NAMES
from urbanecon.effects.criteria import CRITERIA, Criterion
from urbanecon.effects.estimate import sample_of
from urbanecon.effects.robustness import PER_WORLD, described
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.choice_space import Equation, Options, Space, tasks_of
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.multiple_testing import Hypothesis, romano_wolf
from urbanecon.estimation.multiverse import NUMBERS, run_unit, units

CITIZENIZATION = "citizenization"
CUTS: Mapping[str, float] = {"1/2": 1 / 2, "1/3": 1 / 3, "2/3": 2 / 3}
"""Quantiles of the urban share above which the pilot may do something else: fixed cuts, since
one that is searched for in every world would fit each of them best."""
ABOVE: Mapping[str, str] = {cut: f"urban share above its quantile {cut}" for cut in CUTS}
"""Columns of the cuts."""

MODERATORS: Mapping[str, tuple[str, ...]] = {
    "R1": (CITIZENIZATION,),
    "R4": tuple(ABOVE.values()),
}
"""Columns that the pilot is multiplied with, the main one first."""


def moderators(data: pd.DataFrame) -> dict[str, pd.Series]:
    """Citizenization, and whether the urban share is above each cut; missing without a share."""
    share = data[URBAN_SHARE]
    above = {
        ABOVE[cut]: (share > share.quantile(place)).astype("float64").where(share.notna())
        for cut, place in CUTS.items()
    }
    return {CITIZENIZATION: data[CITIZENIZATION], **above}


def interacted(columns: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Moderators, and each times the pilots by either first year."""
    names = [name for own in MODERATORS.values() for name in own]
    products = {
        product(pilot, name): columns[pilot] * columns[name]
        for pilot in FIRST_YEARS
        for name in names
    }
    return {name: columns[name] for name in names} | products


def product(treatment: str, moderator: str) -> str:
    """Column and term of a treatment times a moderator."""
    return f"{treatment} x {moderator}"


def interaction_space(criterion: Criterion) -> Space:
    """Space of a criterion of R1 or R4: that of the effect, pilots alone, times the moderators."""
    of_effect = space_of(criterion.of).only(
        outcome=criterion.outcome.variable, treatment=tuple(FIRST_YEARS)
    )
    choices = {**of_effect.choices, "moderator": MODERATORS[criterion.row]}
    return Space(choices, NAMES, partial(_equation, of_effect.equation))


def _equation(of_effect: Callable[[Options], Equation], options: Options) -> Equation:
    asked = of_effect(options)
    return replace(asked, treatment=product(asked.treatment, options["moderator"]))


def beside(criterion: Criterion, options: Options) -> tuple[str, ...]:
    """Columns that always stand beside the product: the pilot, and a moderator that has a slope.

    A cut has no level of its own, as in the threshold regression (Hansen 1999) it stands
    in for.
    """
    own = (options["moderator"],) if criterion.design == "moderation" else ()
    return (options["treatment"], *own)


def run_interactions(
    row: str, frames: Mapping[str, pd.DataFrame], *, specs: int, seed: int
) -> pd.DataFrame:
    """Run a random part of the space of each interaction that a row is judged by.

    Parameters
    ----------
    row
        "R1" or "R4".
    frames
        What `variants.panel_variants` returns.
    specs, seed
        Specifications of each criterion, and the seed of the draw; see
        `multiverse.run_multiverse`.

    Returns
    -------
    DataFrame
        As `robustness.run_effect`, of all criteria together.
    """
    tables = []
    for criterion in (c for c in CRITERIA[row] if c.row == row):
        table = _run(criterion, frames, specs, seed)
        sign = pd.Series(criterion.outcome.expected_sign, index=table.index)
        tables.append(described(table, sign))
    return pd.concat(tables, ignore_index=True)


def _run(
    criterion: Criterion, frames: Mapping[str, pd.DataFrame], specs: int, seed: int
) -> pd.DataFrame:
    """Run the drawn worlds, the columns `beside` the product in every subset of controls."""
    space = interaction_space(criterion)
    drawn = tasks_of(space, specs, PER_WORLD, seed)
    worlds = {task.world: space.world(task.world) for task in drawn}
    always = tuple(dict.fromkeys(n for world in worlds.values() for n in beside(criterion, world)))
    tasks = []
    for task in drawn:
        held = np.isin(always, beside(criterion, worlds[task.world]))
        fixed = np.tile(held, (len(task.subsets), 1))
        tasks.append(replace(task, subsets=np.hstack([fixed, task.subsets])))
    parts = [run_unit(unit).table for unit in units(tasks, frames, (*always, *space.controls))]
    table = pd.concat(parts).sort_values(["world", "subset"], kind="stable", ignore_index=True)
    choices = pd.DataFrame([worlds[w] for w in table["world"]], columns=list(space.choices))
    return pd.concat([choices, table[[*space.controls, *NUMBERS]]], axis=1)


def interaction_table(row: str, panel: Panel, *, draws: int, seed: int) -> pd.DataFrame:
    """Interactions that a row is judged by, in the primary equations of the effects.

    Returns
    -------
    DataFrame
        Indexed by outcome: estimate and se of the product (clustered by city), p (wild
        bootstrap by city of this coefficient alone) and `p_romano_wolf` across the criteria of
        the row. Those that the panel lacks columns for are left out.
    """
    family = {}
    for spec in ROW_SPECS[row]:
        if spec.design != "moderation":
            continue
        try:
            rows = sample_of(spec.but(controls=(spec.through,)), panel)
        except NotEstimableError:
            continue
        term = product(spec.treatment, spec.through)
        terms = [spec.treatment, spec.through, term]
        data = rows.assign(**{term: rows[spec.treatment] * rows[spec.through]})
        moments = cluster_moments(data, [spec.outcome, *terms], spec.fixed_effects, "city")
        family[spec.outcome] = Hypothesis(ols(moments, spec.outcome, terms, term), term)
    if not family:
        return pd.DataFrame()
    found = romano_wolf(family, draws=draws, seed=seed).rename_axis("outcome")
    kept = found[["estimate", "se", "p", "romano_wolf"]]
    return kept.rename(columns={"romano_wolf": "p_romano_wolf"})
