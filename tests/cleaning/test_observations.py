"""The contract between readers and panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.observations import (
    COLUMNS,
    SEVERITY,
    Flag,
    RawCell,
    check_observations,
    column_letter,
    concat_observations,
    make_observations,
    require_columns,
)
from urbanecon.errors import DataError, MissingColumnError


def table(value: float = 1.0, city: str = "420100") -> pd.DataFrame:
    return make_observations(
        city=[city], year=[2020], variable="gdp", value=[value], source="s", raw=["f|s|2|B"]
    )


def test_a_raw_cell_reads_back_from_its_address() -> None:
    cell = RawCell("gpi/book.xlsx", "population-urban", 12, "E")
    assert RawCell.parse(str(cell)) == cell


def test_the_address_of_a_sum_lists_its_rows_and_columns_and_reads_back() -> None:
    block = RawCell("co2/co2.xlsx", "Sheet1", 12, "F", (13, 14, 31), ("G",))
    assert str(block) == "co2/co2.xlsx|Sheet1|12-14,31|F,G"
    assert RawCell.parse(str(block)) == block
    assert block.rows == (12, 13, 14, 31)
    assert block.columns == ("F", "G")


def test_two_neighbouring_rows_and_rows_out_of_order_read_back() -> None:
    for rows in ((12, 13), (13, 12), (3, 5, 4), (7, 8, 10, 11, 12)):
        cell = RawCell("a.csv", "", rows[0], "B", rows[1:])
        assert RawCell.parse(str(cell)).rows == rows


@pytest.mark.parametrize(("position", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ")])
def test_column_letters_are_those_of_a_spreadsheet(position: int, letter: str) -> None:
    assert column_letter(position) == letter


def test_an_empty_raw_cell_is_no_observation() -> None:
    assert table(np.nan).empty


def test_stacking_nothing_keeps_the_columns() -> None:
    assert list(concat_observations([]).columns) == list(COLUMNS)


def test_flags_are_ranked_from_ok_to_impossible() -> None:
    assert min(SEVERITY, key=SEVERITY.__getitem__) is Flag.OK
    assert max(SEVERITY, key=SEVERITY.__getitem__) is Flag.IMPOSSIBLE


def test_a_key_that_is_not_six_digits_is_refused_with_the_raw_cell() -> None:
    with pytest.raises(DataError, match=r"gdp of 4201 in 2020 .*f\|s\|2\|B.*6-digit"):
        check_observations(table(city="4201"), source="s")


def test_an_infinite_value_is_refused() -> None:
    with pytest.raises(DataError, match="finite value"):
        check_observations(table(np.inf), source="s")


def test_a_flag_outside_the_closed_set_is_refused() -> None:
    with pytest.raises(DataError, match="a flag among"):
        check_observations(table().assign(flag="odd"), source="s")


def test_a_missing_header_is_named_with_the_closest_one_found() -> None:
    with pytest.raises(MissingColumnError, match=r"'population' is missing\. Did you mean 'popu"):
        require_columns(["city", "populatoin"], ["city", "population"], file="a.csv")
