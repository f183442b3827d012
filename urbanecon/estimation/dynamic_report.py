"""What a dynamic panel estimate reports beside its coefficients: tests, counts, tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.dynamic_equation import absent_periods
from urbanecon.estimation.dynamic_moments import (
    Step,
)
from urbanecon.estimation.dynamic_stacking import CONSTANT, TIME, Stacked
from urbanecon.estimation.dynamic_tests import (
    IidErrors,
    difference_in_hansen,
    freed,
    serial_correlation,
    wald,
)
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.sample import Floats


def serial_tests(
    stacked: Stacked, step: Step, vcov: Floats, iid: IidErrors | None
) -> list[Diagnostic]:
    """Arellano-Bond tests of orders one and two."""
    moments, changes = stacked.moments, stacked.changes
    return [serial_correlation(moments, step, vcov, changes, order, iid=iid) for order in (1, 2)]


def group_tests(stacked: Stacked, second: Step) -> list[Diagnostic]:
    """Difference-in-Hansen tests of each group of instruments, if any is left over."""
    if len(stacked.groups) == len(stacked.terms):
        return []
    moments = stacked.moments
    columns = freed(moments, second)
    return [
        test
        for name, rest in _tested_groups(stacked.groups)
        for test in difference_in_hansen(moments, second, columns, name, rest)
    ]


def wald_tests(stacked: Stacked, step: Step, vcov: Floats) -> list[Diagnostic]:
    """Wald tests of all regressors and of the time effects."""
    shown = stacked.shown
    slopes = [j for j in shown if stacked.terms[j] != CONSTANT]
    effects = [j for j in range(len(stacked.terms)) if j not in shown]
    return [
        wald(step.params[at], vcov[np.ix_(at, at)], name)
        for at, name in ((slopes, "Wald: all regressors"), (effects, f"Wald: {TIME}"))
        if at
    ]


def _tested_groups(groups: list[str]) -> list[tuple[str, list[int]]]:
    """Groups to be tested, with the positions of the other instruments."""
    level = [g for g in groups if g.startswith("GMM") and g.endswith("level equation")]
    wanted = {name: {name} for name in dict.fromkeys(groups) if name != TIME}
    if len(set(level)) > 1:
        wanted["GMM, level equation"] = set(level)
    return [
        (name, [j for j, group in enumerate(groups) if group not in members])
        for name, members in wanted.items()
    ]


def counts(stacked: Stacked, sigma2: float, units: int) -> dict[str, float]:
    """Scalars of the fit."""
    levels = stacked.rows.levels
    return {
        "instruments": float(len(stacked.groups)),
        "units": float(units),
        "rows_transformed": float(stacked.rows.uses.sum()),
        "rows_level": 0.0 if levels is None else float(levels.sum()),
        "sigma2": sigma2,
        "instruments_dropped": float(stacked.redundant),
    }


def notes_on_sample(stacked: Stacked, units: int) -> list[str]:
    """What was left out, in words."""
    notes = []
    if stacked.dropped:
        notes.append(
            f"dropped: {', '.join(stacked.dropped)}: collinear with effects or earlier "
            "regressors, or without variation after the transformation"
        )
    idle = stacked.rows.uses.shape[0] - units
    if idle:
        notes.append(f"{idle} units have too few neighbouring periods and no row in the estimate")
    absent = absent_periods(stacked.grid.periods)
    if absent:
        notes.append(
            f"no unit has a row in {', '.join(map(str, absent))}: the periods on either side "
            "count as neighbours"
        )
    return notes


def tables(stacked: Stacked, first: Step, step: Step, vcov: Floats) -> dict[str, pd.DataFrame]:
    """Instruments by group, the first step and the time effects."""
    sizes = pd.Series(stacked.groups, name="group").value_counts(sort=False)
    shown = stacked.shown
    effects = [j for j in range(len(stacked.terms)) if j not in shown]
    se = np.sqrt(np.maximum(np.diag(vcov), 0.0))
    return {
        "instruments": sizes.rename("count").reset_index(),
        "first_step": pd.DataFrame(
            {"term": [stacked.terms[j] for j in shown], "estimate": first.params[shown]}
        ),
        "time_effects": pd.DataFrame(
            {
                "period": [stacked.terms[j].removeprefix(f"{TIME}: ") for j in effects],
                "estimate": step.params[effects],
                "se": se[effects],
            }
        ),
    }
