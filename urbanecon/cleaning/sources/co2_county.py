"""CO2 emissions of counties summed to cities, 1997-2017, in tonnes (co2_county).

Chen, J. et al. (2020), Scientific Data 7:391. Counties are those of 2010, hence
Chaohu stays whole to 2017. Tibet is not covered. The estimates are scaled from
night lights: never read them beside night lights as independent evidence.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import resolve, unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import (
    Flag,
    RawCell,
    concat_observations,
    make_observations,
)
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError

SOURCE = "co2_county"
CODE, CITY, PROVINCE = "DISTCODE地区代码", "City Name [D]", "Province Name [F]"
YEAR_HEADER = re.compile(r"C(\d{4})")
MEGATONNE = 1e6


def read(path: Path) -> pd.DataFrame:
    """Read the sums over the counties of each city as observations.

    Parameters
    ----------
    path
        ``co2.xlsx``.

    Returns
    -------
    DataFrame
        Observations of `co2_county`, flagged derived; `raw` is the block of the
        counties' cells. A city of which a county has no number in a year has no
        observation of that year.

    Raises
    ------
    DataError
        If a column is absent, no column holds a year, a county has two rows, or
        a number cell holds text.
    """
    table = read_table(path, source=SOURCE)
    table.require([CODE, CITY, PROVINCE])
    table = replace(table, frame=table.frame[table.text(CITY) != ""])
    years = [str(header) for header in table.frame.columns if YEAR_HEADER.fullmatch(str(header))]
    if not years:
        raise DataError(f"{table.place}: expected columns C1997, C1998, ...; found none.")
    codes = table.text(CODE)
    twice = codes[codes.duplicated() & (codes != "")]
    if len(twice):
        raise DataError(
            f"{table.place}: row {twice.index[0]} is a second one for the county "
            f"{twice.iloc[0]}, which the sum of its city would count twice. Remove one of them."
        )
    names, provinces = table.text(CITY), table.text(PROVINCE)
    city = resolve(names, source=SOURCE, province=provinces)
    observations = concat_observations(_sums(table, header, city) for header in years)
    missed = unmatched(names, city, table.raw(CITY), provinces)
    return finish(observations, source=SOURCE, unmatched=missed)


def _sums(table: RawTable, header: str, city: pd.Series) -> pd.DataFrame:
    counties = table.numbers(header, where=[CITY, CODE]).groupby(city)
    sums = counties.agg(lambda values: values.sum(skipna=False)) * MEGATONNE
    return make_observations(
        city=sums.index,
        year=[int(header[1:])] * len(sums),
        variable="co2_county",
        value=sums,
        source=SOURCE,
        raw=[
            str(RawCell(table.file, table.sheet, rows[0], table.letters[header], tuple(rows[1:])))
            for rows in (counties.groups[key] for key in sums.index)
        ],
        flag=Flag.DERIVED,
    )
