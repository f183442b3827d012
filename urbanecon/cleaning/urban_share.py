"""An annual urban share, benchmarked to the censuses of 2010 and 2020.

The yearly figures of 2006-2018 jump where definitions or borders change, repeat
one provincial share in several cities, and were not revised after the census of
2020. The benchmarked series keeps what they are good for, the year-to-year
movement, and takes its level from the censuses. On the logit scale, so that no
share leaves (0, 1):

1. the path p_t of a city adds up its yearly changes; a change larger than `JUMP`
   is replaced by the median of the city's other changes (splicing at a break);
2. the path is shifted to the census of 2010;
3. it is continued to 2020 by the city's median change, and what is then missing
   to the census of 2020 is spread evenly over the ten years.

Step 3 is the additive first-difference solution of Denton (1971, Journal of the
American Statistical Association 66: 99-102) with two point benchmarks: among all
series through both, it is the one whose yearly changes differ least from those of
the indicator. Before 2010 the correction is constant. Nothing is made for years
without a yearly figure.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import SEVERITY, Flag, make_observations
from urbanecon.cleaning.panel import CellKey, Derivation, Panel

VARIABLE = "urban_share_benchmarked"
SOURCE, SOURCE_MUNICIPALITIES = "gpi_prefecture", "gpi_province"
FIRST_YEAR, LAST_YEAR = 2006, 2018
CENSUSES = (2010, 2020)

URBAN, RURAL = "population_urban", "population_rural"
CENSUS_INPUTS = ("population_urban_census", "population_rural_census")
OF_PROVINCES = ("population_urban_province", "population_rural_province")

JUMP = 0.04
"""Yearly change of a share, in either direction, that is taken for a break.

The national share rose by 1.0 to 1.6 points in each year from 2006 to 2018, and
half of all changes of cities lie between 0.6 and 1.6 points; four points a year
would urbanize a city from a quarter to three quarters within the period."""

BORROWED = 3
"""Cities of a province with the same share to six decimals from which on it is
taken for the province's: two may agree by rounding, three do not."""

BOUND = 0.005
"""Nearest that a share is taken to be to 0 or 1 on the logit scale, which has no
place for a city without rural residents. No result is off by more than this."""


def annual_share(panel: Panel) -> pd.Series:
    """Yearly urban share by (city, year), as published.

    Municipalities, which the table of cities leaves out, come from the table of
    provinces. Shares above 1 or below 0 cannot be and are missing.
    """
    of_provinces = {
        name: panel.provinces[name] for name in OF_PROVINCES if name in panel.provinces
    }
    return _annual_share(panel.data[URBAN], panel.data[RURAL], **of_provinces)


def _annual_share(
    urban: pd.Series,
    rural: pd.Series,
    population_urban_province: pd.Series | None = None,
    population_rural_province: pd.Series | None = None,
) -> pd.Series:
    share = _ratio(urban, rural)
    if population_urban_province is not None and population_rural_province is not None:
        whole = _ratio(population_urban_province, population_rural_province)
        keys = whole.index.get_level_values(0).isin(load_divisions().index)
        share = share.combine_first(whole[keys].rename_axis(["city", "year"]))
    window = share.index.get_level_values(1).isin(range(FIRST_YEAR, LAST_YEAR + 1))
    return share[window].dropna().rename("urban_share")


def suspicious(share: pd.Series) -> pd.Series:
    """Whether each share follows the one before it by more than `JUMP` a year."""
    step = share.groupby(level=0).diff()
    years = _years(share)
    return (step.abs() > JUMP * years.groupby(level=0).diff()).rename("jump")


def borrowed(share: pd.Series) -> pd.Series:
    """Whether a share is that of `BORROWED` or more cities of the province and year."""
    cities = share.index.get_level_values(0)
    keys = [
        _spread(load_divisions()["province"], cities, share.index),
        _years(share),
        share.round(6),
    ]
    return (share.groupby(keys).transform("size") >= BORROWED).rename("borrowed")


