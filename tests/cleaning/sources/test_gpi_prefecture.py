"""The prefectures' GPI tables: units, names and what the figures really are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import resolve
from urbanecon.cleaning.sources import city_macro, gpi_prefecture
from urbanecon.cleaning.tables import read_table
from urbanecon.cleaning.year_sheets import YearSheet, read_year_sheets

pytestmark = pytest.mark.mirror

SAME_ENGLISH_NAME = {
    "Suzhou": ("320500", "341300"),
    "Taizhou": ("321200", "331000"),
    "Fuzhou": ("350100", "361000"),
    "Yichun": ("230700", "360900"),
    "Yulin": ("450900", "610800"),
}


@pytest.fixture(scope="module")
def observations(raw_file) -> pd.DataFrame:
    return gpi_prefecture.read(raw_file("gpi_prefecture"))


@pytest.fixture(scope="module")
def wide(observations) -> pd.DataFrame:
    return observations.pivot_table(index=["city", "year"], columns="variable", values="value")


def test_every_variable_that_the_codebook_expects_is_read_for_287_cities(observations):
    book = load_codebook()
    expected = {name for name in book if gpi_prefecture.SOURCE in book[name].sources}
    assert set(observations["variable"]) == expected
    assert observations["city"].nunique() == 287
    assert sorted(observations["year"].unique()) == list(range(2006, 2019))
    assert observations.attrs["unmatched"] == []


def test_a_cell_is_found_again_at_its_address(observations):
    cell = observations.set_index(["variable", "city", "year"]).loc[
        ("population_gpi", "130100", 2006)
    ]
    assert cell["value"] == 9_695_000
    assert cell["raw"] == "gpi_prefecture/prefectural_gpi.xlsx|population-total|2|B"


def test_cities_of_one_english_name_are_told_apart(raw_file, wide):
    macro = city_macro.read(raw_file("city_macro"))
    macro = macro[macro["variable"] == "population"].set_index(["city", "year"])["value"]
    ratio = (wide["population_gpi"] / macro).dropna()
    for pair in SAME_ENGLISH_NAME.values():
        ratios = ratio[ratio.index.get_level_values("city").isin(pair)]
        assert len(ratios) >= 13
        assert ratios.between(0.8, 1.3).all()
    first, second = (wide["population_gpi"].xs(c, level="city") for c in ("450900", "610800"))
    assert (first > 1.5 * second).all()


def test_populations_are_persons_and_agree_with_city_macro_in_the_median(raw_file, wide):
    macro = city_macro.read(raw_file("city_macro"))
    macro = macro[macro["variable"] == "population"].set_index(["city", "year"])["value"]
    ratio = (wide["population_gpi"] / macro).dropna()
    assert len(ratio) > 3600
    assert ratio.median() == pytest.approx(1, abs=1e-3)
    assert ratio.quantile([0.05, 0.95]).between(0.85, 1.2).all()


def test_urban_and_rural_residents_add_up_to_all(wide):
    total = wide["population_urban"] + wide["population_rural"]
    assert np.nanmax(np.abs(total / wide["population_gpi"] - 1)) < 1e-9


def test_magnitudes_are_those_of_the_declared_units(wide):
    medians = wide.xs(2010, level="year").median()
    assert 15_000 < medians["wage"] < 50_000  # yuan a year
    assert 500 < medians["education_private_urban"] < 1_000  # yuan a person and year
    per_head = (wide["consumption"] / wide["population_gpi"]).xs(2010, level="year").median()
    assert 6_000 < per_head < 12_000  # yuan
    assert 0.4 < (wide["employment"] / wide["population_gpi"]).median() < 0.7
    sulphur = wide["so2_gpi"].groupby("year").sum()
    assert 15e6 < sulphur.loc[2006] < 25e6  # t; the nation emitted 22 million t from industry


def test_impossible_cells_are_read_as_they_stand(wide):
    assert wide.loc[("340700", 2015), "population_rural"] == pytest.approx(-97_567)
    assert wide.loc[("340700", 2015), "atkinson"] < 0
    zero = wide["atkinson"][wide["atkinson"] == 0]
    assert set(zero.index.get_level_values("city")) == {"440300", "460300"}


def test_gross_fixed_capital_formation_is_the_first_block_at_current_prices(wide, raw_file):
    assert wide.loc[("130100", 2006), "gfcf"] == pytest.approx(1056.1472561659311e8, rel=1e-15)


def spread_within_provinces(ratio: pd.Series) -> float:
    """Largest relative spread of a ratio between the cities of a province in a year."""
    province = ratio.index.get_level_values("city").str[:2]
    groups = ratio.groupby([province, ratio.index.get_level_values("year")])
    return float((groups.max() / groups.min() - 1).max())


def test_private_spending_is_the_wage_times_a_ratio_of_the_province(wide):
    for purpose in ("education", "health", "transport"):
        for area in ("urban", "rural"):
            assert (
                spread_within_provinces(wide[f"{purpose}_private_{area}"] / wide["wage"]) < 1e-12
            )
        gap = wide[f"{purpose}_private_urban"] / wide[f"{purpose}_private_rural"]
        assert spread_within_provinces(gap.dropna()) < 1e-12


def test_consumption_is_gdp_times_a_ratio_of_the_province(wide, raw_file):
    sheets = {"GDP": YearSheet("gdp", "hundred million CNY( at 1997 price)", 1e8)}
    path = raw_file("gpi_prefecture")
    listed = read_table(path, source=gpi_prefecture.SOURCE, sheet=gpi_prefecture.LIST)
    units = resolve(listed.text("地级市"), source="gpi_prefecture", province=listed.text("省份"))
    units = units.set_axis(listed.text("Prefecture"))
    gdp = read_year_sheets(path, source=gpi_prefecture.SOURCE, sheets=sheets, units=units)
    ratio = wide["consumption"] / gdp.set_index(["city", "year"])["value"]
    assert gdp["city"].nunique() == 286  # Sansha has none
    assert spread_within_provinces(ratio[ratio > 0]) < 1e-9


def test_the_scaled_figures_are_flagged_derived_and_no_others(observations):
    derived = observations.loc[observations["flag"] == "derived", "variable"].unique()
    spending = {name for name in observations["variable"].unique() if "_private_" in name}
    assert set(derived) == {*spending, "consumption"}
    assert len(spending) == 6
