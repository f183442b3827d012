"""Many hypotheses at once: Romano-Wolf step-down, Holm, Benjamini-Hochberg.

Romano and Wolf (2005, "Stepwise multiple testing as formalized data snooping";
2016, "Efficient computation of adjusted p-values for resampling-based stepdown
multiple testing") use that the statistics of a family move together: a family
of outcomes of the same cities pays for few independent questions. Here every
draw gives each cluster one weight, and that weight enters all equations in which
the cluster appears, whatever rows each of them has; residuals satisfy each
equation's null hypothesis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.bootstrap_draws import DRAWS, Points, WeightLaw, Weights
from urbanecon.estimation.bootstrap_grouping import Grouping
from urbanecon.estimation.bootstrap_sums import Bootstrapped, Restriction
from urbanecon.estimation.mapping import MapLike
from urbanecon.estimation.moments_errors import clustered_factor, crv1
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.sample import Codes, Floats

ROUNDING = 1e-9
"""Share by which a draw may fall short of the statistic and still count as equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """A coefficient of an equation that is zero under the null hypothesis."""

    estimate: Linear
    term: str

    def __post_init__(self) -> None:
        terms = self.estimate.terms
        if self.term not in terms:
            raise UnknownNameError(
                f"{self.term!r} is not a term of the equation of {self.estimate.outcome!r}."
                f"{did_you_mean(self.term, terms)}"
            )
        self.estimate.moments.refuse_swept("the wild bootstrap")
        self.estimate.refuse_two_stage("the wild bootstrap")

    @property
    def at(self) -> int:
        """Position of the term."""
        return self.estimate.terms.index(self.term)


def romano_wolf(
    family: Mapping[str, Hypothesis],
    *,
    law: WeightLaw = "rademacher",
    draws: int = DRAWS,
    seed: int = 0,
    map_: MapLike = map,
) -> pd.DataFrame:
    """p-values of a family, each alone and adjusted for the others.

    Parameters
    ----------
    family
        Label -> hypothesis: several outcomes, several treatments, or both. The
        clusters must be of one kind (cities); samples may differ.
    law, draws, seed
        Of the weights; see `bootstrap_draws.Weights`.
    map_
        Runs chunks of the draws; results do not depend on it.

    Returns
    -------
    DataFrame
        Indexed by label, in the order given: estimate, se (CRV1), t, p (wild
        bootstrap of this hypothesis alone, symmetric), romano_wolf, holm, bh
        (the last two from p). p = (1 + #{|t*| >= |t|}) / (1 + B); where all
        sign vectors are enumerated the sample is among them and nothing is
        added.

    Raises
    ------
    EstimationError
        An empty family, clusters of different kinds, one cluster, an estimate
        without variance, swept moments, or no effect.
    """
    clusters = _all_clusters(family)
    weights = Weights(law, len(clusters), draws, seed)
    equations = [_Equation(h, clusters.get_indexer(_labels(h))) for h in family.values()]
    t = np.array([e.t for e in equations])
    drawn = np.concatenate(list(map_(partial(_chunk, equations, weights), weights.points())))
    extra = 0 if weights.enumerated else 1
    alone = _shares(np.abs(drawn), np.abs(t), extra)
    table = pd.DataFrame(
        {
            "estimate": [e.estimate for e in equations],
            "se": [e.se for e in equations],
            "t": t,
            "p": alone,
            "romano_wolf": step_down(t, drawn, extra=extra),
        },
        index=pd.Index(list(family), name="hypothesis"),
    )
    return table.join(adjusted_p(table["p"])[["holm", "bh"]])


def step_down(t: Floats, draws: Floats, *, extra: int = 1) -> Floats:
    """Adjusted p-values by the step-down of the largest statistic.

    Romano and Wolf (2016, algorithm 4.2): in descending order of |t|, the share
    of draws in which the largest of the statistics not yet passed is at least
    |t|; never below the p-value of the step before.

    Parameters
    ----------
    t
        Statistics, length m.
    draws
        Statistics under the null hypotheses, B x m; a draw's statistics are
        those of one resample. Missing ones count as infinite.
    extra
        Added to numerator and denominator: one for the sample itself.

    Raises
    ------
    EstimationError
        Empty, of other shapes, or a statistic that is not finite.
    """
    if t.ndim != 1 or not len(t) or draws.ndim != 2 or draws.shape[1] != len(t) or not len(draws):
        raise EstimationError(
            f"{t.shape} statistics and {draws.shape} draws do not make a family; expected m and "
            "B x m, neither empty"
        )
    if not np.isfinite(t).all():
        raise EstimationError(f"the statistics must be finite, found {t}")
    size = np.nan_to_num(np.abs(draws), nan=np.inf)
    order = np.argsort(-np.abs(t), kind="stable")
    # largest over the hypotheses from each place in the order to the last
    largest = np.maximum.accumulate(size[:, order[::-1]], axis=1)[:, ::-1]
    ordered = np.maximum.accumulate(_shares(largest, np.abs(t)[order], extra))
    adjusted = np.empty(len(t))
    adjusted[order] = ordered
    return adjusted


