"""Are errors of near places alike beyond what the clusters allow for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.distance_weights import distances_km, nearest
from urbanecon.estimation.sample import key_codes
from urbanecon.estimation.spatial_tests import moran
from urbanecon.referee.study import Study
from urbanecon.referee.verdict import Verdict, check, p_words
from urbanecon.referee.words import NOTHING, joined, say

NEIGHBOURS = 5
"""About the number of neighbours that prefectures have on the map."""
CLOSE_KM = 500.0
"""Reach of the correlation: that of a large province, as beside the main estimates."""
YEARS = (0.20, 0.50)
"""Share of the years in which Moran's I is significant at 5 percent; by chance it is 0.05."""
RATIO = (1.10, 1.50)
"""Error that allows for near places over the one reported: a tenth moves a t of 2.1 to 1.9, a
half one of 2.9."""
ALPHA = 0.05
PERMUTATIONS, SHUFFLES, SEED = 99, 999, 20141229


@check("moran", "Moran (1950); Cliff and Ord (1981)")
def residual_moran(study: Study) -> Verdict:
    """Residuals of neighbours that move together say that clusters are not independent."""
    places = _places(study)
    if places is None:
        return residual_moran.skipped(say("shared.no_places"))
    rows = study.net[study.net.index.get_level_values(0).isin(places.index)]
    years = rows.groupby(level=1).size()
    rows = rows[rows.index.get_level_values(1).isin(years.index[years > NEIGHBOURS + 1])]
    units = rows.index.get_level_values(0).unique()
    weights = nearest(places.loc[units].set_axis(["latitude", "longitude"], axis=1), NEIGHBOURS)
    table = moran(rows, "error", weights, np.random.default_rng(SEED), PERMUTATIONS)
    share = float(((table["p"] < ALPHA) & (table["i"] > table["expected"])).mean())
    words = residual_moran.say(
        "found",
        neighbours=NEIGHBOURS,
        share=f"{share:.0%}",
        years=len(table),
        mean=f"{table['i'].mean():.2f}",
        by=joined(study.all_named(study.cluster)),
    )
    return residual_moran.graded(share, YEARS, words, residual_moran.say("todo"))


@check("conley_ratio", "Conley (1999)")
def conley_ratio(study: Study) -> Verdict:
    """If near places are counted as one the error grows by this factor.

    Scores are summed over the periods of a unit; products of the sums of units
    within `CLOSE_KM` stand against those of the clusters used. The ratio moves
    by chance as well: a large one counts when few reshuffles of the sums over
    the places give one as large.
    """
    places = _places(study)
    if places is None:
        return conley_ratio.skipped(say("shared.no_places"))
    units = study.net.index.get_level_values(0)
    known = units.isin(places.index)
    scores = (study.net["treatment"] * study.net["error"])[known]
    order, km = distances_km(places, *study.coordinates)
    sums = scores.groupby(level=0).sum().reindex(order).to_numpy()
    near = (km <= CLOSE_KM).astype(np.float64)
    wide = float(sums @ near @ sums)
    ratio = float(np.sqrt(max(wide, 0.0) / _meat_used(study, scores)))
    p = _reshuffled_p(sums, near, wide)
    words = conley_ratio.say(
        "found",
        km=f"{CLOSE_KM:.0f}",
        ratio=f"{ratio:.2f}",
        by=joined(study.all_named(study.cluster)),
        wide=f"{study.se * ratio:.3g}",
        used=f"{study.se:.3g}",
        p=p_words(p),
        shuffles=SHUFFLES,
    )
    if p >= ALPHA and study.cluster:
        return conley_ratio.verdict("pass", words, NOTHING, ratio, RATIO[0])
    return conley_ratio.graded(ratio, RATIO, words, conley_ratio.say("todo"))


def _reshuffled_p(sums: np.ndarray, near: np.ndarray, found: float) -> float:
    """Share of reshuffles of the sums over the places that reach the one found."""
    shuffled = np.random.default_rng(SEED).permuted(np.tile(sums, (SHUFFLES, 1)), axis=1)
    drawn = np.einsum("bi,bi->b", shuffled @ near, shuffled)
    return float((1 + (drawn >= found).sum()) / (1 + SHUFFLES))


def _meat_used(study: Study, scores: pd.Series) -> float:
    """Meat of the clusters used, of their first dimension; of single rows without clusters."""
    if not study.cluster:
        return float(np.sum(scores.to_numpy() ** 2))
    codes = key_codes(study.rows, study.cluster[0])
    by_row = pd.Series(codes, index=study.rows.index).reindex(scores.index)
    return float((scores.groupby(by_row.to_numpy()).sum() ** 2).sum())


def _places(study: Study) -> pd.DataFrame | None:
    """Coordinates by unit; None when the data have none."""
    if any(name not in study.data for name in study.coordinates):
        return None
    places = study.rows[list(study.coordinates)].groupby(level=0).first().dropna()
    return places if len(places) > NEIGHBOURS + 1 else None
