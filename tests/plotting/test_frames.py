"""Every figure refuses a frame it cannot draw and says what is wrong with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, UnknownNameError
from urbanecon.plotting.frames import check_cells, check_frame, check_known, with_gaps


def checked(frame: pd.DataFrame) -> pd.DataFrame:
    return check_frame(frame, "figure", keys=["year"], numbers=["mean"])


def test_only_the_needed_columns_come_back_in_order_as_float64() -> None:
    table = checked(pd.DataFrame({"other": [1], "mean": [2], "year": [2010]}))
    assert list(table.columns) == ["year", "mean"]
    assert table["mean"].dtype == "float64"


def test_a_misspelt_column_is_named_with_the_closest_one() -> None:
    with pytest.raises(MissingColumnError, match=r"'mean' is missing. Did you mean 'means'"):
        checked(pd.DataFrame({"year": [2010], "means": [1.0]}))


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_an_empty_or_all_missing_frame_cannot_be_drawn(values: list[float]) -> None:
    frame = pd.DataFrame({"year": range(len(values)), "mean": pd.Series(values, dtype=float)})
    with pytest.raises(NotEstimableError, match="'mean' has no value to draw"):
        checked(frame)


@pytest.mark.parametrize("cell", ["n/a", "12", np.inf])
def test_text_and_infinity_in_a_number_cell_are_shown(cell: object) -> None:
    frame = pd.DataFrame({"year": [2010, 2011], "mean": pd.Series([1.0, cell], dtype=object)})
    with pytest.raises(DataError, match=f"'mean' is {cell!r} in row 1"):
        checked(frame)


def test_a_repeated_key_is_shown() -> None:
    with pytest.raises(DataError, match=r"more than one row for \{'year': 2010"):
        checked(pd.DataFrame({"year": [2010, 2010], "mean": [1.0, 2.0]}))


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(DataError, match="row 1 has no 'year'"):
        checked(pd.DataFrame({"year": [2010, np.nan], "mean": [1.0, 2.0]}))


def test_a_fraction_of_a_year_is_refused() -> None:
    with pytest.raises(DataError, match=r"'year' is 2010\.5.*expected a whole year"):
        checked(pd.DataFrame({"year": [2010.5], "mean": [1.0]}))


def test_cells_outside_zero_and_one_are_located() -> None:
    cells = pd.DataFrame({2010: [0.5], 2011: [50.0]}, index=["gdp"])
    with pytest.raises(DataError, match=r"'gdp', 2011 is 50; .*between 0 and 1"):
        check_cells(cells, "coverage")


def test_a_variable_standing_twice_is_refused() -> None:
    with pytest.raises(DataError, match="row 'gdp' stands twice"):
        check_cells(pd.DataFrame({2010: [0.5, 0.5]}, index=["gdp", "gdp"]), "coverage")


def test_an_unknown_name_brings_the_closest_known_one() -> None:
    with pytest.raises(UnknownNameError, match=r"'eastern' is no region. Did you mean 'east'"):
        check_known(["eastern"], ["east", "west"], "region")


def test_skipped_years_become_missing_rows() -> None:
    path = with_gaps(pd.DataFrame({"year": [2012, 2010], "mean": [3.0, 1.0]}))
    assert path["year"].tolist() == [2010, 2011, 2012]
    assert path["mean"].isna().tolist() == [False, True, False]
