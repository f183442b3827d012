"""Do small cities catch up with large ones, and pilots more than others? One small table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.fit import Fit
from urbanecon.measures.cells import numeric_columns
from urbanecon.measures.convergence import beta_convergence, sigma_convergence
from urbanecon.measures.ranksize import rank_size_by_year

PERIODS = ((2003, 2013), (2014, 2019))
"""Before the first pilots; since, and before the pandemic."""

SIZE, SIZE_YEARS = "population_urban_census", (2010, 2020)
"""Urban residents of the prefecture: counted in the same way in both censuses."""
TAIL = 100
"""Largest cities that the rank-size rule is fitted on: it is a rule of the upper tail."""


def catching_up(
    data: pd.DataFrame,
    variable: str = "gdp_pc_real",
    first_year: str = "pilot_first_year",
    periods: tuple[tuple[int, int], ...] = PERIODS,
) -> pd.DataFrame:
    """Sigma and beta convergence of all cities, pilots and others, by period.

    Parameters
    ----------
    data
        Indexed by (city, year), with `variable` in levels (cities where it is
        zero in an end year, as lights can be, are left out) and `first_year`, missing
        for cities that are never pilots.

    Returns
    -------
    DataFrame
        One row a period and group ("all", "pilot", "never"): `first`, `last`,
        `group`, `cities`; `sd_first`, `sd_last` (dispersion of logs);
        `beta`, `beta_se`, `speed`, `half_life` (absolute convergence; the
        latter two NaN where there is none); and, in the rows of pilots,
        `difference`, `difference_se`: beta of the pilots less that of the
        others, whose cities are disjoint.

    Raises
    ------
    MissingColumnError
        If a column is absent; the message suggests the closest.
    NotEstimableError
        If no city has the variable in both years of a period.
    """
    data = numeric_columns(data, [variable, first_year], "catching_up")
    rows = []
    for first, last in periods:
        kept = _both_ends(data, variable, first, last)
        pilot = kept[first_year].notna()
        groups = {"all": kept, "pilot": kept[pilot], "never": kept[~pilot]}
        fits = {
            name: beta_convergence(group, variable, first=first, last=last)
            for name, group in groups.items()
        }
        for name, group in groups.items():
            row = _row(group, variable, fits[name]) | {"first": first, "last": last, "group": name}
            rows.append(row | (_difference(fits) if name == "pilot" else {}))
    columns = [
        *("first", "last", "group", "cities", "sd_first", "sd_last", "beta", "beta_se"),
        *("speed", "half_life", "difference", "difference_se"),
    ]
    return pd.DataFrame(rows)[columns]


def rank_size_table(
    data: pd.DataFrame, variable: str = SIZE, years: tuple[int, ...] = SIZE_YEARS, top: int = TAIL
) -> pd.DataFrame:
    """Exponents of the rank-size rule of the `top` largest cities in each year.

    Ranked are the cities known in all years; columns as `ranksize.rank_size_by_year`.
    A smaller exponent is a country in which the largest cities hold more.
    """
    return rank_size_by_year(ranked_sizes(data, variable, years), top=top)


def ranked_sizes(
    data: pd.DataFrame, variable: str = SIZE, years: tuple[int, ...] = SIZE_YEARS
) -> pd.Series:
    """Sizes in `years` of the cities known in all of them, indexed by (city, year).

    Raises
    ------
    MissingColumnError
        If the column is absent; the message suggests the closest.
    """
    sizes = numeric_columns(data, [variable], "ranked_sizes")[variable].dropna()
    sizes = sizes[sizes.index.get_level_values("year").isin(years)]
    return sizes[sizes.groupby("city").transform("size") == len(years)]


def _both_ends(data: pd.DataFrame, variable: str, first: int, last: int) -> pd.DataFrame:
    """First and last year of the cities that have a log in both."""
    ends = data[data.index.get_level_values("year").isin((first, last))]
    ends = ends[ends[variable] > 0]
    kept = ends[ends.groupby("city")[variable].transform("size") == 2]
    if kept.empty:
        raise NotEstimableError(f"no city has {variable!r} in both {first} and {last}.")
    return kept


def _row(group: pd.DataFrame, variable: str, fit: Fit) -> dict[str, float]:
    spread = sigma_convergence(group[variable])
    return {
        "cities": fit.nobs,
        "sd_first": float(spread["sd_log"].iloc[0]),
        "sd_last": float(spread["sd_log"].iloc[-1]),
        "beta": float(fit.params["ln_initial"]),
        "beta_se": float(fit.se["ln_initial"]),
        "speed": fit.stats["speed"],
        "half_life": fit.stats["half_life"],
    }


def _difference(fits: Mapping[str, Fit]) -> dict[str, float]:
    pilot, never = fits["pilot"], fits["never"]
    return {
        "difference": float(pilot.params["ln_initial"] - never.params["ln_initial"]),
        "difference_se": float(np.hypot(pilot.se["ln_initial"], never.se["ln_initial"])),
    }
