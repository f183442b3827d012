"""Slopes that change when a variable crosses a threshold, with fixed effects."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.inference import Cluster, Inference, as_inference, keys_of, variables_of
from urbanecon.estimation.sample import Floats, draw_sample
from urbanecon.estimation.standard_errors import Estimate, estimate_covariance
from urbanecon.estimation.threshold_bootstrap import bootstrap_tests
from urbanecon.estimation.threshold_sample import (
    Convention,
    Equation,
    ThresholdSample,
    threshold_sample,
)
from urbanecon.estimation.threshold_search import Stage, positions, sequential
from urbanecon.estimation.threshold_tables import (
    bootstrap_table,
    first_searches,
    ratio_table,
    regime_table,
    threshold_notes,
    threshold_table,
    threshold_tests,
)
from urbanecon.estimation.within import Absorber

Factor = Literal["rows", "paper"]
TRIMS = (0.01, 0.01, 0.05)
MOST = 3
FEWEST_DRAWS = 50
# A smaller share of the sum of squares is rounding.
PERFECT = 1e-14


def threshold_regression(
    data: pd.DataFrame,
    outcome: str,
    regime_dependent: Sequence[str],
    variable: str,
    common: Sequence[str] = (),
    *,
    thresholds: int = 1,
    effects: Sequence[str] | None = None,
    vcov: Inference | str | None = None,
    trim: float | Sequence[float] = TRIMS,
    grid: int | None = 400,
    level: float = 0.95,
    draws: int = 300,
    seed: int | np.random.Generator = 0,
    convention: Convention = "within",
    factor: Factor = "rows",
) -> Fit:
    """Fixed-effects regression with one to three thresholds (Hansen 1999).

    y_it = x_it'b + sum_j z_it'c_j 1{g_(j-1) <= q_it < g_j} + a_i (+ d_t) + e_it.
    Estimand: the slopes c_j of each regime and the thresholds g. Assumes x, z
    and q strictly exogenous, q with a continuous density at g, and slopes that
    differ by a small amount in large samples (section 3 of the paper). g
    minimises SSR(g) = e'e - e'L(L'L)^-1 L'e over a grid, see `threshold_profile`;
    several thresholds are searched in sequence, the first again given the
    second. Confidence sets hold the g with LR(g) = N (SSR(g) - SSR) / SSR below
    -2 ln(1 - sqrt(level)), and are exact in the limit for independent errors of
    one variance. F_k = N (SSR_(k-1) - SSR_k) / SSR_k is tested by a bootstrap
    that draws the residuals of whole units, because its law depends on the data
    (sections 4 and 5). Slopes have the standard errors of known thresholds:
    estimating g does not matter to first order (with a jump of half a slope,
    intervals of 95 percent cover 94 to 96 with 280 units, 93 to 95 with 60).

    Parameters
    ----------
    data
        Panel indexed by (unit, year), balanced or not: rows with a missing
        value are left out, and in the bootstrap a unit borrows residuals only
        from units observed whenever it is (`threshold_bootstrap.Blocks`).
    regime_dependent
        Columns z. A column of ones lets the level differ; it is then measured
        from the last regime.
    variable
        Column q.
    common
        Columns x.
    effects
        Columns, index levels or interactions; None: the unit. With (unit, year)
        there are time effects.
    vcov
        Inference on the slopes; None: clustered by unit.
    trim
        Least share of the rows in a regime, in the search of the first, second
        and third threshold; one number for all. The first is also the share of
        the distinct values of q left out at each end of the grid.
    grid
        Quantiles that the distinct values of q are divided into; None: every
        distinct value is tried.
    draws
        Bootstrap draws B of each test; 0: no test. p = (1 + k) / (1 + B), with k
        draws of at least F: 1 / (1 + B) is the least there is.
    convention
        "within" uses all demeaned rows. "drop-last" leaves out the last year of
        each unit after demeaning and keeps thresholds apart by quantiles
        (`threshold_grid.Grid`), as Hansen's programs and the R package pdR do:
        other numbers, no better. Only balanced panels with unit effects. (The
        F of pdR for the third threshold keeps only the highest of the two
        others under the null; it is not reproduced.)
    factor
        N in F and LR: "rows", as pdR (all rows, also when the last are left
        out), or "paper", rows less what the effects take up: n(T - 1) in
        section 4 of the paper. "rows" makes confidence sets narrower by about
        1/T; take "paper" when T is small. p-values do not depend on it.

    Returns
    -------
    Fit
        Terms: common regressors, then "z[q<0.2]", "z[0.2<=q<0.5]", ... `stats`:
        threshold_1 ... in increasing order, ssr_0 ... ssr_k, F_1 ... (with
        several thresholds, ssr_2 and ssr_3 by the sequential search), rss,
        sigma2, factor (N of F and LR), units, grid_points,
        rows_dropped. Diagnostics: a test for each number of
        thresholds against one less. Tables: ``extra["thresholds"]`` (threshold,
        low, high, share_of_grid: share of the candidates in the set, search: its
        order), ``extra["regimes"]`` (regime, low, high, rows, units),
        ``extra["lr"]`` (search, value, ssr, lr, critical, in_set),
        ``extra["bootstrap"]`` (F by test, one row a draw).

    Raises
    ------
    EstimationError
        An option is out of range, or the convention needs a balanced panel.
    NotEstimableError
        No candidate leaves every slope of every regime identified.
    """
    unit, time = panel_keys(data)
    chosen = (unit,) if effects is None else tuple(effects)
    equation = Equation(
        outcome, variable, tuple(common), tuple(regime_dependent), chosen, unit, time
    )
    options = _Options(thresholds, trim, grid, level, draws, convention, factor)
    how = Cluster(unit) if vcov is None else as_inference(vcov)
    sample = draw_sample(
        data,
        [outcome, *common, *regime_dependent, variable, *variables_of(how)],
        chosen,
        [unit, time, *keys_of(how)],
    )
    trims = options.trims
    model = threshold_sample(sample, equation, points=grid, trim=trims[0], convention=convention)
    rows = sample.nobs - (Absorber(model.codes).rank if factor == "paper" else 0)
    stages = _search(model, options)
    statistics = np.empty((0, thresholds))
    if draws:
        statistics = bootstrap_tests(
            model.profile,
            model.outcome,
            stages,
            trims,
            model.blocks,
            rows=rows,
            draws=draws,
            rng=np.random.default_rng(seed),
        )
    return _fit(model, stages, statistics, rows=float(rows), how=how, options=options)


@dataclass(frozen=True, slots=True)
class _Options:
    """How thresholds are searched and tested."""

    count: int
    trim: float | Sequence[float]
    points: int | None
    level: float
    draws: int
    convention: Convention
    factor: Factor

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise EstimationError(f"one to {MOST} thresholds can be estimated, found {self.count}")
        if len(self.trims) < self.count or not all(0 <= t < 0.5 for t in self.trims):
            raise EstimationError(
                f"trim must be a share in [0, 0.5) for each of the {self.count} thresholds, "
                f"found {self.trim}"
            )
        if self.points is not None and self.points < 2:
            raise EstimationError(f"the grid needs at least 2 quantiles, found {self.points}")
        if not 0 < self.level < 1:
            raise EstimationError(f"the level must lie between 0 and 1, found {self.level}")
        if self.draws and self.draws < FEWEST_DRAWS:
            raise EstimationError(
                f"{self.draws} draws are too few for a p-value; take 300 or more, or 0 for no test"
            )
        _known("convention", self.convention, get_args(Convention))
        _known("factor", self.factor, get_args(Factor))

    @property
    def trims(self) -> tuple[float, ...]:
        """Trim of each search."""
        if isinstance(self.trim, int | float):
            return (float(self.trim),) * self.count
        return tuple(self.trim)


def _known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnknownNameError(
            f"unknown {what} {value!r}.{did_you_mean(value, known)} "
            f"Known: {', '.join(map(repr, known))}"
        )


def _search(model: ThresholdSample, options: _Options) -> list[Stage]:
    """Find the thresholds in sequence."""
    data = model.profile.outcomes(model.outcome[:, None])
    stages = sequential(model.profile, data, options.count, options.trims)
    for stage in stages:
        if stage.least[0] <= PERFECT * float(np.sum(model.outcome**2)):
            raise EstimationError(
                f"the model fits {model.equation.outcome!r} perfectly: there is nothing to test"
            )
        if not np.isfinite(stage.least[0]):
            order = int(stage.name[0])
            raise NotEstimableError(
                f"no candidate for threshold {order} in {model.equation.variable!r} leaves the "
                f"slopes of {', '.join(model.equation.dependent)} identified in every regime, "
                f"with at least {options.trims[order - 1]:g} of the sample in each. Use fewer "
                "thresholds, a finer grid or less trimming"
            )
    return stages


def _fit(
    model: ThresholdSample,
    stages: Sequence[Stage],
    statistics: Floats,
    *,
    rows: float,
    how: Inference,
    options: _Options,
) -> Fit:
    """Estimate the slopes given the thresholds, and put all in one place."""
    equation, grid = model.equation, model.profile.grid
    cuts = np.sort(grid.candidates[positions(stages)[0]])
    estimate, terms, dropped = model.estimate(cuts)
    covariance = estimate_covariance(how, estimate)
    thresholds = threshold_table(stages, grid, rows, options.level)
    notes = (*dropped, *threshold_notes(model, thresholds, options.draws), *covariance.warnings)
    for note in notes:
        python_warnings.warn(f"{equation.outcome}: {note}", EstimationWarning, stacklevel=3)
    return Fit(
        params=pd.Series(estimate.params, index=terms, name="estimate"),
        vcov=pd.DataFrame(covariance.matrix, index=terms, columns=terms),
        nobs=estimate.sample.nobs,
        df=float(covariance.df),
        sample=estimate.sample.index,
        outcome=equation.outcome,
        estimator=_in_words(options, equation),
        inference=f"{covariance.words}; thresholds as if known",
        n_clusters=covariance.n_clusters,
        fixed_effects=equation.effects,
        stats=_stats(model, stages, cuts, estimate, rows),
        diagnostics=threshold_tests(stages, statistics, rows),
        warnings=notes,
        extra={
            "thresholds": thresholds,
            "regimes": regime_table(model, cuts),
            "lr": ratio_table(stages, grid, rows, options.level),
            "bootstrap": bootstrap_table(statistics),
        },
    )


def _stats(
    model: ThresholdSample,
    stages: Sequence[Stage],
    cuts: Floats,
    estimate: Estimate,
    rows: float,
) -> dict[str, float]:
    steps = first_searches(stages)
    rss = float(np.sum(estimate.residuals**2))
    nobs, k = estimate.sample.nobs, estimate.n_params()
    return {
        **{f"threshold_{j + 1}": float(g) for j, g in enumerate(cuts)},
        "ssr_0": float(steps[0].null[0]),
        **{f"ssr_{s.name}": float(s.least[0]) for s in steps},
        **{f"F_{s.name}": float(s.test(rows)[0]) for s in steps},
        "rss": rss,
        "sigma2": rss / (nobs - k) if nobs > k else np.nan,
        "factor": rows,
        "units": float(len(model.blocks.row)),
        "grid_points": float(len(model.profile.grid.candidates)),
        "rows_dropped": float(sum(model.sample.dropped.values())),
    }


def _in_words(options: _Options, equation: Equation) -> str:
    plural = "s" if options.count > 1 else ""
    words = f"least squares with {options.count} threshold{plural} in {equation.variable}"
    if equation.effects:
        words += f", effects of {' and '.join(equation.effects)}"
    if options.convention == "drop-last":
        words += ", last period dropped after demeaning"
    return words
