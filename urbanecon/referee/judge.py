"""All checks in the order a report has them, and the referee who asks them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.spec import Spec
from urbanecon.errors import DataError
from urbanecon.estimation.fit import Fit
from urbanecon.referee.cells import boundaries, flagged_cells, tier_c
from urbanecon.referee.clusters import (
    assignment,
    cluster_balance,
    cluster_leverage,
    effective_clusters,
    few_clusters,
    singletons,
    small_cohorts,
    treated_clusters,
)
from urbanecon.referee.construction import mechanical
from urbanecon.referee.controls import bad_controls, within_variation
from urbanecon.referee.coverage import attrition, reproduced, window
from urbanecon.referee.influence import group_influence, influence
from urbanecon.referee.instruments import (
    instrument_is_treatment,
    instrument_off_treated,
    instrument_strength,
)
from urbanecon.referee.multiplicity import multiple_testing
from urbanecon.referee.series import unit_roots
from urbanecon.referee.space import conley_ratio, residual_moran
from urbanecon.referee.study import Study
from urbanecon.referee.subjects import study_of_fit, study_of_spec
from urbanecon.referee.timing import (
    forbidden_comparisons,
    negative_weights,
    pre_trends,
    pretrend_power,
)
from urbanecon.referee.verdict import Check, Verdict

CHECKS: tuple[Check, ...] = (
    reproduced,
    assignment,
    few_clusters,
    effective_clusters,
    cluster_balance,
    treated_clusters,
    small_cohorts,
    singletons,
    cluster_leverage,
    influence,
    group_influence,
    residual_moran,
    conley_ratio,
    within_variation,
    negative_weights,
    forbidden_comparisons,
    pre_trends,
    pretrend_power,
    instrument_strength,
    instrument_is_treatment,
    instrument_off_treated,
    bad_controls,
    mechanical,
    flagged_cells,
    tier_c,
    boundaries,
    window,
    attrition,
    unit_roots,
    multiple_testing,
)


def referee(
    what: Study | Fit | Spec, data: pd.DataFrame | Panel | None = None, **known: Any
) -> list[Verdict]:
    """Put every check to a study, a fit or a spec.

    Checks other than those of instruments are about least squares with the
    equation's effects; a check that the study gives nothing to look at says so.

    Parameters
    ----------
    what
        A `Study`; a `Fit` with the data it was made from; or a `Spec` with the
        panel.
    data
        Indexed by (unit, period) for a fit; the panel as published for a spec.
    known
        Further fields of `Study`: treatment, coarser, instruments, family ...

    Returns
    -------
    list of Verdict
        In the order of `CHECKS`.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        If the equation cannot be estimated from the data at all.
    """
    study = _study(what, data, known)
    _ = study.fit  # what cannot be estimated is an error of its own, not thirty verdicts
    return [check(study) for check in CHECKS]


def _study(
    what: Study | Fit | Spec, data: pd.DataFrame | Panel | None, known: dict[str, Any]
) -> Study:
    if isinstance(what, Study):
        return what
    if isinstance(what, Spec) and isinstance(data, Panel):
        return study_of_spec(what, data, **known)
    if isinstance(what, Fit) and isinstance(data, pd.DataFrame):
        return study_of_fit(what, data, **known)
    raise DataError(
        f"a {type(what).__name__} with {type(data).__name__} cannot be refereed; expected a "
        "Study, a Fit with its DataFrame, or a Spec with the Panel"
    )
