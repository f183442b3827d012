"""From raw columns to observations: what the readers have in common."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from urbanecon.cleaning.divisions import Unmatched, note_unmatched, resolve
from urbanecon.cleaning.divisions import unmatched as list_unmatched
from urbanecon.cleaning.observations import (
    Flag,
    check_observations,
    concat_observations,
    make_observations,
)
from urbanecon.cleaning.tables import RawTable
from urbanecon.errors import DataWarning


@dataclass(frozen=True, slots=True)
class Column:
    """What a raw column holds: header, codebook variable, factor to its unit."""

    header: str
    variable: str
    factor: float = 1.0


def read_columns(
    table: RawTable,
    columns: Sequence[Column],
    *,
    source: str,
    city: str,
    year: str,
    province: str | None = None,
) -> pd.DataFrame:
    """Return the observations of a table with one row a city-year.

    Parameters
    ----------
    table
        The raw table.
    columns
        What is read from it.
    source
        Registry id.
    city, year, province
        Headers of the city's code or name, of the year, and of the province
        where names alone may be ambiguous.

    Raises
    ------
    MissingColumnError
        If the table lacks a header; the message gives the closest match.
    DataError
        If a cell that should be a number or a year is not.
    """
    labels = [city, year]
    headers = [column.header for column in columns]
    table.require([*labels, *headers])
    table, notes = _without_notes(table, [year, *headers])
    keys, years = table.frame[city], table.years(year)
    provinces = None if province is None else table.text(province)
    cities = resolve(keys, source=source, province=provinces)
    observations = concat_observations(
        make_observations(
            city=cities,
            year=years,
            variable=column.variable,
            value=table.numbers(column.header, where=labels) * column.factor,
            source=source,
            raw=table.raw(column.header),
        )
        for column in columns
    )
    missed = list_unmatched(keys, cities, table.raw(city), provinces)
    return finish(observations, source=source, unmatched=[*missed, *notes])


def _without_notes(table: RawTable, content: Sequence[str]) -> tuple[RawTable, list[Unmatched]]:
    """Set aside the rows that hold text but neither a year nor any value.

    Compilers leave notes and advertisements below a table; they are listed like
    rows that match no city.
    """
    cells = table.frame[list(dict.fromkeys(content))]
    is_note = (cells.isna() | (cells == "")).all(axis=1)
    others = [name for name in table.frame.columns if name not in cells.columns]
    listed = []
    for row, texts in table.frame.loc[is_note, others].iterrows():
        for header, text in texts.items():
            if pd.notna(text) and text != "":
                address = f"{table.file}|{table.sheet}|{row}|{table.letters[str(header)]}"
                listed.append((str(text), address, "a note, not a row of the table"))
    return replace(table, frame=table.frame[~is_note]), listed


def finish(
    observations: pd.DataFrame, *, source: str, unmatched: Iterable[Unmatched] = ()
) -> pd.DataFrame:
    """Settle duplicates, check the contract, list what matched no city.

    Raises
    ------
    DataError
        If the observations break their contract (see `check_observations`).
    """
    checked = check_observations(settle_duplicates(observations, source=source), source=source)
    return note_unmatched(checked, unmatched)


def settle_duplicates(observations: pd.DataFrame, *, source: str) -> pd.DataFrame:
    """Handle cells that give one variable of one city-year twice.

    Where they agree the first stays and the others are listed, as pairs of
    addresses (kept, repeated), in ``attrs["repeated"]``. Where they differ all
    stay, flagged `conflict`, and a `DataWarning` names them: which one is right
    the file does not say.
    """
    keys = ["city", "year", "variable"]
    again = observations.duplicated([*keys, "value"])
    first = observations.groupby([*keys, "value"], sort=False)["raw"].transform("first")
    repeated = list(zip(first[again], observations["raw"][again], strict=True))
    settled = observations[~again].reset_index(drop=True)
    conflict = settled.duplicated(keys, keep=False)
    settled["flag"] = settled["flag"].mask(conflict, str(Flag.CONFLICT))
    settled.attrs["repeated"] = repeated
    if conflict.any():
        cells = settled[conflict].drop_duplicates(keys)
        named = [f"{row.variable} of {row.city} in {row.year}" for row in cells.itertuples()]
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        warnings.warn(
            f"{source}: {len(named)} cells are given twice with different values and are flagged "
            f"conflict: {', '.join(named[:5])}{more}.",
            DataWarning,
            stacklevel=2,
        )
    return settled
