"""Two-way fixed effects with clustered errors, over parquet files of any size."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
from urbanecon.estimation.backends.results import Route, notes_on, result
from urbanecon.estimation.backends.source import Columns, ParquetSource, open_source
from urbanecon.estimation.backends.sweep import sweep
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.moments import MOST_LEVELS, MOST_NUMBERS
from urbanecon.estimation.moments_ols import ols

if TYPE_CHECKING:
    from distributed import Client

Backend = Literal["memory", "duckdb", "dask"]
BACKENDS = ("memory", "duckdb", "dask")


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
    notes = notes_on(estimate, survey, columns)
    for note in notes:
        warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    return result(estimate, survey, columns, route._replace(backend=chosen), notes)


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
