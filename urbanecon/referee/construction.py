"""Are treatment and outcome correlated because of how they are computed."""

from __future__ import annotations

import numpy as np

from urbanecon.estimation.within import Absorber
from urbanecon.referee.study import Study
from urbanecon.referee.verdict import Verdict, check
from urbanecon.referee.words import NOTHING, Phrase, listed

BY_SCALE = (0.25, 0.50)
"""Correlation that a shared denominator makes alone, over the one found: beyond a quarter the
estimate must be shown without it, beyond a half it is mostly the denominator."""


@check("mechanical", "Pearson (1897); Kronmal (1993)")
def mechanical(study: Study) -> Verdict:
    """An index that holds the outcome, or shares a denominator with it, is correlated by sum.

    A shared component that is no mere scale fails. Of a shared scale s the
    correlation r(y, s) r(d, s) that it makes by itself is compared with r(y, d),
    all within effects and controls.
    """
    if not study.components:
        return mechanical.skipped(mechanical.say("unknown"))
    names = _names(study)
    inputs = {name: _inputs(study, name) for name in (study.outcome, study.treatment)}
    shared = [name for name in inputs[study.outcome] if name in inputs[study.treatment]]
    content = [name for name in shared if name not in study.scales]
    if content:
        share = len(shared) / len(inputs[study.outcome])
        return mechanical.verdict(
            "fail",
            mechanical.say(
                "content",
                **names,
                content=listed(study.all_named(content)),
                count=len(shared),
                all=len(inputs[study.outcome]),
            ),
            mechanical.say("content_todo", **names),
            share,
            0.0,
        )
    if not shared:
        known = sum(map(len, inputs.values()))
        words = mechanical.say("none", **names, all=known)
        return mechanical.verdict("pass", words, NOTHING, 0.0, BY_SCALE[0])
    return _by_scale(study, shared)


def _by_scale(study: Study, shared: list[str]) -> Verdict:
    names = _names(study)
    todo = mechanical.say("todo", scale=study.named(shared[0]))
    at_hand = [n for n in shared if n in study.rows and (study.rows[n] > 0).all()]
    if not at_hand:
        told = listed(study.all_named(shared))
        words = mechanical.say("absent", **names, count=len(shared), shared=told)
        return mechanical.verdict("warn", words, todo, np.nan, BY_SCALE[0])
    y, d = study.net["outcome"].to_numpy(), study.net["treatment"].to_numpy()
    logs = {name: _net(study, np.log(study.rows[name].to_numpy())) for name in at_hand}
    made = {name: _correlation(y, s) * _correlation(d, s) for name, s in logs.items()}
    scale, found = max(made, key=lambda name: abs(made[name])), _correlation(y, d)
    share = abs(made[scale]) / abs(found) if found else np.inf
    words = mechanical.say(
        "found",
        **names,
        scale=study.named(scale),
        made=f"{made[scale]:.3f}",
        found=f"{found:.3f}",
    )
    return mechanical.graded(share, BY_SCALE, words, todo)


def _names(study: Study) -> dict[str, Phrase]:
    return {"treatment": study.named(study.treatment), "outcome": study.named(study.outcome)}


def _inputs(study: Study, name: str) -> tuple[str, ...]:
    """What a variable is computed from; itself when nothing is known."""
    return study.components.get(name, (name,))


def _net(study: Study, values: np.ndarray) -> np.ndarray:
    """Return a column without the effects."""
    codes = [study.sample.codes[e] for e in study.effects]
    codes = codes or [np.zeros(len(values), dtype=np.int64)]
    return Absorber(codes).residuals(values[:, None])[:, 0]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    size = float(np.sqrt(np.sum(a**2) * np.sum(b**2)))
    return float(np.sum(a * b)) / size if size > 0 else 0.0
