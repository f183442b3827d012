"""Which rows of a panel a comparison of cohorts can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.errors import DataError, EstimationError, NotEstimableError
from urbanecon.estimation.sample import (
    Codes,
    EstimationSample,
    Floats,
    Mask,
    describe_row,
)

Years = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CohortRows:
    """Rows of a sample, with the units in sorted order, and unit and year of each row."""

    sample: EstimationSample
    units: pd.Index
    unit: Codes
    year: Years


def unit_years(sample: EstimationSample) -> CohortRows:
    """Read unit and year from the first two index levels."""
    index = sample.index
    codes, units = pd.factorize(index.get_level_values(0), sort=True)
    given = pd.Series(index.get_level_values(1))
    years = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    odd = ~np.isfinite(years) | (years != np.rint(years)) | (codes < 0)
    if odd.any():
        row = index[int(odd.argmax())]
        raise DataError(
            f"{describe_row(index, row)}: the first index level must hold a unit and the second "
            "a whole year, in every row"
        )
    two = pd.MultiIndex.from_arrays(
        [index.get_level_values(0), index.get_level_values(1)], names=index.names[:2]
    )
    if two.has_duplicates:
        raise DataError(
            f"{describe_row(two, two[two.duplicated()][0])} occurs more than once; a "
            "panel has one row for each. Aggregate them"
        )
    name = index.names[0] or "unit"
    return CohortRows(
        sample,
        pd.Index(units, name=name),
        np.asarray(codes, dtype=np.int64),
        years.astype(np.int64),
    )


def unit_clusters(rows: CohortRows, cluster: str | None) -> Codes:
    """Cluster of each unit; the unit itself by default."""
    if cluster is None:
        return np.arange(len(rows.units), dtype=np.int64)
    codes = rows.sample.codes[cluster]
    of_unit = np.zeros(len(rows.units), dtype=np.int64)
    of_unit[rows.unit] = codes
    changing = of_unit[rows.unit] != codes
    if changing.any():
        where = rows.units[rows.unit[int(changing.argmax())]]
        raise EstimationError(
            f"the cluster {cluster!r} changes within {rows.units.name} {where}; units must lie "
            "within clusters"
        )
    return of_unit


def comparable_rows(
    rows: CohortRows,
    first: Floats,
    starts: Years,
    notes: list[str],
    *,
    name: str,
    anticipation: int,
) -> tuple[Mask, Years]:
    """Rows that can be compared, and cohorts to estimate."""
    keep = np.ones(len(rows.year), dtype=bool)
    if np.isfinite(first).all():
        last, starts = int(starts[-1]), starts[:-1]
        keep = rows.year < last - anticipation
        notes.append(
            f"no unit is never treated: years from {last - anticipation} on were left out, and "
            f"units first treated in {last} are compared with only"
        )
    begin = int(rows.year[keep].min()) if keep.any() else int(rows.year.min())
    already = first <= begin + anticipation
    if gone := int(already.sum()):
        ahead = f" (or in the {anticipation} years of anticipation)" if anticipation else ""
        notes.append(f"{gone} units already treated in {begin}{ahead} were left out")
    keep &= ~already[rows.unit]
    cohorts = starts[starts > begin + anticipation]
    if not len(cohorts) or not keep.any():
        raise NotEstimableError(
            f"no cohort of {name!r} has both an untreated year (the data begin in {begin}, "
            f"anticipation {anticipation}) and units to be compared with"
        )
    return keep, cohorts


def balanced_rows(
    rows: CohortRows, keep: Mask, notes: list[str], incomplete: Literal["refuse", "drop"]
) -> Mask:
    """Rows of units that are observed in every year."""
    time = rows.sample.index.names[1] or "year"
    n_years = len(np.unique(rows.year[keep]))
    seen = np.bincount(rows.unit[keep], minlength=len(rows.units))
    short = (seen > 0) & (seen < n_years)
    if not short.any():
        return keep
    listed = ", ".join(map(str, rows.units[short][:5])) + (", ..." if short.sum() > 5 else "")
    found = (
        f"{int(short.sum())} of {int((seen > 0).sum())} units lack one of the {n_years} {time}s "
        f"({listed})"
    )
    if incomplete == "refuse":
        raise DataError(
            f"{found}; a balanced panel is needed. Choose the {time}s that all units have, or "
            "leave such units out with incomplete='drop'"
        )
    if not (seen == n_years).any():
        raise NotEstimableError(
            f"{found}: no unit is left; shorten the sample, leave out variables with gaps, or "
            "use an estimator that takes gaps (group_time with allow_unbalanced=True)"
        )
    notes.append(f"{found}: left out")
    return np.asarray(keep & (seen == n_years)[rows.unit], dtype=np.bool_)
