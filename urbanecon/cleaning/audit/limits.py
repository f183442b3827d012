"""Cells that cannot be true by themselves: outside the range, the sign or the life of a city."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.findings import findings
from urbanecon.cleaning.audit.series import looked_up, timeless
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import Flag

SIGN_SHARE = 0.01
"""Share of negative cells below which a column is one of non-negative numbers.

Columns that may be negative (growth rates, balances) are so far more often."""

SIGN_CELLS = 100
"""Cells a column needs before its sign can be judged: one in `SIGN_SHARE`."""


def impossible(observations: pd.DataFrame) -> pd.DataFrame:
    """Cells that are not finite or lie outside the codebook's valid range.

    Variables that the codebook does not describe are held to finiteness alone.
    The edit rules of official statistics (Fellegi and Holt 1976, JASA 71:17-35)
    call this the validity check.
    """
    codebook = load_codebook()
    names = observations["variable"]
    low = looked_up(names, {name: entry.low for name, entry in codebook.items()})
    high = looked_up(names, {name: entry.high for name, entry in codebook.items()})
    value = observations["value"].to_numpy(dtype="float64")
    finite = np.isfinite(value)
    bad = observations[~finite | (value < low) | (value > high)]
    reasons = []
    for cell in bad.itertuples(index=False):
        if not np.isfinite(cell.value) or cell.variable not in codebook:
            reasons.append(f"the value {cell.value} is not a finite number")
            continue
        entry = codebook[cell.variable]
        reasons.append(
            f"the value {cell.value:.6g} {entry.unit} is outside the valid range "
            f"from {entry.low:g} to {entry.high:g}"
        )
    return findings(bad, Flag.IMPOSSIBLE, "impossible", reasons)


def odd_sign(observations: pd.DataFrame) -> pd.DataFrame:
    """Negative cells of columns that have next to none and no range in the codebook.

    The sign is then inferred and not known, so that the cell is an outlier and
    not impossible.
    """
    value = observations["value"].to_numpy(dtype="float64")
    unknown = ~observations["variable"].isin(list(load_codebook())) & np.isfinite(value)
    column = observations[unknown].groupby(["source", "variable"], dropna=False)["value"]
    negative = observations["value"][unknown] < 0
    share = negative.groupby(
        [observations["source"][unknown], observations["variable"][unknown]], dropna=False
    ).transform("mean")
    convicted = negative & (share < SIGN_SHARE) & (column.transform("size") >= SIGN_CELLS)
    bad = observations.loc[unknown][convicted]
    reasons = [
        f"the value {value:.6g} is negative, as {part:.2%} of the cells of its column are"
        for value, part in zip(bad["value"], share[convicted], strict=True)
    ]
    return findings(bad, Flag.OUTLIER, "odd_sign", reasons)


def anachronism(observations: pd.DataFrame, lifespans: pd.DataFrame | None = None) -> pd.DataFrame:
    """Cells of years in which the city did not exist.

    What is measured within fixed boundaries in all years (from space, say), an
    attribute of the city and a dated event are not back-cast and not judged.

    Parameters
    ----------
    observations
        Observations of any sources.
    lifespans
        Indexed by 6-digit key, with the columns `first_year` and `last_year`
        of the city's life, both included, missing where open. Default: the
        project's own facts. Keys that are not listed are not judged.
    """
    lifespans = load_divisions() if lifespans is None else lifespans
    lives = lifespans[["first_year", "last_year"]].astype("float64")
    first = looked_up(observations["city"], lives["first_year"].to_dict())
    last = looked_up(observations["city"], lives["last_year"].to_dict())
    fixed = [name for name, entry in load_codebook().items() if entry.fixed_boundaries]
    set_aside = dict.fromkeys([*fixed, *timeless()], 1.0)
    judged = np.isnan(looked_up(observations["variable"], set_aside))
    year = observations["year"].to_numpy()
    early = judged & (year < first)
    bad = early | (judged & (year > last))
    reasons = [
        f"the city did not exist in {year}: "
        + (f"it was founded in {start:.0f}" if too_early else f"its last year was {end:.0f}")
        for year, start, end, too_early in zip(
            year[bad], first[bad], last[bad], early[bad], strict=True
        )
    ]
    return findings(observations[bad], Flag.ANACHRONISM, "anachronism", reasons)
