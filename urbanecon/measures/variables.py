"""The computed columns of the panel: logs, ratios, and the measures of the claims.

Each entry names its inputs, so that the lineage of a computed cell is the
lineage of its inputs. Units and formulas in words stand in the codebook.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from urbanecon.cleaning.capital import CAPITAL
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import Derivation, Panel
from urbanecon.cleaning.panel_files import load_panel
from urbanecon.cleaning.urban_share import with_benchmarked_share
from urbanecon.measures.atkinson import income_ratio
from urbanecon.measures.ntu_index import NTU_INDEX, with_ntu_index
from urbanecon.measures.structure import upgrading
from urbanecon.project import find_project

PER = 10_000.0
"""Residents that intensities are expressed per, as in the yearbooks."""

PILOT_WEIGHT_YEAR = 2010
"""Census year before the first pilot: its population weighs cities within a province, so that
the share treated moves with adoption alone and not with the growth of treated cities."""


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
)
"""In order: an entry may use the columns of the entries before it."""

ACROSS_ROWS: dict[str, tuple[str, ...]] = {
    "pilot_share_province": ("pilot_first_year", "population"),
    "urban_share_benchmarked": (
        "population_urban",
        "population_rural",
        "population_urban_census",
        "population_rural_census",
    ),
}
"""Inputs of the measures that use other cities or other years than the cell's own."""


def with_measures(panel: Panel) -> Panel:
    """Return the panel with every computable measure added."""
    derived = panel.with_derived(DERIVATIONS)
    return with_ntu_index(with_benchmarked_share(_with_pilot_share(derived)))


def _with_pilot_share(panel: Panel) -> Panel:
    """Add the share of a province's residents who live in pilot cities.

    It aggregates over cities, so it stands outside the column-by-column
    derivations: sum of population of cities treated by year t over the sum of
    population of all cities, population of `PILOT_WEIGHT_YEAR`.
    """
    if "pilot" not in panel.data or "population" not in panel.data or panel.provinces.empty:
        return panel
    weight = panel.data["population"].xs(PILOT_WEIGHT_YEAR, level="year")
    frame = panel.data["pilot"].unstack("year")
    province = load_divisions()["province"].reindex(frame.index)
    treated = frame.mul(weight.reindex(frame.index), axis=0).groupby(province).sum(min_count=1)
    total = weight.groupby(province.reindex(weight.index)).sum()
    share = pd.Series(treated.div(total, axis=0).stack())
    provinces = panel.provinces.copy()
    provinces["pilot_share_province"] = share.reindex(provinces.index).to_numpy()
    name = "pilot_share_province"
    made = Derivation(name, (), lambda: share)
    return replace(
        panel,
        provinces=provinces,
        derivations=MappingProxyType({**panel.derivations, name: made}),
    )


def open_panel(folder: Path | None = None) -> Panel:
    """Read the panel that the main job built, with its lineage.

    Parameters
    ----------
    folder
        Where it was saved; default the project's `build/`.
    """
    return load_panel(folder or find_project().build, (*DERIVATIONS, *NTU_INDEX))
