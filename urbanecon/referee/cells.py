"""Does the result rest on doubtful cells, or on cities whose borders moved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.referee.study import Study
from urbanecon.referee.verdict import Check, Status, Verdict, check, p_words
from urbanecon.referee.words import NOTHING, Phrase, say

DOUBTFUL = 0.20
"""Share of the rows at which doubtful cells are worth a warning whatever they do."""
MOVES = 1.0
"""Standard errors that an estimate may move without rows that should not matter."""
ALPHA = 0.05
SOURCE = "Broderick, Giordano and Meager (2020)"


@check("flagged_cells", SOURCE)
def flagged_cells(study: Study) -> Verdict:
    """A result must not come from cells that were interpolated or look wrong."""
    return _without(flagged_cells, study, "flagged")


@check("tier_c", SOURCE)
def tier_c(study: Study) -> Verdict:
    """A result must not come from files nobody answers for."""
    return _without(tier_c, study, "tier_c")


@check("boundaries", SOURCE)
def boundaries(study: Study) -> Verdict:
    """A city that gains a county jumps in every total, and pilots gained more than others."""
    if study.moved is None:
        return boundaries.skipped(boundaries.say("unknown"))
    years = study.rows.index.get_level_values(1)
    inside = study.moved[(study.moved > years.min()) & (study.moved <= years.max())]
    hit = study.rows.index.get_level_values(0).isin(inside.index)
    words = boundaries.say(
        "what",
        share=f"{hit.mean():.1%}",
        units=study.rows[hit].index.get_level_values(0).nunique(),
        unit=study.named(study.unit),
    )
    todo = boundaries.say("todo")
    verdict = _judged(boundaries, study, hit, words, todo)
    if study.constant is None or verdict.status == "not applicable":
        return verdict
    estimate, p = _again(study, study.constant)
    moves = abs(estimate - study.estimate) / study.se
    status = _status(study, (estimate, p), moves, 0.0)
    worse = max((verdict.status, status), key=("pass", "warn", "fail").index)
    words = boundaries.say(
        "constant",
        before=Phrase(verdict.sentence, verdict.told("zh").sentence),
        estimate=f"{estimate:.4g}",
        p=p_words(p),
        moves=f"{moves:.2f}",
    )
    return boundaries.verdict(worse, words, todo, verdict.statistic, verdict.threshold)


def _without(asked: Check, study: Study, column: str) -> Verdict:
    if study.doubtful is None or column not in study.doubtful:
        return asked.skipped(say("cells.unknown"))
    hit = study.doubtful[column].reindex(study.rows.index).fillna(False).to_numpy(dtype=bool)
    words = asked.say("what", share=f"{hit.mean():.1%}")
    return _judged(asked, study, hit, words, say("cells.todo"))


def _judged(asked: Check, study: Study, hit: np.ndarray, words: Phrase, todo: Phrase) -> Verdict:
    """Estimate without the rows that are `hit`, and say what becomes of the result."""
    share = float(hit.mean())
    if not hit.any():
        return asked.verdict("pass", words, NOTHING, 0.0, MOVES)
    if hit.all():
        return asked.verdict("fail", say("cells.all", what=words), todo, share, 1.0)
    estimate, p = _again(study, study.rows[~hit])
    moves = abs(estimate - study.estimate) / study.se
    words = say(
        "cells.found",
        what=words,
        estimate=f"{estimate:.4g}",
        p=p_words(p),
        before=f"{study.estimate:.4g}",
        p_before=p_words(study.p),
        moves=f"{moves:.2f}",
    )
    return asked.verdict(_status(study, (estimate, p), moves, share), words, todo, moves, MOVES)


def _status(study: Study, again: tuple[float, float], moves: float, share: float) -> Status:
    """Fail when the sign turns or a significant result is lost, warn when it merely moves."""
    before, after = study.p < ALPHA, again[1] < ALPHA
    turned = np.sign(again[0]) != np.sign(study.estimate)
    if ((before or after) and turned) or (before and not after and moves >= MOVES):
        return "fail"
    crossed = before != after
    return "warn" if crossed or turned or moves >= MOVES or share >= DOUBTFUL else "pass"


def _again(study: Study, data: pd.DataFrame) -> tuple[float, float]:
    """Estimate and p-value on other rows."""
    fit = study.refit(data)
    return float(fit.params[study.treatment]), float(fit.pvalue[study.treatment])
