"""Sums, exact multiples, last digits, and two sources about one thing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audit_tables import series, table, told

from urbanecon.cleaning import audit


def sectors(gdp: float, **parts: float) -> pd.DataFrame:
    values = {"gdp": gdp, "va_primary": 10.0, "va_secondary": 50.0, "va_tertiary": 40.0} | parts
    return table(variable=list(values), value=list(values.values()))


@pytest.mark.parametrize("gdp", [100.0, 100.9, 99.1])
def test_sectors_that_add_up_to_gdp_within_a_percent_are_no_finding(gdp):
    assert audit.broken_identity(sectors(gdp)).empty


def test_all_cells_of_a_sum_that_does_not_add_up_are_told():
    found = audit.broken_identity(sectors(120.0))
    assert set(found["variable"]) == {"gdp", "va_primary", "va_secondary", "va_tertiary"}
    assert set(found["flag"]) == {"outlier"}
    assert found["reason"].iloc[0] == (
        "va_primary + va_secondary + va_tertiary = 100, but gdp = 120 (-16.7%)"
    )


def test_a_sum_that_lacks_a_part_or_has_it_twice_is_not_judged():
    assert audit.broken_identity(sectors(120.0).iloc[:-1]).empty
    twice = pd.concat([sectors(120.0), table(variable="gdp", value=100.0)])
    assert audit.broken_identity(twice).empty


def test_parts_that_are_not_exhaustive_may_be_less_than_the_total_but_not_more():
    names = ["fiscal_expenditure", "fiscal_education", "fiscal_science"]
    assert audit.broken_identity(table(variable=names, value=[100.0, 20.0, 5.0])).empty
    assert len(audit.broken_identity(table(variable=names, value=[100.0, 90.0, 15.0]))) == 3


# --- exact multiples -------------------------------------------------------------------------


def downscaled() -> pd.DataFrame:
    """A wage of four digits, and spending that is the province's figure times the wage."""
    rng = np.random.default_rng(6)
    keys = [f"{p}{c:02d}00" for p in (41, 42, 43) for c in range(1, 7)]
    wage = np.round(rng.uniform(2e4, 6e4, (18, 4)), -1)
    factor = np.repeat(rng.uniform(0.01, 0.03, (3, 4)), 6, axis=0)
    columns = {"wage": wage, "spending": wage * factor, "other": rng.uniform(1, 2, (18, 4))}
    return pd.concat(
        [series(name, dict(zip(keys, v.tolist(), strict=True))) for name, v in columns.items()],
        ignore_index=True,
    )


def test_a_variable_that_is_anothers_multiple_in_each_province_and_year_is_derived():
    found = audit.exact_multiple(downscaled())
    assert set(found["variable"]) == {"spending"}, "the one with fewest digits was observed"
    assert len(found) == 18 * 4
    assert set(found["flag"]) == {"derived"}
    assert "the ratio to wage is constant" in found["reason"].iloc[0]


def test_a_ratio_that_is_nearly_constant_is_no_multiple():
    observations = downscaled()
    rng = np.random.default_rng(1)
    spending = observations["variable"] == "spending"
    observations.loc[spending, "value"] *= 1 + 1e-6 * rng.normal(size=spending.sum())
    assert audit.exact_multiple(observations).empty


def test_one_variable_in_two_units_and_in_two_sources_is_no_multiple():
    wage = downscaled().query("variable == 'wage'")
    in_fen = wage.assign(variable="wage_fen", value=wage["value"] * 100)
    assert audit.exact_multiple(pd.concat([wage, in_fen], ignore_index=True)).empty
    other = downscaled().query("variable == 'spending'").assign(source="another")
    assert audit.exact_multiple(pd.concat([wage, other], ignore_index=True)).empty


# --- one rate of growth ------------------------------------------------------------------


def carried_on(cities: int = 12, years: int = 4) -> pd.DataFrame:
    """Synthetic employment of three provinces: two years of its own, then the province's rate."""
    rng = np.random.default_rng(8)
    keys = [f"{41 + c % 3}{1 + c // 3:02d}00" for c in range(cities)]
    own = np.exp(rng.normal(13, 0.5, (cities, 1)) + np.cumsum(rng.normal(0, 0.05, (cities, 2)), 1))
    rate = np.exp(rng.normal(0.02, 0.02, (3, years)))[np.arange(cities) % 3]
    paths = np.hstack([own, own[:, -1:] * np.cumprod(rate, axis=1)])
    return series("employment", dict(zip(keys, paths.tolist(), strict=True)))


