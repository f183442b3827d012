"""The index of new-type urbanization: six dimensions on one scale.

The dimensions are those of the national plan of 2014: population, economy, public
services, space, ecology, and the integration of town and country. Bounds and
entropy weights come from the pooled sample of all complete rows, so that scores of
different years are on one scale.

Counts and amounts enter in logs: they spread over orders of magnitude, and both the
bounds and the entropy weights of their levels would be set by a handful of cities.

A row without one of the indicators has no score. Averaging what is there would move
a score whenever a source begins or ends, and filling in would make data. This
leaves 2006-2018, the years of urban shares and of incomes in town and country, and
leaves out the four municipalities, whose gap in incomes the sources do not give.
PM2.5 and sulphur dioxide are not among the indicators: no series of the first covers
these years, and the definition of the second changes within them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd

from urbanecon.cleaning.panel import Derivation, Panel
from urbanecon.errors import UnknownNameError, did_you_mean
from urbanecon.measures.composite import CompositeIndex, Indicator, fit_index
from urbanecon.measures.weighting import Weighting

VARIABLE = "ntu_index"


def _as_it_is(column: pd.Series) -> pd.Series:
    return column


def _ln(column: pd.Series) -> pd.Series:
    return pd.Series(np.log(column.where(column > 0)))


def _ln_ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    return _ln(numerator / denominator.where(denominator > 0))


def _at_most_one(ratio: pd.Series) -> pd.Series:
    return ratio.clip(upper=1.0)


@dataclass(frozen=True, slots=True)
class Part:
    """One indicator of the index.

    Attributes
    ----------
    inputs
        Columns of the panel that it is computed from.
    reason
        Why it stands for its dimension, with its sign.
    positive
        Whether more of it is better.
    compute
        Function of the inputs, as Series.
    """

    name: str
    dimension: str
    inputs: tuple[str, ...]
    reason: str
    positive: bool = True
    compute: Callable[..., pd.Series] = _as_it_is

    @property
    def indicator(self) -> Indicator:
        """What a composite index needs to know of it."""
        return Indicator(self.name, self.dimension, self.positive)


PARTS: tuple[Part, ...] = (
    Part("urban_share", "population", ("urban_share_benchmarked",),
         "residents who live in towns: what urbanization is"),
    Part("registered", "population", ("citizenization",),
         "residents who are registered and so entitled to services; above one, where people "
         "have left, more of it is no progress, so it counts up to one", compute=_at_most_one),
    Part("ln_gdp_pc_real", "economy", ("ln_gdp_pc_real",),
         "output per resident, which pays for the rest"),
    Part("upgrading", "economy", ("upgrading",),
         "move of output to industry and services, which employ those who leave farming"),
    Part("ln_fiscal_education_pc", "services", ("ln_fiscal_education_pc",),
         "public spending on schools per resident, migrants counted"),
    Part("ln_health", "services", ("employees_health", "population"),
         "staff of health and social services per resident", compute=_ln_ratio),
    Part("ln_culture", "services", ("culture_per_10k",),
         "staff of culture, sports and entertainment per resident", compute=_ln),
    Part("ln_students", "services", ("students_per_10k",),
         "places in higher education per resident", compute=_ln),
    Part("ln_population_density", "space", ("ln_population_density",),
         "compact use of land, which the plan asks for in place of sprawl"),
    Part("ln_built_land", "space", ("land_urban", "land_area"),
         "share of land that is built on: how far towns reach", compute=_ln_ratio),
    Part("ln_co2_per_gdp", "ecology", ("ln_co2_per_gdp",),
         "carbon per output: low where growth is clean", positive=False),
    Part("npp", "ecology", ("npp",), "plant growth per area: green land that is kept"),
    Part("ln_urban_rural_ratio", "integration", ("ln_urban_rural_ratio",),
         "gap of incomes between town and country: low where they grow together",
         positive=False),
)  # fmt: skip
"""The indicators, each with its reason."""

DIMENSIONS = tuple(dict.fromkeys(part.dimension for part in PARTS))
INPUTS = tuple(dict.fromkeys(name for part in PARTS for name in part.inputs))

DIMENSION_OF: Mapping[str, str] = MappingProxyType(
    {
        "ln_gdp_pc_real": "economy",
        "ln_gdp_per_employee": "economy",
        "ln_night_lights": "economy",
        "culture_per_10k": "services",
        "culture_share_census": "services",
        "ln_fiscal_education_pc": "services",
        "ln_pm25_chap": "ecology",
        "ln_pm25_wiebe": "ecology",
        "ln_so2": "ecology",
        "ln_co2": "ecology",
        "ln_co2_per_gdp": "ecology",
        "ln_co2_ceads": "ecology",
        "ln_npp": "ecology",
        "ln_urban_rural_ratio": "integration",
        "light_gini": "integration",
    }
)
"""Dimension that each city-level outcome of the claims belongs to, as an indicator or as
another measure of the same thing: regressed on an index that holds it, an outcome would
be regressed on itself."""


def version_for(outcome: str) -> str:
    """Return the column of the index that may explain `outcome`.

    Raises
    ------
    UnknownNameError
        If it is not said which dimension the outcome belongs to.
    """
    if outcome not in DIMENSION_OF:
        raise UnknownNameError(
            f"DIMENSION_OF does not say to which dimension of the index {outcome!r} belongs."
            f"{did_you_mean(outcome, DIMENSION_OF)} Add it before the index explains it."
        )
    return column(DIMENSION_OF[outcome])


def column(without: str | None = None) -> str:
    """Name of the index's column, or of its version without a dimension."""
    return VARIABLE if without is None else f"{VARIABLE}_without_{without}"


