"""Growth measured against a series' own history and against its province that year.

The rules about jumps share this measure: the distance of log growth from the
median of the cities of the same province in the same year, in robust standard
deviations of the series' own history and of the province in that year. Median
and MAD are not moved by the outliers they judge (Hampel 1974, JASA 69:383-393;
Rousseeuw and Croux 1993, JASA 88:1273-1283).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.series import (
    MAD_TO_SD,
    Codes,
    Floats,
    group_count,
    group_median,
    grouped,
    lagged,
    log_growth,
    resolution,
)
from urbanecon.cleaning.audit.shared import shared

PEERS = 5
"""Cities of a province needed in a year before its median and spread mean
something; with fewer, those of the whole column in that year stand in."""

HISTORY = 5
"""Growth rates a series needs before its own spread means something; with fewer,
that of its column stands in."""

PROVINCE_DISTANCE = 4.0
"""Robust standard deviations, between provinces, beyond which a province's median
growth explains nothing: when a census revises a whole province at once, each of
its cities has a break."""

LEAST_PROVINCE = 0.1
"""Log points below which a province is never out of line."""


@shared
def measure_growth(cells: pd.DataFrame) -> pd.DataFrame:
    """Return growth in excess of the province and its distance in both spreads.

    Parameters
    ----------
    cells
        As `urbanecon.cleaning.audit.series.ordered` returns them.

    Returns
    -------
    DataFrame
        Aligned with `cells`: `growth` (log), `excess` (log growth less the
        median of the peers), `own` and `peers` (distances in robust standard
        deviations). Missing where the year before has no positive value. No
        spread is taken smaller than that of the column's median city: in
        smoothed stretches any ordinary year would be an outlier otherwise.
    """
    growth = log_growth(cells)
    series, column = grouped(cells, "series"), grouped(cells, "column")
    country = grouped(cells, "column", "year")
    province = grouped(cells, "column", "year", "province")
    centre, _ = _of_peers(growth, country, province)
    excess = growth - centre
    value = np.abs(cells["value"].to_numpy(dtype="float64"))
    with np.errstate(all="ignore"):
        relative = resolution(cells) / value
        rounding = np.fmax(relative, lagged(relative, 1))
    usual = group_median(excess, series)
    own = MAD_TO_SD * group_median(np.abs(excess - usual), series)
    count = group_count(excess, series)
    least = group_median(own, column)
    own = np.fmax(np.where(count >= HISTORY, own, least), least)
    usual = np.where(count >= HISTORY, usual, 0.0)
    _, spread = _of_peers(excess, country, province)
    spread = np.fmax(spread, least)
    with np.errstate(all="ignore"):
        return pd.DataFrame(
            {
                "growth": growth,
                "excess": excess,
                "own": (excess - usual) / np.hypot(own, rounding),
                "peers": excess / np.hypot(spread, rounding),
            }
        )


def _of_peers(values: Floats, country: Codes, province: Codes) -> tuple[Floats, Floats]:
    """Median and robust spread of each cell's peers that year.

    These are the cities of its province, or those of the whole column where the
    province has too few or is itself out of line with the other provinces.
    """
    count = group_count(values, province)
    local, national = group_median(values, province), group_median(values, country)
    apart = np.abs(local - national)
    limit = PROVINCE_DISTANCE * MAD_TO_SD * group_median(apart, country)
    with np.errstate(invalid="ignore"):
        odd = apart > np.fmax(limit, LEAST_PROVINCE)
    near = (count >= PEERS) & ~odd
    centre = np.where(near, local, national)
    distance = np.abs(values - centre)
    spread = np.where(near, group_median(distance, province), group_median(distance, country))
    return centre, MAD_TO_SD * spread