def benchmark(share: pd.Series, census: pd.Series) -> pd.DataFrame:
    """Benchmark yearly shares to the censuses, as the module says.

    Parameters
    ----------
    share
        Yearly shares in [0, 1], indexed (city, year), years in order, without
        missing ones.
    census
        Census shares, indexed (city, year), of `CENSUSES`.

    Returns
    -------
    DataFrame
        Indexed as `share`: `share` (as given), `benchmarked` (missing for a city
        without a census or yearly figure in 2010) and `flag`: derived, or
        outlier (a jump was replaced), interpolated (the movement is the
        province's), extrapolated (after 2010 without a census of 2020).
    """
    share = share.sort_index()
    jump, shared = suspicious(share), borrowed(share)
    step = _logit(share).groupby(level=0).diff()
    gap = _years(share).groupby(level=0).diff()
    usual = (step / gap).where(~jump).groupby(level=0).median()
    cities = share.index.get_level_values(0)
    typical = _spread(usual, cities, share.index).fillna(0.0)
    path = step.mask(jump, typical * gap).fillna(0.0).groupby(level=0).cumsum()

    first, last = (_logit(_at(census, year)) for year in CENSUSES)
    level = path + _spread(first - _at(path, CENSUSES[0]), cities, share.index)
    end = level.groupby(level=0).last()
    to_go = CENSUSES[1] - _years(share).groupby(level=0).last()
    missing = (last - (end + usual.fillna(0.0) * to_go)).reindex(end.index)
    span = CENSUSES[1] - CENSUSES[0]
    progress = ((_years(share) - CENSUSES[0]) / span).clip(lower=0.0)
    level = level + progress * _spread(missing.fillna(0.0), cities, share.index)
    open_end = _spread(missing.isna().astype("float64"), cities, share.index) > 0
    flag = _worst(jump, shared, open_end & (progress > 0))
    return pd.DataFrame({"share": share, "benchmarked": _expit(level), "flag": flag})


def residuals(share: pd.Series, census: pd.Series) -> pd.DataFrame:
    """What the yearly figures miss the censuses by, city by city.

    Returns
    -------
    DataFrame
        Indexed by city: `residual_2010` (yearly minus census share),
        `residual_2020` (the series shifted to the census of 2010 and continued
        to 2020, minus the census share), `jumps` and `borrowed` (years).
    """
    share = share.sort_index()
    only_first = census[census.index.get_level_values(1) == CENSUSES[0]]
    shifted = _logit(benchmark(share, only_first)["benchmarked"])
    step = _logit(share).groupby(level=0).diff() / _years(share).groupby(level=0).diff()
    usual = step.where(~suspicious(share)).groupby(level=0).median()
    to_go = CENSUSES[1] - _years(share).groupby(level=0).last()
    ahead = _expit(shifted.groupby(level=0).last() + usual * to_go)
    return pd.DataFrame(
        {
            "residual_2010": _at(share, CENSUSES[0]) - _at(census, CENSUSES[0]),
            "residual_2020": ahead - _at(census, CENSUSES[1]),
            "jumps": suspicious(share).groupby(level=0).sum(),
            "borrowed": borrowed(share).groupby(level=0).sum(),
        }
    ).reindex(share.index.get_level_values(0).unique())


def with_benchmarked_share(panel: Panel) -> Panel:
    """Return the panel with `urban_share_benchmarked` and the lineage of its cells.

    Each cell is also an observation, whose flag is the worst of those of the
    yearly cells of its year and of what `benchmark` says. A panel without yearly
    or without census figures is returned as it is.
    """
    return panel.with_derived([BENCHMARKED])


def _benchmarked(
    urban: pd.Series,
    rural: pd.Series,
    urban_census: pd.Series,
    rural_census: pd.Series,
    **of_provinces: pd.Series,
) -> pd.DataFrame:
    """Value and flag of every cell of the benchmarked share."""
    share = _annual_share(urban, rural, **of_provinces)
    census = _ratio(urban_census, rural_census).dropna()
    table = benchmark(share, census).dropna(subset="benchmarked")
    table = table[table.index.isin(urban.index)]
    return table[["benchmarked", "flag"]].set_axis(["value", "flag"], axis=1)


