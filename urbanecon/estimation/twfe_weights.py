"""Weights that two-way fixed effects give to the effect in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError
from urbanecon.estimation.adoption import panel_keys
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Inference
from urbanecon.estimation.least_squares import solve, times
from urbanecon.estimation.sample import EstimationSample, Floats, draw_sample
from urbanecon.estimation.within import Absorber


def twfe_weights(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    *,
    controls: Sequence[str] = (),
    effects: Sequence[str] | None = None,
    vcov: Inference | str | None = None,
    weights: str | None = None,
) -> Fit:
    """Two-way fixed effects estimate, with the weights of the effects it averages.

    Under parallel trends E[b] = E[sum_it W_it Delta_it] over cells with D_it > 0,
    W_it = n_it D_it e_it / sum n D e, with e_it the residual of the treatment on
    effects and controls, and Delta_it the effect per unit of treatment in cell
    (i, t) (de Chaisemartin and D'Haultfoeuille 2020, "Two-way fixed effects
    estimators with heterogeneous treatment effects", Theorem 1; with controls
    their appendix). Weights sum to one; when some are negative, b can have the
    sign opposite to that of every effect. With P_it = n_it D_it / sum n D and
    w_it = W_it / P_it, their Corollary 1 gives two measures of how much
    heterogeneity that takes:

    - sigma_fe = |b| / sd_P(w): the smallest standard deviation of the effects
      at which their mean could be zero;
    - sigma_fe_sign = |b| / (T_s + S_s^2 / (1 - P_s))^(1/2): that at which all
      effects could be of the opposite sign; infinite when no weight is
      negative. Cells are in decreasing order of w, P_s, S_s and T_s sums of P,
      P w and P w^2 over cells s and after, s the first with
      w_s < -S_s / (1 - P_s).

    Parameters
    ----------
    data
        Panel indexed by (unit, year).
    treatment
        Column, zero where untreated; binary or a dose, not negative.
    controls, weights
        As `fixed_effects`; weights are cell sizes n_it.
    effects
        Unit and year when None.
    vcov
        Clustered by unit when None.

    Returns
    -------
    Fit
        Of the two-way regression. ``extra["weights"]``: unit, year, treatment,
        weight, one row a cell with D > 0. `stats`: negative (number),
        negative_share (of the cells), negative_sum, sigma_fe, sigma_fe_sign.

    Raises
    ------
    EstimationError
        The treatment is negative somewhere.
    """
    unit, time = panel_keys(data)
    names = (unit, time) if effects is None else tuple(effects)
    fit = fixed_effects(
        data,
        outcome,
        [treatment, *controls],
        names,
        f"cluster({unit})" if vcov is None else vcov,
        weights=weights,
        treatment=treatment,
    )
    kept = [name for name in controls if name in fit.params.index]
    sample = draw_sample(data.loc[fit.sample], [treatment, *kept], names, weights=weights)
    dose = sample.column(treatment)
    if (dose < 0).any():
        raise EstimationError(
            f"the treatment {treatment!r} is negative in {int((dose < 0).sum())} rows; the "
            "decomposition needs zero for untreated and a positive dose for treated cells"
        )
    mass = np.ones(sample.nobs) if sample.weights is None else sample.weights
    residual = _residual(sample, kept, names)
    treated = dose > 0
    product = (mass * dose * residual)[treated]
    share = product / np.sum(product)
    population = (mass * dose)[treated] / np.sum((mass * dose)[treated])
    table = sample.index[treated].to_frame(index=False)
    table = table.assign(**{treatment: dose[treated]}, weight=share)
    sensitivity = _sensitivity(float(fit.params[treatment]), share / population, population)
    negative = share < 0
    stats = {
        **fit.stats,
        "negative": float(negative.sum()),
        "negative_share": float(negative.mean()),
        "negative_sum": float(np.sum(share[negative])),
        "sigma_fe": sensitivity[0],
        "sigma_fe_sign": sensitivity[1],
    }
    return replace(
        fit,
        estimator=f"{fit.estimator}, weights of its effects",
        stats=stats,
        extra={"weights": table},
    )


def _residual(sample: EstimationSample, controls: Sequence[str], effects: Sequence[str]) -> Floats:
    """What effects and controls leave of the treatment, length n."""
    codes = [sample.codes[e] for e in effects] or [np.zeros(sample.nobs, dtype=np.int64)]
    within = Absorber(codes, sample.weights).residuals(sample.values)
    d, x = within[:, 0], within[:, 1:]
    return d - times(x, solve(d, x, sample.weights)) if len(controls) else d


def _sensitivity(estimate: float, w: Floats, p: Floats) -> tuple[float, float]:
    """sigma_fe and its version for effects that all have the opposite sign."""
    spread = np.sqrt(np.sum(p * (w - 1) ** 2))
    first = abs(estimate) / spread if spread > 0 else np.inf
    order = np.argsort(-w, kind="stable")
    w, p = w[order], p[order]
    after_p, after_s, after_t = (np.cumsum(v[::-1])[::-1] for v in (p, p * w, p * w**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = np.flatnonzero(w[1:] < -after_s[1:] / (1 - after_p[1:])) + 1
    if not (w < 0).any() or not len(beyond):
        return float(first), np.inf
    s = int(beyond[0])
    scale = after_t[s] + after_s[s] ** 2 / (1 - after_p[s])
    return float(first), float(abs(estimate) / np.sqrt(scale))
