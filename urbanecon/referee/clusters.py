"""Are errors clustered by what is independent, and by enough of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.moments_errors import leverage
from urbanecon.estimation.sample import Codes, key_codes
from urbanecon.estimation.within import is_nested
from urbanecon.referee.study import Study, no_adoption
from urbanecon.referee.verdict import Verdict, check
from urbanecon.referee.words import NOTHING, joined, listed, say

AT_ONCE = (0.10, 0.50)
"""Share of the treated in groups that were treated as one: at a tenth the errors of some
treated are counted as independent that are not, at a half of most."""
CLUSTERS = (30.0, 10.0)
"""Below 20 to 50 clusters the t law misleads (Cameron and Miller 2015, section VI); below ten
the bootstrap does too."""
LARGEST = (0.10, 0.30)
"""Share of the rows: the theory lets the share of every cluster vanish (Djogbenou, MacKinnon
and Nielsen 2019)."""
TREATED_CLUSTERS = (10.0, 5.0)
"""The wild bootstrap fails with one to five treated clusters and is unreliable up to about
ten (MacKinnon and Webb 2018)."""
SINGLETONS = (1e-12, 0.05)
"""Any is said; at five percent they move the small-sample factor visibly (Correia 2015)."""
COHORT = (4.0, 1.0)
"""Units: a mean of fewer than five is a case study, and that of one has no error at all."""

WILD = "shared.wild"
"""What to do about few or unequal clusters."""


@check(
    "assignment",
    "Abadie, Athey, Imbens and Wooldridge (2023); Bertrand, Duflo and Mullainathan (2004)",
)
def assignment(study: Study) -> Verdict:
    """Units that were treated by one decision are one draw of the treatment, not many."""
    by = joined(study.all_named(study.cluster))
    if not _nested_somewhere(study, study.unit):
        share, unit = (
            float(study.rows.groupby(level=0).size().gt(1).mean()),
            study.named(study.unit),
        )
        return assignment.verdict(
            "fail",
            assignment.say("below", by=by, share=f"{share:.0%}", unit=unit),
            assignment.say("below_todo", unit=unit),
            share,
            AT_ONCE[0],
        )
    found = [(*_at_once(study, level), level) for level in study.coarser]
    worst = max(found, key=lambda each: each[0], default=None)
    treated = int(study.treated.sum())
    if worst is None or not worst[1]:
        levels = listed(study.all_named(study.coarser))
        key = "none_of" if study.coarser else "none"
        words = assignment.say(key, treated=treated, levels=levels, by=by)
        return assignment.graded(0.0, AT_ONCE, words, NOTHING)
    share, groups, level = worst
    words = assignment.say(
        "found",
        count=round(share * treated),
        treated=treated,
        share=f"{share:.0%}",
        level=study.named(level),
        groups=listed(study.all_named(groups)),
        by=by,
    )
    if _nested_somewhere(study, level):
        return assignment.verdict("pass", words, NOTHING, share, AT_ONCE[0])
    todo = assignment.say("todo", level=study.named(level))
    return assignment.graded(share, AT_ONCE, words, todo)


@check("few_clusters", "Cameron and Miller (2015), section VI")
def few_clusters(study: Study) -> Verdict:
    """Clustered errors are consistent in the number of clusters, and too small with few."""
    if not study.cluster:
        return few_clusters.skipped(few_clusters.say("unclustered"))
    counts = {by: len(np.unique(_codes(study, by))) for by in study.cluster}
    by = min(counts, key=lambda name: counts[name])
    words = few_clusters.say("found", by=study.named(by), count=counts[by])
    return few_clusters.graded(float(counts[by]), CLUSTERS, words, say(WILD))


@check(
    "effective_clusters",
    "Carter, Schnepel and Steigerwald (2017); MacKinnon, Nielsen and Webb (2023)",
)
def effective_clusters(study: Study) -> Verdict:
    """Clusters that differ in size and treatment count for fewer than there are.

    G* = G / (1 + the squared coefficient of variation of g_g), g_g =
    e'(X'X)^-1 X_g'X_g (X'X)^-1 e: the form for errors without correlation within
    clusters, the one that is defined beside effects nested in clusters.
    """
    parts = _partial_leverage(study)
    effective = 1 / float(np.sum(parts**2))
    words = effective_clusters.say("found", count=len(parts), effective=f"{effective:.0f}")
    return effective_clusters.graded(effective, CLUSTERS, words, say(WILD))


@check("cluster_balance", "Djogbenou, MacKinnon and Nielsen (2019)")
def cluster_balance(study: Study) -> Verdict:
    """One large cluster makes the estimate one draw, however many small ones there are."""
    shares = {}
    for by in study.cluster or (study.unit,):
        counts = np.bincount(_codes(study, by))
        shares[by] = float(counts.max() / counts.sum())
    by = max(shares, key=lambda name: shares[name])
    words = cluster_balance.say(
        "found", by=study.named(by), share=f"{shares[by]:.1%}", rows=study.sample.nobs
    )
    return cluster_balance.graded(shares[by], LARGEST, words, say(WILD))


@check("treated_clusters", "MacKinnon and Webb (2018)")
def treated_clusters(study: Study) -> Verdict:
    """With few treated (or few untreated) clusters the error of a dummy is far too small."""
    if not set(study.rows[study.treatment].unique()) <= {0, 1}:
        return treated_clusters.skipped(
            say("shared.no_dummy", treatment=study.named(study.treatment))
        )
    counts = {}
    for by in study.cluster or (study.unit,):
        ever = study.rows[study.treatment].groupby(_codes(study, by)).max() > 0
        counts[by] = (int(ever.sum()), int((~ever).sum()))
    by = min(counts, key=lambda name: min(counts[name]))
    treated, others = counts[by]
    words = treated_clusters.say("found", treated=treated, by=study.named(by), others=others)
    if others == 0 and _staggered(study):
        return treated_clusters.graded(float(treated), TREATED_CLUSTERS, words, say(WILD))
    todo = treated_clusters.say("todo")
    return treated_clusters.graded(float(min(treated, others)), TREATED_CLUSTERS, words, todo)


@check("small_cohorts", "Callaway and Sant'Anna (2021), sec. 4")
def small_cohorts(study: Study) -> Verdict:
    """The effect of a cohort of two units is the story of two units."""
    if study.adoption is None:
        return small_cohorts.skipped(no_adoption(study))
    present = study.adoption.reindex(study.treated.index[study.treated])
    sizes = present[np.isfinite(present)].value_counts().sort_index()
    smallest = int(sizes.min())
    each = [small_cohorts.say("cohort", count=n, year=f"{y:.0f}") for y, n in sizes.items()]
    words = small_cohorts.say("found", smallest=smallest, cohorts=listed(each, len(each)))
    return small_cohorts.graded(float(smallest), COHORT, words, small_cohorts.say("todo"))


@check("singletons", "Correia (2015)")
def singletons(study: Study) -> Verdict:
    """A row alone in a level of an effect fits perfectly and counts as an observation."""
    alone = study.sample.singletons
    share = alone / study.sample.nobs
    words = singletons.say(
        "found",
        alone=alone,
        rows=study.sample.nobs,
        share=f"{share:.2%}",
        effects=joined(study.all_named(study.effects), "shared.no_effect", "shared.or"),
    )
    return singletons.graded(share, SINGLETONS, words, singletons.say("todo"))


PARTIAL_LEVERAGE = (0.10, 0.25)
"""Share of what identifies the coefficient: its mean over clusters is 1/G."""


@check("leverage", "MacKinnon, Nielsen and Webb (2023)")
def cluster_leverage(study: Study) -> Verdict:
    """A cluster that holds much of the treatment's variation decides the estimate alone."""
    parts, linear = _partial_leverage(study), study.linear
    at = int(parts.argmax())
    whole = leverage(linear)
    words = cluster_leverage.say(
        "found",
        by=study.named(linear.moments.by),
        cluster=study.named(linear.moments.clusters[at]),
        share=f"{parts[at]:.1%}",
        mean=f"{1 / len(parts):.1%}",
        times=f"{whole.max() / whole.mean():.1f}",
    )
    todo = cluster_leverage.say("todo")
    return cluster_leverage.graded(float(parts[at]), PARTIAL_LEVERAGE, words, todo)


