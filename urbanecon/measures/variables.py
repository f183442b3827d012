"""The computed columns of the panel: logs, ratios, and the measures of the claims.

Each entry names its inputs, and which of their cells it reads if not those of its
own row, so that the lineage of a computed cell is the lineage of these cells. Units
and formulas in words stand in the codebook.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.cleaning.capital import CAPITAL
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import CellKey, Derivation, Panel
from urbanecon.cleaning.panel_files import load_panel
from urbanecon.cleaning.urban_share import BENCHMARKED
from urbanecon.measures.atkinson import income_ratio
from urbanecon.measures.ntu_index import NTU_INDEX
from urbanecon.measures.structure import rationalisation, upgrading
from urbanecon.measures.systems import COUPLINGS
from urbanecon.project import find_project

PER = 10_000.0
"""Residents that intensities are expressed per, as in the yearbooks."""

PILOT_WEIGHT_YEAR = 2010
"""Census year before the first pilot: its population weighs cities within a province, so that
the share treated moves with adoption alone and not with the growth of treated cities."""

SAME_PLACE = 3.0
"""Largest ratio, either way, of a row's own GDP to that of the panel for the row to be about
the city: 16 rows of 632500 hold figures of all Hainan, 10 to 15 times the city's."""


def _ln(values: pd.Series) -> pd.Series:
    """Natural log; non-positive values have none and are missing."""
    positive = values > 0
    logs: pd.Series = np.log(values.where(positive))
    return logs


def _ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Quotient; missing where the denominator is not positive."""
    return numerator / denominator.where(denominator > 0)


def _ln_ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    return _ln(_ratio(numerator, denominator))


def _pilot(first_year: pd.Series) -> pd.Series:
    year = first_year.index.get_level_values("year").to_series(index=first_year.index)
    return (year >= first_year).astype("float64")


def _urban_share(urban: pd.Series, rural: pd.Series) -> pd.Series:
    return _ratio(urban, urban + rural)


def _per_10k(count: pd.Series, population: pd.Series) -> pd.Series:
    return _ratio(count, population) * PER


def _real_per_head(money: pd.Series, prices: pd.Series, heads: pd.Series) -> pd.Series:
    return _ratio(money / prices, heads)


def _ln_real_per_head(money: pd.Series, prices: pd.Series, heads: pd.Series) -> pd.Series:
    return _ln(_real_per_head(money, prices, heads))


def _ln_gdp_per_employee(
    gdp: pd.Series, prices: pd.Series, employees: pd.Series, private: pd.Series
) -> pd.Series:
    return _ln_real_per_head(gdp, prices, employees + private)


def _ln_per_real_gdp(emission: pd.Series, gdp: pd.Series, prices: pd.Series) -> pd.Series:
    return _ln_ratio(emission, gdp / prices)


def _rationalisation(
    va_primary: pd.Series, va_secondary: pd.Series, va_tertiary: pd.Series, *staff: pd.Series
) -> pd.Series:
    """Theil index of output against employment; a sector without staff has none, quietly."""
    manned = [column.where(column > 0) for column in staff]
    return rationalisation([va_primary, va_secondary, va_tertiary], manned)


def _ln_retail_pc(
    retail: pd.Series, own_gdp: pd.Series, gdp: pd.Series, prices: pd.Series, heads: pd.Series
) -> pd.Series:
    """Real retail sales per resident, where the row's GDP says that it is about the city."""
    apart = np.log(_ratio(own_gdp, gdp)).abs()
    return _ln_real_per_head(retail.where(apart <= np.log(SAME_PLACE)), prices, heads)


def _pilot_share(pilot: pd.Series, population: pd.Series) -> pd.Series:
    """Share of a province's residents who live in pilot cities, by (province, year).

    Sum of population of cities treated by year t over the sum of population of
    all cities, population of `PILOT_WEIGHT_YEAR`.
    """
    weight = population.xs(PILOT_WEIGHT_YEAR, level="year")
    frame = pilot.unstack("year")
    province = load_divisions()["province"].reindex(frame.index)
    treated = frame.mul(weight.reindex(frame.index), axis=0).groupby(province).sum(min_count=1)
    total = weight.groupby(province.reindex(weight.index)).sum()
    return pd.Series(treated.div(total, axis=0).stack())


def _cities_below(columns: Mapping[str, pd.Series], province: str, year: int) -> list[CellKey]:
    """Pilots of the year, and residents of the weighting year, of a province's cities."""
    weight = columns["population"].xs(PILOT_WEIGHT_YEAR, level="year").dropna()
    home = load_divisions()["province"].reindex(weight.index)
    return [
        cell
        for city in weight.index[home == province]
        for cell in (("pilot", city, year), ("population", city, PILOT_WEIGHT_YEAR))
    ]


