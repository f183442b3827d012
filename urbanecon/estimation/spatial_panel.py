"""Spatial panel models with unit and time effects, by maximum likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Inference
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.spatial_basis import Basis
from urbanecon.estimation.spatial_design import Correction, Kind, SpatialDesign, spatial_design
from urbanecon.estimation.spatial_impacts import RHO, Multipliers, impact_table
from urbanecon.estimation.spatial_likelihood import Maximum, Multiplier, polish
from urbanecon.estimation.spatial_ratios import LAMBDA, ratio_tests
from urbanecon.estimation.spatial_sample import balanced_panel, check_regressors, lag_name, warn
from urbanecon.estimation.weights import Weights

Model = Literal["sar", "sem", "sdm", "sdem"]
# Standard errors from the end of its interval at which the spatial parameter is doubted.
NEAR_END = 2.0
WORDS = {
    "sar": "spatial lag (SAR) panel",
    "sem": "spatial error (SEM) panel",
    "sdm": "spatial Durbin (SDM) panel",
    "sdem": "spatial Durbin error (SDEM) panel",
}


def spatial_panel(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    weights: Weights,
    model: Model = "sdm",
    *,
    lagged: Sequence[str] | None = None,
    effects: Sequence[str] | None = None,
    correction: Correction = "lee-yu",
) -> Fit:
    """Spatial panel with unit and time effects by concentrated maximum likelihood.

    y_t = r W y_t + X_t b + W X_t c + a + d_t l + u_t, u_t = s W u_t + e_t, with
    s = 0 (SAR, SDM) or r = 0 (SEM, SDEM), c = 0 (SAR, SEM); e_it independent,
    of one variance. Estimand: b, c and the spatial parameter; causal readings
    need strictly exogenous X and W, and go through ``extra["impacts"]``, not
    through b. W must not depend on the outcome.

    Without correction the effects are estimated with the rest (the direct
    approach: Elhorst 2003, 2014), for any W; sigma2 is then too small by
    (T - 1)/T, and with both effects r is off by O(1/N). "lee-yu" takes the
    effects out by orthonormal transformations, which leave N (T - 1), N - 1 by T
    or (N - 1)(T - 1) observations and the Jacobian of the transformed W (Lee
    and Yu 2010, J. Econometrics 154, sections 3 and 4). Standard errors: inverse
    of the expected information, normal errors.

    Parameters
    ----------
    data
        Panel indexed by (unit, year); unbalanced ones are balanced by the rule
        of `spatial_sample.balanced_panel`.
    lagged
        Regressors whose spatial lag enters SDM and SDEM; None: all.
    effects
        Names among the first two index levels; None: both; (): a constant,
        partialled out.
    correction
        "lee-yu" or "none".

    Returns
    -------
    Fit
        Terms: regressors, "W x", then "rho" (of Wy) or "lambda" (of Wu).
        `stats`: loglik, sigma2, r2_within, observations (those the
        transformation leaves), units, periods, low and high end of the spatial
        parameter. ``extra["impacts"]``: variable, effect, estimate, se, p, low,
        high, by the delta method. Diagnostics: LR test of no spatial parameter
        and, for the SDM, LR tests against SAR (c = 0) and SEM (c = -rb; where
        it is nested, `SpatialDesign.nests_error_model`).

    Raises
    ------
    EstimationError
        The transformation needs rows of W that sum to one, or the likelihood
        has no maximum inside the interval.
    NotEstimableError
        The outcome or every regressor does not vary within the effects.
    """
    _check(model, correction, lagged)
    durbin = list(regressors if lagged is None else lagged) if model in ("sdm", "sdem") else []
    design = spatial_design(
        data, outcome, regressors, weights, effects=effects, correction=correction, lagged=durbin
    )
    panel = design.panel
    kind: Kind = "lag" if model in ("sar", "sdm") else "error"
    estimate = _estimate(design, kind)
    notes = (*panel.notes, *design.notes, *_end_note(design, estimate))
    warn(outcome, notes)
    params = pd.Series(estimate.params, index=[*design.terms, estimate.name], name="estimate")
    vcov = pd.DataFrame(estimate.vcov, index=params.index, columns=params.index)
    return Fit(
        params=params,
        vcov=vcov,
        nobs=len(panel.index),
        df=np.inf,
        sample=panel.index,
        outcome=outcome,
        estimator=f"{WORDS[model]}, maximum likelihood, {panel.weights.words}",
        inference=f"expected information, normal errors; {design.correction_words}",
        fixed_effects=panel.effects,
        stats=_stats(design, estimate),
        diagnostics=ratio_tests(design, kind, estimate.maximum, estimate.at, model == "sdm"),
        warnings=notes,
        extra={"impacts": impact_table(params, vcov, design.variables, estimate.multipliers)},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Estimate:
    """Parameters with the spatial one last, their covariance and what goes with them."""

    name: str
    params: Floats
    vcov: Floats
    residuals: Floats
    maximum: Maximum
    at: Multiplier
    multipliers: Multipliers


def _estimate(design: SpatialDesign, kind: Kind) -> _Estimate:
    """Maximise the likelihood and take the expected information at the maximum."""
    maximum, at = polish(design.profile(kind), design.jacobian, design.observations)
    return (_lag_model if kind == "lag" else _error_model)(design, maximum, at)


def _lag_model(design: SpatialDesign, maximum: Maximum, at: Multiplier) -> _Estimate:
    """Estimates given rho, and the inverse of the information by blocks.

    With h the mean of Wy, information on (b, rho) is X'X/s2, X'h/s2 and
    h'h/s2 + T (tr G^2 + tr G'G) - 2 (T tr G)^2 / n once s2 is concentrated out.
    """
    r, s2, basis = maximum.parameter, maximum.sigma2, design.basis
    coordinates, residuals = design.outcomes
    contrast = np.array([1.0, -r])
    b = basis.coefficients(coordinates @ contrast)
    e = residuals @ contrast
    # Wy = G (I - rW)y, so its mean is what is left of it without Ge
    mean = design.lagged_outcome - design.swept(at.lag(e)[..., None])
    on_x, left = basis.split(mean)
    on_x = basis.coefficients(on_x)
    variance = 1 / (float(np.sum(left**2)) / s2 + design.information(at))
    k = len(b)
    vcov = np.empty((k + 1, k + 1))
    vcov[:k, :k] = s2 * basis.bread + np.outer(on_x, on_x) * variance
    vcov[:k, k] = vcov[k, :k] = -on_x * variance
    vcov[k, k] = variance
    return _Estimate(RHO, np.append(b, r), vcov, e, maximum, at, Multipliers.of(r, at))


def _error_model(design: SpatialDesign, maximum: Maximum, at: Multiplier) -> _Estimate:
    """Estimates given lambda; the information is block-diagonal."""
    r, weights = maximum.parameter, design.panel.weights
    one = np.ones(design.panel.shape[0])
    z = design.columns - r * weights.lag(design.columns)
    basis = Basis.of(design.swept(z, one - r * weights.lag(one)))
    b = basis.coefficients(basis.coordinates)
    k = len(b)
    vcov = np.zeros((k + 1, k + 1))
    vcov[:k, :k] = maximum.sigma2 * basis.bread
    vcov[k, k] = 1 / design.information(at)
    multipliers = Multipliers.without_feedback(weights)
    return _Estimate(LAMBDA, np.append(b, r), vcov, basis.residual, maximum, at, multipliers)


def _end_note(design: SpatialDesign, estimate: _Estimate) -> tuple[str, ...]:
    """Caveat where the normal law of the spatial parameter reaches the end of its interval."""
    r, se = float(estimate.params[-1]), math.sqrt(float(estimate.vcov[-1, -1]))
    low, high = design.panel.weights.bounds
    end = low if r - low < high - r else high
    if abs(end - r) >= NEAR_END * se:
        return ()
    return (
        f"{estimate.name} = {r:.4g} lies {abs(end - r) / se:.1f} standard errors from the end of "
        f"its interval ({end:.4g}): neither its normal law nor that of the impacts can be relied "
        "on; a trend or a factor common to all units may pass for spatial dependence",
    )


def _stats(design: SpatialDesign, estimate: _Estimate) -> dict[str, float]:
    low, high = design.panel.weights.bounds
    return {
        "loglik": estimate.maximum.loglik,
        "sigma2": estimate.maximum.sigma2,
        "r2_within": 1
        - float(np.sum(estimate.residuals**2)) / float(np.sum(design.within[..., -1] ** 2)),
        "observations": float(design.observations),
        "units": float(design.panel.shape[0]),
        "periods": float(design.panel.shape[1]),
        "parameter_low": low,
        "parameter_high": high,
    }


def spatial_lag_of_x(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    weights: Weights,
    *,
    lagged: Sequence[str] | None = None,
    effects: Sequence[str] | None = None,
    vcov: Inference | str | None = None,
) -> Fit:
    """Spatial lag of X (SLX) by least squares: y = Xb + WXc + effects + e.

    Direct effects are b, spillovers c times the mean row sum of W; nothing
    feeds back (Halleck Vega and Elhorst 2015, "The SLX model"). Any inference
    of `fixed_effects` applies; None: clustered by unit.

    Parameters, rule for unbalanced panels and ``extra["impacts"]`` as
    `spatial_panel`; `stats` and the rest as `fixed_effects`.
    """
    durbin = list(regressors if lagged is None else lagged)
    check_regressors(outcome, regressors, durbin)
    panel = balanced_panel(data, [outcome, *regressors], weights, effects)
    lags = panel.weights.lag(panel.cells[..., [list(regressors).index(v) + 1 for v in durbin]])
    frame = panel.rows(data).assign(
        **{lag_name(name): lags[..., j].ravel() for j, name in enumerate(durbin)}
    )
    warn(outcome, panel.notes)
    fit = fixed_effects(
        frame,
        outcome,
        [*regressors, *(lag_name(name) for name in durbin)],
        panel.effects,
        f"cluster({panel.index.names[0]})" if vcov is None else vcov,
    )
    table = impact_table(
        fit.params, fit.vcov, regressors, Multipliers.without_feedback(panel.weights)
    )
    return replace(
        fit,
        estimator=f"spatial lag of X (SLX), {fit.estimator}, {panel.weights.words}",
        warnings=(*panel.notes, *fit.warnings),
        extra={"impacts": table},
    )


def _check(model: str, correction: str, lagged: Sequence[str] | None) -> None:
    for value, kind, known in (
        (model, "model", get_args(Model)),
        (correction, "correction", get_args(Correction)),
    ):
        if value not in known:
            raise UnknownNameError(
                f"unknown {kind} {value!r}.{did_you_mean(value, known)} Known: {', '.join(known)}"
            )
    if lagged is not None and model in ("sar", "sem"):
        raise EstimationError(f"a {model} has no lagged regressors; use model='sdm' or 'sdem'")
