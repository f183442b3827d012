"""Tables with one row a city and no year: a census, a list of pilots, an attribute."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd

from urbanecon.cleaning.divisions import resolve, unmatched
from urbanecon.cleaning.longform import Column, finish
from urbanecon.cleaning.observations import Flag, concat_observations, make_observations
from urbanecon.cleaning.tables import RawTable
from urbanecon.errors import DataWarning


def read_cross_section(
    table: RawTable, columns: Sequence[Column], *, source: str, city: str, name: str, year: int
) -> pd.DataFrame:
    """Return the observations of a table that describes cities in one year.

    Parameters
    ----------
    table
        The raw table.
    columns
        What is read from it.
    source
        Registry id.
    city, name
        Headers of the city's code or name, and of the name that messages use.
    year
        Year of all observations; of a constant attribute, the first one known.

    Raises
    ------
    MissingColumnError
        If the table lacks a header; the message gives the closest match.
    DataError
        If a cell that should be a number is not.
    """
    table.require([city, name, *(column.header for column in columns)])
    cities = resolve(table.frame[city], source=source)
    observations = concat_observations(
        make_observations(
            city=cities,
            year=[year] * len(cities),
            variable=column.variable,
            value=table.numbers(column.header, where=[name]) * column.factor,
            source=source,
            raw=table.raw(column.header),
        )
        for column in columns
    )
    missed = unmatched(table.frame[city], cities, table.raw(city))
    return finish(observations, source=source, unmatched=missed)


def read_first_years(
    table: RawTable, *, source: str, city: str, year: str, variable: str
) -> pd.DataFrame:
    """Return the first year of a policy, from a table with one row a treated unit.

    Parameters
    ----------
    table
        The raw table.
    source
        Registry id.
    city, year
        Headers of the unit's name and of the year.
    variable
        Codebook name; a city not in the table has no observation.

    Returns
    -------
    DataFrame
        One observation a treated city, in its first year; `value` is that year.
        Units below the prefecture are listed as unmatched: the city around
        them is not treated. A city with two first years is flagged `conflict`,
        and a `DataWarning` names it.
    """
    table.require([city, year])
    names, years = table.text(city), table.years(year)
    cities = resolve(names, source=source)
    observations = make_observations(
        city=cities,
        year=years,
        variable=variable,
        value=years,
        source=source,
        raw=table.raw(year),
    )
    several = observations.groupby("city")["value"].transform("nunique") > 1
    observations["flag"] = observations["flag"].mask(several, str(Flag.CONFLICT))
    if several.any():
        named = sorted(set(observations["city"][several]))
        warnings.warn(
            f"{table.place}: {len(named)} cities have more than one first year and are flagged "
            f"conflict: {', '.join(named[:5])}{' ...' if len(named) > 5 else ''}.",
            DataWarning,
            stacklevel=2,
        )
    missed = unmatched(names, cities, table.raw(city))
    return finish(observations, source=source, unmatched=missed)
