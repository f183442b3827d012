"""Estimates of a whole specification curve under permuted adoption paths.

Whole paths change hands between cities; a specification is residualised once, and
its estimates and clustered errors for all draws are products of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.blocked_products import inner_product, product
from urbanecon.estimation.least_squares import COLLINEAR, orthogonal
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, draw_sample
from urbanecon.estimation.subsets import inference
from urbanecon.estimation.within import Absorber, is_nested


@dataclass(frozen=True, slots=True, eq=False)
class PathUnit:
    """Specifications that share rows, effects and clusters: a work unit, whole in itself.

    Attributes
    ----------
    data
        Their rows, indexed by (city, year), without gaps in what they read.
    paths
        First treated year of each city, draws x cities; NaN for never. Columns
        are all cities of `data`, the first draw is what was observed.
    specs
        Outcome and controls of each specification.
    effects, cluster
        As `moments.cluster_moments`.
    """

    data: pd.DataFrame
    paths: pd.DataFrame
    specs: tuple[tuple[str, tuple[str, ...]], ...]
    effects: tuple[str, ...]
    cluster: str


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of all draws, draws x specifications; the first is what was observed."""

    estimate: Floats
    se: Floats
    p: Floats
    outcome_sd: Floats


def permuted_paths(
    first_year: pd.Series, draws: int, seed: int, within: pd.Series | None = None
) -> pd.DataFrame:
    """Adoption paths of cities, as observed and permuted.

    Parameters
    ----------
    first_year
        First treated year by city; NaN for never.
    draws
        Permutations.
    seed
        Of the permutations.
    within
        Stratum by city (province, region): paths change hands only inside.

    Returns
    -------
    DataFrame
        (1 + draws) x cities in sorted order, the first row as observed.

    Raises
    ------
    EstimationError
        No draw is asked for, or a city has no stratum.
    NotEstimableError
        All cities have one path: every permutation is what was observed.
    """
    if draws < 1:
        raise EstimationError(f"{draws} permutations: at least one is needed, 500 are usual")
    observed = first_year.sort_index()
    if observed.nunique(dropna=False) < 2:
        raise NotEstimableError(
            f"all {len(observed)} cities have the same adoption path; nothing can be permuted"
        )
    values = observed.to_numpy(dtype=np.float64)
    stratum = pd.Series(0, index=observed.index)
    if within is not None:
        stratum = within.reindex(observed.index)
        if stratum.isna().any():
            raise EstimationError(f"city {stratum.index[stratum.isna()][0]} has no stratum")
    codes = pd.factorize(stratum, sort=True)[0]
    rng = np.random.default_rng(seed)
    strata = [np.flatnonzero(codes == k) for k in range(int(codes.max()) + 1)]
    out = np.tile(values, (1 + draws, 1))
    for draw in out[1:]:
        for members in strata:
            draw[members] = values[rng.permutation(members)]
    return pd.DataFrame(out, columns=observed.index)


def run_paths(
    units: Sequence[PathUnit],
    map_: Callable[[Callable[[PathUnit], Curves], Iterable[PathUnit]], Iterable[Curves]] = map,
) -> Curves:
    """Run all units and put their curves side by side, in the order given.

    Raises
    ------
    EstimationError
        There is no unit.
    """
    results = list(map_(run_path_unit, units))
    if not results:
        raise EstimationError("no specification is asked for: the curve is empty")
    return Curves(
        estimate=np.hstack([r.estimate for r in results]),
        se=np.hstack([r.se for r in results]),
        p=np.hstack([r.p for r in results]),
        outcome_sd=np.hstack([r.outcome_sd for r in results]),
    )


