"""What the text says of the data, counted by hand on a synthetic panel."""

from __future__ import annotations

import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.reporting.cell_quality import USE
from urbanecon.reporting.panel_facts import panel_facts, quality_facts


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
