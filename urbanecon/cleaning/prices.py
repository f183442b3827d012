"""Price indices and deflation, with the base year stated.

Money in the raw tables is in current prices. Dividing by an index that is 1 in
a base year turns it into prices of that year. The national index is chained from
the official year-on-year changes of consumer prices and is what the panel uses;
provincial indices come from `price_index_province`, as far as the audit lets any
of its cells stand. The table that gives it today repeats the national series for
every province, so that deflation by province is refused with that reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.observations import Flag
from urbanecon.errors import DataError

if TYPE_CHECKING:
    from urbanecon.cleaning.panel import Panel

Deflator = Literal["national", "provincial"]

NATIONAL, PROVINCIAL = "price_index", "price_index_province"

NO_INDEX = frozenset({Flag.IMPOSSIBLE, Flag.PASTED, Flag.CONFLICT, Flag.ANACHRONISM})
"""Flags under which a cell is not taken into an index: deflating by a wrong or
borrowed price level would spread its error over every city it touches."""


def chain(previous_year_100: pd.Series, base_year: int) -> pd.Series:
    """Chain year-on-year indices into a level that is 1 in `base_year`.

    Parameters
    ----------
    previous_year_100
        Indexed by year, without gaps; each value is the price level relative to
        the year before, times 100. The first one is the change into the first
        year and is needed only if the year before is the base.
    base_year
        Year with index 1.

    Raises
    ------
    DataError
        If a year is missing, repeated or not positive, or the base is outside.
    """
    changes = previous_year_100.sort_index()
    years = list(changes.index)
    if not years or years != list(range(years[0], years[0] + len(years))):
        raise DataError(f"Price changes must come once for each year in a row; found {years}.")
    wrong = changes[~(changes > 0)]
    if len(wrong):
        raise DataError(
            f"The price index of {wrong.index[0]} is {wrong.iloc[0]}; expected a positive "
            "number, 100 meaning no change."
        )
    return rebase((changes / 100).cumprod(), base_year)


def rebase(index: pd.Series, base_year: int) -> pd.Series:
    """Divide an index, by year or by (province, year), by its own base year.

    Raises
    ------
    DataError
        If the base year is missing, naming the province.
    """
    if index.index.nlevels == 1:
        if base_year not in index.index or pd.isna(index.loc[base_year]):
            raise DataError(f"No price index for the base year {base_year}.{_span(index)}")
        return index / float(index.loc[base_year])
    at_base = index.dropna().xs(base_year, level=1) if len(index.dropna()) else index
    provinces = index.index.get_level_values(0)
    base = pd.Series(provinces.map(at_base.to_dict()), index=index.index, dtype="float64")
    lacking = provinces[base.isna() & index.notna()]
    if len(lacking):
        raise DataError(
            f"No price index of province {lacking[0]} for the base year {base_year}."
            f"{_span(index.loc[[lacking[0]]].droplevel(0))}"
        )
    return index / base


def national_index(observations: pd.DataFrame) -> pd.Series:
    """National price level by year, from observations of `price_index`."""
    return _cells(observations, NATIONAL).set_index("year")["value"].sort_index()


def provincial_index(observations: pd.DataFrame) -> pd.Series:
    """Provincial price levels by (province, year), from `price_index_province`.

    Cells that the audit flagged as in `NO_INDEX` are left out, so that a province
    with a borrowed series has no index rather than a wrong one.
    """
    cells = _cells(observations, PROVINCIAL).rename(columns={"city": "province"})
    return cells.set_index(["province", "year"])["value"].sort_index()


def _cells(observations: pd.DataFrame, variable: str) -> pd.DataFrame:
    cells = observations[observations["variable"] == variable]
    usable = cells[~cells["flag"].isin([str(flag) for flag in NO_INDEX])]
    if usable.empty:
        flags = sorted(cells["flag"].unique())
        why = f"all its cells are flagged {', '.join(flags)}" if flags else "no source gives it"
        if flags == [str(Flag.PASTED)]:
            why += " (one series stands in every province, so that it is none of theirs)"
        instead = "" if variable == NATIONAL else " Deflate with the national index."
        raise DataError(f"No price index can be read from {variable}: {why}.{instead}")
    return usable


def price_level(observations: pd.DataFrame, deflator: Deflator = "national") -> pd.Series:
    """Price level by year (national) or by (province, year) (provincial).

    Raises
    ------
    DataError
        If the deflator is unknown, or none of its cells can stand: a series that
        is the same in all provinces is flagged pasted and is no provincial index.
    """
    if deflator == "national":
        return national_index(observations)
    if deflator == "provincial":
        return provincial_index(observations)
    raise DataError(f"The deflator {deflator!r} is unknown; expected 'national' or 'provincial'.")


def real_terms(
    panel: Panel,
    variables: Iterable[str],
    *,
    base_year: int,
    deflator: Deflator = "national",
    heads: str | None = None,
) -> pd.DataFrame:
    """Money of the panel in the prices of one year, in total or per head.

    Parameters
    ----------
    panel
        The panel; its lineage gives the price index.
    variables
        City variables in current yuan: GDP, spending, wages.
    base_year
        Year whose prices the result is in.
    deflator
        Whose price level.
    heads
        Variable to divide by, such as ``population``; missing where it is not
        positive.

    Returns
    -------
    DataFrame
        Indexed (city, year); columns ``<name>_real``, or ``<name>_pc_real`` if
        divided.

    Raises
    ------
    UnknownNameError
        If a variable is not in the panel.
    DataError
        If a variable is no money at current prices, or the index lacks a year.
    """
    names = list(variables)
    panel.require([*names, *([heads] if heads else [])])
    for name in names:
        _require_current_yuan(panel, name)
    level = price_level(panel.cells, deflator)
    suffix = "_pc_real" if heads else "_real"
    columns = {}
    for name in names:
        real = deflate(panel.data[name], level, base_year=base_year)
        if heads:
            real = real / panel.data[heads].where(panel.data[heads] > 0)
        columns[name + suffix] = real
    return pd.DataFrame(columns, index=panel.data.index)


def _require_current_yuan(panel: Panel, name: str) -> None:
    unit = load_codebook()[name].unit
    if unit not in ("yuan", "yuan per person"):
        raise DataError(f"{name} is in {unit!r}; only amounts in yuan are deflated.")
    made = panel.derivations.get(name)
    if made is not None and NATIONAL in made.inputs:
        raise DataError(f"{name} is at constant prices already; deflate what it is made of.")


def deflate(values: pd.Series, index: pd.Series, *, base_year: int) -> pd.Series:
    """Turn current prices into prices of `base_year`.

    Parameters
    ----------
    values
        Indexed (city, year), in current yuan; missing stays missing.
    index
        Price level by year (national), or by (province, year), the province
        being the first two digits of the city followed by 0000. Any base.
    base_year
        Year whose prices the result is in; there it equals `values`.

    Returns
    -------
    Series
        Indexed as `values`.

    Raises
    ------
    DataError
        If a year or province with a value has no price index, or the base year
        has none. The message names city and year.
    """
    years = values.index.get_level_values(1)
    if index.index.nlevels == 1:
        level = rebase(index, base_year).reindex(years)
    else:
        cities = values.index.get_level_values(0)
        provinces = cities.str[:2] + "0000"
        relevant = index[index.index.get_level_values(0).isin(provinces)]
        keys = pd.MultiIndex.from_arrays([provinces, years])
        level = rebase(relevant, base_year).reindex(keys)
    level = level.set_axis(values.index)
    lacking = values.index[values.notna() & level.isna()]
    if len(lacking):
        city, year = lacking[0]
        raise DataError(
            f"No price index to deflate {values.name or 'the value'} of {city} in {year} "
            f"(and {len(lacking) - 1} more cells).{_span(index)} Limit the years, or deflate "
            "with the national index."
        )
    real: pd.Series = values / level
    real.name = values.name
    return real


def _span(index: pd.Series) -> str:
    years = index.dropna().index.get_level_values(-1)
    if not len(years):
        return " The index is empty."
    return f" The index covers {years.min()}-{years.max()}."
