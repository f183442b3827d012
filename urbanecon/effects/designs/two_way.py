"""Strategy S1: two-way fixed effects and event studies, by three engines; associations by two."""

from __future__ import annotations

import pandas as pd

from urbanecon.effects.spec import Spec
from urbanecon.estimation.event_study import event_dummies, event_study, relative_years
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments_fit import moments_fit
from urbanecon.estimation.second_engine import linearmodels_fit, verify

ENGINES_AGREE = 1e-8
"""Largest relative difference allowed between the engines."""

WINDOW, BASE = (-5, 5), -1
"""Relative years that the event studies show, and the one they compare with."""

FIRST_TREATED = {"pilot": "pilot_first_year"}
"""Column with the first treated year of each treatment that is adopted once and for good."""


def estimate_twfe(spec: Spec, data: pd.DataFrame) -> Fit:
    """One coefficient of the treatment, within the effects."""
    return verified(_two_way(spec, data), spec, data, [spec.treatment, *spec.controls])


def estimate_association(spec: Spec, data: pd.DataFrame) -> Fit:
    """The same for a treatment that nobody adopts, held against the cluster moments alone.

    No verdict rests on these equations, and linearmodels would take as long again.
    """
    fit = _two_way(spec, data)
    (cluster,) = spec.cluster
    names = [spec.treatment, *spec.controls]
    other = moments_fit(data, spec.outcome, names, spec.fixed_effects, cluster)
    verify(fit, other, rtol=ENGINES_AGREE)
    return fit


def _two_way(spec: Spec, data: pd.DataFrame) -> Fit:
    return fixed_effects(
        data,
        spec.outcome,
        [spec.treatment, *spec.controls],
        spec.fixed_effects,
        clustered(spec),
        treatment=spec.treatment,
    )


def estimate_event_study(spec: Spec, data: pd.DataFrame) -> Fit:
    """One coefficient a year relative to adoption."""
    first = FIRST_TREATED[spec.treatment]
    fit = event_study(
        data,
        spec.outcome,
        first,
        WINDOW,
        BASE,
        controls=spec.controls,
        effects=spec.fixed_effects,
        vcov=clustered(spec),
    )
    usable = data[spec.outcome].notna()
    dummies, _ = event_dummies(relative_years(data, first), WINDOW, BASE, usable)
    return verified(fit, spec, data.join(dummies), [*dummies.columns, *spec.controls])


def verified(fit: Fit, spec: Spec, data: pd.DataFrame, regressors: list[str]) -> Fit:
    """Return the fit once cluster moments and linearmodels have given the same.

    Raises
    ------
    EstimationError
        A coefficient or standard error differs by more than `ENGINES_AGREE`,
        relative.
    """
    (cluster,) = spec.cluster
    for other in (
        moments_fit(data, spec.outcome, regressors, spec.fixed_effects, cluster),
        linearmodels_fit(data, spec.outcome, regressors, spec.fixed_effects, clustered(spec)),
    ):
        verify(fit, other, rtol=ENGINES_AGREE)
    return fit


def clustered(spec: Spec) -> str:
    """Inference of a spec, in the short text of `estimation.inference`."""
    return f"cluster({'+'.join(spec.cluster)})"
