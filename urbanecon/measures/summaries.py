"""What the figures show of the panel: small tidy frames, one function each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import Panel
from urbanecon.measures.dagum import dagum_by_year
from urbanecon.measures.inequality import theil_by_year

Z95 = 1.959963984540054
"""Half-width of a 95% normal interval in standard errors."""


WORTH_SHOWING = 0.01
"""Share of a variable's cells in doubt from which the figures of flags show it."""


def observed_shares(panel: Panel, variables: Iterable[str]) -> pd.DataFrame:
    """Return the share of the panel's cities with a value, variable x year.

    The denominator is every city that has a value of any of `variables`, so
    that units which only satellites cover do not thin the statistics out.
    """
    data = panel.data[list(variables)]
    anything = data.notna().any(axis=1).groupby("city").any()
    cities = data.index.get_level_values("city")
    rows = data[anything.reindex(cities).to_numpy()]
    return rows.notna().groupby("year").mean().T


def doubtful_shares(panel: Panel) -> pd.DataFrame:
    """Return the share of a variable's raw cells under each flag of doubt, variable x flag.

    Variables with at least `WORTH_SHOWING` of their cells in doubt, in codebook
    order. Derived cells are the source's own computation, not doubt.
    """
    cells = _cells_of_the_panel(panel)
    counts = cells.groupby(["variable", "flag"], observed=True).size().unstack(fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    shares = shares.drop(columns=list(UNDOUBTED), errors="ignore")
    shown = shares[shares.sum(axis=1) >= WORTH_SHOWING]
    return shown.loc[[name for name in load_codebook() if name in shown.index]]


def doubtful_by_year(panel: Panel) -> pd.DataFrame:
    """Return the share of raw cells under any flag of doubt, variable x year.

    The variables of `doubtful_shares`; missing where a year has no cell.
    """
    cells = _cells_of_the_panel(panel)
    doubtful = ~cells["flag"].isin(UNDOUBTED)
    shares = doubtful.groupby([cells["variable"], cells["year"]], observed=True).mean()
    return shares.unstack().loc[doubtful_shares(panel).index]


UNDOUBTED = (str(Flag.OK), str(Flag.DERIVED))


def _cells_of_the_panel(panel: Panel) -> pd.DataFrame:
    """Raw cells of city variables within the panel's years."""
    years = panel.data.index.get_level_values("year")
    at_city = {name for name, entry in load_codebook().items() if entry.level == "city"}
    within = panel.cells["year"].between(years.min(), years.max())
    return panel.cells[within & panel.cells["variable"].isin(at_city)]


def by_region(panel: Panel, variable: str, weight: str | None = None) -> pd.DataFrame:
    """Return mean (weighted by `weight`) and quartiles of cities by region and year.

    Columns `region`, `year`, `mean`, `q25`, `q75`; years without any value are
    left out.
    """
    frame = _with_divisions(panel, [variable, *([weight] if weight else [])])
    frame = frame.dropna(subset=[variable, *([weight] if weight else [])])
    frame = frame.assign(w=frame[weight] if weight else 1.0)
    frame["wx"] = frame["w"] * frame[variable]
    groups = frame.groupby(["region", "year"])
    sums = groups[["w", "wx"]].sum()
    quartiles = groups[variable].quantile(np.array([0.25, 0.75])).unstack()
    quartiles.columns = ["q25", "q75"]
    return (sums["wx"] / sums["w"]).rename("mean").to_frame().join(quartiles).reset_index()


def census_urban_shares(panel: Panel) -> pd.DataFrame:
    """Return the census urban share by region: columns `region`, `year`, `value`."""
    frame = _with_divisions(panel, ["population_urban_census", "population_rural_census"])
    sums = (
        frame.dropna()
        .groupby(["region", "year"])[["population_urban_census", "population_rural_census"]]
        .sum()
    )
    share = sums["population_urban_census"] / sums.sum(axis=1)
    return share.rename("value").reset_index()


def pilot_cities(panel: Panel, language: str = "en") -> pd.DataFrame:
    """Return one row a city: `city`, `province` (name), `region`, `first_year` (NaN = never)."""
    first = panel.data["pilot_first_year"].groupby("city").first()
    rows = load_divisions().reindex(first.index)
    return pd.DataFrame(
        {
            "city": first.index,
            "province": rows[f"province_{language}"].to_numpy(),
            "region": rows["region"].to_numpy(),
            "first_year": first.to_numpy(),
        }
    )


def pilot_trends(panel: Panel, variables: list[str]) -> pd.DataFrame:
    """Return means of pilot and never-pilot cities with 95% bands, by year.

    Columns `variable`, `group`, `year`, `mean`, `low`, `high`. The band is that
    of a mean of independent cities.
    """
    group = panel.data["pilot_first_year"].notna().map({True: "pilot", False: "never"})
    keys = [group.rename("group"), panel.data.index.get_level_values("year")]
    rows = []
    for variable in variables:
        cells = panel.data[variable].groupby(keys).agg(["mean", "std", "count"])
        reach = Z95 * cells["std"] / np.sqrt(cells["count"])
        table = cells.assign(
            variable=variable, low=cells["mean"] - reach, high=cells["mean"] + reach
        )
        rows.append(table[cells["count"] > 1].reset_index())
    frame = pd.concat(rows, ignore_index=True)
    return frame[["variable", "group", "year", "mean", "low", "high"]]


def between_cities(panel: Panel, variable: str, weight: str) -> pd.DataFrame:
    """Return inequality between cities by year, on one set of cities.

    Cities with a value and a weight in every year that most cities have one,
    so that the path is not one of changing composition. Columns `year`,
    `total`, `within`, `between`, `between_share` (Theil T and its parts within
    and between provinces), `cities`, `gini`, `gini_within`,
    `gini_net_between` and `gini_transvariation` (Dagum).
    """
    frame = panel.data[[variable, weight]].dropna()
    per_year = frame.groupby("year").size()
    years = per_year.index[per_year >= per_year.max() / 2]
    frame = frame[frame.index.get_level_values("year").isin(years)]
    always = frame.groupby("city").size() == len(years)
    frame = frame[frame.index.get_level_values("city").isin(always.index[always])]
    cities = frame.index.get_level_values("city")
    province = pd.Series(
        load_divisions()["province"].reindex(cities).to_numpy(), index=frame.index, name="province"
    )
    theil = theil_by_year(frame[variable], frame[weight], province)
    gini = dagum_by_year(frame[variable], frame[weight], province)
    gini = gini.rename(columns=lambda name: name if name == "gini" else f"gini_{name}")
    return theil.join(gini.drop(columns="gini_cities")).reset_index()


def _with_divisions(panel: Panel, variables: list[str]) -> pd.DataFrame:
    """Columns of the panel with `region` and `year` beside them."""
    frame = panel.data[variables].reset_index("year")
    regions = load_divisions()["region"]
    return frame.assign(region=regions.reindex(frame.index).to_numpy())
