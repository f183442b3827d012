"""Are errors clustered by what is independent, and by enough of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.moments_ols import leverage
from urbanecon.estimation.sample import Codes, key_codes
from urbanecon.estimation.within import is_nested
from urbanecon.referee.study import Study
from urbanecon.referee.verdict import Verdict, check, listed

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

WILD = "Report a wild cluster bootstrap, restricted, with Webb weights, beside the t law"


@check(
    "assignment",
    "clustering at the level of assignment",
    "Abadie, Athey, Imbens and Wooldridge (2023); Bertrand, Duflo and Mullainathan (2004)",
)
def assignment(study: Study) -> Verdict:
    """Units that were treated by one decision are one draw of the treatment, not many."""
    if not _nested_somewhere(study, study.unit):
        by = " and ".join(study.cluster) or "nothing"
        share = float(study.rows.groupby(level=0).size().gt(1).mean())
        return assignment.verdict(
            "fail",
            f"errors are clustered by {by}, but {share:.0%} of the {study.unit} units are "
            f"observed in several periods with a treatment that persists",
            f"Cluster by {study.unit}, or by what is above it",
            share,
            AT_ONCE[0],
        )
    found = [(*_at_once(study, level), level) for level in study.coarser]
    worst = max(found, key=lambda each: each[0], default=None)
    treated = int(study.treated.sum())
    if worst is None or not worst[1]:
        looked = f" of {listed(list(study.coarser))}" if study.coarser else ""
        return assignment.graded(
            0.0,
            AT_ONCE,
            f"0 of {treated} treated units lie in groups{looked} that were treated as one; "
            f"errors are clustered by {' and '.join(study.cluster)}",
            "",
        )
    share, groups, level = worst
    words = (
        f"{round(share * treated)} of {treated} treated units ({share:.0%}) lie in {level} groups "
        f"all of whose units were treated at once ({listed([study.named(g) for g in groups])}), "
        f"and errors are clustered by {' and '.join(study.cluster)}"
    )
    if _nested_somewhere(study, level):
        return assignment.verdict("pass", words, "", share, AT_ONCE[0])
    todo = f"Cluster by {level}, with the wild bootstrap if those are few, and report both"
    return assignment.graded(share, AT_ONCE, words, todo)


@check("few_clusters", "number of clusters", "Cameron and Miller (2015), section VI")
def few_clusters(study: Study) -> Verdict:
    """Clustered errors are consistent in the number of clusters, and too small with few."""
    if not study.cluster:
        return few_clusters.skipped("errors are not clustered")
    counts = {by: len(np.unique(_codes(study, by))) for by in study.cluster}
    by = min(counts, key=lambda name: counts[name])
    words = f"errors are clustered by {by}: {counts[by]} clusters"
    return few_clusters.graded(float(counts[by]), CLUSTERS, words, WILD)


@check(
    "effective_clusters", "effective number of clusters",
    "Carter, Schnepel and Steigerwald (2017); MacKinnon, Nielsen and Webb (2023)",
)  # fmt: skip
def effective_clusters(study: Study) -> Verdict:
    """Clusters that differ in size and treatment count for fewer than there are.

    G* = G / (1 + the squared coefficient of variation of g_g), g_g =
    e'(X'X)^-1 X_g'X_g (X'X)^-1 e: the form for errors without correlation within
    clusters, the one that is defined beside effects nested in clusters.
    """
    parts = _partial_leverage(study)
    effective = 1 / float(np.sum(parts**2))
    words = f"the {len(parts)} clusters are worth {effective:.0f} of equal weight"
    return effective_clusters.graded(effective, CLUSTERS, words, WILD)


@check("cluster_balance", "size of the largest cluster", "Djogbenou, MacKinnon and Nielsen (2019)")
def cluster_balance(study: Study) -> Verdict:
    """One large cluster makes the estimate one draw, however many small ones there are."""
    shares = {}
    for by in study.cluster or (study.unit,):
        counts = np.bincount(_codes(study, by))
        shares[by] = float(counts.max() / counts.sum())
    by = max(shares, key=lambda name: shares[name])
    words = f"the largest {by} holds {shares[by]:.1%} of the {study.sample.nobs} rows"
    return cluster_balance.graded(shares[by], LARGEST, words, WILD)


@check("treated_clusters", "number of treated clusters", "MacKinnon and Webb (2018)")
def treated_clusters(study: Study) -> Verdict:
    """With few treated (or few untreated) clusters the error of a dummy is far too small."""
    if not set(study.rows[study.treatment].unique()) <= {0, 1}:
        return treated_clusters.skipped(f"the treatment {study.treatment} is no dummy")
    counts = {}
    for by in study.cluster or (study.unit,):
        ever = study.rows[study.treatment].groupby(_codes(study, by)).max() > 0
        counts[by] = (int(ever.sum()), int((~ever).sum()))
    by = min(counts, key=lambda name: min(counts[name]))
    treated, others = counts[by]
    words = f"{treated} clusters ({by}) are treated at some time and {others} never"
    if others == 0 and _staggered(study):
        return treated_clusters.graded(float(treated), TREATED_CLUSTERS, words, WILD)
    todo = f"{WILD}, and randomization inference over adoption paths"
    return treated_clusters.graded(float(min(treated, others)), TREATED_CLUSTERS, words, todo)


@check("small_cohorts", "units of the smallest cohort", "Callaway and Sant'Anna (2021), sec. 4")
def small_cohorts(study: Study) -> Verdict:
    """The effect of a cohort of two units is the story of two units."""
    if study.adoption is None:
        return small_cohorts.skipped(
            f"the treatment {study.treatment} is not adopted once and for good"
        )
    present = study.adoption.reindex(study.treated.index[study.treated])
    sizes = present[np.isfinite(present)].value_counts().sort_index()
    smallest = int(sizes.min())
    years = ", ".join(f"{n} in {year:.0f}" for year, n in sizes.items())
    todo = "Report effects by cohort, and the mean without the smallest"
    words = f"the smallest cohort of adopters has {smallest} units ({years})"
    return small_cohorts.graded(float(smallest), COHORT, words, todo)


@check("singletons", "singletons", "Correia (2015)")
def singletons(study: Study) -> Verdict:
    """A row alone in a level of an effect fits perfectly and counts as an observation."""
    alone = study.sample.singletons
    share = alone / study.sample.nobs
    words = (
        f"{alone} of {study.sample.nobs} rows ({share:.2%}) are alone in a level of "
        f"{' or '.join(study.effects) or 'no effect'}"
    )
    return singletons.graded(share, SINGLETONS, words, "Estimate with drop_singletons=True")


PARTIAL_LEVERAGE = (0.10, 0.25)
"""Share of what identifies the coefficient: its mean over clusters is 1/G."""


@check("leverage", "leverage of single clusters", "MacKinnon, Nielsen and Webb (2023)")
def cluster_leverage(study: Study) -> Verdict:
    """A cluster that holds much of the treatment's variation decides the estimate alone."""
    parts, linear = _partial_leverage(study), study.linear
    at = int(parts.argmax())
    whole = leverage(linear)
    words = (
        f"{linear.moments.by} {study.named(linear.moments.clusters[at])} holds {parts[at]:.1%} "
        f"of the treatment's variation (mean {1 / len(parts):.1%}); the largest leverage is "
        f"{whole.max() / whole.mean():.1f} times the mean"
    )
    return cluster_leverage.graded(
        float(parts[at]), PARTIAL_LEVERAGE, words, "Report the jackknife CV3 and the estimate "
        "without that cluster"
    )  # fmt: skip


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
