"""Randomization inference: adoption paths of whole cities handed out anew."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.mapping import MapLike
from urbanecon.estimation.moments import moments_of
from urbanecon.estimation.moments_errors import clustered_factor
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.randomization_paths import Paths, assignments, treatment_paths
from urbanecon.estimation.randomization_result import (
    Permutations,
    RandomizationTest,
    notes_on,
    randomization_p,
)
from urbanecon.estimation.randomization_sums import PathSums, path_sums
from urbanecon.estimation.sample import Codes, EstimationSample, draw_sample

WORK = 4_096
"""Assignments in one work unit."""


def randomization_test(
    moments: Moments,
    outcome: str,
    treatment: str,
    paths: Paths,
    controls: Sequence[str] = (),
    *,
    how: Permutations | None = None,
    time: str = "year",
    clusters: tuple[str, Sequence[object] | pd.Series] | None = None,
    map_: MapLike = map,
) -> RandomizationTest:
    """Test that a treatment has no effect on any unit, by permuting whole paths.

    Fisher's test for a two-way fixed-effects coefficient (Young 2019,
    "Channeling Fisher"; MacKinnon and Webb 2020 for the t version). Outcomes,
    controls, weights and rows stay; effects and controls are estimated anew in
    each draw.

    Parameters
    ----------
    moments
        Of outcome, treatment and controls, their clusters the units of the
        paths, `time` among their levels.
    paths
        See `randomization_paths.treatment_paths`.
    time
        Name of the effect that the periods of the paths are levels of.
    clusters
        Name and labels (length n) of the unions of units that t is clustered
        by; default: the units.
    map_
        Runs the permutations, some at a time, with the same digits anywhere; see
        `mapping.MapLike`.

    Raises
    ------
    UnknownNameError
        A variable is not in the moments.
    NotEstimableError
        The treatment does not vary within effects and controls.
    EstimationError
        Swept moments, other units, paths that are not those of the treatment in
        the moments, one cluster.

    Warns
    -----
    EstimationWarning
        Strata that keep their paths, few assignments, undefined draws.
    """
    how = how or Permutations()
    sums = path_sums(moments, outcome, controls, paths, time)
    _refuse_others(moments, treatment, paths, sums)
    by, codes = _clusters(moments, clusters)
    estimate = ols(moments, outcome, [treatment, *controls], treatment)
    n_clusters = int(codes.max()) + 1
    factor = clustered_factor(estimate, [codes]) if how.statistic == "t" else None
    assigned, enumerated = assignments(paths, how.draws, how.seed)
    if np.isnan(sums.coefficients(paths.of[None, :].astype(np.int32))[0][0]):
        raise NotEstimableError(
            f"{treatment!r} cannot be estimated: nothing is left of it once the effects and "
            f"controls ({', '.join(controls)}) are taken out"
        )
    everything = np.vstack([paths.of.astype(np.int32), assigned])
    work = partial(sums.statistics, clusters=codes, factor=factor)
    found = list(map_(work, np.split(everything, range(WORK, len(everything), WORK))))
    coefficients, values = (np.concatenate(each) for each in zip(*found, strict=True))
    undefined = int(np.isnan(values[1:]).sum())
    notes = notes_on(paths, undefined)
    for note in notes:
        python_warnings.warn(f"{treatment}: {note}", EstimationWarning, stacklevel=2)
    return RandomizationTest(
        outcome=outcome,
        treatment=treatment,
        estimate=float(coefficients[0]),
        statistic=how.statistic,
        observed=float(values[0]),
        p=randomization_p(values[1:], float(values[0]), enumerated),
        draws=len(assigned),
        enumerated=enumerated,
        possible=paths.count,
        exchange=paths.exchange,
        strata=paths.stratified_by,
        n_strata=len(paths.labels),
        kept=paths.kept,
        clusters=n_clusters,
        clustered_by=by,
        undefined=undefined,
        coefficients=coefficients[1:],
        distribution=values[1:],
        warnings=notes,
    )


def permute_equation(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("city", "year"),
    *,
    cluster: str = "city",
    strata: str | None = None,
    how: Permutations | None = None,
    weights: str | None = None,
    map_: MapLike = map,
) -> RandomizationTest:
    """Estimate an equation and permute the paths of its treatment.

    Parameters
    ----------
    data
        Panel indexed by unit and year, whatever the names of the two levels. A
        path is read from all rows in which the treatment is known.
    controls
        Controls; they stay with their unit.
    effects
        Must hold the name of the year.
    cluster, strata
        Columns, index levels or interactions that are constant within a unit.
    weights
        Column of observation weights; they stay with their row.
    map_
        As `randomization_test`.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        As `sample.draw_sample`, `randomization_paths.treatment_paths` and
        `randomization_test`.
    """
    how = how or Permutations()
    unit, time = panel_keys(data)
    keys = [unit, time, cluster, *([] if strata is None else [strata])]
    sample = draw_sample(
        data, [outcome, treatment, *controls], tuple(effects), keys, weights=weights
    )
    moments = moments_of(sample, tuple(effects), unit)
    seen = np.zeros((len(moments.clusters), len(sample.labels[time])), dtype=bool)
    seen[sample.codes[unit], sample.codes[time]] = True
    everyone = pd.Series("all units", index=moments.clusters)
    known = pd.to_numeric(data[treatment])
    paths = treatment_paths(
        known.droplevel(list(range(2, known.index.nlevels))).rename(treatment),
        moments.clusters,
        sample.labels[time],
        seen,
        everyone if strata is None else _by_unit(sample, unit, strata),
        exchange=how.exchange,
    )
    return randomization_test(
        moments,
        outcome,
        treatment,
        paths,
        controls,
        how=how,
        time=time,
        clusters=None if cluster == unit else (cluster, _by_unit(sample, unit, cluster)),
        map_=map_,
    )


def _by_unit(sample: EstimationSample, unit: str, key: str) -> pd.Series:
    """Label of each unit in a key that is constant within units."""
    units, codes = sample.codes[unit], sample.codes[key]
    first = np.unique(units, return_index=True)[1]
    moved = codes != codes[first][units]
    if moved.any():
        name = sample.labels[unit][units[moved.argmax()]]
        raise EstimationError(
            f"{key!r} changes within {unit} {name}; paths move between whole units, so that "
            f"each needs one {key}"
        )
    return pd.Series(sample.labels[key][codes[first]], index=sample.labels[unit], name=key)


def _clusters(
    moments: Moments, clusters: tuple[str, Sequence[object] | pd.Series] | None
) -> tuple[str, Codes]:
    if clusters is None:
        return moments.by, np.arange(len(moments.clusters))
    name, labels = clusters
    values = pd.Series(np.asarray(labels, dtype=object))
    if len(values) != len(moments.clusters) or values.isna().any():
        raise EstimationError(
            f"{name!r} must be known for each of the {len(moments.clusters)} units of "
            f"{moments.by!r}"
        )
    return name, np.asarray(pd.factorize(values, sort=True)[0], dtype=np.int64)


def _refuse_others(moments: Moments, treatment: str, paths: Paths, sums: PathSums) -> None:
    """Raise unless the paths are those of the treatment in the moments."""
    if not paths.units.equals(moments.clusters):
        raise EstimationError(
            f"the paths are those of {len(paths.units)} units, the moments of "
            f"{len(moments.clusters)} clusters of {moments.by!r}; they must be the same"
        )
    (d,) = moments.positions([treatment])
    own = sums.squares[np.arange(len(paths.of)), paths.of]
    given = moments.cross[:, d, d]
    wrong = np.abs(own - given) > 1e-8 * max(float(given.max()), np.finfo(float).tiny)
    if wrong.any():
        raise EstimationError(
            f"the path of {moments.by} {paths.units[int(wrong.argmax())]} is not what "
            f"{treatment!r} was in its rows"
        )