def adjusted_p(p: pd.Series) -> pd.DataFrame:
    """Holm (family-wise error) and Benjamini-Hochberg (false discoveries).

    Holm (1979, "A simple sequentially rejective multiple test procedure") and
    Benjamini and Hochberg (1995, "Controlling the false discovery rate").

    Parameters
    ----------
    p
        p-values by hypothesis; missing ones (not estimable) stay missing and do
        not count towards the family.

    Returns
    -------
    DataFrame
        p, holm, bh with the index of `p`.

    Raises
    ------
    EstimationError
        No p-value, or one outside [0, 1].
    """
    values = p.to_numpy(dtype=np.float64)
    known = ~np.isnan(values)
    if not known.any():
        raise EstimationError("the family is empty: there is no p-value to adjust")
    outside = known & ~((values >= 0) & (values <= 1))
    if outside.any():
        at = int(outside.argmax())
        raise EstimationError(f"p of {p.index[at]!r} is {values[at]}; expected 0 to 1")
    table = pd.DataFrame({"p": values, "holm": np.nan, "bh": np.nan}, index=p.index)
    table.loc[known, "holm"], table.loc[known, "bh"] = _holm_and_bh(values[known])
    return table


def _chunk(equations: Sequence[_Equation], weights: Weights, points: Points) -> Floats:
    """Statistics of some draws, B x m; a work unit."""
    drawn = weights.at(points)
    return np.column_stack([equation.draws(drawn) for equation in equations])


def _holm_and_bh(p: Floats) -> tuple[Floats, Floats]:
    """Adjusted values of m p-values, none missing."""
    order, m = np.argsort(p, kind="stable"), len(p)
    rank, holm, bh = np.arange(1, m + 1), np.empty(m), np.empty(m)
    holm[order] = np.maximum.accumulate(p[order] * (m + 1 - rank))
    bh[order] = np.minimum.accumulate((p[order] / (rank / m))[::-1])[::-1]
    return np.minimum(holm, 1), np.minimum(bh, 1)


class _Equation:
    """One hypothesis: its statistic, and that statistic for any weights."""

    def __init__(self, hypothesis: Hypothesis, columns: Codes) -> None:
        estimate, at = hypothesis.estimate, hypothesis.at
        self.factor = clustered_factor(estimate)
        self.columns = columns
        self.estimate = float(estimate.params[at])
        self.se = float(np.sqrt(crv1(estimate)[at, at]))
        if not self.se > 0:
            raise EstimationError(
                f"{hypothesis.term!r} has no clustered variance in the equation of "
                f"{estimate.outcome!r}"
            )
        distance = np.array([self.estimate])
        own = np.arange(len(columns))
        self.sums = Bootstrapped(estimate, [at], Grouping.of([own], own))
        self.scores = self.sums.summed(Restriction([at], distance).scores(estimate, distance))

    @property
    def t(self) -> float:
        return self.estimate / self.se

    def draws(self, weights: Floats) -> Floats:
        """Statistics of the draws (weights: B x all clusters), length B."""
        own = np.ascontiguousarray(weights[:, self.columns])
        moves, (cells,) = self.sums.of(own, self.scores)
        variance = self.factor * self.sums.meat(cells, cells)
        sound = variance > 1e-18 * max(float(variance.max()), 0.0)
        return np.where(sound, moves[:, 0] / np.sqrt(np.where(sound, variance, 1.0)), np.nan)


def _shares(sizes: Floats, t: Floats, extra: int) -> Floats:
    """Share of the draws (B x m) that reach |t| (m), missing ones counted."""
    reach = ~(sizes < t * (1 - ROUNDING))
    return np.asarray((extra + reach.sum(axis=0)) / (extra + len(sizes)))


def _labels(hypothesis: Hypothesis) -> pd.Index:
    return hypothesis.estimate.moments.clusters


def _all_clusters(family: Mapping[str, Hypothesis]) -> pd.Index:
    if not family:
        raise EstimationError("the family is empty: name at least one hypothesis")
    kinds = sorted({h.estimate.moments.by for h in family.values()})
    if len(kinds) > 1:
        raise EstimationError(
            f"the equations are clustered by {' and '.join(kinds)}; one weight for each cluster "
            "needs clusters of one kind"
        )
    union = next(iter(map(_labels, family.values())))
    for hypothesis in family.values():
        union = union.union(_labels(hypothesis))
    return union.sort_values()
