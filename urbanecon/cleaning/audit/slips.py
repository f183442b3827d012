"""Cells in another unit than the rest of their series: ten thousand for one, and the like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from urbanecon.cleaning.audit.findings import findings
from urbanecon.cleaning.audit.growth import measure_growth
from urbanecon.cleaning.audit.series import Floats, grouped, lagged, ordered, same_as_before
from urbanecon.cleaning.observations import Flag

SLIP_TOLERANCE = 0.1
"""Distance in decimal logarithms from a whole power of ten that growth beyond the
province's may add to a slip: a quarter of the value. Wider, and one in three
large jumps of any origin would pass."""

SLIP_DISTANCE = 8.0
"""Robust standard deviations a jump must measure. A power of ten is no slip in a
series that moves that much by itself, such as the imports of a small city."""

LEAPS = 0.5
"""Decimal logarithms: a factor of three. A series that still leaps this much once
slips are undone is erratic, and its powers of ten prove nothing."""


def unit_slip(observations: pd.DataFrame) -> pd.DataFrame:
    """Cells a power of ten away from the rest of their series.

    Jumps near a power of ten are added up along the series, which gives each
    cell its decimal offset from the first; the offset of most cells is taken for
    the right unit (of two equally common ones the later). So a slip of one year,
    of a few years and one that stays are one case. Powers of ten are the usual
    measurement error of units in surveys and yearbooks (de Waal, Pannekoek and
    Scholtus 2011, Handbook of Statistical Data Editing, ch. 2).
    """
    cells = ordered(observations)
    step = _steps(cells)
    series = grouped(cells, "series")
    slipped = (np.bincount(series, step != 0) > 0)[series]
    cells = cells[slipped]
    offset = _offsets(cells, step[slipped])
    bad = np.flatnonzero(offset != 0)
    told = observations.iloc[cells["row"].to_numpy()[bad]]
    reasons = [
        f"the value {value:.6g} is 10^{power:+.0f} times what the other years of the series "
        "lead one to expect: a unit or a decimal point slipped"
        for value, power in zip(told["value"], offset[bad], strict=True)
    ]
    return findings(told, Flag.OUTLIER, "unit_slip", reasons)


def _steps(cells: pd.DataFrame) -> Floats:
    """Power of ten by which each cell's unit differs from that of the year before."""
    growth = measure_growth(cells)
    decimal = growth["excess"].to_numpy() / np.log(10)
    with np.errstate(invalid="ignore"):
        power = np.round(decimal)
        slips = (power != 0) & (np.abs(decimal - power) <= SLIP_TOLERANCE)
        slips &= (np.abs(growth["own"]) > SLIP_DISTANCE).to_numpy()
    return np.where(slips, power, 0.0)


def _offsets(cells: pd.DataFrame, step: Floats) -> Floats:
    """Power of ten by which each cell differs from the unit of most cells of its series."""
    series = cells["series"].to_numpy()
    value = cells["value"].to_numpy(dtype="float64")
    offset = pd.Series(step).groupby(series, sort=False).cumsum().to_numpy(dtype="float64")
    level: Floats = offset - _usual(series, offset)

    log = np.log10(value, out=np.full(len(value), np.nan), where=value > 0)
    mended = log - level
    leap = np.abs(mended - lagged(mended, 1))
    leap[~same_as_before(cells, "series")] = 0.0
    largest = pd.Series(leap).groupby(series, sort=False).transform("max").to_numpy()
    return np.where(largest <= LEAPS, level, 0.0)


def _usual(series: NDArray[np.int64], offset: NDArray[np.floating[Any]]) -> Floats:
    """Most common offset of each series; of equally common ones that of the later years."""
    counts = pd.DataFrame({"series": series, "offset": offset, "at": np.arange(len(series))})
    known = counts.groupby(["series", "offset"])["at"].agg(["size", "max"]).reset_index()
    best = known.sort_values(["series", "size", "max"], kind="stable").drop_duplicates(
        "series", keep="last"
    )
    usual = best.set_index("series")["offset"]
    return usual.reindex(series).to_numpy(dtype="float64")
