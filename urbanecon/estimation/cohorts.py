"""Units by the year their treatment starts, and the panel that compares them.

A cohort is the set of units first treated in the same year. That year is a
column of the data, the same in every row of a unit and missing for units that
are never treated, so that another dating of a policy is another column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    did_you_mean,
)
from urbanecon.estimation.least_squares import independent_columns
from urbanecon.estimation.sample import (
    Codes,
    EstimationSample,
    Floats,
    Mask,
    describe_row,
    draw_sample,
)

Years = npt.NDArray[np.int64]
NEVER = np.inf


@dataclass(frozen=True, slots=True, eq=False)
class CohortPanel:
    """Units by periods, with the first treated year of each unit.

    Attributes
    ----------
    units
        Units in sorted order, length n.
    years
        Periods in increasing order, length T; they need not be consecutive.
    first
        First treated year of each unit, length n; infinite for never.
    cohorts
        First treated years whose effects can be estimated, in increasing order.
    outcome
        n x T, NaN where not observed.
    covariates
        n x T x k, each centred and scaled over all rows, without collinear ones.
    weights
        n x T, ones when unweighted, NaN where not observed.
    clusters
        Cluster of each unit, 0 ... G-1, length n.
    index
        Rows used, length N.
    notes
        What was left out, in words.
    """

    units: pd.Index
    years: Years
    first: Floats
    cohorts: Years
    outcome: Floats
    covariates: Floats
    weights: Floats
    clusters: Codes
    index: pd.Index
    notes: tuple[str, ...] = ()

    @property
    def n_clusters(self) -> int:
        """Clusters."""
        return int(self.clusters.max()) + 1

    @property
    def size(self) -> Floats:
        """Weight of each unit in the size of its cohort, length n.

        The weight of its first year; the mean over its years when the panel is
        not balanced.
        """
        balanced = not np.isnan(self.weights).any()
        weights = self.weights[:, 0] if balanced else np.nanmean(self.weights, axis=1)
        return np.asarray(weights, dtype=np.float64)


def cohort_panel(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    covariates: Sequence[str] = (),
    *,
    never_treated_needed: bool = True,
    anticipation: int = 0,
    allow_unbalanced: bool = False,
    weights: str | None = None,
    cluster: str | None = None,
) -> CohortPanel:
    """Arrange the rows of a panel as units by periods.

    In this order: rows with a missing variable go; units whose treatment
    starts after the last year count as never treated (unless within the years
    of anticipation); without any never treated unit, the years from the last
    cohort's start on go, and that cohort serves as comparison only; units
    treated (or anticipating) in the first year go; units that lack any year go,
    unless `allow_unbalanced`.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        As `sample.draw_sample`; also a first treated year that changes within
        a unit or is no year, a cluster that changes within a unit, or fewer
        than two clusters.
    NotEstimableError
        No never treated unit though one is needed, no treated unit with an
        untreated year, or no unit observed in every year.
    """
    if data.index.nlevels < 2:
        raise DataError("the data must be indexed by unit and year, in this order")
    keys = [cluster] if cluster is not None else []
    names = [outcome, *covariates]
    sample = draw_sample(data, names, keys=keys, weights=weights)
    rows = _unit_years(sample)
    first = _first_years(data, first_treated, rows.units)
    notes: list[str] = []
    if lost := sum(sample.dropped.values()):
        notes.append(f"{lost} rows with a missing value or no weight were left out")
    keep, first, cohorts = _comparable(
        rows,
        first,
        notes,
        name=first_treated,
        anticipation=anticipation,
        never_treated_needed=never_treated_needed,
    )
    if not allow_unbalanced:
        keep = _balanced(rows, keep, notes)
    clusters = _clusters(rows, cluster)
    return _arranged(rows, keep, notes, first=first, cohorts=cohorts, clusters=clusters)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows of a sample, with the units in sorted order, and unit and year of each row."""

    sample: EstimationSample
    units: pd.Index
    unit: Codes
    year: Years


def _unit_years(sample: EstimationSample) -> _Rows:
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
        raise DataError(f"{describe_row(two, two[two.duplicated()][0])} occurs more than once")
    name = index.names[0] or "unit"
    return _Rows(
        sample,
        pd.Index(units, name=name),
        np.asarray(codes, dtype=np.int64),
        years.astype(np.int64),
    )


