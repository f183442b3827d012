"""Does the result rest on doubtful cells, or on cities whose borders moved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.referee.study import Study
from urbanecon.referee.verdict import Check, Status, Verdict, check, p_words

DOUBTFUL = 0.20
"""Share of the rows at which doubtful cells are worth a warning whatever they do."""
MOVES = 1.0
"""Standard errors that an estimate may move without rows that should not matter."""
ALPHA = 0.05
SOURCE = "Broderick, Giordano and Meager (2020)"


@check("flagged_cells", "estimate without flagged cells", SOURCE)
def flagged_cells(study: Study) -> Verdict:
    """A result must not come from cells that were interpolated or look wrong."""
    return _without(flagged_cells, study, "flagged", "a flagged cell")


@check("tier_c", "estimate without sources of unclear provenance", SOURCE)
def tier_c(study: Study) -> Verdict:
    """A result must not come from files nobody answers for."""
    return _without(tier_c, study, "tier_c", "a source of unclear provenance (tier C)")


@check("boundaries", "estimate without cities whose borders moved", SOURCE)
def boundaries(study: Study) -> Verdict:
    """A city that gains a county jumps in every total, and pilots gained more than others."""
    if study.moved is None:
        return boundaries.skipped("it is not known whose territory changed")
    years = study.rows.index.get_level_values(1)
    inside = study.moved[(study.moved > years.min()) & (study.moved <= years.max())]
    hit = study.rows.index.get_level_values(0).isin(inside.index)
    words = f"{hit.mean():.1%} of the rows ({study.rows[hit].index.get_level_values(0).nunique()}"
    words += f" {study.unit} units) are of territory that changed inside the sample"
    todo = "Estimate on constant boundaries and report it as the main result"
    verdict = _judged(boundaries, study, hit, words, todo)
    if study.constant is None or verdict.status == "not applicable":
        return verdict
    estimate, p = _again(study, study.constant)
    moves = abs(estimate - study.estimate) / study.se
    status = _status(study, (estimate, p), moves, 0.0)
    worse = max((verdict.status, status), key=("pass", "warn", "fail").index)
    words = (
        f"{verdict.sentence} On constant boundaries it is {estimate:.4g} ({p_words(p)}), "
        f"{moves:.2f} standard errors away"
    )
    return boundaries.verdict(worse, words, todo, verdict.statistic, verdict.threshold)


def _without(asked: Check, study: Study, column: str, what: str) -> Verdict:
    if study.doubtful is None or column not in study.doubtful:
        return asked.skipped("nothing is known about the quality of the cells")
    hit = study.doubtful[column].reindex(study.rows.index).fillna(False).to_numpy(dtype=bool)
    words = f"{hit.mean():.1%} of the rows rest on {what}"
    todo = "Show the estimate without these rows beside the main one, and mend the source"
    return _judged(asked, study, hit, words, todo)


def _judged(asked: Check, study: Study, hit: np.ndarray, words: str, todo: str) -> Verdict:
    """Estimate without the rows that are `hit`, and say what becomes of the result."""
    share = float(hit.mean())
    if not hit.any():
        return asked.verdict("pass", words, "", 0.0, MOVES)
    if hit.all():
        return asked.verdict("fail", f"{words}; nothing is left without them", todo, share, 1.0)
    estimate, p = _again(study, study.rows[~hit])
    moves = abs(estimate - study.estimate) / study.se
    words += (
        f"; without them the estimate is {estimate:.4g} ({p_words(p)}) instead of "
        f"{study.estimate:.4g} ({p_words(study.p)}), {moves:.2f} standard errors away"
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