def _cells_below(columns: Mapping[str, pd.Series], city: str, year: int) -> list[CellKey]:
    """Yearly figures of all years of the city and those of the censuses.

    The usual change and the distance to the census of 2020 rest on every year.
    """
    own = (city in columns[URBAN].index.unique(0)) and columns[URBAN].loc[city].notna().any()
    yearly = (URBAN, RURAL) if own else OF_PROVINCES
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    cells = [(name, city, other) for name in yearly for other in years]
    cells += [(name, city, other) for name in CENSUS_INPUTS for other in CENSUSES]
    return [cell for cell in cells if pd.notna(columns[cell[0]].get(cell[1:]))]


def _made_cells(cells: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Observations of the benchmarked share; `raw` lists the cells of its year and of censuses."""
    yearly = [URBAN, RURAL, *OF_PROVINCES]
    inputs = cells[cells["variable"].isin([*yearly, *CENSUS_INPUTS])]
    inputs = inputs.assign(rank=inputs["flag"].map(SEVERITY))
    of_year = inputs[inputs["variable"].isin(yearly)].groupby(["city", "year"])
    of_census = inputs[inputs["variable"].isin(CENSUS_INPUTS)].groupby("city")
    city = table.index.get_level_values(0)
    raw = of_year["raw"].agg("; ".join).reindex(table.index)
    raw = raw + "; " + _spread(of_census["raw"].agg("; ".join), city, table.index)
    rank = np.maximum(
        of_year["rank"].max().reindex(table.index).fillna(0).to_numpy(dtype="int64"),
        table["flag"].map(SEVERITY).to_numpy(dtype="int64"),
    )
    made = make_observations(
        city=city,
        year=table.index.get_level_values(1),
        variable=VARIABLE,
        value=table["value"],
        source=SOURCE,
        raw=raw,
    )
    names = np.array([str(flag) for flag in SEVERITY], dtype=object)
    municipal = made["city"].str.endswith("0000")
    return made.assign(
        flag=pd.Series(names[rank], dtype="str"),
        source=made["source"].mask(municipal, SOURCE_MUNICIPALITIES),
    )


def _worst(jump: pd.Series, shared: pd.Series, open_end: pd.Series) -> pd.Series:
    flag = pd.Series(str(Flag.DERIVED), index=jump.index, dtype="str")
    for found, name in (
        (jump, Flag.OUTLIER),
        (shared, Flag.INTERPOLATED),
        (open_end, Flag.EXTRAPOLATED),
    ):
        flag = flag.mask(found, str(name))
    return flag


def _ratio(urban: pd.Series, rural: pd.Series) -> pd.Series:
    share = urban / (urban + rural)
    return share.where(share.between(0, 1))


def _years(series: pd.Series) -> pd.Series:
    years = series.index.get_level_values(1).astype("float64")
    return pd.Series(years, index=series.index)


def _at(series: pd.Series, year: int) -> pd.Series:
    """Values of one year, by city."""
    return series[series.index.get_level_values(1) == year].droplevel(1)


def _spread(by_city: pd.Series, cities: pd.Index, index: pd.Index) -> pd.Series:
    return pd.Series(by_city.reindex(cities).to_numpy(), index=index)


def _logit(share: pd.Series) -> pd.Series:
    inside = share.clip(BOUND, 1 - BOUND)
    return pd.Series(np.log(inside / (1 - inside)))


def _expit(level: pd.Series) -> pd.Series:
    return pd.Series(1 / (1 + np.exp(-level)))


BENCHMARKED = Derivation(
    VARIABLE,
    (URBAN, RURAL, *CENSUS_INPUTS),
    _benchmarked,
    optional=OF_PROVINCES,
    reads=_cells_below,
    observe=_made_cells,
)
"""The benchmarked share as a column of the panel, which flags its own cells."""
