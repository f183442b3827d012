"""Do the series drift, so that levels go together without a relation."""

from __future__ import annotations

import pandas as pd

from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.unit_roots import cips
from urbanecon.referee.study import Study, quiet
from urbanecon.referee.verdict import Status, Verdict, check
from urbanecon.referee.words import Phrase, in_turn, same

FEWEST = 10
"""Units below which the tables of the test end."""
LONG = 15
"""Periods from which a drift has time to matter; in shorter panels the mean over many units
rules (Phillips and Moon 1999), and the test has little power."""
SHORTEST = 10
"""Periods below which the augmented regression of a unit has no degrees of freedom worth it."""
ALPHA = 0.05
DISTINCT = 4
"""Values up to which a variable is a dummy or a schedule, and a series one of straight lines."""


@check("unit_roots", "Pesaran (2007); Phillips and Moon (1999)")
def unit_roots(study: Study) -> Verdict:
    """Two drifting series are correlated in levels whether or not one moves the other.

    CIPS with intercept and one lag, on the units without a gap that are seen
    throughout. A dummy does not drift; of a continuous treatment the same is asked.
    """
    found = {study.outcome: _test(study, study.outcome)}
    values = study.rows[study.treatment]
    if values.nunique() > DISTINCT:
        found[study.treatment] = _test(study, study.treatment)
    tests = {name: test for name, (test, _) in found.items() if test is not None}
    periods = found[study.outcome][1]
    if study.outcome not in tests:
        return unit_roots.skipped(unit_roots.say("few", periods=periods))
    each = [
        unit_roots.say("each", variable=study.named(name), statistic=f"{t.statistic:.2f}", p=_p(t))
        for name, t in tests.items()
    ]
    words = unit_roots.say("found", periods=periods, each=in_turn(each))
    drifting = [name for name, test in tests.items() if test.p >= ALPHA]
    status: Status = "pass"
    if drifting and periods >= LONG:
        status = "fail" if len(drifting) == len(found) == 2 else "warn"
    todo = unit_roots.say("todo", unit=study.named(study.unit))
    test = tests[study.outcome]
    return unit_roots.verdict(status, words, todo, test.p, ALPHA)


def _test(study: Study, name: str) -> tuple[Diagnostic | None, int]:
    """Test on the units seen throughout, and the number of periods."""
    table = study.rows[name].unstack()
    whole = table.loc[:, table.notna().mean() > 0.5].dropna()
    steps = whole.diff(axis=1).round(10)
    moving = whole[(steps.T.nunique() > DISTINCT).to_numpy()]
    periods = whole.shape[1]
    if periods < SHORTEST or len(moving) < FEWEST:
        return None, periods
    long = pd.DataFrame({name: moving.stack()})
    with quiet():
        return cips(long, name, "intercept", 1), periods


def _p(test: Diagnostic) -> Phrase:
    """p-value as far as the tables of the test reach."""
    if test.p <= 0.01:
        return unit_roots.say("below", limit="0.01")
    return unit_roots.say("above", limit="0.10") if test.p >= 0.10 else same(f"= {test.p:.3f}")
