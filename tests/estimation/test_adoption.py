"""Units, years and first treated years of a panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError
from urbanecon.estimation.adoption import adoption_years, first_years, panel_keys


def test_a_panel_is_units_by_years_whatever_the_names_and_the_order_of_rows():
    index = pd.MultiIndex.from_product([["b", "a"], [2, 1]], names=["firm", "wave"])
    data = pd.DataFrame({"g": [2.0, 2.0, np.nan, np.nan], "y": [4.0, 3.0, 2.0, 1.0]}, index=index)
    assert panel_keys(data) == ("firm", "wave")
    assert adoption_years(data, "g").tolist() == [2, 2, np.inf, np.inf]
    assert first_years(data, "g").to_dict() == {"a": np.inf, "b": 2}


def test_a_frame_without_named_levels_is_refused():
    with pytest.raises(DataError, match="indexed by unit and year, both named"):
        panel_keys(pd.DataFrame({"y": [1.0]}))
    nameless = pd.DataFrame({"y": [1.0]}, index=pd.MultiIndex.from_tuples([(1, 2)]))
    with pytest.raises(DataError, match="both named"):
        panel_keys(nameless)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["soon", "soon", None, None], "'soon', which is not a year"),
        ([0, 0, 2, 2], "'0', which is not a year; .* missing for units never treated"),
        ([2.5, 2.5, 2, 2], "'2.5', which is not a year"),
        ([1, 2, 2, 2], "changes within firm b"),
    ],
)
def test_a_first_treated_year_is_one_year_a_unit(values, message):
    index = pd.MultiIndex.from_product([["b", "a"], [2, 1]], names=["firm", "wave"])
    with pytest.raises(DataError, match=message):
        first_years(pd.DataFrame({"g": values}, index=index), "g")
    with pytest.raises(MissingColumnError, match="Did you mean 'g1'"):
        first_years(pd.DataFrame({"g1": values}, index=index), "g")


def test_a_column_without_any_first_year_is_refused():
    index = pd.MultiIndex.from_product([["b", "a"], [2, 1]], names=["firm", "wave"])
    with pytest.raises(NotEstimableError, match="missing everywhere"):
        adoption_years(pd.DataFrame({"g": np.nan}, index=index), "g")
