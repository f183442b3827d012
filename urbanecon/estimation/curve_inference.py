"""Joint inference for a specification curve by permuting adoption paths.

Simonsohn, Simmons and Nelson (2020, "Specification curve analysis", Nature Human
Behaviour 4: 1208-1214): the specifications of a curve are too alike for their p
values to be added up, so the whole curve is run again on data in which the
treatment is known to do nothing. Here whole adoption paths change hands between
cities, which leaves the timing of the programme and the dependence of each city's
outcomes over time as they are; every specification of a draw reads the same
permutation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.curve_summary import SIGNIFICANT
from urbanecon.estimation.least_squares import COLLINEAR, orthogonal
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, draw_sample
from urbanecon.estimation.subsets import inference
from urbanecon.estimation.within import Absorber, is_nested

TINY_P = 1e-300
"""Smallest p whose normal score is taken."""


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


@dataclass(frozen=True, slots=True)
class JointTest:
    """Whether a curve as a whole is more than chance.

    Attributes
    ----------
    statistic
        "median" (of estimates in standard deviations of the outcome), "share
        significant" (p < 0.05 and the claimed sign), "Stouffer Z" (sum of the
        signed normal scores of p over the root of their number).
    observed
        Positive where it agrees with the claim.
    p
        (1 + draws at least as large) / (1 + draws); in absolute value for the
        median and Z, for the share as it is.
    null_low, null_high
        2.5 and 97.5% quantiles over the draws.
    """

    statistic: str
    observed: float
    p: float
    null_low: float
    null_high: float


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
    spread = [float(np.sqrt(within[y] @ within[y] / sample.nobs)) for y, _ in unit.specs]
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
    d, y = treatments, outcome
    kept = 0
    if controls:
        basis, _, names = orthogonal(np.column_stack(controls))
        kept = len(names)
        d = d - basis @ (basis.T @ d)
        y = y - basis @ (basis.T @ y)
    squares = np.einsum("nr,nr->r", d, d)
    before = np.einsum("nr,nr->r", treatments, treatments)
    squares = np.where(squares > COLLINEAR * before, squares, np.nan)
    beta = (y @ d) / squares
    rows, clusters = len(codes), int(codes.max()) + 1
    scores = _sums(d * y[:, None], codes) - _sums(d**2, codes) * beta
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


def joint_tests(curves: Curves, signs: Sequence[int]) -> tuple[JointTest, ...]:
    """Test the curve as a whole by its median, its significant share and Stouffer's Z.

    Parameters
    ----------
    curves
        What `run_paths` returns.
    signs
        Sign that the claim predicts for each specification.

    Raises
    ------
    EstimationError
        The number of signs is not that of specifications.
    """
    if len(signs) != curves.estimate.shape[1]:
        raise EstimationError(
            f"{len(signs)} signs for {curves.estimate.shape[1]} specifications; one each"
        )
    statistics = _statistics(curves, np.asarray(signs, dtype=np.float64))
    return tuple(
        _test(name, values, two_sided=name != "share significant")
        for name, values in statistics.items()
    )


def _statistics(curves: Curves, signs: Floats) -> Mapping[str, Floats]:
    """Each statistic by draw."""
    from scipy.special import ndtri

    effect = signs * curves.estimate / curves.outcome_sd
    known = np.isfinite(effect) & np.isfinite(curves.p)
    sure = known & (curves.p < SIGNIFICANT) & (effect > 0)
    score = np.sign(effect) * -ndtri(np.clip(curves.p, TINY_P, 1.0) / 2)
    count = np.maximum(known.sum(axis=1), 1)
    return {
        "median": np.nanmedian(np.where(known, effect, np.nan), axis=1),
        "share significant": sure.sum(axis=1) / count,
        "Stouffer Z": np.where(known, score, 0.0).sum(axis=1) / np.sqrt(count),
    }


def _test(name: str, values: Floats, *, two_sided: bool) -> JointTest:
    observed, null = values[0], values[1:]
    size = np.abs(null) if two_sided else null
    goal = abs(observed) if two_sided else observed
    # a draw that repeats what was observed must count, whatever its rounding
    extreme = int((size >= goal - 1e-12 * max(abs(goal), 1.0)).sum())
    low, high = np.quantile(null, [0.025, 0.975])
    return JointTest(
        name, float(observed), (1 + extreme) / (1 + len(null)), float(low), float(high)
    )
