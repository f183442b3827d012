"""Units by the year their treatment starts, and the panel that compares them.

A cohort is the set of units first treated in the same year. That year is a
column of the data, the same in every row of a unit and missing for units that
are never treated, so that another dating of a policy is another column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, EstimationError, NotEstimableError
from urbanecon.estimation.adoption import NEVER, first_years
from urbanecon.estimation.cohort_rows import (
    CohortRows,
    Years,
    balanced_rows,
    comparable_rows,
    unit_clusters,
    unit_years,
)
from urbanecon.estimation.least_squares import independent_columns
from urbanecon.estimation.sample import (
    Codes,
    Floats,
    Mask,
    draw_sample,
)

Incomplete = Literal["refuse", "drop", "keep"]


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

    def only(self, units: Mask, note: str) -> CohortPanel:
        """The units of a mask, with a note on the others; no cell may be missing."""
        first = self.first[units]
        return replace(
            self,
            units=self.units[units],
            first=first,
            cohorts=self.cohorts[np.isin(self.cohorts, first)],
            outcome=self.outcome[units],
            covariates=self.covariates[units],
            weights=self.weights[units],
            clusters=np.unique(self.clusters[units], return_inverse=True)[1],
            index=self.index[np.repeat(units, len(self.years))],
            notes=(*self.notes, note),
        )


def cohort_panel(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    covariates: Sequence[str] = (),
    *,
    comparable: bool = True,
    never_treated_needed: bool = True,
    anticipation: int = 0,
    incomplete: Incomplete = "drop",
    weights: str | None = None,
    cluster: str | None = None,
) -> CohortPanel:
    """Arrange the rows of a panel as units by periods.

    In this order: rows with a missing variable go; units whose treatment
    starts after the last year count as never treated (unless within the years
    of anticipation); what has nothing to be compared with goes; units that lack
    any of the remaining years are treated as `incomplete` says.

    Parameters
    ----------
    comparable
        Whether to leave out what has nothing to be compared with: without any
        never treated unit, the years from the last cohort's start on (that cohort
        serves as comparison only), and units treated (or anticipating) in the
        first year.
    never_treated_needed
        Whether the lack of a never treated unit is an error instead.
    incomplete
        "drop" leaves units that lack a year out and says so, "refuse" raises,
        "keep" leaves their cells missing.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        As `sample.draw_sample`; also a first treated year that changes within
        a unit or is no year, a cluster that changes within a unit, fewer than
        two clusters, or a unit that lacks a year though none may.
    NotEstimableError
        No never treated unit though one is needed, no treated unit (with an
        untreated year, if they must be comparable), or no unit observed in every
        year.
    """
    if data.index.nlevels < 2:
        raise DataError("the data must be indexed by unit and year, in this order")
    keys = [cluster] if cluster is not None else []
    names = [outcome, *covariates]
    sample = draw_sample(data, names, keys=keys, weights=weights)
    rows = unit_years(sample)
    first = first_years(data, first_treated).reindex(rows.units).to_numpy(dtype=np.float64)
    first = np.where(first > rows.year.max() + anticipation, NEVER, first)
    cohorts = np.unique(first[np.isfinite(first)]).astype(np.int64)
    if not len(cohorts):
        raise NotEstimableError(
            f"no unit in the sample is treated by {rows.year.max()} ({first_treated!r})"
        )
    notes: list[str] = []
    if lost := sum(sample.dropped.values()):
        notes.append(f"{lost} rows with a missing value or no weight were left out")
    keep = np.ones(len(rows.year), dtype=bool)
    if comparable:
        if never_treated_needed and np.isfinite(first).all():
            raise NotEstimableError(
                f"every unit is treated at some time ({first_treated!r}), so no never treated "
                "unit can be compared with; use control_group='notyettreated'"
            )
        keep, cohorts = comparable_rows(
            rows, first, cohorts, notes, name=first_treated, anticipation=anticipation
        )
    if incomplete != "keep":
        keep = balanced_rows(rows, keep, notes, incomplete)
    clusters = unit_clusters(rows, cluster)
    return _arranged(rows, keep, notes, first=first, cohorts=cohorts, clusters=clusters)


def _arranged(
    rows: CohortRows,
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
