"""The national price index, typed from official publications."""

from __future__ import annotations

import pandas as pd
import pytest

from urbanecon.cleaning.prices import national_index
from urbanecon.cleaning.sources import facts_prices, gpi_province
from urbanecon.errors import DataError, MissingColumnError
from urbanecon.project import find_project

HEADER = "year,cpi_previous_year_100,source\n"


@pytest.fixture(scope="module")
def observations() -> pd.DataFrame:
    return facts_prices.read(find_project().facts / "prices.csv")


def written(tmp_path, text: str):
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_index_is_one_in_2000_and_covers_2000_to_2024_without_gaps(observations):
    index = national_index(observations)
    assert index.index.tolist() == list(range(2000, 2025))
    assert index.loc[2000] == 1.0


def test_the_level_is_the_product_of_the_changes(observations):
    index = national_index(observations)
    assert index.loc[2001] == pytest.approx(1.007, rel=1e-15)
    assert index.loc[2003] == pytest.approx(1.007 * 0.992 * 1.012, rel=1e-15)
    assert 1.6 < index.loc[2024] < 1.7


def test_each_level_is_a_derived_national_cell_with_the_address_of_its_change(observations):
    last = observations.iloc[-1]
    assert (last["city"], last["flag"]) == ("000000", "derived")
    assert last["raw"] == "facts_prices/prices.csv||3-26|B", "all changes since 2000"


def test_every_row_names_its_source():
    table = pd.read_csv(find_project().facts / "prices.csv")
    assert table["source"].str.len().gt(20).all()


@pytest.mark.mirror
def test_the_changes_agree_with_the_median_of_the_provincial_tables_to_2018(
    observations, raw_file
):
    # The official changes have one decimal of a percent; half of it is the tolerance.
    provincial = gpi_province.read(raw_file("gpi_province"))
    provincial = provincial[provincial["variable"] == "price_index_province"]
    level = provincial.groupby("year")["value"].median()
    index = national_index(observations)
    difference = (index.pct_change() - level.pct_change()).loc[2001:2018]
    assert len(difference) == 18
    assert difference.abs().max() < 0.0005


def test_a_missing_column_is_named_with_the_closest_one(tmp_path):
    path = written(tmp_path, "year,cpi_previous_year,source\n2000,100,x\n")
    with pytest.raises(MissingColumnError, match="Did you mean 'cpi_previous_year'"):
        facts_prices.read(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2000,100,x\n2002,101,x\n", "once for each year in a row"),
        ("2000,100,x\n2000,101,x\n", "once for each year in a row"),
        ("2000,100,x\n2001,,x\n", "price index of 2001 is nan"),
        ("2000,100,x\n2001,about 101,x\n", "found 'about 101'"),
        ("2001,100,x\n2002,101,x\n", "base year 2000"),
    ],
)
def test_a_gap_a_repetition_or_no_number_is_refused(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        facts_prices.read(written(tmp_path, HEADER + rows))