def _first_years(data: pd.DataFrame, name: str, units: pd.Index) -> Floats:
    """First treated year by unit, infinite for never, from all rows of the data."""
    if name in data.columns:
        given = data[name]
    else:
        raise MissingColumnError(
            f"the data have no column {name!r}.{did_you_mean(name, data.columns)}"
        )
    numbers = pd.to_numeric(given, errors="coerce").astype(np.float64)
    years = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    text = numbers.isna().to_numpy() & given.notna().to_numpy()
    known = years[~np.isnan(years)]
    wrong = known[~np.isfinite(known) | (known != np.rint(known)) | (known == 0)]
    if text.any() or len(wrong):
        found = given.iloc[int(text.argmax())] if text.any() else f"{wrong[0]:g}"
        raise DataError(
            f"{name!r} holds {found!r}, which is not a year; expected the first treated year of "
            "each unit, missing for units never treated"
        )
    by_unit = pd.Series(np.where(np.isnan(years), NEVER, years), index=data.index)
    extremes = by_unit.groupby(level=0).agg(["min", "max"])
    changing = extremes.index[(extremes["min"] != extremes["max"]).to_numpy()]
    if len(changing):
        raise DataError(
            f"{name!r} changes within {data.index.names[0] or 'unit'} {changing[0]} (and in "
            f"{len(changing)} units in all); a cohort needs one first treated year a unit"
        )
    return extremes["min"].reindex(units).to_numpy(dtype=np.float64)


def _clusters(rows: _Rows, cluster: str | None) -> Codes:
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


def _comparable(
    rows: _Rows,
    first: Floats,
    notes: list[str],
    *,
    name: str,
    anticipation: int,
    never_treated_needed: bool,
) -> tuple[Mask, Floats, Years]:
    """Rows that can be compared, first years, and cohorts to estimate."""
    first = np.where(first > rows.year.max() + anticipation, NEVER, first)
    starts = np.unique(first[np.isfinite(first)])
    if not len(starts):
        raise NotEstimableError(
            f"no unit in the sample is treated by {rows.year.max()} ({name!r})"
        )
    keep = np.ones(len(rows.year), dtype=bool)
    if np.isfinite(first).all():
        if never_treated_needed:
            raise NotEstimableError(
                f"every unit is treated at some time ({name!r}), so no never treated unit can "
                "be compared with; use control_group='notyettreated'"
            )
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
    cohorts = starts[starts > begin + anticipation].astype(np.int64)
    if not len(cohorts) or not keep.any():
        raise NotEstimableError(
            f"no cohort of {name!r} has both an untreated year (the data begin in {begin}, "
            f"anticipation {anticipation}) and units to be compared with"
        )
    return keep, first, cohorts


def _balanced(rows: _Rows, keep: Mask, notes: list[str]) -> Mask:
    """Rows of units that are observed in every year."""
    n_years = len(np.unique(rows.year[keep]))
    seen = np.bincount(rows.unit[keep], minlength=len(rows.units))
    whole = seen == n_years
    if not whole.any():
        raise NotEstimableError(
            f"no unit is observed in all {n_years} years; shorten the sample, leave out "
            "variables with gaps, or use allow_unbalanced=True"
        )
    if gone := int(((seen > 0) & ~whole).sum()):
        notes.append(
            f"{gone} of {int((seen > 0).sum())} units lack one of the {n_years} years and were "
            "left out to balance the panel"
        )
    return np.asarray(keep & whole[rows.unit], dtype=np.bool_)


def _arranged(
    rows: _Rows,
    keep: Mask,
    notes: list[str],
    *,
    first: Floats,
    cohorts: Years,
    clusters: Codes,
) -> CohortPanel:
    """Put the rows kept into arrays of units by years."""
    sample = rows.sample
    kept, i = np.unique(rows.unit[keep], return_inverse=True)
    years, t = np.unique(rows.year[keep], return_inverse=True)
    weights = np.ones(len(keep)) if sample.weights is None else sample.weights
    covariates = [sample.column(name)[keep] for name in sample.variables[1:]]
    columns = _standardised(covariates, sample.variables[1:], notes)
    groups = np.unique(clusters[kept], return_inverse=True)[1].astype(np.int64)
    if groups.max() < 1:
        raise EstimationError(
            "there is only one cluster, so no standard error can be computed; cluster by "
            "something finer"
        )

    def square(values: Floats) -> Floats:
        table = np.full((len(kept), len(years)), np.nan)
        table[i, t] = values
        return table

    outcome = sample.column(sample.variables[0])[keep]
    return CohortPanel(
        units=rows.units[kept],
        years=years,
        first=first[kept],
        cohorts=cohorts[np.isin(cohorts, first[kept])],
        outcome=square(outcome),
        covariates=np.stack([square(column) for column in columns], axis=2)
        if columns
        else np.empty((len(kept), len(years), 0)),
        weights=square(weights[keep]),
        clusters=groups,
        index=sample.index[keep],
        notes=tuple(notes),
    )


def _standardised(
    covariates: Sequence[Floats], names: Sequence[str], notes: list[str]
) -> list[Floats]:
    """Centre and scale covariates, and drop those that are constant or collinear.

    With a constant beside them this changes no estimate.
    """
    if not covariates:
        return []
    values = np.column_stack(covariates)
    centred = np.asfortranarray(values - values.mean(axis=0))
    kept, _ = independent_columns(values, centred, None)
    if lost := [repr(name) for j, name in enumerate(names) if j not in kept]:
        notes.append(f"{', '.join(lost)} dropped: constant or collinear")
    return [centred[:, j] / centred[:, j].std() for j in kept]
