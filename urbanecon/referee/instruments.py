"""Do the instruments move the treatment, and are they more than the treatment renamed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.fit import Fit
from urbanecon.estimation.instrumental import instrumental
from urbanecon.estimation.least_squares import off, orthogonal
from urbanecon.estimation.sample import Floats, draw_sample
from urbanecon.estimation.weak_instruments import effective_f_critical
from urbanecon.estimation.within import Absorber
from urbanecon.referee.study import Study, quiet
from urbanecon.referee.verdict import Status, Verdict, check
from urbanecon.referee.words import in_turn, listed, say

WEAK = 10.0
"""Effective F below which no rule calls an instrument strong (Staiger and Stock 1997)."""
SAME = (0.90, 0.98)
"""Share of the instrument that the treatment explains within the effects: nearer to one the
estimate is that of least squares."""
OFF = (0.10, 0.01)
"""Variation among the never treated over that in the sample: below a hundredth the instrument
is non-zero because a unit was chosen."""

NONE = "shared.no_instrument"


@check("instrument_strength", "Montiel Olea and Pflueger (2013)")
def instrument_strength(study: Study) -> Verdict:
    """A weak instrument brings back the bias of least squares, with errors that hide it."""
    if not study.instruments:
        return instrument_strength.skipped(say(NONE))
    strengths = {names: _strength(study, names) for names in study.instruments}
    weakest = min(strengths, key=lambda names: strengths[names][0] / strengths[names][1])
    f, critical = strengths[weakest]
    each = [
        instrument_strength.say(
            "each", instruments=listed(study.all_named(z)), f=f"{f_z:.1f}", critical=f"{c_z:.1f}"
        )
        for z, (f_z, c_z) in strengths.items()
    ]
    words = instrument_strength.say(
        "found", endogenous=study.named(_endogenous(study)), each=in_turn(each)
    )
    status: Status = "pass" if f >= critical else "fail" if f < WEAK else "warn"
    todo = instrument_strength.say("todo")
    return instrument_strength.verdict(status, words, todo, f, critical)


@check("instrument_is_treatment", "Angrist and Pischke (2009), section 4.1")
def instrument_is_treatment(study: Study) -> Verdict:
    """An instrument made of the treatment is the treatment under another name."""
    if not study.instruments:
        return instrument_is_treatment.skipped(say(NONE))
    found = {z: _explained(study, z) for names in study.instruments for z in names}
    z = max(found, key=lambda name: found[name])
    words = instrument_is_treatment.say(
        "found",
        endogenous=study.named(_endogenous(study)),
        share=f"{found[z]:.1%}",
        instrument=study.named(z),
    )
    todo = instrument_is_treatment.say("todo", instrument=study.named(z))
    return instrument_is_treatment.graded(found[z], SAME, words, todo)


@check("instrument_off_treated", "Angrist and Pischke (2009), section 4.1")
def instrument_off_treated(study: Study) -> Verdict:
    """An instrument that is constant off the treated carries whatever chose the treated."""
    if not study.instruments:
        return instrument_off_treated.skipped(say(NONE))
    marker = study.marker or study.treatment
    values = study.data[marker].dropna()
    ever = values.ne(0).groupby(level=0).any()
    never = ever.index[~ever]
    if len(never) < 2:
        words = instrument_off_treated.say("few", marker=study.named(marker))
        return instrument_off_treated.skipped(words)
    found = {z: _off_share(study, z, never) for names in study.instruments for z in names}
    z = min(found, key=lambda name: found[name])
    words = instrument_off_treated.say(
        "found",
        count=len(never),
        marker=study.named(marker),
        instrument=study.named(z),
        ratio=f"{found[z]:.2g}",
    )
    todo = instrument_off_treated.say("todo", instrument=study.named(z))
    return instrument_off_treated.graded(found[z], OFF, words, todo)


def _endogenous(study: Study) -> str:
    return study.endogenous or study.treatment


def _strength(study: Study, names: tuple[str, ...]) -> tuple[float, float]:
    """Effective F and its critical value."""
    test = next(d for d in _first_stage(study, names).diagnostics if d.name == "effective F")
    return test.statistic, effective_f_critical(test)


def _first_stage(study: Study, names: tuple[str, ...]) -> Fit:
    with quiet():
        return instrumental(
            study.data,
            study.outcome,
            [_endogenous(study)],
            list(names),
            study.controls,
            effects=study.effects,
            vcov=study.vcov,
        )


def _explained(study: Study, instrument: str) -> float:
    """Partial R2 of the instrument on the endogenous regressor."""
    names = [instrument, _endogenous(study), *study.controls]
    z, x = _within(study, study.data, names)[:, :2].T
    left = off(z[:, None], orthogonal(x[:, None])[0])
    return 1 - float(np.sum(left**2)) / float(np.sum(z**2))


def _off_share(study: Study, instrument: str, never: pd.Index) -> float:
    """Mean square within the effects among units never treated, over that of all rows."""
    everyone = _within(study, study.data, [instrument])[:, 0]
    inside = study.data.index.get_level_values(0).isin(never)
    untreated = _within(study, study.data[inside], [instrument])[:, 0]
    return float(np.mean(untreated**2) / np.mean(everyone**2))


def _within(study: Study, data: pd.DataFrame, names: list[str]) -> Floats:
    """Columns without the effects, and without those after the second name."""
    sample = draw_sample(data, names, study.effects)
    codes = [sample.codes[e] for e in study.effects] or [np.zeros(sample.nobs, dtype=np.int64)]
    columns = Absorber(codes).residuals(sample.values)
    return off(columns[:, :2], orthogonal(columns[:, 2:])[0])
