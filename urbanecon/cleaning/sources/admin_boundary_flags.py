"""Boundary changes of prefectures by year, 1999-2020 (admin_boundary_flags).

FIERsity, China prefecture crosswalk. A whole-city break is an exchange of
territory between prefectures (19 unit-years, 2002-2020); a district jump turns
counties into districts, which changes what 市辖区 covers but not the city.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.longform import Column, read_columns
from urbanecon.cleaning.tables import read_table

SOURCE = "admin_boundary_flags"
CITY, YEAR = "prefecture_name", "year"

COLUMNS = (
    Column("whole_city_break_count", "boundary_break"),
    Column("district_jump_count", "district_jump"),
    Column("district_merge_count", "district_merge"),
)


def read(path: Path) -> pd.DataFrame:
    """Read the events as observations.

    Parameters
    ----------
    path
        ``fixed_boundary_event_flags_1999_2020.csv``.

    Returns
    -------
    DataFrame
        Number of changes of each kind, in the years that have one; 1999-2020
        without an observation means none, other years mean not known.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If the file is no such table or a number cell holds text.
    """
    table = read_table(path, source=SOURCE)
    table.require([CITY, YEAR, *(column.header for column in COLUMNS)])
    frame = table.frame.copy()
    for column in COLUMNS:
        counts = table.numbers(column.header, where=[CITY, YEAR])
        frame[column.header] = counts.mask(counts == 0)
    changed = frame[frame[[column.header for column in COLUMNS]].notna().any(axis=1)]
    return read_columns(
        replace(table, frame=changed), COLUMNS, source=SOURCE, city=CITY, year=YEAR
    )
