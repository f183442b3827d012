"""Land cover of cities in the classes of the IGBP, 2001-2020, in km2 (landcover).

MODIS (MCD12Q1). An empty cell is a class that the city does not have; it is no
observation, and a sum over classes leaves it out. The classes of a city sum to
the same area in all years. Chen, Y. (PhD replication data).
"""

from __future__ import annotations

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

SOURCE = "landcover"
CITY, YEAR = "city_id", "year"

CLASSES = {
    "land_forest": ("1", "2", "3", "4", "5"),
    "land_grass": ("10",),
    "land_cropland": ("12",),
    "land_urban": ("13",),
    "land_water": ("17",),
    "land_area": tuple(str(number) for number in range(1, 18)),
}
"""Classes of each variable: 1-5 forests, 10 grasslands, 12 croplands, 13 urban and
built-up, 17 water; all 17 are the whole city."""


def read(path: Path) -> pd.DataFrame:
    """Read the file as observations.

    Parameters
    ----------
    path
        ``class_area_by_city_by_year.csv``.

    Returns
    -------
    DataFrame
        Observations of six areas. Sums of several classes are flagged derived;
        `raw` is the block of their cells.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If the file is no such table or a number cell holds text.
    """
    table = read_table(path, source=SOURCE)
    table.require([CITY, YEAR, *CLASSES["land_area"]])
    city = resolve(table.frame[CITY], source=SOURCE)
    years = table.years(YEAR)
    areas = pd.DataFrame(
        {number: table.numbers(number, where=[CITY, YEAR]) for number in CLASSES["land_area"]}
    )
    observations = concat_observations(
        make_observations(
            city=city,
            year=years,
            variable=variable,
            value=areas[list(classes)].sum(axis=1, min_count=1),
            source=SOURCE,
            raw=_addresses(table, classes),
            flag=Flag.OK if len(classes) == 1 else Flag.DERIVED,
        )
        for variable, classes in CLASSES.items()
    )
    missed = unmatched(table.frame[CITY], city, table.raw(CITY))
    return finish(observations, source=SOURCE, unmatched=missed)


def _addresses(table: RawTable, classes: tuple[str, ...]) -> list[str]:
    first, *more = (table.letters[number] for number in classes)
    return [
        str(RawCell(table.file, table.sheet, row, first, (), tuple(more)))
        for row in table.frame.index
    ]
