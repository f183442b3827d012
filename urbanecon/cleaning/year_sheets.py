"""Workbooks with one sheet a variable: a row a unit, a column a year."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import Flag, concat_observations, make_observations
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError, did_you_mean


class YearSheet(NamedTuple):
    """What one sheet holds.

    Attributes
    ----------
    variable
        Codebook name.
    corner
        Text of the first cell, which states the unit; another text means that
        the sheet is not the one the factor was declared for.
    factor
        Raw values times this are in the codebook's unit.
    flag
        Flag of every cell of the sheet.
    """

    variable: str
    corner: str
    factor: float
    flag: Flag = Flag.OK


def read_year_sheets(
    path: Path, *, source: str, sheets: Mapping[str, YearSheet], units: pd.Series
) -> pd.DataFrame:
    """Read the first block of each declared sheet.

    Parameters
    ----------
    path
        The workbook.
    source
        Registry id.
    sheets
        What each sheet holds, by its name as the workbook spells it.
    units
        6-digit keys in the order of the rows of every sheet, indexed by the
        name in the first column; missing where a unit is not to be read. The
        order matters because two cities can share a name.

    Returns
    -------
    DataFrame
        Observations.

    Raises
    ------
    DataError
        If a sheet is absent, states another unit, holds other units or another
        order of them, or a text in a number cell.
    """
    return finish(
        concat_observations(
            _observations(read_table(path, source=source, sheet=name), declared, source, units)
            for name, declared in sheets.items()
        ),
        source=source,
    )


def _observations(
    table: RawTable, declared: YearSheet, source: str, units: pd.Series
) -> pd.DataFrame:
    corner = str(table.frame.columns[0])
    expected = declared.corner or "[A]"
    if corner != expected:
        raise DataError(
            f"{table.place}: cell A1 states {corner!r}; expected {expected!r}, for which the "
            f"unit of {declared.variable} was declared. Compare the sheet and correct the reader."
        )
    block = _first_block(table, corner)
    _check_units(block, corner, list(units.index))
    return concat_observations(
        make_observations(
            city=units,
            year=[int(year)] * len(units),
            variable=declared.variable,
            value=block.numbers(year, where=[corner]) * declared.factor,
            source=source,
            raw=block.raw(year),
            flag=declared.flag,
        )
        for year in _years(block)
    )


def _years(block: RawTable) -> list[str]:
    headers = [str(header) for header in block.frame.columns]
    years = [header for header in headers if re.fullmatch(r"\d{4}", header)]
    twice = [header for header in headers if re.fullmatch(r"\d{4} \[[A-Z]+\]", header)]
    if twice or not years:
        found = f"the columns {twice}, more than one a year" if twice else f"headers {headers[:5]}"
        raise DataError(f"{block.place}: expected one column a year, found {found}.")
    return years


def _first_block(table: RawTable, corner: str) -> RawTable:
    """Rows under the header up to the first without a name: other blocks follow below."""
    named = table.text(corner) != ""
    in_row = table.frame.index == pd.RangeIndex(2, 2 + len(table.frame))
    block = table.frame[(named & in_row).cummin()]
    return RawTable(table.file, table.sheet, block, table.letters)


def _check_units(block: RawTable, corner: str, expected: list[str]) -> None:
    found = block.text(corner)
    for (row, name), wanted in zip(found.items(), expected, strict=False):
        if name != wanted:
            raise DataError(
                f"{block.place}: row {row} is {name!r}; expected {wanted!r}."
                f"{did_you_mean(name, expected)} All sheets must list the same units in one order."
            )
    if len(found) != len(expected):
        raise DataError(
            f"{block.place}: {len(found)} units in the first block; expected {len(expected)}, "
            f"from {expected[0]!r} to {expected[-1]!r}."
        )
