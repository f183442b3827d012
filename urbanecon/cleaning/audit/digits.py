"""Terminal digits: figures that were estimated to a round number rather than counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.findings import findings
from urbanecon.cleaning.audit.series import (
    Bools,
    Codes,
    Floats,
    grouped,
    ordered,
    resolution,
)
from urbanecon.cleaning.observations import Flag

HEAPING_CHANCE = 1e-6
"""Chance of as many digits 0 and 5 in a group of counted figures, above which the
group is let go. Some ten thousand groups are looked at in a panel of this kind."""

HEAPING_SHARE = 0.5
"""Least share of digits 0 and 5 that is called heaping, where 0.2 is expected: in
a large group a small excess is sure and of no consequence."""

FINEST = -400
"""Decimal place below that of any double."""

LEAST_DIGITS = 3
"""Significant digits a group must usually have. The last of one or two digits is
not uniform in counted figures either (Benford's law)."""


def heaped_digits(observations: pd.DataFrame) -> pd.DataFrame:
    """Figures ending in 0 or 5 far more often than counted figures do.

    The last digit of counted figures of three digits or more is uniform
    (Mosimann, Wiseman and Edelman 1995, Accountability in Research 4:31-55); for
    figures with a preference, that of ages, Whipple's index is the share of 0 and
    5 over a fifth. Judged are a city's history of a variable and a variable in a
    year, at the last place that most of the group is printed to.
    A remark: each figure may be right.
    """
    cells = ordered(observations)
    there = (cells["value"] != 0).to_numpy()
    with np.errstate(divide="ignore"):
        place = np.maximum(np.round(np.log10(resolution(cells)[there])), FINEST)
    cells = cells[there]
    value = np.abs(cells["value"].to_numpy(dtype="float64"))
    by_city, share_city = _heaped(value, place, grouped(cells, "series"))
    by_year, share_year = _heaped(value, place, grouped(cells, "column", "year"))
    bad = np.flatnonzero(by_city | by_year)
    reasons = [
        f"ends in 0 or 5, as {own if city else all_cities:.0%} of "
        + ("the city's figures of all years do" if city else "all cities' figures of the year do")
        for city, own, all_cities in zip(
            by_city[bad], share_city[bad], share_year[bad], strict=True
        )
    ]
    told = observations.iloc[cells["row"].to_numpy()[bad]]
    return findings(told, Flag.OK, "heaped_digits", reasons)


def _heaped(value: Floats, place: Floats, group: Codes) -> tuple[Bools, Floats]:
    """Cells ending in 0 or 5 in groups that heap, and each group's share of them."""
    from scipy.stats import binom

    unit = _usual(place, group)[group]
    with np.errstate(all="ignore"):
        scaled = np.round(value / 10.0**unit)
        long = (place >= unit) & (np.log10(value) - unit >= LEAST_DIGITS - 1)
        round_ = long & (np.mod(scaled, 5) == 0)
    long_ones, round_ones = np.bincount(group, long), np.bincount(group, round_)
    share = round_ones / np.maximum(long_ones, 1)
    chance = binom.sf(round_ones - 1, long_ones, 0.2)
    convicted = (chance < HEAPING_CHANCE) & (share >= HEAPING_SHARE)
    return convicted[group] & round_, share[group]


def _usual(place: Floats, group: Codes) -> Floats:
    """Last place of most figures of each group; of two equally common ones the lower."""
    lowest = int(place.min(initial=0))
    width = int(place.max(initial=0)) - lowest + 1
    pairs, size = np.unique(group * width + (place - lowest).astype("int64"), return_counts=True)
    order = np.lexsort((-pairs, size, pairs // width))
    known = pairs[order]
    last = np.append(np.diff(known // width) > 0, True)[: len(known)]
    usual: Floats = (known[last] % width + lowest).astype("float64")
    return usual
