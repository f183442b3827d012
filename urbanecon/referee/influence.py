"""Does one unit, or one group of units, make the result."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.leave_out import leave_out
from urbanecon.referee.study import Study
from urbanecon.referee.verdict import Check, Status, Verdict, check
from urbanecon.referee.words import NOTHING, listed, say

ALPHA = 0.05
MOST_LEVELS = 60
"""Year effects are estimated anew without each cluster; beyond, as with province-by-year
effects, that would take minutes, and the groups of the largest influence are refitted."""
REFITTED = 10
SOURCE = "MacKinnon, Nielsen and Webb (2023)"


@check("influence", SOURCE)
def influence(study: Study) -> Verdict:
    """A result that hangs on one cluster is a statement about that cluster."""
    by = study.linear.moments.by
    return _judged(influence, study, _without_each(study, by), by)


@check("group_influence", SOURCE)
def group_influence(study: Study) -> Verdict:
    """A result that hangs on one province is a statement about that province."""
    level = next((name for name in study.coarser if name not in study.cluster), None)
    if level is None:
        return group_influence.skipped(group_influence.say("no_level"))
    return _judged(group_influence, study, _without_each(study, level), level)


def _without_each(study: Study, by: str) -> pd.DataFrame:
    """Estimate, p and change without each group: all from moments, or the largest refitted."""
    moments = study.linear.moments
    if not _all_tried(study):
        return _refits(study, by)
    if by == moments.by:
        return leave_out(study.linear, study.treatment)
    own = _labels(study, by).groupby(_labels(study, moments.by).to_numpy()).first()
    return leave_out(study.linear, study.treatment, own.reindex(moments.clusters), by)


def _all_tried(study: Study) -> bool:
    """Whether every cluster can be left out from the moments."""
    moments = study.linear.moments
    return moments.route == "columns" and len(moments.levels) <= MOST_LEVELS


def _refits(study: Study, by: str) -> pd.DataFrame:
    """Refit without the groups that move the estimate most to first order, d'e over d'd."""
    labels = _labels(study, by)
    d, e = study.net["treatment"], study.net["error"]
    size = (d * e).groupby(labels.to_numpy()).sum().abs()
    tried = size.sort_values(ascending=False, kind="stable").index[:REFITTED]
    found = {}
    for key in tried:
        fit = study.refit(study.rows[(labels != key).to_numpy()])
        b, p = float(fit.params[study.treatment]), float(fit.pvalue[study.treatment])
        found[key] = {"estimate": b, "p": p, "change": b - study.estimate}
    table = pd.DataFrame.from_dict(found, orient="index")
    return table.assign(dfbeta=table["change"] / study.se)


def _labels(study: Study, key: str) -> pd.Series:
    """Group of each row of the sample."""
    rows = study.rows
    parts = [
        rows[part] if part in rows else rows.index.get_level_values(part)
        for part in ([key] if key in rows else key.split(":"))
    ]
    if len(parts) == 1:
        return pd.Series(np.asarray(parts[0]), index=rows.index)
    return pd.Series([":".join(map(str, each)) for each in zip(*parts, strict=True)], rows.index)


def _judged(asked: Check, study: Study, left: pd.DataFrame, by: str) -> Verdict:
    """Fail when a significant result changes its sign, warn when anything else does.

    The sign of an estimate that is not significant with or without a group is
    nobody's claim.
    """
    linear = study.linear
    b = float(linear.params[linear.terms.index(study.treatment)])
    lost = left.index[left["estimate"].isna()]
    if len(lost):
        return asked.verdict(
            "fail",
            say(
                "influence.alone",
                by=study.named(by),
                group=study.named(lost[0]),
                estimate=f"{b:.4g}",
            ),
            say("influence.alone_todo"),
        )
    turned = left.index[np.sign(left["estimate"]) != np.sign(b)]
    full = float(study.refit(study.rows, f"cluster({linear.moments.by})").pvalue[study.treatment])
    crossed = left.index[(left["p"] < ALPHA) != (full < ALPHA)]
    words = say(
        "influence.found",
        by=study.named(by),
        tried=NOTHING if _all_tried(study) else say("influence.tried", count=len(left)),
        estimate=f"{b:.4g}",
        low=f"{left['estimate'].min():.4g}",
        high=f"{left['estimate'].max():.4g}",
        most=study.named(left["change"].abs().idxmax()),
        turned=len(turned),
        crossed=len(crossed),
        alpha=str(ALPHA),
    )
    if len(turned) or len(crossed):
        groups = study.all_named(turned if len(turned) else crossed)
        words += say("influence.named", groups=listed(groups))
    status: Status = "warn" if len(turned) or len(crossed) else "pass"
    if len(turned) and (full < ALPHA or (left.loc[turned, "p"] < ALPHA).any()):
        status = "fail"
    todo = say("influence.todo", by=study.named(by))
    return asked.verdict(status, words, todo, float(left["dfbeta"].abs().max()))
