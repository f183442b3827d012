"""What the pilot does to neighbours under other choices: route R2 and its space.

The verdict on R2 rests on the indirect effect of the spatial Durbin model, which is
estimated by maximum likelihood anew in every world: the space is smaller than that of
the effects, and a smaller part of it is drawn. The spillover has no adoption date of its
own, so that group-time effects, leads and bounds say nothing on it (S2 does not apply).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from urbanecon.effects.choices import (
    BOUNDARIES,
    FIRST_YEARS,
    FLAGS,
    WINSORISED,
    YEARS,
    equation_of,
    space_of,
)
from urbanecon.effects.controls import NAMES
from urbanecon.effects.criteria import CRITERIA, Criterion
from urbanecon.effects.designs.space import NEIGHBOURS
from urbanecon.effects.robustness import described
from urbanecon.errors import EstimationError
from urbanecon.estimation.choice_space import Equation, Options, Space, tasks_of
from urbanecon.estimation.distance_weights import inverse_distance, nearest
from urbanecon.estimation.multiverse import rows_of
from urbanecon.estimation.spatial_panel import spatial_panel
from urbanecon.estimation.spatial_sample import balanced_panel
from urbanecon.estimation.weights import Weights

AROUND_THE_EARTH_KM = 20_100.0
NEIGHBOURHOODS: Mapping[str, Callable[[pd.DataFrame], Weights]] = {
    f"{NEIGHBOURS} nearest": partial(nearest, k=NEIGHBOURS),
    "4 nearest": partial(nearest, k=4),
    "8 nearest": partial(nearest, k=8),
    "inverse squared distance": partial(
        inverse_distance, cutoff_km=AROUND_THE_EARTH_KM, power=2.0
    ),
}
"""Who is a neighbour of whom, the main choice first; all without islands."""

CONTROLS: Mapping[str, tuple[str, ...]] = {"none": (), "baseline": NAMES}
"""Controls, each with its spatial lag: none, or all that are fixed before treatment."""

SAMPLES = ("all", "no_municipalities")
"""Nearly whole maps: a model of neighbours says little where most of them are left out."""


def spillover_space(criterion: Criterion) -> Space:
    """Space of the indirect effect on an effect's primary outcome.

    Balanced panels with city and year effects and the errors of the likelihood, as the
    main estimate; published boundaries, since joined cities have no place on the map.
    """
    of_effect = space_of(criterion.of)
    choices: dict[str, tuple[str, ...]] = {
        "outcome": (criterion.outcome.variable,),
        "treatment": tuple(FIRST_YEARS),
        "deflator": of_effect.choices["deflator"],
        "winsorising": tuple(WINSORISED),
        "flags": tuple(FLAGS),
        "years": tuple(YEARS),
        "sample": SAMPLES,
        "neighbours": tuple(NEIGHBOURHOODS),
        "controls": tuple(CONTROLS),
    }
    return Space(choices, (), partial(_equation, criterion.of))


def _equation(effect: str, options: Options) -> Equation:
    held = {"boundary": BOUNDARIES[0], "fixed_effects": "city+year", "cluster": "city"}
    return equation_of(effect, {**options, **held})


def run_spillovers(
    row: str,
    frames: Mapping[str, pd.DataFrame],
    places: pd.DataFrame,
    *,
    specs: int,
    seed: int,
) -> pd.DataFrame:
    """Run a random part of the space of each indirect effect that a row is judged by.

    Parameters
    ----------
    row
        "R2".
    frames
        What `variants.panel_variants` returns.
    places
        Coordinates of each city in degrees; see `designs.space.places_of`.
    specs, seed
        Specifications of each criterion, and the seed of the draw.

    Returns
    -------
    DataFrame
        One row a specification: the choices, `estimate`, `se`, `p`, `n`, `n_clusters`,
        `treatment_sd`, `outcome_sd`, `reason`, and as `robustness.described`.
    """
    tables = []
    for criterion in CRITERIA[row]:
        space = spillover_space(criterion)
        worlds = [task.world for task in tasks_of(space, specs, 1, seed)]
        found = [_run(space.world(w), space, frames, places) for w in worlds]
        table = pd.DataFrame([space.world(w) for w in worlds]).join(pd.DataFrame(found))
        sign = pd.Series(criterion.outcome.expected_sign, index=table.index)
        tables.append(described(table, sign))
    return pd.concat(tables, ignore_index=True)


def _run(
    options: Options, space: Space, frames: Mapping[str, pd.DataFrame], places: pd.DataFrame
) -> dict[str, object]:
    """Estimate one world; what cannot be estimated carries its reason instead."""
    equation, controls = space.equation(options), CONTROLS[options["controls"]]
    frame = frames[equation.frame]
    rows = frame[rows_of(equation, frame, controls)]
    rows = rows[rows.index.get_level_values("city").isin(places.index)]
    names = [equation.outcome, equation.treatment, *controls]
    around = NEIGHBOURHOODS[options["neighbours"]]
    try:
        kept = balanced_panel(rows, names, around(_of(places, rows))).index
        rows = rows.loc[rows.index.isin(kept), names]
        fit = spatial_panel(rows, names[0], names[1:], around(_of(places, rows)), "sdm")
    except EstimationError as error:
        return {"reason": str(error)}
    impacts = fit.extra["impacts"]
    own = (impacts["variable"] == equation.treatment) & (impacts["effect"] == "indirect")
    (found,) = impacts[own].to_dict("records")
    return {
        **{name: float(found[name]) for name in ("estimate", "se", "p")},
        "n": fit.nobs,
        "n_clusters": int(rows.index.get_level_values("city").nunique()),
        "treatment_sd": _within_sd(rows[equation.treatment]),
        "outcome_sd": _within_sd(rows[equation.outcome]),
        "reason": "",
    }


def _of(places: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    return places[places.index.isin(rows.index.get_level_values("city"))]


def _within_sd(column: pd.Series) -> float:
    """Standard deviation within cities and years of a balanced panel."""
    wide = column.unstack("year").to_numpy(dtype=np.float64)
    wide = wide - wide.mean(axis=0) - wide.mean(axis=1, keepdims=True) + wide.mean()
    return float(np.sqrt((wide**2).mean()))
