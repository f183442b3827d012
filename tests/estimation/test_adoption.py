"""First treated years and balanced panels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError
from urbanecon.estimation.adoption import adoption_years, balanced_panel, panel_keys


def test_a_panel_is_units_by_years_whatever_the_names_and_the_order_of_rows():
    index = pd.MultiIndex.from_product([["b", "a"], [2, 1]], names=["firm", "wave"])
    data = pd.DataFrame({"g": [2.0, 2.0, np.nan, np.nan], "y": [4.0, 3.0, 2.0, 1.0]}, index=index)
    assert panel_keys(data) == ("firm", "wave")
    assert adoption_years(data, "g").tolist() == [2, 2, np.inf, np.inf]
    panel = balanced_panel(data, "y", "g")
    np.testing.assert_array_equal(panel.outcome, [[1, 2], [3, 4]])
    assert list(panel.units) == ["a", "b"]
    assert panel.first.tolist() == [np.inf, 2]
    assert panel.index.equals(data.sort_index().index)


def test_a_frame_without_named_levels_is_refused():
    with pytest.raises(DataError, match="indexed by unit and year, both named"):
        panel_keys(pd.DataFrame({"y": [1.0]}))
    nameless = pd.DataFrame({"y": [1.0]}, index=pd.MultiIndex.from_tuples([(1, 2)]))
    with pytest.raises(DataError, match="both named"):
        panel_keys(nameless)
