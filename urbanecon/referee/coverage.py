"""Are treated and controls observed alike, before and after; is the estimate what was said."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.instrumental import instrumental
from urbanecon.referee.study import FIRST, Study, no_adoption, quiet
from urbanecon.referee.verdict import Status, Verdict, check, p_words
from urbanecon.referee.words import NOTHING

BOTH_SIDES = (0.90, 0.50)
"""Share of the treated units seen before and after adoption; the others identify nothing."""
ATTRITION = 0.05
"""Change in the share missing that, if it is of selected rows, can make a small effect."""
ALPHA = 0.05
AGREES = 1e-6
"""Relative difference allowed between the estimate reported and the one found here."""


@check("reproduced", "Vilhuber (2020)")
def reproduced(study: Study) -> Verdict:
    """A verdict on an equation says nothing of a number that this equation does not give."""
    if study.reported is None:
        return reproduced.skipped(reproduced.say("here"))
    if study.treatment not in study.reported.params.index:
        return reproduced.skipped(
            reproduced.say("no_term", treatment=study.named(study.treatment))
        )
    again = min(_again(study), key=lambda each: abs(each - study.estimate))
    gap = abs(again - study.estimate) / max(abs(study.estimate), np.finfo(float).tiny)
    words = reproduced.say(
        "found", again=f"{again:.6g}", reported=f"{study.estimate:.6g}", gap=f"{gap:.1e}"
    )
    return reproduced.graded(gap, (AGREES, AGREES * 2), words, reproduced.say("todo"))


@check("window", "Callaway and Sant'Anna (2021)")
def window(study: Study) -> Verdict:
    """Only units that are seen on both sides of adoption carry a comparison over time."""
    if study.adoption is None:
        return window.skipped(no_adoption(study))
    first = study.rows[FIRST].dropna()
    years = first.index.get_level_values(1).to_series(index=first.index)
    before = (years < first).groupby(level=0).any()
    after = (years >= first).groupby(level=0).any()
    share = float((before & after).mean())
    words = window.say(
        "found", both=int((before & after).sum()), all=len(before), share=f"{share:.0%}"
    )
    return window.graded(share, BOTH_SIDES, words, window.say("todo"))


@check("attrition", "Ghanem, Hirshleifer and Ortiz-Becerra (2023)")
def attrition(study: Study) -> Verdict:
    """When adoption changes who is observed, the estimate compares other units, not effects.

    Whether the outcome is missing is regressed on the treatment within the
    effects, over the years in which it is observed at all.
    """
    y = study.data[study.outcome]
    years = study.data.index.get_level_values(1)
    seen = y.groupby(years).transform(lambda part: part.notna().any())
    units = y.notna().groupby(level=0).transform("any")
    rows = study.data[seen & units & study.data[study.treatment].notna()]
    lost = rows[study.outcome].isna().astype(float)
    full = rows.index.get_level_values(0).nunique()
    complete = int((lost.groupby(level=0).max() == 0).sum())
    if not lost.any():
        words = attrition.say("none", all=full)
        return attrition.verdict("pass", words, NOTHING, 0.0, ATTRITION)
    with quiet():
        fit = fixed_effects(
            rows.assign(**{"outcome is missing": lost}),
            "outcome is missing",
            [study.treatment],
            study.effects,
            study.vcov,
            treatment=study.treatment,
        )
    change, p = float(fit.params.iloc[0]), float(fit.pvalue.iloc[0])
    words = attrition.say(
        "found",
        complete=complete,
        all=full,
        treatment=study.named(study.treatment),
        change=f"{change:+.3f}",
        p=p_words(p),
        missing=f"{lost.mean():.1%}",
    )
    status: Status = "pass"
    if p < ALPHA:
        status = "fail" if abs(change) >= ATTRITION else "warn"
    return attrition.verdict(status, words, attrition.say("todo"), change, ATTRITION)


def _again(study: Study) -> list[float]:
    """Estimates on the reported rows: by least squares, and by instruments of the treatment."""
    found = [study.refit(study.usable)]
    if (study.endogenous or study.treatment) == study.treatment:
        with quiet(), suppress(EstimationError):
            found += [
                instrumental(
                    study.usable,
                    study.outcome,
                    [study.treatment],
                    list(names),
                    study.controls,
                    effects=study.effects,
                    vcov=study.vcov,
                )
                for names in study.instruments
            ]
    return [float(fit.params[study.treatment]) for fit in found]
