"""Jumps: slipped units, level breaks with and without an event, growth outliers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audit_tables import series, table, told

from urbanecon.cleaning import audit

NO_LIVES = pd.DataFrame({"first_year": [], "last_year": []}, dtype="Int64")
KEYS = [f"42{c:02d}00" for c in range(1, 11)]
VICTIM = KEYS[3]


def panel(variable: str = "unknown") -> tuple[pd.DataFrame, np.ndarray]:
    """Ten cities of one province with smooth growth, and the victim's rows."""
    rng = np.random.default_rng(8)
    growth = rng.normal(0.08, 0.02, (10, 20)).cumsum(axis=1)
    paths = np.round(1e5 * np.exp(growth))
    observations = series(variable, dict(zip(KEYS, paths.tolist(), strict=True)))
    return observations, np.flatnonzero(observations["city"] == VICTIM)


def scaled(rows, factor: float, variable: str = "unknown") -> pd.DataFrame:
    observations, victim = panel(variable)
    observations.loc[victim[rows], "value"] *= factor
    return observations


def test_smooth_growth_has_no_jumps_and_no_slips():
    observations, _ = panel()
    assert audit.growth_breaks(observations, NO_LIVES).empty
    assert audit.unit_slip(observations).empty


@pytest.mark.parametrize("power", [-4, -1, 1, 2, 8])
@pytest.mark.parametrize(
    ("rows", "years"),
    [([0], [2000]), ([9], [2009]), ([9, 10, 11], [2009, 2010, 2011]), ([18, 19], [2018, 2019])],
    ids=["first year", "one year", "three years", "to the end"],
)
def test_the_years_in_another_unit_than_most_are_slips(rows, years, power):
    found = audit.unit_slip(scaled(rows, 10.0**power))
    assert told(found, "unit_slip") == {(VICTIM, year, "unknown") for year in years}
    assert f"10^{power:+d} times" in found["reason"].iloc[0]


def test_a_jump_that_is_no_power_of_ten_is_no_slip():
    assert audit.unit_slip(scaled([9], 4.5)).empty


def test_a_level_that_stays_without_an_event_is_an_outlier_at_its_first_year():
    found = audit.growth_breaks(scaled(slice(9, None), 1.5), NO_LIVES)
    assert found[["city", "year", "flag", "rule"]].to_numpy().tolist() == [
        [VICTIM, 2009, "outlier", "level_break"]
    ]
    assert "no change of boundaries is known" in found["reason"].item()


@pytest.mark.parametrize("date", [2008, 2009, 2010])
def test_beside_a_dated_event_it_is_a_boundary_break(date):
    event = table(city=VICTIM, year=date, variable="admin_transfer")
    observations = pd.concat([scaled(slice(9, None), 1.5), event], ignore_index=True)
    found = audit.growth_breaks(observations, NO_LIVES)
    assert found[["city", "year", "flag"]].to_numpy().tolist() == [
        [VICTIM, 2009, "boundary_break"]
    ]


@pytest.mark.parametrize(("variable", "date"), [("admin_transfer", 2012), ("admin_rename", 2009)])
def test_an_event_of_other_years_or_of_the_name_alone_is_no_cause(variable, date):
    event = table(city=VICTIM, year=date, variable=variable)
    observations = pd.concat([scaled(slice(9, None), 1.5), event], ignore_index=True)
    assert set(audit.growth_breaks(observations, NO_LIVES)["rule"]) == {"level_break"}


def test_the_end_of_a_neighbour_in_the_province_is_a_change_of_boundaries():
    lives = pd.DataFrame(
        {"first_year": [pd.NA], "last_year": [2009]}, index=["429900"], dtype="Int64"
    )
    found = audit.growth_breaks(scaled(slice(9, None), 1.5), lives)
    assert "429900 of the same province ended in 2009" in found["reason"].item()
    away = lives.rename(index={"429900": "439900"})
    rule = audit.growth_breaks(scaled(slice(9, None), 1.5), away)["rule"].item()
    assert rule == "level_break"


def test_an_event_alone_is_no_finding():
    event = table(city=VICTIM, year=2009, variable="admin_transfer")
    observations = pd.concat([panel()[0], event], ignore_index=True)
    assert audit.growth_breaks(observations, NO_LIVES).empty


@pytest.mark.parametrize(("rows", "years"), [([9], [2009]), ([9, 10], [2009, 2010])])
def test_a_jump_that_is_undone_is_a_growth_outlier_in_the_years_between(rows, years):
    found = audit.growth_breaks(scaled(rows, 0.6), NO_LIVES)
    assert told(found, "growth_outlier") == {(VICTIM, year, "unknown") for year in years}
    assert len(found) == len(years)


@pytest.mark.parametrize(("row", "year"), [(0, 2000), (19, 2019)])
def test_a_first_or_last_year_that_differs_from_all_others_is_a_growth_outlier(row, year):
    found = audit.growth_breaks(scaled([row], 1.6), NO_LIVES)
    assert told(found, "growth_outlier") == {(VICTIM, year, "unknown")}


def test_a_shock_to_the_whole_country_is_no_jump_of_any_city():
    observations, _ = panel()
    observations.loc[observations["year"] >= 2009, "value"] *= 0.7
    assert audit.growth_breaks(observations, NO_LIVES).empty


def test_a_revision_of_one_province_among_many_is_a_break_of_each_of_its_cities():
    rng = np.random.default_rng(2)
    keys = [f"{p}{c:02d}00" for p in range(41, 47) for c in range(1, 7)]
    paths = 1e5 * np.exp(rng.normal(0.08, 0.02, (36, 20)).cumsum(axis=1))
    paths[:6, 12:] *= 0.6
    found = audit.growth_breaks(series("unknown", dict(zip(keys, paths.tolist(), strict=True))))
    assert told(found, "level_break") == {(key, 2012, "unknown") for key in keys[:6]}


def test_measures_within_fixed_boundaries_have_no_boundary_break():
    event = table(city=VICTIM, year=2009, variable="admin_transfer")
    observations = pd.concat([scaled(slice(9, None), 1.5, "co2"), event], ignore_index=True)
    assert set(audit.growth_breaks(observations, NO_LIVES)["rule"]) == {"level_break"}
