"""What the data tables say is what the panel and the registry hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.registry_entry import Source
from urbanecon.errors import DataError, MissingColumnError
from urbanecon.reporting.cell_quality import USE
from urbanecon.reporting.data_tables import comparison, descriptive, quality, sources
from urbanecon.reporting.tables import Row


@pytest.fixture
def synthetic_panel():
    index = pd.MultiIndex.from_product(
        [["110000", "120000"], [2010, 2011]], names=["city", "year"]
    )
    columns = {"gdp": [1.0, 2.0, 3.0, np.inf], "population": np.nan}
    return pd.DataFrame(columns, index=index)


def test_descriptive_statistics_count_what_is_there(synthetic_panel):
    table = descriptive(synthetic_panel, {"Outcomes": ["gdp", "population"]})
    (row,) = table.rows
    assert row.group == "Outcomes"
    expected = ("yuan", "3", "2", "2010–2011", "2.00", "1.00", "1.00", "2.00", "3.00")
    assert row.cells == expected


def test_an_absent_column_is_named_with_the_closest(synthetic_panel):
    with pytest.raises(MissingColumnError, match="Did you mean 'population'"):
        descriptive(synthetic_panel, {"Outcomes": ["populations"]})


def test_a_table_of_nothing_is_refused(synthetic_panel):
    with pytest.raises(DataError, match="'descriptive' has no rows"):
        descriptive(synthetic_panel, {"Outcomes": ["population"]})


def test_the_table_of_sources_says_which_are_present():
    entry = Source("pm25_chap", "file", "B", "CC BY 4.0", "synthetic", "city", "2010-2019",
                   "PM2.5", "", ("pm25_chap", "E3"))  # fmt: skip
    table = sources([entry], present=["pm25_chap"])
    (row,) = table.rows
    assert row == Row("pm25_chap", ("B", "CC BY 4.0", "2010-2019", "E3, 1 variable", "yes"))
    assert sources([entry], present=[]).rows[0].cells[-1] == "no"


@pytest.fixture
def pairs():
    """A pair with common cells and one whose second source is not at hand."""
    missing = dict.fromkeys(
        ["r_levels", "r_logs", "r_within", "ratio", "ratio_q25", "ratio_q75"], np.nan
    )
    found = dict(zip(missing, [0.996, 0.99, -0.006, 1.0, 0.995, 1.046], strict=True))
    rows = [
        {"first": "gdp", "second": "gdp_policies", "n": 6934, "cities": 297, **found},
        {"first": "so2", "second": "so2_gpi", "n": 0, "cities": 0, **missing},
    ]
    return pd.DataFrame(rows)


def test_the_comparison_has_a_line_a_pair_under_its_first_variable(pairs):
    first, second = comparison(pairs).rows
    assert first.group == "Gross domestic product"
    assert first.label == "Gross domestic product (city_policies)"
    assert first.cells == ("6,934", "297", "1.00", "0.99", "−0.01", "1.00", "0.995–1.05")
    assert second.cells == ("–",) * 7


def test_the_comparison_speaks_chinese(pairs):
    table = comparison(pairs, "zh")
    assert table.rows[0].group == "地区生产总值"
    assert table.caption == "同一变量的两个来源"


def test_the_quality_table_shares_out_the_cells_by_outcome_and_together():
    equation = ("E1", "ln_gdp_pc_real", "pilot", "city+year")
    uses = pd.DataFrame(
        [(*equation, "gdp", "ok", "A", 3), (*equation, "population", "outlier", "C", 1)],
        columns=[*USE, "uses"],
    )
    outcome, together = quality(uses, {"E1": "growth"}).rows
    expected = ("1", "4", "75.0%", "0%", "25.0%", "75.0%", "0%", "25.0%", "75.0%")
    assert (outcome.group, outcome.label) == ("growth", "ln real GDP per capita")
    assert outcome.cells == together.cells == expected