DERIVATIONS: tuple[Derivation, ...] = (
    Derivation("pilot", ("pilot_first_year",), _pilot),
    Derivation("urban_share", ("population_urban", "population_rural"), _urban_share),
    Derivation(
        "urban_share_census", ("population_urban_census", "population_rural_census"), _urban_share
    ),
    Derivation("citizenization", ("population_hukou", "population"), _ratio),
    Derivation("gdp_pc_real", ("gdp", "price_index", "population"), _real_per_head),
    Derivation("ln_gdp_pc_real", ("gdp_pc_real",), _ln),
    Derivation(
        "ln_gdp_per_employee",
        ("gdp", "price_index", "employees", "employees_private"),
        _ln_gdp_per_employee,
    ),
    Derivation("ln_night_lights", ("night_lights",), _ln),
    Derivation("culture_per_10k", ("employees_culture", "population"), _per_10k),
    Derivation(
        "ln_fiscal_education_pc",
        ("fiscal_education", "price_index", "population"),
        _ln_real_per_head,
    ),
    Derivation("ln_pm25_chap", ("pm25_chap",), _ln),
    Derivation("ln_pm25_wiebe", ("pm25_wiebe",), _ln),
    Derivation("ln_so2", ("so2",), _ln),
    Derivation("ln_co2", ("co2",), _ln),
    Derivation("ln_co2_ceads", ("co2_ceads",), _ln),
    Derivation("ln_npp", ("npp",), _ln),
    Derivation("culture_share_census", ("employees_culture_census", "employees_census"), _ratio),
    Derivation("ln_co2_per_gdp", ("co2", "gdp", "price_index"), _ln_per_real_gdp),
    Derivation("urban_rural_ratio", ("atkinson", "urban_share"), income_ratio),
    Derivation("ln_urban_rural_ratio", ("urban_rural_ratio",), _ln),
    CAPITAL,
    Derivation("ln_capital_pc", ("capital", "population"), _ln_ratio),
    Derivation(
        "ln_fiscal_science_pc",
        ("fiscal_science", "price_index", "population"),
        _ln_real_per_head,
    ),
    Derivation("upgrading", ("va_primary", "va_secondary", "va_tertiary"), upgrading),
    Derivation("ln_population", ("population",), _ln),
    Derivation("ln_population_density", ("population", "area"), _ln_ratio),
    Derivation("fiscal_effort", ("fiscal_expenditure", "gdp"), _ratio),
    Derivation("openness", ("trade", "gdp"), _ratio),
    Derivation("finance", ("loans", "gdp"), _ratio),
    Derivation("students_per_10k", ("students", "population"), _per_10k),
    Derivation(
        "urban_share_province",
        ("population_urban_province", "population_rural_province"),
        _urban_share,
    ),
    Derivation(
        "urban_rural_ratio_province", ("atkinson_province", "urban_share_province"), income_ratio
    ),
    Derivation("ln_urban_rural_ratio_province", ("urban_rural_ratio_province",), _ln),
    Derivation(
        "ln_education_private_urban_province",
        ("education_private_urban_province", "price_index"),
        _ln_ratio,
    ),
    Derivation(
        "ln_education_private_rural_province",
        ("education_private_rural_province", "price_index"),
        _ln_ratio,
    ),
    Derivation(
        "ln_education_gap_province",
        ("education_private_urban_province", "education_private_rural_province"),
        _ln_ratio,
    ),
    Derivation("pilot_share_province", ("pilot", "population"), _pilot_share, reads=_cities_below),
    BENCHMARKED,
    *NTU_INDEX,
    Derivation(
        "rationalisation",
        (
            *("va_primary", "va_secondary", "va_tertiary"),
            *("employees_primary", "employees_secondary", "employees_tertiary"),
        ),
        _rationalisation,
    ),
    Derivation("broadband_pilot", ("broadband_first_year",), _pilot),
    Derivation("low_carbon_pilot", ("low_carbon_first_year",), _pilot),
    Derivation(
        "ln_retail_sales_pc",
        ("retail_sales_policies", "gdp_policies", "gdp", "price_index", "population"),
        _ln_retail_pc,
    ),
    Derivation(
        "ln_consumption_pc_province",
        ("consumption_province", "price_index", "population_province"),
        _ln_real_per_head,
    ),
    Derivation("ln_culture_per_10k", ("culture_per_10k",), _ln),
    Derivation("ln_students_per_10k", ("students_per_10k",), _ln),
    *COUPLINGS,
)
"""In order: an entry may use the columns of the entries before it."""

ACROSS_ROWS: dict[str, tuple[str, ...]] = {
    made.name: made.inputs for made in DERIVATIONS if made.reads is not None
}
"""Inputs of the measures that use other cities or other years than the cell's own."""


def with_measures(panel: Panel) -> Panel:
    """Return the panel with every computable measure added."""
    return panel.with_derived(DERIVATIONS)


def open_panel(folder: Path | None = None) -> Panel:
    """Read the panel that the main job built, with its lineage.

    Parameters
    ----------
    folder
        Where it was saved; default the project's `build/`.
    """
    return load_panel(folder or find_project().build, DERIVATIONS)
