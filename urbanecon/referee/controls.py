"""Is a control moved by the treatment, and is enough of the treatment left beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.multiple_testing import adjusted_p
from urbanecon.referee.study import Study, quiet
from urbanecon.referee.verdict import Verdict, check, p_words
from urbanecon.referee.words import NOTHING, joined

MOVED_P = (0.10, 0.05)
"""p-value, adjusted by Holm over the controls, that the treatment moves the control."""
LEFT = (0.10, 0.01)
"""Share of the treatment's variance within effects and controls: below a tenth the estimate
speaks of a small part of the sample, below a hundredth of noise in the treatment."""
RANK_ONE = 1e-8


@check("bad_controls", "Angrist and Pischke (2009), 3.2.3")
def bad_controls(study: Study) -> Verdict:
    """A control that the treatment moves takes away part of the effect or opens a path."""
    if not study.controls:
        return bad_controls.skipped(bad_controls.say("none"))
    tested = [name for name in study.controls if not fixed_before(study, name)]
    fixed = len(study.controls) - len(tested)
    if not tested:
        words = bad_controls.say("fixed", count=fixed)
        return bad_controls.verdict("pass", words, NOTHING, 1.0, MOVED_P[0])
    p = adjusted_p(pd.Series({name: _moved(study, name) for name in tested}))["holm"]
    worst = str(p.idxmin())
    words = bad_controls.say(
        "found",
        count=len(tested),
        worst=study.named(worst),
        treatment=study.named(study.treatment),
        p=p_words(float(p[worst])),
    )
    if fixed:
        words += bad_controls.say("beside", fixed=fixed, all=len(study.controls))
    todo = bad_controls.say("todo", worst=study.named(worst))
    return bad_controls.graded(float(p[worst]), MOVED_P, words, todo)


@check("within_variation", "Mummolo and Peterson (2018)")
def within_variation(study: Study) -> Verdict:
    """What effects and controls leave of the treatment is all that the estimate speaks of."""
    d = study.rows[study.treatment].to_numpy(dtype=np.float64)
    share = float(np.mean(study.net["treatment"] ** 2) / np.var(d))
    words = within_variation.say(
        "found_controls" if study.controls else "found",
        share=f"{share:.1%}",
        treatment=study.named(study.treatment),
        effects=joined(study.all_named(study.effects), "shared.no_effect"),
    )
    return within_variation.graded(share, LEFT, words, within_variation.say("todo"))


def fixed_before(study: Study, name: str) -> bool:
    """Whether a control is a constant of the unit times a path in time set before treatment.

    Such a column has rank one over units and periods, and the rows before the
    first treatment fix it everywhere.
    """
    if study.adoption is None:
        return False
    table = study.rows[name].unstack().dropna()
    if len(table) < 2:
        return False
    start = float(study.adoption[np.isfinite(study.adoption)].min())
    before = table.loc[:, table.columns.to_numpy(dtype=np.float64) < start]
    values = np.linalg.svd(table.to_numpy(dtype=np.float64), compute_uv=False)
    known = (before != 0).any(axis=1) | (table == 0).all(axis=1)
    return bool(values[0] > 0 and values[1:].max() <= RANK_ONE * values[0] and known.all())


def _moved(study: Study, control: str) -> float:
    """p-value of the treatment in a regression of the control on it."""
    with quiet():
        fit = fixed_effects(
            study.rows,
            control,
            [study.treatment],
            study.effects,
            study.vcov,
            treatment=study.treatment,
        )
    return float(fit.pvalue[study.treatment])
