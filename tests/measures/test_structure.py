"""Industrial structure: upgrading and rationalisation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.errors import DataError, DataWarning
from urbanecon.measures.structure import rationalisation, sector_shares, upgrading

CITIES = pd.MultiIndex.from_tuples(
    [("420100", 2015), ("420200", 2015), ("110000", 2015)], names=["city", "year"]
)


def sectors(*columns):
    return [pd.Series(column, index=CITIES, dtype=float) for column in columns]


def test_upgrading_is_one_two_three_for_a_city_of_one_sector():
    index = upgrading(*sectors([5, 0, 0], [0, 7, 0], [0, 0, 9]))
    assert index.tolist() == [1.0, 2.0, 3.0]
    assert index.name == "upgrading"


def test_upgrading_by_hand():
    index = upgrading(*sectors([10, 10, 10], [40, 40, 40], [50, 50, 50]))
    assert index.iloc[0] == pytest.approx(0.1 + 0.8 + 1.5)


def test_shares_add_up_to_one_even_when_published_gdp_would_differ():
    shares = sector_shares(sectors([1, 3, 7], [2, 3, 5], [4.1, 3, 11]))
    assert shares.sum(axis=1).to_numpy() == pytest.approx(np.ones(3), abs=1e-15)


def test_negative_value_added_leaves_the_city_missing_and_is_named():
    with pytest.warns(DataWarning, match="sector 2: negative at city 420200, year 2015"):
        index = upgrading(*sectors([1, 1, 1], [2, -2, 2], [3, 3, 3]))
    assert index.isna().tolist() == [False, True, False]


def test_a_missing_sector_leaves_the_index_missing():
    index = upgrading(*sectors([1, np.nan, 0], [2, 2, 0], [3, 3, 0]))
    assert index.isna().tolist() == [False, True, True]


def test_text_in_a_number_cell_is_an_error_that_names_the_cell():
    bad = pd.Series(["1", "n/a", "3"], index=CITIES)
    with pytest.raises(
        DataError, match=r"'n/a' is no finite number \(1 cells: city 420200, year 2015\)"
    ):
        upgrading(bad, *sectors([1, 1, 1], [1, 1, 1]))


def test_rationalisation_is_zero_when_staff_sits_where_value_is_made():
    value = sectors([1, 2, 3], [4, 5, 6], [7, 8, 9])
    staff = [10 * sector for sector in value]
    assert rationalisation(value, staff).to_numpy() == pytest.approx(np.zeros(3), abs=1e-15)


def test_rationalisation_by_hand():
    index = rationalisation(sectors([0] * 3, [1] * 3, [1] * 3), sectors([2] * 3, [1] * 3, [1] * 3))
    assert index.iloc[0] == pytest.approx(np.log(2))  # twice 0.5 ln(0.5 / 0.25)


def test_value_added_without_employees_has_no_index_and_is_named():
    with pytest.warns(DataWarning, match="without employees at city 110000, year 2015"):
        index = rationalisation(sectors([1] * 3, [1] * 3), sectors([1, 1, 0], [1, 1, 1]))
    assert index.isna().tolist() == [False, False, True]


def test_as_many_sectors_of_staff_as_of_value_are_needed():
    with pytest.raises(ValueError, match="2 sectors of value added, 1 of staff"):
        rationalisation(sectors([1] * 3, [1] * 3), sectors([1] * 3))


positive = st.floats(0.01, 1e6)


@given(st.lists(positive, min_size=6, max_size=6), positive)
def test_bounds_and_scale_invariance(x, scale):
    value = [pd.Series([v]) for v in x[:3]]
    staff = [pd.Series([v]) for v in x[3:]]
    index = upgrading(*value).iloc[0]
    assert 1 <= index <= 3
    assert upgrading(*[scale * v for v in value]).iloc[0] == pytest.approx(index, rel=1e-12)
    deviation = rationalisation(value, staff).iloc[0]
    assert deviation >= -1e-12
    scaled = rationalisation(value, [scale * v for v in staff]).iloc[0]
    assert scaled == pytest.approx(deviation, rel=1e-9, abs=1e-12)
