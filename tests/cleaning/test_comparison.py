"""Two sources of one thing, side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.comparison import PAIRS, WORST, Pair, compare
from urbanecon.cleaning.observations import Flag, concat_observations, make_observations
from urbanecon.cleaning.panel import build_panel
from urbanecon.errors import DataError, UnknownNameError

CITIES = ["420100", "420500", "420600"]
YEARS = list(range(2005, 2011))
PAIR = Pair("so2", "so2_gpi")


def side(variable: str, values: np.ndarray, flag: Flag = Flag.OK) -> pd.DataFrame:
    source = load_codebook()[variable].sources[0]
    return make_observations(
        city=np.repeat(CITIES, len(YEARS)),
        year=YEARS * len(CITIES),
        variable=variable,
        value=values,
        source=source,
        raw=[f"{source}/a.csv||{row}|A" for row in range(2, 2 + values.size)],
        flag=flag,
    )


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(5).lognormal(8, 1, len(CITIES) * len(YEARS))


def test_a_rescaled_copy_correlates_perfectly_and_shows_its_ratio(values):
    cells = concat_observations([side("so2", values), side("so2_gpi", 1.5 * values)])
    row = compare(cells, [PAIR]).table.iloc[0]
    assert (row["n"], row["cities"]) == (18, 3)
    assert row[["r_levels", "r_logs", "r_within"]].tolist() == pytest.approx([1, 1, 1])
    assert row[["ratio", "ratio_q25", "ratio_q75"]].tolist() == pytest.approx([1.5] * 3)


def test_agreement_between_cities_only_is_no_agreement_within(values):
    size = np.repeat([1.0, 100.0, 10_000.0], len(YEARS))
    wave = np.tile([1.0, 1.1, 1.0, 1.1, 1.0, 1.1], len(CITIES))
    cells = concat_observations([side("so2", size * wave), side("so2_gpi", size / wave)])
    row = compare(cells, [PAIR]).table.iloc[0]
    assert row["r_logs"] > 0.99
    assert row["r_within"] == pytest.approx(-1)


def test_a_unit_slip_heads_the_worst_cells_with_both_addresses(values):
    slipped = values.copy()
    slipped[7] /= 10
    cells = concat_observations([side("so2", values), side("so2_gpi", slipped)])
    worst = compare(cells, [PAIR]).worst
    assert len(worst) == WORST
    assert worst.loc[0, ["city", "year"]].tolist() == ["420500", 2006]
    assert worst.loc[0, "ratio"] == pytest.approx(0.1)
    assert worst.loc[0, "raw_second"] == "gpi_prefecture/a.csv||9|A"


def test_cells_not_admitted_do_not_count(values):
    cells = concat_observations([side("so2", values), side("so2_gpi", values, Flag.IMPOSSIBLE)])
    row = compare(cells, [PAIR]).table.iloc[0]
    assert row["n"] == 0
    assert np.isnan(row["ratio"])


def test_absent_variables_and_an_empty_table_give_rows_without_cells():
    comparison = compare(concat_observations([]))
    assert comparison.table["n"].tolist() == [0] * len(PAIRS)
    assert comparison.worst.empty


def test_zeros_have_a_level_but_no_ratio(values):
    zeros = values.copy()
    zeros[:6] = 0
    cells = concat_observations([side("so2", values), side("so2_gpi", zeros)])
    comparison = compare(cells, [PAIR])
    assert comparison.table.loc[0, "n"] == 18
    assert set(comparison.worst["city"]) == {"420500", "420600"}


def test_constant_series_have_no_correlation():
    ones = np.ones(len(CITIES) * len(YEARS))
    row = compare(concat_observations([side("so2", ones), side("so2_gpi", ones)]), [PAIR]).table
    assert row[["r_levels", "r_logs", "r_within"]].isna().all(axis=None)


def test_the_order_of_rows_does_not_matter(values):
    cells = concat_observations([side("so2", values), side("so2_gpi", values**1.1)])
    shuffled = cells.sample(frac=1, random_state=2)
    first, second = compare(cells, [PAIR]), compare(shuffled, [PAIR])
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_frame_equal(first.worst, second.worst)


def test_a_panel_is_compared_by_its_cells(values):
    cells = concat_observations([side("so2", values), side("so2_gpi", values)])
    assert compare(build_panel(cells), [PAIR]).table.loc[0, "n"] == 18


def test_two_values_in_one_city_year_are_refused(values):
    cells = concat_observations([side("so2", values), side("so2", values)])
    with pytest.raises(DataError, match="so2 of 420100 in 2005 has two admitted values"):
        compare(cells, [PAIR])


def test_an_unknown_variable_is_named():
    with pytest.raises(UnknownNameError, match="'so3'"):
        compare(concat_observations([]), [Pair("so3", "so2")])


def test_attributes_without_a_year_are_refused():
    with pytest.raises(DataError, match="low_carbon_first_year is the same in all years"):
        compare(concat_observations([]), [Pair("low_carbon_first_year", "so2")])


def test_declared_pairs_are_in_the_codebook_in_one_unit_and_from_different_sources():
    book = load_codebook()
    for pair in PAIRS:
        first, second = book[pair.first], book[pair.second]
        assert first.unit == second.unit, pair
        assert not set(first.sources) & set(second.sources), pair
