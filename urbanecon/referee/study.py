"""What a check may read: an equation, its rows, its estimate, and what is known beside them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    did_you_mean,
)
from urbanecon.estimation.adoption import NEVER, panel_keys
from urbanecon.estimation.event_study import event_study
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.least_squares import off, orthogonal, solve, times
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import Linear, ols
from urbanecon.estimation.sample import EstimationSample, Floats, describe_row, draw_sample
from urbanecon.estimation.within import Absorber
from urbanecon.referee.words import Phrase, same, say

FIRST = "first treated year"
"""Name of the column of adoption years that event studies are given."""
WINDOW, BASE = (-5, 5), -1
"""Relative years of the event study, and the one that the others are compared with."""
SCALES = frozenset({"population", "price_index", "area"})
"""Inputs that only bring others to a common scale: residents, prices, land."""


@dataclass(frozen=True, eq=False)
class Study:
    """An equation with effects, its data, and what else is known of them.

    Attributes
    ----------
    name
        What the study is called in reports.
    data
        Indexed by (unit, period); every row of the window, missing values and all.
    outcome, treatment, controls
        Columns of the equation.
    effects
        Effects that are absorbed.
    cluster
        Dimensions that errors are clustered by; empty for none.
    reported
        The estimate as it was reported; None: the equation is estimated here.
    coarser
        Columns that gather units: "province". Looked at as levels at which the
        treatment may have been assigned, and left out one group at a time.
    first_treated
        Column of first treated years; without one, read off the treatment.
    instruments
        Sets of columns of `data`, each set an instrumental estimate of its own.
    endogenous
        What is instrumented; the treatment if empty.
    marker
        Column that is zero where nobody is treated; the treatment if empty.
    components
        What outcome and treatment are computed from.
    scales
        Components that only bring others to a common scale.
    family
        Outcome -> data of the equations that answer one question together.
    doubtful
        Columns "flagged" and "tier_c", one row a row of `data`: whether a cell
        the row rests on is flagged, or of a source of unclear provenance.
    moved
        Year in which the territory of a unit changed, by unit.
    constant
        The data of the same equation with constant boundaries.
    labels
        Names of units, groups and columns in sentences, by key; others go by their key.
    coordinates
        Columns of latitude and longitude in degrees.
    """

    name: str
    data: pd.DataFrame
    outcome: str
    treatment: str
    effects: tuple[str, ...]
    cluster: tuple[str, ...]
    controls: tuple[str, ...] = ()
    reported: Fit | None = None
    coarser: tuple[str, ...] = ()
    first_treated: str = ""
    instruments: tuple[tuple[str, ...], ...] = ()
    endogenous: str = ""
    marker: str = ""
    components: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scales: frozenset[str] = SCALES
    family: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    doubtful: pd.DataFrame | None = None
    moved: pd.Series | None = None
    constant: pd.DataFrame | None = None
    labels: Mapping[str, Phrase] = field(default_factory=dict)
    coordinates: tuple[str, str] = ("latitude", "longitude")

    def __post_init__(self) -> None:
        require_columns(self)
        require_panel(self)
        require_variation(self)

    @property
    def unit(self) -> str:
        """Name of the first index level."""
        return panel_keys(self.data)[0]

    @property
    def time(self) -> str:
        """Name of the second index level."""
        return panel_keys(self.data)[1]

    @property
    def regressors(self) -> list[str]:
        """Treatment first, then controls."""
        return [self.treatment, *self.controls]

    @property
    def vcov(self) -> str:
        """Inference in the short text of `estimation.inference`."""
        return f"cluster({', '.join(self.cluster)})" if self.cluster else "hetero"

    @cached_property
    def sample(self) -> EstimationSample:
        """Rows that the equation can use."""
        keys = [*self.effects, *self.cluster]
        return draw_sample(self.usable, [self.outcome, *self.regressors], self.effects, keys)

    @property
    def usable(self) -> pd.DataFrame:
        """Rows of the reported sample; all of them when nothing was reported."""
        if self.reported is None:
            return self.data
        return self.data[self.data.index.isin(self.reported.sample)]

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The sample with every column, and the adoption years under `FIRST`."""
        kept = self.data.loc[self.sample.index]
        if self.adoption is None:
            return kept
        first = self.adoption.reindex(kept.index.get_level_values(0)).to_numpy()
        return kept.assign(**{FIRST: np.where(np.isfinite(first), first, np.nan)})

    @cached_property
    def fit(self) -> Fit:
        """The reported estimate, or the equation estimated here."""
        return self.reported if self.reported is not None else self.refit(self.data)

    @property
    def estimate(self) -> float:
        """Coefficient of the treatment."""
        return float(self.fit.params[self.treatment])

    @property
    def se(self) -> float:
        """Standard error of the coefficient of the treatment."""
        return float(self.fit.se[self.treatment])

    @property
    def p(self) -> float:
        """Two-sided p-value of the treatment."""
        return float(self.fit.pvalue[self.treatment])

    def refit(self, data: pd.DataFrame, vcov: str | None = None) -> Fit:
        """Estimate the equation on other rows."""
        with quiet():
            return fixed_effects(
                data,
                self.outcome,
                self.regressors,
                self.effects,
                vcov or self.vcov,
                treatment=self.treatment,
            )

    @cached_property
    def linear(self) -> Linear:
        """The equation from the moments of its clusters, by unit when not clustered.

        Of several dimensions of clusters the first is taken.
        """
        names = [self.outcome, *self.regressors]
        by = self.cluster[0] if self.cluster else self.unit
        moments = cluster_moments(self.rows, names, self.effects, by)
        return ols(moments, self.outcome, self.regressors, self.treatment)

    @cached_property
    def net(self) -> pd.DataFrame:
        """Outcome, treatment and residual ("error") without effects and controls."""
        y, d = self.net_of([self.outcome, self.treatment]).T
        slope = solve(y, d[:, None])
        columns = {"outcome": y, "treatment": d, "error": y - times(d[:, None], slope)}
        return pd.DataFrame(columns, index=self.sample.index)

    def net_of(self, names: Sequence[str]) -> Floats:
        """Columns of the sample without effects and controls, n x p."""
        raw = self.rows[[*names, *self.controls]].to_numpy(dtype=np.float64)
        one = np.zeros(len(raw), dtype=np.int64)
        codes = [self.sample.codes[e] for e in self.effects] or [one]
        columns = Absorber(codes).residuals(raw)
        return off(columns[:, : len(names)], orthogonal(columns[:, len(names) :])[0])

    @cached_property
    def adoption(self) -> pd.Series | None:
        """First treated year by unit, infinite for never; None when nobody adopts for good."""
        if self.first_treated:
            first = self.data[self.first_treated].groupby(level=0).first()
            return first.astype(float).fillna(NEVER)
        known = self.data[self.treatment].dropna().sort_index()
        if not known.isin([0, 1]).all():
            return None
        if (known.groupby(level=0).diff() < 0).any():
            return None
        years = known.index.get_level_values(1).to_series(index=known.index).astype(float)
        first = years.where(known == 1).groupby(level=0).min().fillna(NEVER)
        return first if np.isfinite(first).any() else None

    @cached_property
    def event(self) -> Fit:
        """Event study of the equation; the treatment must be adopted once and for good."""
        with quiet():
            return event_study(
                self.rows,
                self.outcome,
                FIRST,
                WINDOW,
                BASE,
                controls=self.controls,
                effects=self.effects,
                vcov=self.vcov,
                unit=self.unit,
                time=self.time,
            )

    @cached_property
    def treated(self) -> pd.Series:
        """Whether each unit of the sample is treated at some time, by unit."""
        values = self.rows[self.treatment].groupby(level=0)
        return values.max() > min(0.0, float(self.rows[self.treatment].min()))

    def named(self, key: object) -> Phrase:
        """Name of a unit, a group or a column for sentences; crossed ones by their parts."""
        text = str(key)
        if text in self.labels:
            return self.labels[text]
        parts = [self.labels.get(part, same(part)) for part in text.split(":")]
        return Phrase(":".join(p.en for p in parts), "×".join(p.zh for p in parts))

    def all_named(self, keys: Iterable[object]) -> list[Phrase]:
        """Names of several, in order."""
        return [self.named(key) for key in keys]