def indicators_of(columns: Mapping[str, pd.Series] | pd.DataFrame) -> pd.DataFrame:
    """Return the indicators, in the rows in which all of them are present."""
    parts = {part.name: part.compute(*(columns[name] for name in part.inputs)) for part in PARTS}
    return pd.DataFrame(parts).replace([np.inf, -np.inf], np.nan).dropna()


def fit_ntu_index(
    complete: pd.DataFrame, *, without: str | None = None, weighting: Weighting = "entropy"
) -> CompositeIndex:
    """Fit bounds and weights on the pooled rows that `indicators_of` returns.

    Parameters
    ----------
    complete
        Rows in which all indicators are present, those of the dimension left out
        too, so that versions differ by the dimension and not by the sample.
    without
        Dimension to leave out; its weight goes to the others, fitted anew.
    weighting
        See `urbanecon.measures.composite.fit_index`.

    Raises
    ------
    UnknownNameError
        If there is no such dimension.
    MissingColumnError, DataError, EstimationError
        As `fit_index`.
    """
    if without is not None and without not in DIMENSIONS:
        raise UnknownNameError(
            f"The index has no dimension {without!r}.{did_you_mean(without, DIMENSIONS)}"
        )
    kept = [part.indicator for part in PARTS if part.dimension != without]
    return fit_index(complete, kept, weighting=weighting)


def _score(*columns: pd.Series, without: str | None = None) -> pd.Series:
    """Score of every complete row of the panel; missing where there is none to fit on."""
    complete = indicators_of(dict(zip(INPUTS, columns, strict=True)))
    index = columns[0].index
    if complete.empty:
        return pd.Series(np.nan, index=index)
    return fit_ntu_index(complete, without=without).score(complete).reindex(index)


def _complete_rows(columns: Mapping[str, pd.Series]) -> pd.Index:
    """Rows that bounds and weights are fitted on."""
    return indicators_of(columns).index


NTU_INDEX: tuple[Derivation, ...] = tuple(
    Derivation(column(without), INPUTS, partial(_score, without=without), fitted_on=_complete_rows)
    for without in (None, *DIMENSIONS)
)
"""The index and its versions as columns of the panel. A score rests on the inputs of its
own row, its bounds and weights on those of all complete rows."""


def with_ntu_index(panel: Panel) -> Panel:
    """Return the panel with `ntu_index` and its versions without each dimension.

    A panel that lacks an input, because its source is not at hand, is returned
    without them.
    """
    return panel.with_derived(NTU_INDEX)