def run_path_unit(unit: PathUnit) -> Curves:
    """Estimate each specification of a unit on every draw.

    The effects are taken out of the permuted treatments once; what is left of
    them after a specification's controls gives coefficient and scores of all
    draws in two products (Frisch and Waugh 1933). CRV1 as `subsets`.

    Raises
    ------
    EstimationError
        One cluster, or no residual degrees of freedom.
    """
    outcomes = dict.fromkeys(outcome for outcome, _ in unit.specs)
    controls = dict.fromkeys(name for _, own in unit.specs for name in own)
    names = tuple(dict.fromkeys([*outcomes, *controls]))
    sample = draw_sample(unit.data, names, unit.effects, (unit.cluster,))
    clusters = len(sample.labels[unit.cluster])
    if clusters < 2:
        raise EstimationError(f"all rows lie in one cluster of {unit.cluster!r}")
    absorber = Absorber([sample.codes[e] for e in unit.effects])
    treatments = absorber.residuals(treatment_columns(sample.index, unit.paths))
    within = dict(zip(names, absorber.residuals(sample.values).T, strict=True))
    absorbed = _absorbed(sample, unit)
    columns = [
        _one_spec(
            treatments,
            within[y],
            [within[c] for c in own],
            codes=sample.codes[unit.cluster],
            absorbed=absorbed,
        )
        for y, own in unit.specs
    ]
    estimate, se = (np.column_stack(part) for part in zip(*columns, strict=True))
    spread = [float(np.sqrt(np.sum(within[y] ** 2) / sample.nobs)) for y, _ in unit.specs]
    numbers = inference(estimate, se, clusters)
    return Curves(estimate, se, numbers["p"], np.tile(spread, (len(unit.paths), 1)))


def treatment_columns(index: pd.Index, paths: pd.DataFrame) -> Floats:
    """Treatment of each row under each draw, rows x draws."""
    cities = paths.columns.get_indexer(index.get_level_values(0))
    if (cities < 0).any():
        missing = index.get_level_values(0)[cities < 0][0]
        raise EstimationError(f"city {missing} has no adoption path in the draws")
    years = index.get_level_values("year").to_numpy(dtype=np.float64)
    treated: Floats = (years[:, None] >= paths.to_numpy().T[cities]).astype(np.float64)
    return treated


def _one_spec(
    treatments: Floats,
    outcome: Floats,
    controls: Sequence[Floats],
    *,
    codes: Codes,
    absorbed: int,
) -> tuple[Floats, Floats]:
    """Coefficient and standard error of every draw."""
    d, y = treatments, outcome[:, None]
    kept = 0
    if controls:
        basis, _, names = orthogonal(np.column_stack(controls))
        kept = len(names)
        d = d - product(basis, inner_product(basis, d))
        y = y - product(basis, inner_product(basis, y))
    squares = np.einsum("nr,nr->r", d, d)
    before = np.einsum("nr,nr->r", treatments, treatments)
    squares = np.where(squares > COLLINEAR * before, squares, np.nan)
    beta = inner_product(y, d)[0] / squares
    rows, clusters = len(codes), int(codes.max()) + 1
    scores = _sums(d * y, codes) - _sums(d**2, codes) * beta
    df = rows - absorbed - kept - 1
    if df <= 0:
        raise EstimationError(f"no residual degrees of freedom in {rows} rows")
    factor = clusters / (clusters - 1) * (rows - 1) / df
    return beta, np.sqrt(factor * np.einsum("gr,gr->r", scores, scores)) / squares


def _sums(values: Floats, codes: Codes) -> Floats:
    """Sum of the rows of each code, codes x columns."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ordered = values if (order == np.arange(len(order))).all() else values[order]
    return np.asarray(np.add.reduceat(ordered, starts, axis=0))


def _absorbed(sample: EstimationSample, unit: PathUnit) -> int:
    """Parameters that the effects add to K, as fixest counts when clustering."""
    by = sample.codes[unit.cluster]
    crossing = [e for e in unit.effects if not is_nested(sample.codes[e], by)]
    return 1 + sum(int(sample.codes[e].max()) for e in crossing)
