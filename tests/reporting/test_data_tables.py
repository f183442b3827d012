"""What the data tables say is what the panel and the registry hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.registry_entry import Source
from urbanecon.errors import DataError, MissingColumnError
from urbanecon.reporting.data_tables import descriptive, sources
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
