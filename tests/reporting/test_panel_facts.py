"""What the text says of the data, counted by hand on a synthetic panel."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.reporting.cell_quality import USE
from urbanecon.reporting.panel_facts import panel_facts, provincewide_pilots, quality_facts


@pytest.fixture
def panel() -> Panel:
    """One city whose output two sources give, the second a fifth higher."""
    years = [2010, 2011, 2012]
    index = pd.MultiIndex.from_product([["420100"], years], names=["city", "year"])
    data = pd.DataFrame({"gdp": [1e9, 2e9, 3e9], "pilot_first_year": 2015.0}, index=index)
    data["gdp_policies"] = 1.2 * data["gdp"]
    cells = pd.concat(
        pd.DataFrame({"city": "420100", "year": years, "variable": name, "value": data[name],
                      "source": "synthetic", "raw": "synthetic", "flag": "ok"})
        for name in ("gdp", "gdp_policies")
    )  # fmt: skip
    return Panel(data, pd.DataFrame(), cells.reset_index(drop=True))


def test_pairs_of_sources_are_counted_and_those_that_agree(panel):
    facts = {fact.name: fact for fact in panel_facts(panel, present=2, listed=3)}
    assert facts["comparison.pairs"].value == 1
    assert facts["comparison.cells"].value == 3
    assert facts["comparison.agree"].value == 0
    assert facts["comparison.tolerance"].text == "5"


def synthetic_cities(first_years):
    """GDP of 2010 and first pilot year of synthetic cities by key; without GDP where None."""
    index = pd.MultiIndex.from_product([list(first_years), [2010]], names=["city", "year"])
    first = pd.Series(list(first_years.values()), index=index, dtype="float64")
    return pd.DataFrame({"gdp": 1e9, "pilot_first_year": first})


def test_a_province_is_a_pilot_as_a_whole_when_all_its_cities_with_gdp_are():
    data = synthetic_cities({
        "320100": 2014, "320200": 2016, "320300": None,  # all that have GDP
        "420100": 2014, "420200": None,  # all but one
        "310000": 2014,  # a single city
        "340100": 2014, "340200": 2017,  # one too late
    })  # fmt: skip
    data.loc["320300", "gdp"] = float("nan")
    whole = provincewide_pilots(data)
    assert whole.to_dict() == {"320100": "320000", "320200": "320000"}


def test_pilots_with_and_without_a_comparison_in_their_province_are_counted(panel):
    facts = {fact.name: fact.value for fact in panel_facts(panel, present=2, listed=3)}
    assert (facts["pilot.provincewide"], facts["pilot.within"]) == (0, 1)
    assert facts["pilot.provinces"] == "No provinces"
    cities = {"320100": 2014, "320200": 2014, "340100": 2014, "340200": 2015, "420100": 2014}
    data = synthetic_cities(cities | {"420200": None})
    found = panel_facts(replace(panel, data=data), present=2, listed=3)
    facts = {fact.name: fact.value for fact in found}
    assert facts["pilot.provinces"] == "Anhui and Jiangsu"
    assert (facts["pilot.provincewide"], facts["pilot.within"]) == (4, 1)


def test_the_cells_behind_the_estimates_are_stated_in_percent():
    equation = ("E1", "ln_gdp_pc_real", "pilot", "city+year")
    uses = pd.DataFrame(
        [(*equation, "gdp", "ok", "A", 3), (*equation, "price_index", "derived", "A", 1)],
        columns=[*USE, "uses"],
    )
    facts = {fact.name: fact.text for fact in quality_facts(uses)}
    assert facts["quality.cells"] == "4"
    assert facts["quality.observed"] == "75.0%"
    assert facts["quality.derived"] == "25.0%"
    assert quality_facts(uses.iloc[:0]) == []
