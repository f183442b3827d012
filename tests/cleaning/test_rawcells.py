"""What a raw cell reads is shown with the factor to the codebook's unit."""

from __future__ import annotations

import pytest

from urbanecon.cleaning.observations import RawCell
from urbanecon.cleaning.rawcells import describe

CHANGES = "facts_prices/prices.csv"


def test_a_cell_is_shown_as_printed_with_the_power_of_ten_to_its_value():
    cell = RawCell(CHANGES, "", 3, "B")
    assert describe(cell, "000000", 100.7) == "reads 100.7"
    assert describe(cell, "000000", 100.7e4) == "reads 100.7, times 10000"


def test_a_value_that_is_more_than_a_change_of_unit_is_said_to_be_computed():
    block = RawCell(CHANGES, "", 3, "B", (4,))
    assert describe(block, "000000", 0.998944) == (
        "2 cells, from 100.7 to 99.2, from which the reader of the source computes the value"
    )


def test_a_block_whose_sum_is_the_value_says_so():
    block = RawCell(CHANGES, "", 3, "B", (4,))
    assert describe(block, "000000", 199.9) == "2 cells, in sum 199.9"


def test_a_source_that_is_unknown_or_absent_is_not_described():
    assert describe(RawCell("nowhere/file.csv", "", 2, "A"), "420100", 1.0) == ""


@pytest.mark.mirror
def test_the_row_names_the_city_by_what_stands_in_it(raw_file):
    raw_file("city_macro")
    said = describe(RawCell("city_macro/city_macro.csv", "", 4092, "F"), "420100", 1.054767e12)
    assert said == "reads 105476700.0, times 10000, in the row of 武汉市"
