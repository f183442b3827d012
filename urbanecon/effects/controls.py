"""Controls that an estimate may be given, each with the reason it may or may not.

A control that the treatment moves takes away part of what is to be measured, or
opens a path that was shut (Angrist and Pischke 2009, section 3.2.3, "Bad
control"). The controls here are therefore fixed before the first pilots, in the
mean of `BASELINE`, and enter times a linear trend, or they are programmes that
others gave out. Those that the pilots could move are marked as contested: the
literature uses them, so they are run too, but apart, and no verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

BASELINE = (2003, 2005)
"""Years before every treatment studied, from which all sources give figures."""
TREND_FROM = 2013
"""Last year before the first pilots: trends are zero there, which moves no estimate."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control of the multiverse.

    Attributes
    ----------
    name
        Column, and key of its label among the words of the figures.
    variable
        Column of the panel that it is made of.
    make
        From that column to the control: `baseline_trend`, `fixed_trend`,
        `since`, `as_it_is`.
    reason
        Why it is no bad control; for a contested one, why it may be.
    contested
        Whether the treatment could move it.
    """

    name: str
    variable: str
    make: Callable[[pd.Series], pd.Series]
    reason: str
    contested: bool = False


def baseline_trend(column: pd.Series) -> pd.Series:
    """Mean of the baseline years times the trend; missing without a baseline."""
    return baseline(column) * trend(column.index)


def fixed_trend(column: pd.Series) -> pd.Series:
    """What never changes times the trend."""
    return column * trend(column.index)


def since(first_year: pd.Series) -> pd.Series:
    """1 from the first year on, 0 before and where there is none."""
    years = first_year.index.get_level_values("year").to_numpy(dtype=np.float64)
    return pd.Series((years >= first_year.to_numpy()).astype("float64"), index=first_year.index)


def as_it_is(column: pd.Series) -> pd.Series:
    """The column itself."""
    return column


def baseline(column: pd.Series) -> pd.Series:
    """Mean of the baseline years by city, in every row of the city."""
    years = column.index.get_level_values("year")
    before = column[(years >= BASELINE[0]) & (years <= BASELINE[1])].groupby(level="city").mean()
    cities = column.index.get_level_values("city")
    return pd.Series(before.reindex(cities).to_numpy(), index=column.index)


def trend(index: pd.Index) -> pd.Series:
    """Years since `TREND_FROM`."""
    years = index.get_level_values("year").to_numpy(dtype=np.float64)
    return pd.Series(years - TREND_FROM, index=index)


CONTROLS: tuple[Control, ...] = (
    Control("baseline_income", "ln_gdp_pc_real", baseline_trend,
            "poorer cities converge and pilots were not the poorest; fixed before treatment"),
    Control("baseline_industry", "share_secondary", baseline_trend,
            "industrial cities slowed and were cleaned up after 2013 whoever was a pilot; fixed "
            "before treatment"),
    Control("baseline_density", "ln_population_density", baseline_trend,
            "dense places grow on other paths; fixed before treatment"),
    Control("baseline_openness", "openness", baseline_trend,
            "the fall of trade after 2008 hit open cities; fixed before treatment"),
    Control("baseline_population", "ln_population", baseline_trend,
            "large cities draw people and are ranked higher; fixed before treatment"),
    Control("baseline_upgrading", "upgrading", baseline_trend,
            "cities that had left farming grow on other paths; fixed before treatment"),
    Control("baseline_budget", "fiscal_effort", baseline_trend,
            "cities that live on transfers are helped in many ways; fixed before treatment"),
    Control("terrain", "elevation_sd", fixed_trend,
            "rugged land limits towns and holds other vegetation; never moves"),
    Control("latitude", "latitude", fixed_trend,
            "north and south differ in heating, crops and the clean-air plans; never moves"),
    Control("longitude", "longitude", fixed_trend,
            "stands for the distance to the coast, along which growth moved inland; never moves"),
    Control("low_carbon", "low_carbon_first_year", since,
            "low-carbon pilots, given by another ministry in other years on other grounds"),
    Control("broadband", "broadband_first_year", since,
            "Broadband China, given by another ministry in the years of the pilots on other "
            "grounds"),
    Control("population", "ln_population", as_it_is,
            "usual in the literature; but people move to cities that are made attractive",
            contested=True),
    Control("upgrading", "upgrading", as_it_is,
            "usual in the literature; but structure is a route by which pilots may work",
            contested=True),
    Control("fiscal_effort", "fiscal_effort", as_it_is,
            "usual in the literature; but pilots are paid for from the budget, and its "
            "denominator is an outcome", contested=True),
)  # fmt: skip

NAMES = tuple(control.name for control in CONTROLS if not control.contested)
CONTESTED = tuple(control.name for control in CONTROLS if control.contested)
