"""One treated and one comparison group, before and after: the ATT of a cell.

Each estimator returns the ATT with its influence function psi, for which
sqrt(n)(att_hat - att) = n^(-1/2) sum_i psi_i + o_p(1); the estimation of the
outcome regression and of the propensity score is in it. Notation: D is one for
treated rows, w are weights, X covariates with a constant, p(X) a logit
propensity score. Estimands are conditional on parallel trends given X.

====  ====================================================================
reg   outcome regression (Heckman, Ichimura and Todd 1997)
ipw   inverse probability weighting, weights summing to one (Abadie 2005)
dr    doubly robust (Sant'Anna and Zhao 2020, "Doubly robust
      difference-in-differences estimators", J. Econometrics 219(1):101-122):
      least squares and maximum likelihood first steps
====  ====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.least_squares import bread, cross, orthogonal, product, solve, times
from urbanecon.estimation.sample import Floats, Mask

Method = Literal["dr", "ipw", "reg"]

# Comparison rows with a higher score would carry weights above 199 and are left
# out; with a treated or comparison row above the second bound there is no overlap.
TRIM = 0.995
NO_OVERLAP = 0.999
STEPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """An ATT and its influence function (length n, mean zero)."""

    att: float
    influence: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Mean:
    """A weighted mean with its influence function, and the weighted mean of X."""

    value: float
    influence: Floats
    of_x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _FirstStep:
    """A fitted first step: predictions, and the influence of its coefficients (n x k)."""

    fitted: Floats
    influence: Floats


def effect_of_changes(
    change: Floats, treated: Mask, x: Floats, *, weights: Floats, method: Method
) -> Effect:
    """ATT from changes of the outcome of the same units, n units.

    With r = change - X'b (b from comparison units; zero for "ipw"),
    att = mean(r; wD) - mean(r; w (1-D) p/(1-p)); "reg" has the first mean only.

    Parameters
    ----------
    change
        Outcome after less outcome before, length n.
    treated
        D, length n.
    x
        Covariates with a constant, n x k.
    weights
        Positive, length n.

    Raises
    ------
    NotEstimableError
        A group is empty, the covariates are collinear among comparison units,
        or the propensity score has no overlap.
    """
    _need(treated, "treated")
    _need(~treated, "comparison")
    w = weights / weights.mean()
    outcome = None if method == "ipw" else _regression(change, x, w, ~treated)
    score = None if method == "reg" else _propensity(treated, x, w)
    rest = change if outcome is None else change - outcome.fitted
    gain = _mean(rest, w * treated, x)
    att, influence, gap = gain.value, gain.influence, gain.of_x
    if score is not None:
        odds = _odds(score, treated, w)
        trend = _mean(rest, odds, x)
        att, influence = att - trend.value, influence - trend.influence
        gap = gap - trend.of_x
        influence = influence - _through_score(rest, odds, trend, x, score)
    if outcome is not None:
        influence = influence - times(outcome.influence, gap)
    return Effect(float(att), influence)


def effect_of_levels(
    y: Floats, after: Mask, treated: Mask, x: Floats, *, weights: Floats, method: Method
) -> Effect:
    """ATT from rows before and after that need not be of the same units, N rows.

    The four means of treated and comparison rows before and after replace the
    two means of changes; "dr" is the locally efficient estimator, with outcome
    regressions for both groups and both periods (Sant'Anna and Zhao 2020,
    equation 3.4). Covariates and group sizes must not shift between the
    periods. DRDID before 1.4.0 gave the influence of the comparison group's
    earlier regression the wrong sign; its errors for "dr" with covariates differ
    from these by some tenths of a percent.

    Parameters
    ----------
    y, after, treated, x, weights
        Outcome, period, D, covariates with a constant, weights; N rows.

    Raises
    ------
    NotEstimableError
        As `effect_of_changes`, in either period.
    """
    for period, when in ((after, "after"), (~after, "before")):
        _need(treated & period, f"treated {when}")
        _need(~treated & period, f"comparison {when}")
    w = weights / weights.mean()
    score = None if method == "reg" else _propensity(treated, x, w)
    if score is None:
        return _levels_by_regression(y, after, treated, x, w)
    odds = _odds(score, treated, w)
    own = None if method == "ipw" else _regressions(y, after, ~treated, x, w)
    rest = y if own is None else y - np.where(after, own[1].fitted, own[0].fitted)
    att, influence = 0.0, np.zeros(len(y))
    for period, sign in ((after, 1.0), (~after, -1.0)):
        gain, trend = _mean(rest, w * treated * period, x), _mean(rest, odds * period, x)
        att += sign * (gain.value - trend.value)
        influence += sign * (gain.influence - trend.influence)
        influence -= sign * _through_score(rest, odds * period, trend, x, score)
        if own is not None:
            steps = own[int(sign > 0)].influence
            influence -= sign * times(steps, gain.of_x - trend.of_x)
    if own is not None:
        theirs = _regressions(y, after, treated, x, w)
        adjustment = _efficiency(after, w * treated, x, own, theirs)
        att, influence = att + adjustment.att, influence + adjustment.influence
    return Effect(float(att), influence)


def _levels_by_regression(y: Floats, after: Mask, treated: Mask, x: Floats, w: Floats) -> Effect:
    """mean(y; after) - mean(y; before) - mean(X'(b1 - b0)), all over the treated."""
    before, later = _regressions(y, after, ~treated, x, w)
    ends = [_mean(y, w * treated * period, x) for period in (after, ~after)]
    trend = _mean(later.fitted - before.fitted, w * treated, x)
    influence = ends[0].influence - ends[1].influence - trend.influence
    influence = influence - times(later.influence - before.influence, trend.of_x)
    return Effect(ends[0].value - ends[1].value - trend.value, influence)


def _efficiency(
    after: Mask,
    w: Floats,
    x: Floats,
    own: tuple[_FirstStep, _FirstStep],
    theirs: tuple[_FirstStep, _FirstStep],
) -> Effect:
    """Gain of using the covariates of the treated in both periods, zero in expectation.

    Of the outcome regressions before and after, `own` are those of comparison
    rows and `theirs` those of treated rows; w is zero off the treated.
    """
    att, influence = 0.0, np.zeros(len(w))
    for period, sign, i in ((after, 1.0, 1), (~after, -1.0, 0)):
        effect = theirs[i].fitted - own[i].fitted
        everywhen, then = _mean(effect, w, x), _mean(effect, w * period, x)
        att += sign * (everywhen.value - then.value)
        influence += sign * (everywhen.influence - then.influence)
        steps = theirs[i].influence - own[i].influence
        influence += sign * times(steps, everywhen.of_x - then.of_x)
    return Effect(att, influence)


def _regressions(
    y: Floats, after: Mask, group: Mask, x: Floats, w: Floats
) -> tuple[_FirstStep, _FirstStep]:
    """Outcome regressions of a group before and after."""
    return _regression(y, x, w, group & ~after), _regression(y, x, w, group & after)


def _regression(y: Floats, x: Floats, w: Floats, group: Mask) -> _FirstStep:
    """Weighted least squares on a group, predicted for all rows."""
    inside = np.asfortranarray(x[group])
    if len(orthogonal(inside)[2]) < x.shape[1]:
        raise NotEstimableError(
            f"the covariates are collinear among the {int(group.sum())} rows that the outcome "
            "regression is fitted on"
        )
    fitted = times(x, solve(y[group], inside, w[group]))
    scores = x * (w * group * (y - fitted))[:, None]
    return _FirstStep(fitted, len(y) * product(scores, bread(inside, w[group])))


def _propensity(treated: Mask, x: Floats, w: Floats) -> _FirstStep:
    """Logit of D on X by maximum likelihood."""
    p = _logit(treated, x, np.ones(len(w)))
    _refuse_separated(p)
    if np.ptp(w):
        p = _logit(treated, x, w)
    p = np.minimum(p, 1 - 1e-6)
    information = bread(x, w * p * (1 - p))
    scores = x * (w * (treated - p))[:, None]
    return _FirstStep(p, len(w) * product(scores, information))


def _logit(treated: Mask, x: Floats, w: Floats) -> Floats:
    """Fitted probabilities, by iterated weighted least squares run to rounding."""
    if len(orthogonal(x)[2]) < x.shape[1]:
        raise NotEstimableError("the covariates are collinear among the rows compared")
    index = np.zeros(len(w))
    p = np.full(len(w), 0.5)
    for _ in range(STEPS):
        spread = np.maximum(p * (1 - p), 1e-12)
        step = times(x, solve((treated - p) / spread, x, w * spread))
        index = np.clip(index + step, -30, 30)
        p = 1 / (1 + np.exp(-index))
        if np.abs(step).max() < 1e-11:
            break
    return p


def _refuse_separated(p: Floats) -> None:
    if p.max() >= NO_OVERLAP:
        raise NotEstimableError(
            f"no overlap: the covariates predict treatment with probability {p.max():.4f} "
            f"(at most {NO_OVERLAP} is accepted)"
        )


def _odds(score: _FirstStep, treated: Mask, w: Floats) -> Floats:
    """Weights that make comparison rows look like the treated."""
    p = score.fitted
    odds = w * p / (1 - p) * (~treated & (p < TRIM))
    if not odds.any():
        raise NotEstimableError("no overlap: every comparison row is predicted to be treated")
    return np.asarray(odds, dtype=np.float64)


def _through_score(
    values: Floats, odds: Floats, mean: _Mean, x: Floats, score: _FirstStep
) -> Floats:
    """Influence of the estimated propensity score on a mean weighted by odds."""
    slope = _mean_of_x(x, odds * (values - mean.value), float(odds.sum()))
    return times(score.influence, slope)


def _mean(values: Floats, weights: Floats, x: Floats) -> _Mean:
    total = float(weights.sum())
    value = float((weights * values).sum()) / total
    influence = weights * (values - value) * (len(values) / total)
    return _Mean(value, influence, _mean_of_x(x, weights, total))


def _mean_of_x(x: Floats, weights: Floats, total: float) -> Floats:
    return cross(x, weights[:, None])[:, 0] / total


def _need(group: Mask, words: str) -> None:
    if not group.any():
        raise NotEstimableError(f"there is no {words} row")
