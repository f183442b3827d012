"""Dynamic panels with short T: difference and system GMM."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning
from urbanecon.estimation.dynamic_instruments import GmmStyle, IvStyle
from urbanecon.estimation.dynamic_moments import (
    Moments,
    Step,
    second_step,
    take_step,
    windmeijer,
)
from urbanecon.estimation.dynamic_report import (
    counts,
    group_tests,
    notes_on_sample,
    serial_tests,
    tables,
    wald_tests,
)
from urbanecon.estimation.dynamic_stacking import Choices, Stacked, stack
from urbanecon.estimation.dynamic_tests import (
    IidErrors,
    caveats,
    overidentification,
)
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.sample import Floats


def dynamic_panel(
    data: pd.DataFrame,
    outcome: str,
    regressors: Mapping[str, Sequence[int]] | Sequence[str],
    gmm: Sequence[GmmStyle],
    iv: Sequence[IvStyle] | None = None,
    *,
    lags: int | Sequence[int] = 1,
    system: bool = False,
    transform: Literal["difference", "forward"] = "difference",
    steps: Literal[1, 2] = 2,
    robust: bool = True,
    time_effects: bool = True,
    constant: bool = True,
    h: Literal[1, 2, 3] = 3,
) -> Fit:
    """Estimate a dynamic panel equation by difference or system GMM.

    y_it = sum_l r_l y_i,t-l + x_it'b + d_t + a_i + e_it, T short and N large.
    Estimand: r and b, the response of y to its own past and to x with a_i and d_t
    held fixed, the same for all units.
    Difference GMM (Arellano and Bond 1991) takes a_i out by first differences, or
    by forward orthogonal deviations (Arellano and Bover 1995), and instruments
    with past levels; system GMM (Blundell and Bond 1998) adds the equation in
    levels, instrumented with past differences. Assumed: e_it uncorrelated
    over time and, for the lags used, with the instruments; units independent;
    for the system also that changes of the GMM-style variables do not depend on
    a_i, and that IV-style variables in levels do not either (otherwise give
    them with ``equation="transformed"``).

    b = (X'Z A Z'X)^-1 X'Z A Z'y; first step A = (sum Z_i'H_i Z_i)^-1, second step
    A = (sum Z_i'e_i e_i'Z_i)^-1. Covariance with `robust`: sandwich by unit
    (one-step), Windmeijer (2005) correction (two-step); without: s2 B1 or B2,
    s2 from the transformed residuals with n - k (halved for differences).
    plm's unscaled one-step covariance is ours over N s2. Normal law: in panels of
    seven periods Windmeijer's intervals of 95 percent cover 92 percent with 80
    units and 94 to 95 with 280, uncorrected ones 76 to 80 and 89 to 92.

    H (numbers as in xtabond2), M the transformation of a unit with rows for its
    transformed equation, E the rows of the identity for its level equation:

    ==  ===================  ==============================  ===============
    h   difference GMM       system GMM                      plm's fsm
    ==  ===================  ==============================  ===============
    1   I                    I                               "I"; no system
    2   MM'                  MM' and EE' on the diagonal     "G"; "GI"
    3   MM'                  [M; E][M; E]'                   "G"; "full"
    ==  ===================  ==============================  ===============

    MM' has 2 on the diagonal and -1 beside it for differences, and is I for
    forward deviations. Time effects are dummies, transformed like every
    regressor; they instrument themselves in the transformed equation
    (difference GMM) or in levels only, with the constant (system GMM; plm has no
    constant without time effects: `constant=False`). In gaps a row or instrument
    that needs a missing cell is left out or zero. Periods are lagged by their
    order among the periods present.

    Parameters
    ----------
    data
        Panel indexed by (unit, period).
    outcome
        Column of y.
    regressors
        Columns of x, or {column: lags}: ``{"wage": (0, 1)}``.
    gmm
        GMM-style instruments; name y among them.
    iv
        IV-style instruments; None: the regressors that are not in `gmm`, with
        their lags (as plm).
    lags
        Lags of y: a number p for 1 ... p, or the lags themselves.
    system
        Whether to add the equation in levels.
    transform
        "difference", or "forward" (keeps more rows when there are gaps).
    steps, robust, time_effects, constant, h
        See above.

    Returns
    -------
    Fit
        Terms ``L1.y``, ``x``, ``L1.x``, ..., ``const``. `nobs` and `sample`: rows
        of the transformed equation (difference; for forward deviations the period
        that is deviated) or in levels (system). Diagnostics: AR(1), AR(2), Sargan,
        Hansen, difference-in-Hansen by group of instruments, Wald. `stats`:
        instruments, units, rows_transformed, rows_level, sigma2, instruments_dropped.
        `extra`: "instruments" (group, count), "first_step", "time_effects"
        (estimate, se).

    Raises
    ------
    DataError, MissingColumnError, EstimationError
        As `dynamic_equation.lay_out`; an unknown choice; one unit only.
    NotEstimableError
        No row is left, or fewer instruments than regressors.
    """
    choices = Choices(system, transform, steps, robust, time_effects, constant, h)
    lagged = {outcome: _own_lags(lags)} | _with_lags(regressors)
    if len(lagged) == 1 and not lagged[outcome]:
        raise EstimationError(f"the equation of {outcome!r} has neither lags nor regressors")
    if outcome in _with_lags(regressors):
        raise EstimationError(f"{outcome!r} is the outcome; say its lags by `lags`")
    if iv is None:
        own = {outcome, *(style.variable for style in gmm)}
        iv = [IvStyle(name, tuple(at)) for name, at in lagged.items() if name not in own]
    stacked = stack(data, lagged, gmm, iv, choices)
    fit = _fit(stacked, outcome, choices)
    for note in fit.warnings:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    return fit


def _own_lags(lags: int | Sequence[int]) -> tuple[int, ...]:
    own = tuple(range(1, lags + 1)) if isinstance(lags, int) else tuple(lags)
    if any(lag < 1 for lag in own):
        raise EstimationError(f"lags of the outcome must be one or more, found {own}")
    return own


def _with_lags(
    regressors: Mapping[str, Sequence[int]] | Sequence[str],
) -> dict[str, Sequence[int]]:
    if isinstance(regressors, str):
        raise EstimationError(f"regressors is the text {regressors!r}; give a list of names")
    if not isinstance(regressors, Mapping):
        return dict.fromkeys(regressors, (0,))
    for name, lags in regressors.items():
        if not lags or min(lags) < 0:
            raise EstimationError(f"lags of {name!r} must be zero or more, found {tuple(lags)}")
    return dict(regressors)


# From moments to the fit -----------------------------------------------------------


def _fit(stacked: Stacked, outcome: str, choices: Choices) -> Fit:
    moments = stacked.moments
    first = take_step(moments, stacked.half)
    second = second_step(moments, first)
    step = first if choices.steps == 1 else second
    sigma2 = _sigma2(first, stacked, choices)
    vcov = _covariance(moments, first, second, sigma2, choices)
    iid = None
    if choices.steps == 1 and not choices.robust:
        iid = IidErrors(sigma2, stacked.rows.loadings())
    tests = serial_tests(stacked, step, vcov, iid)
    tests += overidentification(first, second, sigma2)
    tests += group_tests(stacked, second)
    tests += wald_tests(stacked, step, vcov)
    shown = stacked.shown
    terms = [stacked.terms[j] for j in shown]
    used = stacked.rows.uses.any(axis=1)
    if stacked.rows.levels is not None:
        used |= stacked.rows.levels.any(axis=1)
    units = int(used.sum())
    labels = zip(stacked.grid.index.names, ("unit", "period"), strict=False)
    names = [str(name or word) for name, word in labels]
    return Fit(
        params=pd.Series(step.params[shown], index=terms, name="estimate"),
        vcov=pd.DataFrame(vcov[np.ix_(shown, shown)], index=terms, columns=terms),
        nobs=len(stacked.sample),
        df=np.inf,
        sample=stacked.sample,
        outcome=outcome,
        estimator=choices.words,
        inference=choices.inference,
        n_clusters={names[0]: units},
        fixed_effects=tuple(names[: 2 if choices.time_effects else 1]),
        stats=counts(stacked, sigma2, units),
        diagnostics=tuple(tests),
        warnings=(
            *notes_on_sample(stacked, units),
            *caveats(moments.z.shape[2], units, second, tests, choices.robust),
        ),
        extra=tables(stacked, first, step, vcov),
    )


def _covariance(
    moments: Moments, first: Step, second: Step, sigma2: float, choices: Choices
) -> Floats:
    if choices.steps == 1:
        return first.sandwich() if choices.robust else sigma2 * first.bread
    return windmeijer(moments, first, second) if choices.robust else second.bread


def _sigma2(first: Step, stacked: Stacked, choices: Choices) -> float:
    """Variance of e from the transformed residuals of the first step; NaN without df."""
    rows = stacked.rows.uses
    e = first.residuals[:, : rows.shape[1]]
    df = rows.sum() - len(first.params)
    factor = 2.0 if choices.transform == "difference" else 1.0
    return float(np.sum(e**2) / (factor * df)) if df > 0 else np.nan
