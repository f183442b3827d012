"""What two-way fixed effects compare when treatment comes at different times."""

from __future__ import annotations

from urbanecon.estimation.bacon import bacon
from urbanecon.estimation.pretrend_power import leads_of, slope_for_power
from urbanecon.estimation.twfe_weights import twfe_weights
from urbanecon.referee.study import FIRST, Study, no_adoption, quiet
from urbanecon.referee.verdict import Verdict, check, p_words
from urbanecon.referee.words import say

NEGATIVE = (-0.01, -0.10)
"""Sum of the negative weights, all weights summing to one: a hundredth is rounding of the
comparison, a tenth can turn the sign under moderate heterogeneity."""
ALIKE = 1e3
"""Times the estimate beyond which the spread of effects that could undo it is not worth a word."""
FORBIDDEN = (0.10, 0.50)
"""Weight of comparisons with units treated already: a tenth is worth saying, at a half the
estimate is mostly made of them."""
LEADS_P = (0.10, 0.05)
MISSED_TREND = (0.50, 1.00)
"""Share of the estimate that a linear trend the test misses one time in five would make: at
one it would make all of it (Roth 2022)."""
POWER = 0.8
SEED = 20141229
ROBUST = "shared.robust"


@check(
    "negative_weights",
    "de Chaisemartin and D'Haultfoeuille (2020)",
)
def negative_weights(study: Study) -> Verdict:
    """With negative weights the estimate can have the sign that no effect has."""
    if float(study.rows[study.treatment].min()) < 0:
        return negative_weights.skipped(
            negative_weights.say("no_dose", treatment=study.named(study.treatment))
        )
    with quiet():
        fit = twfe_weights(
            study.rows,
            study.outcome,
            study.treatment,
            controls=study.controls,
            effects=study.effects,
        )
    total = float(fit.stats["negative_sum"])
    spread = float(fit.stats["sigma_fe"])
    words = negative_weights.say(
        "found", share=f"{fit.stats['negative_share']:.1%}", total=f"{total:.3f}"
    )
    if spread < ALIKE * abs(study.estimate):
        words += negative_weights.say("spread", spread=f"{spread:.3g}")
    return negative_weights.graded(total, NEGATIVE, words, say(ROBUST))


@check("forbidden_comparisons", "Goodman-Bacon (2021)")
def forbidden_comparisons(study: Study) -> Verdict:
    """Units treated already are no counterfactual when effects grow."""
    if study.adoption is None:
        return forbidden_comparisons.skipped(no_adoption(study))
    with quiet():
        fit = bacon(study.rows, study.outcome, FIRST, incomplete="drop")
    share = float(fit.stats["forbidden"])
    words = forbidden_comparisons.say(
        "found_controls" if study.controls else "found", share=f"{share:.1%}", rows=fit.nobs
    )
    return forbidden_comparisons.graded(share, FORBIDDEN, words, say(ROBUST))


@check("pre_trends", "Schmidheiny and Siegloch (2023)")
def pre_trends(study: Study) -> Verdict:
    """Outcomes that part before adoption would have gone on parting."""
    if study.adoption is None:
        return pre_trends.skipped(no_adoption(study))
    fit = study.event
    test = next((d for d in fit.diagnostics if d.name == "joint test of leads"), None)
    if test is None:
        return pre_trends.skipped(pre_trends.say("nobody"))
    words = pre_trends.say("found", leads=f"{test.df[0]:.0f}", p=p_words(test.p))
    return pre_trends.graded(test.p, LEADS_P, words, pre_trends.say("todo"))


@check("pretrend_power", "Roth (2022)")
def pretrend_power(study: Study) -> Verdict:
    """A test that cannot see a trend as large as the effect says nothing by passing."""
    if study.adoption is None:
        return pretrend_power.skipped(no_adoption(study))
    leads = leads_of(study.event)
    slope = slope_for_power(leads, POWER, pretest="joint", seed=SEED)
    after = leads.years >= 0
    if not after.any():
        return pretrend_power.skipped(pretrend_power.say("nobody"))
    bias = slope * float(leads.elapsed[after].mean())
    ratio = bias / abs(study.estimate)
    words = pretrend_power.say(
        "found",
        slope=f"{slope:.3g}",
        power=f"{POWER:.0%}",
        bias=f"{bias:.3g}",
        ratio=f"{ratio:.0%}",
        estimate=f"{study.estimate:.4g}",
    )
    return pretrend_power.graded(ratio, MISSED_TREND, words, pretrend_power.say("todo"))