def no_adoption(study: Study) -> Phrase:
    """Say that the treatment is no adoption."""
    return say("shared.no_adoption", treatment=study.named(study.treatment))


def quiet() -> warnings.catch_warnings[None]:
    """Silence warnings of estimates whose caveats are what is being looked at."""
    return warnings.catch_warnings(action="ignore", category=EstimationWarning)


def require_columns(study: Study) -> None:
    """Raise `MissingColumnError` for the first name that the data lack."""
    known = [*map(str, study.data.columns), *(str(n) for n in study.data.index.names if n)]
    keys = [part for key in (*study.effects, *study.cluster) for part in key.split(":")]
    sets = [name for group in study.instruments for name in group]
    named = [study.outcome, *study.regressors, *keys, *study.coarser, *sets]
    named += [n for n in (study.first_treated, study.endogenous, study.marker) if n]
    for name in named:
        if name not in known:
            raise MissingColumnError(
                f"{study.name}: the data have no column {name!r}.{did_you_mean(name, known)}"
            )


def require_panel(study: Study) -> None:
    """Raise unless units are observed in more than one period, once in each."""
    unit, time = panel_keys(study.data)
    index = study.data.index
    if index.has_duplicates:
        first = index[index.duplicated()][0]
        raise DataError(
            f"{study.name}: {unit} {first[0]}, {time} {first[1]} occurs more than once; a panel "
            f"has one row for each {unit} and {time}. Aggregate the rows or name other keys"
        )
    years = index.get_level_values(1)
    if not pd.api.types.is_numeric_dtype(years):
        raise DataError(
            f"{study.name}: {time!r} holds {years[0]!r}; the periods of a panel are whole numbers"
        )
    for level, what in ((0, unit), (1, time)):
        if index.get_level_values(level).nunique() < 2:
            raise DataError(
                f"{study.name}: the data hold one {what} only, {index[0][level]}; a panel has "
                f"several. Is {what!r} the right column?"
            )


def require_variation(study: Study) -> None:
    """Raise when the treatment, or the outcome, is the same in all rows."""
    for role, name in (("treatment", study.treatment), ("outcome", study.outcome)):
        values = pd.to_numeric(study.data[name], errors="coerce")
        text = values.isna() & study.data[name].notna()
        if text.any():
            at = int(text.to_numpy().argmax())
            raise DataError(
                f"{study.name}: {name!r} holds {study.data[name].iloc[at]!r} at "
                f"{describe_row(study.data.index, study.data.index[at])}; a number was expected"
            )
        if values.nunique() < 2:
            found = "has no value" if values.isna().all() else f"is {values.dropna().iloc[0]:g}"
            raise NotEstimableError(
                f"{study.name}: the {role} {name!r} {found} in all {len(values)} rows; there is "
                "nothing to compare. Take a sample in which it varies"
            )
