"""Naming and lining up cells."""

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError
from urbanecon.measures.cells import cell_name, complete_rows, group_labels, list_cells


def test_a_cell_is_named_by_its_levels():
    assert cell_name(("420100", 2015), ["city", "year"]) == "city 420100, year 2015"
    assert cell_name("420100") == "420100"


def test_only_the_first_cells_are_listed_and_the_rest_counted():
    text = list_cells(pd.Index(range(8), name="city"))
    assert text.endswith("city 4; and 3 more")
    assert "city 5" not in text


def test_weights_are_lined_up_by_label_and_incomplete_rows_leave():
    y = pd.Series([1.0, np.nan, 3.0], index=["a", "b", "c"])
    values, weights = complete_rows(y, pd.Series({"c": 30.0, "a": 10.0, "b": 20.0}))
    assert values.tolist() == [1.0, 3.0]
    assert weights.tolist() == [10.0, 30.0]


def test_a_city_twice_is_refused():
    with pytest.raises(DataError, match="two rows for a"):
        complete_rows(pd.Series([1.0, 2.0], index=["a", "a"]), None)


def test_groups_by_city_reach_every_year():
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["city", "year"])
    labels = group_labels(pd.Series({"b": "y", "a": "x"}), index)
    assert labels.tolist() == ["x", "x", "y", "y"]
