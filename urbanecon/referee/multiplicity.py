"""Is the result one of many that were looked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import Linear, ols
from urbanecon.estimation.multiple_testing import Hypothesis, adjusted_p, romano_wolf
from urbanecon.referee.study import Study
from urbanecon.referee.verdict import Status, Verdict, check

ALPHA = 0.05
DRAWS, SEED = 1_999, 20141229


@check("multiple_testing", "Romano and Wolf (2005, 2016)")
def multiple_testing(study: Study) -> Verdict:
    """Of twenty outcomes without effect one is significant at 5 percent."""
    data = {study.outcome: study.usable, **study.family}
    if len(data) < 2:
        return multiple_testing.skipped(multiple_testing.say("none"))
    by = study.cluster[0] if study.cluster else study.unit
    family = {name: _equation(study, name, rows, by) for name, rows in data.items()}
    table, how = _adjusted(family)
    raw = float(table["p"][study.outcome])
    adjusted = float(table["adjusted"][study.outcome])
    found = int((table["p"] < ALPHA).sum())
    kept = int((table["adjusted"] < ALPHA).sum())
    words = multiple_testing.say(
        "found",
        count=len(table),
        raw=f"{raw:.3f}",
        adjusted=f"{adjusted:.3f}",
        how=how,
        alone=found,
        together=kept,
        alpha=str(ALPHA),
    )
    status: Status = "pass"
    if raw < ALPHA <= adjusted:
        status = "fail"
    elif kept < found:
        status = "warn"
    todo = multiple_testing.say("todo")
    return multiple_testing.verdict(status, words, todo, adjusted, ALPHA)


def _adjusted(family: Mapping[str, Linear]) -> tuple[pd.DataFrame, str]:
    """p-values alone and adjusted: Romano-Wolf, or Holm where effects were swept out.

    Holm needs no bootstrap, and is the larger of the two.
    """
    term = next(iter(family.values())).terms[0]
    if all(each.moments.route == "columns" for each in family.values()):
        given = {name: Hypothesis(each, term) for name, each in family.items()}
        table = romano_wolf(given, draws=DRAWS, seed=SEED)
        return table.rename(columns={"romano_wolf": "adjusted"}), "Romano-Wolf"
    p = {name: _clustered_p(each) for name, each in family.items()}
    return adjusted_p(pd.Series(p)).rename(columns={"holm": "adjusted"}), "Holm"


def _clustered_p(linear: Linear) -> float:
    from scipy import stats

    t = float(linear.params[0] / np.sqrt(crv1(linear)[0, 0]))
    return float(2 * stats.t.sf(abs(t), len(linear.moments.clusters) - 1))


def _equation(study: Study, outcome: str, rows: pd.DataFrame, by: str) -> Linear:
    names = [outcome, *study.regressors]
    moments = cluster_moments(rows, names, study.effects, by)
    return ols(moments, outcome, study.regressors, study.treatment)
