"""A synthetic panel with every column that the multiverse reads, and its cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import Panel
from urbanecon.measures.variables import with_measures

MEDIANS = {
    "gdp": 9e10, "population": 3.4e6, "population_hukou": 3.5e6, "area": 1.2e4, "trade": 6e9,
    "va_primary": 1e10, "va_secondary": 4e10, "va_tertiary": 3.6e10, "share_secondary": 0.43,
    "students": 3e4, "fiscal_education": 2.8e9, "fiscal_expenditure": 1.7e10,
    "population_urban_census": 1.5e6, "population_rural_census": 1.5e6,
    "population_urban": 1.5e6, "population_rural": 1.5e6, "atkinson": 0.11, "so2_gpi": 3.5e4,
    "co2": 1.8e7, "pm25_chap": 43.0, "pm25_wiebe": 31.0, "so2": 4.1e4, "employees": 3e5,
    "employees_private": 2.5e5, "employees_health": 1.6e4, "employees_culture": 2.2e3,
    "light_gini": 0.5, "light_theil": 0.6, "light_mld": 0.7, "night_lights": 9.7e3,
    "co2_county": 1.3e7, "co2_ceads": 2.4e7, "night_light_mean": 0.16, "npp": 480.0,
    "land_urban": 200.0, "land_area": 1.2e4,
}  # fmt: skip
FURTHER = (
    ("gdp_policies", "gdp", 1.0),
    ("retail_sales_policies", "gdp", 0.35),
    ("employees_primary", "employees", 0.02),
    ("employees_secondary", "employees", 0.48),
    ("employees_tertiary", "employees", 0.5),
)
"""Columns that are about a share of another."""
YEARS = range(2000, 2020)
CITIES = 72
EFFECT = 0.5
"""What adoption adds to ln GDP."""


def synthetic_panel(seed: int = 0) -> Panel:
    """Return a synthetic panel of 72 cities in which pilots raise GDP by `EFFECT`."""
    rng = np.random.default_rng(seed)
    cities = load_divisions().query("level == 'prefecture_city'").index
    cities = sorted(cities[:: len(cities) // CITIES][:CITIES])
    index = pd.MultiIndex.from_product([cities, YEARS], names=["city", "year"])
    n, years = len(index), index.get_level_values("year").to_numpy()
    data = pd.DataFrame(index=index)
    for name, median in MEDIANS.items():
        city = np.repeat(rng.normal(0, 0.15, CITIES), len(YEARS))
        data[name] = median * np.exp(city + rng.normal(0, 0.05, n))
    for name, choices in (
        ("pilot_first_year", [2014.0, 2015.0, 2016.0]),
        ("low_carbon_first_year", [2010.0, 2013.0, 2017.0]),
        ("broadband_first_year", [2014.0, 2015.0, 2016.0]),
    ):
        first = rng.choice([*choices, np.nan, np.nan, np.nan], CITIES)
        data[name] = np.repeat(first, len(YEARS))
    data["gdp"] *= np.exp(EFFECT * (years >= data["pilot_first_year"].to_numpy()))
    for name, low, high in (
        ("longitude", 90, 120), ("latitude", 20, 45), ("elevation_sd", 5, 500),
    ):  # fmt: skip
        data[name] = np.repeat(rng.uniform(low, high, CITIES), len(YEARS))
    data["price_index"] = 1.02 ** (years - 2000.0)
    census = ~np.isin(years, (2010, 2020))
    data.loc[census, ["population_urban_census", "population_rural_census"]] = np.nan
    further = np.random.default_rng([seed, 1])
    for name, of, share in FURTHER:
        data[name] = share * data[of] * np.exp(further.normal(0, 0.05, n))
    panel = Panel(data=data, provinces=pd.DataFrame(), cells=cells_of(data, rng))
    return with_measures(panel)


def cells_of(data: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Write each cell down as an observation; some of GDP are interpolated or outliers."""
    cells = data.reset_index().melt(["city", "year"], var_name="variable").dropna()
    flag = np.full(len(cells), "ok", dtype=object)
    gdp = (cells["variable"] == "gdp").to_numpy()
    flag[gdp] = rng.choice(["ok", "interpolated", "outlier"], gdp.sum(), p=[0.9, 0.06, 0.04])
    codebook = load_codebook()
    once = cells["variable"].map(lambda name: codebook[name].constant) & (
        cells["year"] != cells["year"].min()
    )
    return cells.assign(source="synthetic", raw="", flag=pd.Series(flag, cells.index, "str"))[
        ~once
    ].reset_index(drop=True)