def _partial_leverage(study: Study) -> np.ndarray:
    """Share of each cluster in the variation of the treatment net of all else."""
    linear = study.linear
    at = linear.terms.index(study.treatment)
    row = linear.bread[at]
    own = np.einsum("i,gij,j->g", row, linear.gram, row)
    return np.asarray(own / own.sum())


def _codes(study: Study, key: str) -> Codes:
    return key_codes(study.rows, key)


def _nested_somewhere(study: Study, inner: str) -> bool:
    """Whether each level of `inner` lies in one cluster of some dimension."""
    own = _codes(study, inner)
    return any(is_nested(own, _codes(study, by)) for by in study.cluster)


def _staggered(study: Study) -> bool:
    """Whether units adopt in different years."""
    first = study.adoption
    return first is not None and bool((first != first.iloc[0]).any())


def _at_once(study: Study, level: str) -> tuple[float, list[object]]:
    """Share of the treated in groups that are treated as one, and these groups."""
    d = study.rows[study.treatment]
    home = pd.Series(study.rows[level].to_numpy(), index=d.index)
    years = d.index.get_level_values(1)
    spread = d.groupby([home, years]).agg(lambda g: g.max() - g.min()).groupby(level=0).max()
    units = pd.Series(home.to_numpy(), index=d.index.get_level_values(0)).groupby(level=0).first()
    treated = study.treated.reindex(units.index)
    of_group = pd.DataFrame(
        {"treated": treated.groupby(units).sum(), "units": units.value_counts()}
    )
    whole = of_group[(spread == 0) & (of_group["units"] > 1) & (of_group["treated"] > 0)]
    total = int(treated.sum())
    order = whole.sort_values("treated", ascending=False, kind="stable")
    return float(whole["treated"].sum()) / max(total, 1), list(order.index)
