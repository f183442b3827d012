"""Two-way fixed effects with clustered errors, over parquet files of any size."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.backends.dask_backend import dask_client, dask_map
from urbanecon.estimation.backends.duckdb_backend import duckdb_passes
from urbanecon.estimation.backends.parts import PartPasses
from urbanecon.estimation.backends.passes import Passes, Survey
from urbanecon.estimation.backends.source import Columns, ParquetSource, open_source
from urbanecon.estimation.backends.sweep import sweep
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.moments import MOST_LEVELS, MOST_NUMBERS, Moments
from urbanecon.estimation.moments_ols import Linear, crv1, ols
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.standard_errors import FEW_CLUSTERS

if TYPE_CHECKING:
    from distributed import Client

Backend = Literal["memory", "duckdb", "dask"]
BACKENDS = ("memory", "duckdb", "dask")


class Route(NamedTuple):
    """How the effects were taken out."""

    words: str
    alternations: int = 0
    backend: str = ""


MOST_KEPT = 2**28
"""Clusters times variables squared that may be kept when swept: 2 GB."""
SHARE = 0.5
"""Share of memory_limit for the backend; the rest is for what it hands over."""


def scaled_fit(
    source: str | Path,
    outcome: str,
    regressors: Sequence[str],
    *,
    unit: str,
    period: str,
    cluster: Sequence[str] = (),
    weights: str | None = None,
    backend: Backend | None = None,
    scheduler: str | Client | None = None,
    memory_limit: int | str = "4GB",
    most_numbers: int = MOST_NUMBERS,
) -> Fit:
    """Least squares with unit and period effects, by group-bys where the rows are.

    The estimand, rows and small-sample factors of `fixed_effects` with clustered
    errors: y_it = x_it'b + a_i + d_t + e_it. Two routes, chosen by size and said
    in `Fit.estimator`. In "columns" the periods stay columns of each unit's
    moments (`moments_pieces`). Where units times columns squared would be more
    than `most_numbers`, both effects are swept out by group means (`sweep`) and
    only the regressors' cross products of each cluster are kept; a period whose
    rows all lie in one cluster then still counts in K.

    Parameters
    ----------
    source
        A parquet file, or a folder of them with the same columns.
    outcome, regressors
        Columns of numbers. Rows that lack one of them, the weight or a key are
        left out and counted; an infinite value is an error.
    unit, period
        Columns of the two effects, whole numbers or text. A unit may have two
        rows in a period: both count.
    cluster
        One or two columns that are functions of the unit, or the unit itself,
        which is the default. With two, errors are two-way (Cameron, Gelbach and
        Miller 2011); where one nests the other that equals the coarser alone.
    weights
        Column of weights; rows of weight zero are left out.
    backend
        "memory": this process, some row groups at a time. "duckdb": an embedded
        DuckDB. "dask": workers. None takes "memory" where the columns would fit
        into half of `memory_limit`, else "duckdb".
    scheduler
        For "dask": address of a cluster's scheduler ("tcp://10.0.0.1:8786"), or
        an open client; None starts two worker processes here.
    memory_limit
        Bytes, or text such as "4GB". DuckDB, or the local Dask workers together,
        are given half of it; the rest is for moments and results.
    most_numbers
        Where "columns" gives way to "swept".

    Returns
    -------
    Fit
        `vcov` is clustered by all of `cluster`. `extra["errors"]`: standard
        errors, terms x clusterings, each alone and all together. `stats`: rss,
        r2_within, units, periods, rows_dropped, alternations (of the unbalanced
        sweep; 0 where the closed form held). `sample` numbers the kept rows and
        does not name them.

    Raises
    ------
    MissingColumnError, DataError, EstimationError, NotEstimableError
        As `source.open_source`, `passes.Tally.check`, `moments_ols.ols` and the
        backend; or `cluster` is not a function of the unit.
    """
    columns = _columns(
        outcome, regressors, unit=unit, period=period, cluster=cluster, weights=weights
    )
    files = open_source(source)
    files.check(columns)
    limit = _bytes(memory_limit)
    chosen = backend or default_backend(files, columns, limit)
    with _passes(chosen, files, columns, int(limit * SHARE), scheduler) as passes:
        survey = passes.survey()
        moments, route = _moments(passes, survey, columns, most_numbers)
    estimate = ols(moments, outcome, columns.variables[1:])
    notes = _notes(estimate, survey, columns)
    for note in notes:
        warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    return _fit(estimate, survey, columns, route._replace(backend=chosen), notes)


def _columns(
    outcome: str,
    regressors: Sequence[str],
    *,
    unit: str,
    period: str,
    cluster: Sequence[str],
    weights: str | None,
) -> Columns:
    """Names of what is read, checked against one another."""
    terms = tuple(dict.fromkeys(regressors))
    if not terms:
        raise EstimationError("name at least one regressor")
    if outcome in terms:
        raise EstimationError(f"the outcome {outcome!r} is also a regressor")
    if unit == period:
        raise EstimationError(f"unit and period are both {unit!r}")
    clustering = tuple(dict.fromkeys(cluster)) or (unit,)
    if isinstance(cluster, str) or len(clustering) > 2:
        raise EstimationError(f"cluster must be a list of one or two columns, found {cluster!r}")
    return Columns((outcome, *terms), unit, period, clustering, weights)


def _bytes(limit: int | str) -> int:
    """Memory in bytes from a number or text such as "4GB"."""
    if isinstance(limit, int) and limit > 0:
        return limit
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([MG])B\s*", str(limit))
    if not found:
        raise EstimationError(f"memory_limit must be bytes or text such as '4GB', not {limit!r}")
    return int(float(found[1]) * {"M": 1e6, "G": 1e9}[found[2]])


def default_backend(files: ParquetSource, columns: Columns, limit: int) -> Backend:
    """Choose by the memory that the columns would take beside the limit, in bytes."""
    wide = len(columns.numbers) + len(columns.keys)
    return "memory" if files.rows * wide * 8 <= limit / 2 else "duckdb"


@contextmanager
def _passes(
    backend: Backend,
    files: ParquetSource,
    columns: Columns,
    memory: int,
    scheduler: str | Client | None,
) -> Iterator[Passes]:
    """Open a backend over the files."""
    if backend not in BACKENDS:
        raise UnknownNameError(
            f"no backend {backend!r}; there are {', '.join(BACKENDS)}."
            f"{did_you_mean(backend, BACKENDS)}"
        )
    if scheduler is not None and backend != "dask":
        raise EstimationError(f"a scheduler goes with backend='dask', not with {backend!r}")
    match backend:
        case "memory":
            yield PartPasses(files, columns)
        case "duckdb":
            with duckdb_passes(files, columns, memory) as passes:
                yield passes
        case "dask":
            with dask_client(scheduler, memory) as client:
                yield PartPasses(files, columns, partial(dask_map, scheduler=client))


def _moments(
    passes: Passes, survey: Survey, columns: Columns, most_numbers: int
) -> tuple[Moments, Route]:
    """Moments of the finest clusters needed, and the route taken."""
    n_units, n_periods = len(survey.units), len(survey.periods)
    width = len(columns.variables) + n_periods
    by = columns.clustering[0] if len(columns.clustering) == 1 else columns.unit
    home = survey.home(by)
    if n_units * width**2 <= most_numbers and n_periods <= MOST_LEVELS:
        moments = passes.pieces().moments(home, by)
        return moments, Route("levels of the periods as columns")
    moments, alternations = _swept(passes, survey, columns, home, by)
    how = f"{alternations} alternations" if alternations else "closed form"
    return moments, Route(f"both effects swept out first ({how})", alternations)


def _swept(
    passes: Passes, survey: Survey, columns: Columns, home: pd.Index, by: str
) -> tuple[Moments, int]:
    codes, labels = pd.factorize(pd.Series(home), sort=True)
    if len(labels) * len(columns.variables) ** 2 > MOST_KEPT:
        raise EstimationError(
            f"{len(labels)} clusters of {by!r} with {len(columns.variables)} variables are more "
            "than memory holds; cluster by something coarser"
        )
    effects = sweep(passes, survey)
    cross = passes.cross_products(
        effects.by_unit, effects.by_period, np.asarray(codes, dtype=np.int64), len(labels)
    )
    inside = np.einsum("gjj->j", cross)
    absorbed = effects.absorbed(inside, float(survey.weight.sum()))
    cross[:, absorbed, :] = 0.0
    cross[:, :, absorbed] = 0.0
    rows = np.bincount(codes, survey.rows, len(labels)).astype(np.int64)
    moments = Moments(
        variables=columns.variables,
        levels=(),
        cross=cross,
        rows=rows,
        level_rows=np.zeros((len(labels), 0), dtype=np.int64),
        clusters=pd.Index(labels, name=by),
        by=by,
        effects=(columns.unit, columns.period),
        nested=(columns.unit,),
        route="swept",
        absorbed=len(survey.periods),
        key="",
    )
    return moments, effects.alternations


def _fit(
    estimate: Linear,
    survey: Survey,
    columns: Columns,
    route: Route,
    notes: tuple[str, ...],
) -> Fit:
    clusters = columns.clustering
    matrices, counts = _covariances(estimate, survey, clusters)
    together = " and ".join(clusters)
    terms = list(estimate.terms)
    smallest = min(counts.values())
    factor = "factor G/(G-1) (N-1)/(N-K)"
    if len(clusters) > 1:
        factor += f" with G = {smallest}, the fewest clusters"
        if columns.unit in clusters:
            factor += (
                f"; {columns.unit} lies within {columns.clusters[0]}, so it equals that alone"
            )
    weighted = "" if columns.weights is None else f", weighted by {columns.weights}"
    how = f"{route.words}, by {route.backend}"
    errors = {name: np.sqrt(np.diag(matrix)) for name, matrix in matrices.items()}
    tally = survey.tally
    return Fit(
        params=pd.Series(estimate.params[: estimate.k], index=terms, name="estimate"),
        vcov=pd.DataFrame(matrices[together], index=terms, columns=terms),
        nobs=tally.kept,
        df=float(smallest - 1),
        sample=pd.RangeIndex(tally.kept, name="kept row"),
        outcome=estimate.outcome,
        estimator=f"two-way fixed effects least squares{weighted}; {how}",
        inference=f"clustered by {together} (CRV1), {factor}",
        n_clusters=counts,
        fixed_effects=(columns.unit, columns.period),
        stats={
            "rss": estimate.rss,
            "r2_within": 1 - estimate.rss / estimate.tss,
            "units": float(len(survey.units)),
            "periods": float(len(survey.periods)),
            "rows_dropped": float(tally.rows - tally.kept),
            "alternations": float(route.alternations),
        },
        warnings=notes,
        extra={"errors": pd.DataFrame(errors, index=terms)},
    )


def _covariances(
    estimate: Linear, survey: Survey, clusters: tuple[str, ...]
) -> tuple[dict[str, Floats], dict[str, int]]:
    """Covariance by each clustering and by all, from one set of scores; clusters by name."""
    homes = {name: survey.home(name) for name in clusters}
    counts = {name: int(home.nunique()) for name, home in homes.items()}
    if len(clusters) == 1:
        return {clusters[0]: crv1(estimate)}, counts
    labels = {
        name: cast("Sequence[object]", pd.factorize(home)[0]) for name, home in homes.items()
    }
    matrices = {name: crv1(estimate, [codes]) for name, codes in labels.items()}
    matrices[" and ".join(clusters)] = crv1(estimate, list(labels.values()))
    return matrices, counts


def _notes(estimate: Linear, survey: Survey, columns: Columns) -> tuple[str, ...]:
    notes = [f"{name!r} was dropped: collinear" for name in estimate.dropped]
    alone = int((survey.rows == 1).sum())
    if alone:
        notes.append(
            f"{alone} rows are alone in a level of {columns.unit}: they are kept, fit perfectly "
            "and count in N"
        )
    for name in columns.clustering:
        clusters = survey.home(name).nunique()
        if clusters < FEW_CLUSTERS:
            notes.append(
                f"only {clusters} clusters of {name!r}: t-based p-values are too small "
                f"with fewer than {FEW_CLUSTERS}; show a wild cluster bootstrap beside them"
            )
    return tuple(notes)
