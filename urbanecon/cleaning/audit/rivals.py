"""Two sources about one thing: where they disagree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.findings import CELL, findings
from urbanecon.cleaning.audit.series import MAD_TO_SD
from urbanecon.cleaning.observations import Flag

PAIRS = (
    ("population", "population_gpi"),
    ("population", "population_census"),
    ("population_gpi", "population_census"),
    ("so2", "so2_gpi"),
    ("pm25_chap", "pm25_wiebe"),
)
"""Variables of the codebook that measure one thing; one variable read from
several sources is compared without being declared."""

DISAGREEMENT_DISTANCE = 6.0
"""Robust standard deviations of the pair's usual difference, as in `breaks`."""

LEAST_DISAGREEMENT = 0.1
"""Log points below which two sources agree for all purposes."""

COMMON_YEARS = 5
"""Common years from which a city's own usual ratio is taken; with fewer, the pair's."""


def disagreement(
    observations: pd.DataFrame, pairs: tuple[tuple[str, str], ...] = PAIRS
) -> pd.DataFrame:
    """Cells for which two sources differ more than they usually do.

    The log ratio of the two is compared with its usual value in the city, since
    definitions may differ for good (Bland and Altman 1986, Lancet 327:307-310,
    judge agreement by the spread of differences and not by correlation). Both
    cells get a remark, and no flag: of two witnesses who contradict each other,
    none is thereby a liar; if the series of one of them jumps, `growth_breaks`
    says so. The flag `conflict` is for a source that contradicts itself.
    """
    cells = observations[np.isfinite(observations["value"]) & (observations["value"] > 0)]
    cells = cells[~cells.duplicated(CELL, keep=False)]
    shared = cells.groupby("variable")["source"].nunique()
    named = [*pairs, *((name, name) for name in sorted(shared.index[shared > 1]))]
    found = [_pair(cells, one, other) for one, other in named]
    empty = findings(cells.iloc[:0], Flag.OK, "disagreement", [])
    return pd.concat([empty, *(table for table in found if len(table))], ignore_index=True)


def _pair(cells: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Findings about two variables, or about one variable in two sources."""
    left, right = (cells[cells["variable"] == name][[*CELL, "value"]] for name in (one, other))
    both = left.merge(right, on=["city", "year"], suffixes=("", "_other"))
    apart = both["source"] < both["source_other"] if one == other else both["source"].notna()
    both = both[apart].reset_index(drop=True)
    if both.empty:
        return both
    ratio = np.log(both["value"]) - np.log(both["value_other"])
    witness = both.groupby(["source", "source_other"], sort=True).ngroup()
    usual = ratio.groupby(witness).transform("median")
    own = ratio.groupby([witness, both["city"]])
    usual = usual.where(own.transform("size") < COMMON_YEARS, own.transform("median"))
    gap = ratio - usual
    spread = MAD_TO_SD * gap.abs().groupby(witness).transform("median")
    bad = (gap.abs() > DISAGREEMENT_DISTANCE * spread) & (gap.abs() > LEAST_DISAGREEMENT)
    both = both.assign(gap=gap)[bad]
    mirrored = {name: f"{name}_other" for name in ("variable", "source", "value")}
    mirrored |= {changed: name for name, changed in mirrored.items()}
    told = pd.concat([both, both.rename(columns=mirrored).assign(gap=-both["gap"])])
    told = told.reset_index(drop=True)
    reasons = [
        f"{row.value:.6g}, but {row.variable_other} of {row.source_other} is "
        f"{row.value_other:.6g}: {np.expm1(row.gap):+.0%} off their usual ratio"
        for row in told.itertuples(index=False)
    ]
    return findings(told, Flag.OK, "disagreement", reasons)
