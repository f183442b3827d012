"""Confounders measured against observed controls: the bounds of Cinelli and Hazlett (2020)."""

from __future__ import annotations

import math
import warnings as python_warnings
from collections.abc import Mapping, Sequence

import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.gram import (
    RANK_TOLERANCE,
    independent,
    independent_terms,
    within_squares,
)
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.omitted import (
    SMALLEST_R2,
    Observed,
    adjusted,
    refuse,
    refuse_other,
    require_known,
)


def benchmark_r2(
    estimate: Linear, treatment: str, benchmark: Sequence[str]
) -> tuple[float, float]:
    """Partial R2 of controls with the treatment, and with the outcome.

    The first given the other controls, the second given the treatment too.
    Sums of squares alone: no degrees of freedom enter.

    Raises
    ------
    UnknownNameError
        A benchmark is not among the controls.
    EstimationError
        No benchmark is named, or the treatment is among them.
    """
    controls = [name for name in estimate.terms if name != treatment]
    require_known(treatment, estimate.terms)
    for name in benchmark:
        require_known(name, controls, "a control")
    refuse(not benchmark, "name at least one control as benchmark")
    others = [name for name in controls if name not in benchmark]
    with_treatment = squares_left(estimate.moments, treatment, others) - squares_left(
        estimate.moments, treatment, controls
    )
    r2_treatment = with_treatment / squares_left(estimate.moments, treatment, others)
    without = squares_left(estimate.moments, estimate.outcome, [treatment, *others])
    return r2_treatment, (without - estimate.rss) / without


def bounds(
    observed: Observed,
    estimate: Linear,
    benchmarks: Mapping[str, Sequence[str]],
    k: Sequence[float] = (1, 2, 3),
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Adjusted estimates for confounders k times as strong as observed controls.

    Section 4.4 and appendix B of the paper; the same multiple with treatment
    and outcome, as sensemakr by default.

    Parameters
    ----------
    observed
        The estimate; `estimate` is the same one from cluster moments.
    benchmarks
        Label -> controls that form the benchmark: ``{"fiscal": ["ln_fe"]}``.
    k
        Multiples of their strength.

    Returns
    -------
    DataFrame
        One row a benchmark and multiple: benchmark, k, and the columns of
        `adjusted`.

    Raises
    ------
    UnknownNameError
        A benchmark is not among the controls.
    EstimationError
        `observed` and `estimate` differ, no benchmark, or a multiple is
        impossible: the confounder would explain all of the treatment.
    """
    refuse(not benchmarks or not len(k), "name at least one benchmark and one multiple")
    treatment = observed.treatment
    require_known(treatment, estimate.terms)
    refuse_other(
        float(estimate.params[estimate.terms.index(treatment)]), observed.estimate, treatment
    )
    rows = []
    for label, names in benchmarks.items():
        r2 = benchmark_r2(estimate, treatment, names)
        for multiple in k:
            dz, yz = _bound(label, float(multiple), *r2)
            rows.append(
                adjusted(observed, dz, yz, level=level).assign(benchmark=label, k=multiple)
            )
    table = pd.concat(rows, ignore_index=True)
    return table[["benchmark", "k", *[c for c in table if c not in ("benchmark", "k")]]]


def _bound(label: str, k: float, r2dx: float, r2yx: float) -> tuple[float, float]:
    """Strengths of a confounder k times as strong (appendix B.1)."""
    refuse(not (math.isfinite(k) and k > 0), f"a multiple must be positive, found {k}")
    refuse(
        r2dx >= 1 - SMALLEST_R2 or r2yx >= 1 - SMALLEST_R2,
        f"the benchmark {label!r} explains the treatment or the outcome fully",
    )
    dz = k * r2dx / (1 - r2dx)
    zx = k * r2dx**2 / ((1 - k * r2dx) * (1 - r2dx)) if k * r2dx < 1 else math.inf
    if dz >= 1 or zx >= 1:
        raise EstimationError(
            f"no confounder can be {k:g} times as strong as {label!r}, whose partial R2 with the "
            f"treatment is {r2dx:.3f}: it would explain the treatment fully. Take a smaller k"
        )
    yz = ((math.sqrt(k) + math.sqrt(zx)) / math.sqrt(1 - zx)) ** 2 * (r2yx / (1 - r2yx))
    if yz > 1:
        python_warnings.warn(
            f"a confounder {k:g} times as strong as {label!r} would explain more than all of the "
            "outcome; its partial R2 is set to one",
            EstimationWarning,
            stacklevel=4,
        )
    return dz, min(yz, 1.0)


def squares_left(moments: Moments, variable: str, regressors: Sequence[str]) -> float:
    """Weighted sum of squares of a variable that regressors and effects leave."""
    (at,) = moments.positions([variable])
    total = moments.total
    levels = independent(total, moments.level_positions, RANK_TOLERANCE)
    terms = independent_terms(total, levels, moments.positions(regressors))
    return within_squares(total, [*levels, *terms], at)
