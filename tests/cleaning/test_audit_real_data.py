"""What is known to be wrong with real sources is found by rule; city_macro is always there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audit_tables import told

from urbanecon.cleaning import audit
from urbanecon.cleaning.observations import concat_observations
from urbanecon.cleaning.panel import ADMITTED

Audited = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def macro(raw_file) -> Audited:
    from urbanecon.cleaning.sources import city_macro

    observations = city_macro.read(raw_file("city_macro"))
    return observations, audit.run_rules(observations)


def cells(macro: Audited, variable: str, **where) -> pd.DataFrame:
    """Cells of a variable of city_macro with the flag that the audit gives them."""
    table = audit.apply_findings(*macro)
    table = table[table["variable"] == variable]
    for name, values in where.items():
        table = table[table[name].isin(values)]
    return table


def rules(macro: Audited, variable: str, city: str, year: int) -> set[str]:
    _, found = macro
    found = found[(found["variable"] == variable) & (found["flag"] != "ok")]
    return set(found[(found["city"] == city) & (found["year"] == year)]["rule"])


def test_every_broadband_cell_is_one_series_pasted_on_all_cities(macro):
    broadband = cells(macro, "broadband")
    assert len(broadband) == 7200
    assert set(broadband["flag"]) == {"pasted"}


def test_the_student_series_that_neighbours_were_given_are_the_only_other_pasted_cells(macro):
    _, findings = macro
    found = findings[findings["rule"] == "pasted"]
    assert set(found["variable"]) == {"broadband", "students"}
    students = found[found["variable"] == "students"]
    tibet, hainan = [f"540{n}00" for n in range(1, 7)], ["460300", "460400"]
    assert sorted(students["city"].unique()) == [*hainan, *tibet]
    assert len(students) == 8 * 25


def test_negative_imports_and_negative_education_spending_are_impossible(macro):
    for variable, count in (("imports", 3), ("fiscal_education", 25)):
        table = cells(macro, variable)
        negative = table[table["value"] < 0]
        assert len(negative) == count
        assert set(negative["flag"]) == {"impossible"}


def test_years_before_the_founding_and_after_the_end_of_a_city_are_anachronisms(macro):
    observations, findings = macro
    years = observations["year"]
    for city, outside in (
        ("460300", years < 2012),
        ("341400", years > 2011),
        ("371200", years > 2018),
        ("451300", years < 2002),
    ):
        rows = observations[(observations["city"] == city) & outside]
        found = findings[(findings["city"] == city) & (findings["rule"] == "anachronism")]
        assert len(rows)
        assert told(rows.assign(rule="anachronism"), "anachronism") == told(found, "anachronism")


def test_science_spending_before_2007_is_extrapolated_in_nine_of_ten_cells(macro):
    early = cells(macro, "fiscal_science", year=range(2000, 2007))
    assert (early["flag"] == "extrapolated").mean() > 0.9
    late = cells(macro, "fiscal_science", year=range(2009, 2025))
    assert late["flag"].isin(["interpolated", "extrapolated"]).mean() < 0.02


def test_residents_are_computed_in_a_quarter_of_the_cells_of_2002_to_2005_and_more(macro):
    early = cells(macro, "population", year=range(2002, 2006))
    assert early["flag"].isin(["interpolated", "extrapolated"]).mean() > 0.25
    late = cells(macro, "population", year=range(2013, 2025))
    assert late["flag"].isin(["interpolated", "extrapolated"]).mean() < 0.05


@pytest.mark.parametrize(
    ("city", "year"), [("340100", 2011), ("340200", 2011), ("340500", 2011), ("341500", 2010)]
)
def test_the_jumps_of_residents_around_the_end_of_a_neighbour_are_boundary_breaks(
    macro, city, year
):
    assert rules(macro, "population", city, year) == {"boundary_break"}


def test_the_jump_of_residents_in_2015_is_a_level_break(macro):
    assert rules(macro, "population", "340700", 2015) == {"level_break"}


@pytest.mark.mirror
def test_and_a_boundary_break_once_the_exchanges_of_territory_are_known(macro, raw_file):
    from urbanecon.cleaning.sources import admin_boundary_flags

    events = admin_boundary_flags.read(raw_file("admin_boundary_flags"))
    both = concat_observations([macro[0], events])
    found = audit.growth_breaks(both)
    assert ("340700", 2015, "population") in told(found, "boundary_break")


@pytest.mark.parametrize(("city", "year"), [("220700", 2019), ("460400", 2021)])
def test_the_jumps_of_gdp_without_a_change_of_boundaries_are_level_breaks(macro, city, year):
    assert rules(macro, "gdp", city, year) == {"level_break"}


def test_the_largest_gdp_per_head_rests_on_cells_that_the_panel_does_not_admit(macro):
    gdp, people = (
        cells(macro, name).set_index(["city", "year"])[["value", "flag"]]
        for name in ("gdp", "population")
    )
    log = np.log(gdp["value"] / people["value"])
    assert log.max() == pytest.approx(19.9, abs=0.05)
    assert people.loc[log.idxmax(), "flag"] not in ADMITTED


def test_sectors_add_up_to_gdp_everywhere_and_trade_fails_once(macro):
    _, findings = macro
    found = told(findings, "broken_identity")
    assert not {cell for cell in found if cell[2] == "gdp"}
    assert {cell[:2] for cell in found if cell[2] == "trade"} == {("460300", 2024)}


def test_the_panel_admits_nine_of_ten_cells_that_are_not_pasted(macro):
    table = audit.apply_findings(*macro)
    table = table[table["flag"] != "pasted"]
    assert table["flag"].isin([str(flag) for flag in ADMITTED]).mean() > 0.99


# --- other sources ----------------------------------------------------------------------------


@pytest.mark.mirror
def test_private_spending_of_cities_is_the_provinces_spread_by_the_wage(raw_file):
    from urbanecon.cleaning.sources import gpi_prefecture

    observations = gpi_prefecture.read(raw_file("gpi_prefecture"))
    found = audit.exact_multiple(observations)
    purposes = [f"{what}_private" for what in ("education", "health", "transport")]
    expected = {f"{purpose}_{where}" for purpose in purposes for where in ("urban", "rural")}
    assert set(found["variable"]) == expected
    assert found["reason"].str.contains("the ratio to wage is constant").all()
    spending = observations[observations["variable"].isin(expected) & (observations["value"] > 0)]
    assert len(found) == len(spending)


@pytest.mark.mirror
def test_the_price_index_of_the_provinces_is_one_national_series(raw_file):
    from urbanecon.cleaning.sources import gpi_province

    observations = gpi_province.read(raw_file("gpi_province"))
    found = audit.pasted(observations)
    assert set(found["variable"]) == {"price_index_province"}
    assert len(found) == (observations["variable"] == "price_index_province").sum()


@pytest.mark.mirror
def test_more_unemployed_than_a_city_has_people_are_impossible(raw_file):
    from urbanecon.cleaning.sources import employment_industry

    found = audit.impossible(employment_industry.read(raw_file("employment_industry")))
    assert ("350400", 2019, "unemployed") in told(found, "impossible")


@pytest.mark.mirror
def test_leaps_of_sulphur_dioxide_by_factors_of_twenty_to_a_hundred_are_told(raw_file):
    from urbanecon.cleaning.sources import so2_ceic

    observations = so2_ceic.read(raw_file("so2_ceic"))
    found = audit.run_rules(observations, [audit.unit_slip, audit.growth_breaks])
    cities = set(found[found["flag"] == "outlier"]["city"])
    assert {"350900", "431300", "441400"} <= cities
