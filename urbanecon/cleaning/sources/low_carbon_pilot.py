"""First year of the low-carbon pilots of 2010, 2012 and 2017 (low_carbon_pilot).

The list of 2010 names five provinces and eight cities; the file treats every
city of the five provinces (81 cities in all). Lhasa (2017) and the county pilots
are left out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.cleaning.cross_sections import read_first_years
from urbanecon.cleaning.tables import read_table

SOURCE = "low_carbon_pilot"
VARIABLE = "low_carbon_first_year"
CITY, YEAR = "城市名", "政策实施年"


def read(path: Path) -> pd.DataFrame:
    """Read one observation a treated city; cities are matched by Chinese name."""
    return read_first_years(
        read_table(path, source=SOURCE), source=SOURCE, city=CITY, year=YEAR, variable=VARIABLE
    )
