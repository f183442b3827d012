"""Two sources of one thing, side by side: do they agree, and where not.

Sources that measure the same thing stay two variables; nothing here corrects,
splices or prefers one. Two sources may share an origin, so that agreement is no
proof: a pair says in `note` what is known of that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import ADMITTED, Panel
from urbanecon.errors import DataError

WORST = 10
"""Cells listed a pair: enough to see a pattern, few enough to look each up."""

SMALLEST_SAMPLE = 3
"""Two points always correlate perfectly."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two variables of the codebook that measure one thing, in one unit."""

    first: str
    second: str
    note: str = ""


PAIRS = (
    Pair("gdp", "gdp_policies"),
    Pair("gdp", "gdp_sustainability"),
    Pair("population", "population_gpi"),
    Pair("population", "population_census"),
    Pair("population", "population_grid", "LandScan counts the people present over 24 hours"),
    Pair("population_hukou", "population_hukou_policies"),
    Pair("population_hukou", "population_hukou_census", "at year end; on the census day"),
    Pair("population_census", "population_census_yearbook", "boundaries of 2020; of the census"),
    Pair("population_urban", "population_urban_census"),
    Pair("population_urban_census", "population_urban_census_yearbook"),
    Pair("area", "land_area"),
    Pair("pm25_chap", "pm25_wiebe", "city centre; mean over the area"),
    Pair("pm25_chap", "pm25_policies", "city centre, satellite; stations"),
    Pair("so2", "so2_gpi", "the same series"),
    Pair("so2", "so2_sustainability"),
    Pair("so2", "so2_policies"),
    Pair("co2", "co2_ceads", "gridded plants; energy inventories"),
    Pair("co2", "co2_county", "gridded plants; scaled from night lights"),
    Pair("co2_ceads", "co2_county", "energy inventories; scaled from night lights"),
    Pair("retail_sales_sustainability", "retail_sales_policies"),
    Pair("night_lights", "night_light_mean", "sum and mean of one image: the ratio is the area"),
    Pair("night_lights_urban", "night_light_mean_urban", "as night_lights, on urban land"),
)
"""What the data report compares. Units are equal except in the pairs of night lights."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How pairs of variables agree.

    Attributes
    ----------
    table
        One row a pair: `first`, `second`, `n` (common city-years), `cities`,
        `r_levels`, `r_logs`, `r_within` (correlations of levels, of logs, of logs
        less the city's mean), `ratio` (median of second over first), `ratio_q25`
        and `ratio_q75`, `note`. Correlations are missing below three cells.
    worst
        The cells whose ratio lies farthest from the pair's median, in logs:
        `first`, `second`, `city`, `year`, `value_first`, `value_second`, `ratio`,
        `raw_first`, `raw_second`.
    """

    table: pd.DataFrame
    worst: pd.DataFrame


def compare(data: Panel | pd.DataFrame, pairs: Iterable[Pair] = PAIRS) -> Comparison:
    """Compare variables cell by cell.

    Parameters
    ----------
    data
        A panel, or a table of observations (see `urbanecon.cleaning.observations`).
        Only cells with an admitted flag count.
    pairs
        Variables to compare; one that `data` lacks gives a row with n = 0.

    Raises
    ------
    UnknownNameError
        If the codebook does not know a variable.
    DataError
        If a variable is constant or has two admitted values in a city-year.
    """
    cells = data.cells if isinstance(data, Panel) else data
    admitted = data.admitted if isinstance(data, Panel) else ADMITTED
    cells = cells[cells["flag"].isin([str(flag) for flag in admitted])]
    rows, worst = [], []
    for pair in pairs:
        common = _common_cells(cells, pair)
        rows.append(_summary(pair, common))
        worst.append(_farthest(pair, common))
    return Comparison(pd.DataFrame(rows), pd.concat(worst, ignore_index=True))


def _common_cells(cells: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """City-years in which both variables have a value, sorted."""
    sides = []
    for name in (pair.first, pair.second):
        if load_codebook()[name].constant:
            raise DataError(f"{name} is the same in all years: compare it city by city instead.")
        side = cells.loc[cells["variable"] == name, ["city", "year", "value", "raw"]]
        twice = side.duplicated(["city", "year"])
        if twice.any():
            row = side[twice].iloc[0]
            raise DataError(
                f"{name} of {row['city']} in {row['year']} has two admitted values (raw cell "
                f"{row['raw']}). Flag one of them {str(Flag.CONFLICT)!r}, or compare one source "
                "at a time."
            )
        sides.append(side)
    common = sides[0].merge(sides[1], on=["city", "year"], suffixes=("_first", "_second"))
    return common.sort_values(["city", "year"], ignore_index=True)


def _summary(pair: Pair, common: pd.DataFrame) -> dict[str, object]:
    positive = _positive(common)
    logs = positive[["value_first", "value_second"]].transform(np.log)
    within = logs - logs.groupby(positive["city"]).transform("mean")
    low, middle, high = (_quantile(positive["ratio"], share) for share in (0.25, 0.5, 0.75))
    return {
        "first": pair.first,
        "second": pair.second,
        "n": len(common),
        "cities": common["city"].nunique(),
        "r_levels": _correlation(common[["value_first", "value_second"]]),
        "r_logs": _correlation(logs),
        "r_within": _correlation(within[positive["city"].duplicated(keep=False)]),
        "ratio": middle,
        "ratio_q25": low,
        "ratio_q75": high,
        "note": pair.note,
    }


def _positive(common: pd.DataFrame) -> pd.DataFrame:
    """Cells in which both values are positive, with their ratio."""
    kept = common[(common["value_first"] > 0) & (common["value_second"] > 0)]
    return kept.assign(ratio=kept["value_second"] / kept["value_first"])


def _farthest(pair: Pair, common: pd.DataFrame) -> pd.DataFrame:
    cells = _positive(common)
    distance = (np.log(cells["ratio"]) - np.log(_quantile(cells["ratio"], 0.5))).abs()
    order = distance.sort_values(ascending=False, kind="stable").index[:WORST]
    columns = ["city", "year", "value_first", "value_second", "ratio", "raw_first", "raw_second"]
    listed = pd.DataFrame(cells.loc[order, columns])
    listed.insert(0, "first", pair.first)
    listed.insert(1, "second", pair.second)
    return listed


def _quantile(values: pd.Series, share: float) -> float:
    return float(values.quantile(share)) if len(values) else float("nan")


def _correlation(columns: pd.DataFrame) -> float:
    """Pearson's correlation of two columns; missing where it is not defined."""
    if len(columns) < SMALLEST_SAMPLE or (columns.std() == 0).any():
        return float("nan")
    return float(columns.corr().to_numpy()[0, 1])
