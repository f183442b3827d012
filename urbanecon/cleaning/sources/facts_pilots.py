"""First year of the new-type urbanization pilot, from the project's own table (facts_pilots).

Serves machines without the raw file of ntu_pilot, from which
`data_raw/facts/derive_pilots.py` makes the table; the notices are named in it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.cross_sections import read_first_years
from urbanecon.cleaning.tables import read_table

SOURCE = "facts_pilots"
VARIABLE = "pilot_first_year"
CITY, YEAR = "city", "first_year"


def read(path: Path) -> pd.DataFrame:
    """Read the table as observations.

    Parameters
    ----------
    path
        ``pilots.csv``: one row a treated city.

    Returns
    -------
    DataFrame
        One observation a treated city, in the year in which it became a pilot;
        `value` is that year.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If the table is empty or a year is none.
    """
    return read_first_years(
        read_table(path, source=SOURCE), source=SOURCE, city=CITY, year=YEAR, variable=VARIABLE
    )