def test_cells_that_grow_as_their_province_does_to_the_last_digit_are_derived():
    found = audit.common_growth(carried_on())
    assert told(found, "common_growth") == {
        (city, year, "employment") for city in carried_on()["city"] for year in range(2002, 2006)
    }
    assert set(found["flag"]) == {"derived"}
    assert "as do 4 cities of the province" in found["reason"].iloc[0]


def test_cities_that_grow_nearly_alike_or_not_at_all_are_not_told():
    nearly = carried_on()
    nearly["value"] *= 1 + 1e-6 * np.random.default_rng(2).normal(size=len(nearly))
    assert audit.common_growth(nearly).empty
    assert audit.common_growth(nearly.assign(value=5.0)).empty


def test_a_province_where_one_city_in_five_has_its_own_growth_is_not_told():
    observations = carried_on(cities=15)
    own = observations["city"].isin(["410100", "420100", "430100"])
    observations.loc[own, "value"] *= 1 + 0.01 * observations.loc[own, "year"] ** 0.5 % 1
    assert audit.common_growth(observations).empty


def test_few_common_rates_in_a_column_are_chance():
    assert audit.common_growth(carried_on(years=2)).empty


def of_provinces(rate: float, places: int = 31) -> pd.DataFrame:
    """Synthetic consumption of provinces: three years of their own, then one rate for all."""
    rng = np.random.default_rng(5)
    own = np.exp(9 + np.cumsum(rng.normal(0.08, 0.02, (places, 3)), axis=1))
    paths = np.hstack([own, own[:, -1:] * (1 + rate)])
    keys = [f"{11 + k}0000" for k in range(places)]
    return series("consumption_province", dict(zip(keys, paths.tolist(), strict=True)))


def test_a_year_in_which_all_provinces_grow_by_one_rate_is_derived():
    found = audit.common_growth(of_provinces(0.0707))
    assert set(found["year"]) == {of_provinces(0.0707)["year"].max()}
    assert len(found) == 31
    assert "+7.0700%, as do 31 places of the whole country" in found["reason"].iloc[0]


def test_no_growth_few_places_and_own_growth_in_one_of_five_are_not_told():
    assert audit.common_growth(of_provinces(0.0)).empty
    assert audit.common_growth(of_provinces(0.0707, places=29)).empty
    observations = of_provinces(0.0707, places=40)
    own = observations.index[observations["year"] == observations["year"].max()][::5]
    observations.loc[own, "value"] *= 1.01
    assert audit.common_growth(observations).empty


# --- last digits -----------------------------------------------------------------------------


def test_figures_that_end_in_0_and_5_are_remarked_and_counted_ones_are_not():
    rng = np.random.default_rng(9)
    counted = rng.integers(10_000, 99_999, 25).astype(float)
    paths = {"110000": counted.tolist(), "120000": (5 * np.round(counted / 5)).tolist()}
    found = audit.heaped_digits(series("unknown", paths))
    assert set(found["city"]) == {"120000"}
    assert len(found) == 25
    assert set(found["flag"]) == {"ok"}, "a remark"


def test_figures_of_two_digits_are_not_judged():
    assert audit.heaped_digits(series("unknown", {"110000": [10.0, 15.0, 20.0] * 9})).empty


# --- two sources -----------------------------------------------------------------------------


def test_two_sources_that_differ_by_their_usual_ratio_agree_and_else_both_are_remarked():
    rng = np.random.default_rng(4)
    path = 1e6 * np.exp(0.02 * np.arange(12))
    ours = series("population", {"110000": path.tolist()})
    theirs = ours.assign(variable="population_gpi", source="another")
    theirs["value"] *= 1.2 * np.exp(rng.normal(0, 0.005, 12))
    assert audit.disagreement(pd.concat([ours, theirs], ignore_index=True)).empty
    theirs.loc[7, "value"] *= 1.5
    found = audit.disagreement(pd.concat([ours, theirs], ignore_index=True))
    assert told(found, "disagreement") == {
        ("110000", 2007, "population"), ("110000", 2007, "population_gpi"),
    }  # fmt: skip
    assert set(found["flag"]) == {"ok"}, "neither witness is thereby a liar"


def test_one_variable_from_two_sources_is_compared_without_being_declared():
    ours = series("unknown", {"110000": [10.0] * 12})
    theirs = ours.assign(source="another")
    theirs.loc[3, "value"] = 15.0
    found = audit.disagreement(pd.concat([ours, theirs], ignore_index=True))
    assert set(zip(found["source"], found["year"], strict=True)) == {
        ("synthetic", 2003), ("another", 2003),
    }  # fmt: skip
