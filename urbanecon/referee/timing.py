"""What two-way fixed effects compare when treatment comes at different times."""

from __future__ import annotations

from urbanecon.estimation.bacon import bacon
from urbanecon.estimation.pretrend_power import leads_of, slope_for_power
from urbanecon.estimation.twfe_weights import twfe_weights
from urbanecon.referee.study import FIRST, Study, quiet
from urbanecon.referee.verdict import Verdict, check, p_words

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
ROBUST = "Report a cohort-robust estimator beside it: group-time effects or imputation"


@check(
    "negative_weights", "negative weights of two-way effects",
    "de Chaisemartin and D'Haultfoeuille (2020)",
)  # fmt: skip
def negative_weights(study: Study) -> Verdict:
    """With negative weights the estimate can have the sign that no effect has."""
    if float(study.rows[study.treatment].min()) < 0:
        return negative_weights.skipped(
            f"the treatment {study.treatment} is negative somewhere: no dose"
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
    words = (
        f"{fit.stats['negative_share']:.1%} of the treated cells have negative weights, summing "
        f"to {total:.3f}"
    )
    if spread < ALIKE * abs(study.estimate):
        words += f"; effects with a standard deviation of {spread:.3g} could have mean zero"
    return negative_weights.graded(total, NEGATIVE, words, ROBUST)


@check("forbidden_comparisons", "comparisons with the already treated", "Goodman-Bacon (2021)")
def forbidden_comparisons(study: Study) -> Verdict:
    """Units treated already are no counterfactual when effects grow."""
    if study.adoption is None:
        return forbidden_comparisons.skipped(_no_adoption(study))
    with quiet():
        fit = bacon(study.rows, study.outcome, FIRST, incomplete="drop")
    share = float(fit.stats["forbidden"])
    words = (
        f"comparisons with the already treated carry {share:.1%} of the weight "
        f"({fit.nobs} rows of units observed in every year"
        f"{', controls left out' if study.controls else ''})"
    )
    return forbidden_comparisons.graded(share, FORBIDDEN, words, ROBUST)


@check("pre_trends", "joint test of leads", "Schmidheiny and Siegloch (2023)")
def pre_trends(study: Study) -> Verdict:
    """Outcomes that part before adoption would have gone on parting."""
    if study.adoption is None:
        return pre_trends.skipped(_no_adoption(study))
    fit = study.event
    test = next((d for d in fit.diagnostics if d.name == "joint test of leads"), None)
    if test is None:
        return pre_trends.skipped("nobody is observed two years before adoption")
    words = f"the joint test of {test.df[0]:.0f} leads has {p_words(test.p)}"
    todo = (
        "Read the estimate with honest bounds on departures from parallel trends, and compare "
        "with units on a like path before adoption"
    )
    return pre_trends.graded(test.p, LEADS_P, words, todo)


@check("pretrend_power", "power of the pre-trends test", "Roth (2022)")
def pretrend_power(study: Study) -> Verdict:
    """A test that cannot see a trend as large as the effect says nothing by passing."""
    if study.adoption is None:
        return pretrend_power.skipped(_no_adoption(study))
    leads = leads_of(study.event)
    slope = slope_for_power(leads, POWER, pretest="joint", seed=SEED)
    after = leads.years >= 0
    if not after.any():
        return pretrend_power.skipped("nobody is observed after adoption")
    bias = slope * float(leads.elapsed[after].mean())
    ratio = bias / abs(study.estimate)
    words = (
        f"the leads find a trend of {slope:.3g} a year in {POWER:.0%} of samples; it would make "
        f"{bias:.3g} after adoption, {ratio:.0%} of the estimate ({study.estimate:.4g})"
    )
    todo = "Do not rest on the pre-trends test; report honest bounds and the breakdown Mbar"
    return pretrend_power.graded(ratio, MISSED_TREND, words, todo)


def _no_adoption(study: Study) -> str:
    return f"the treatment {study.treatment} is not adopted once and for good"
