"""Industrial SO2 by city."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.sources import gpi_prefecture, so2_ceic
from urbanecon.errors import MissingColumnError


def written(tmp_path: Path, columns: dict[str, list[float]]) -> Path:
    path = tmp_path / "so2.dta"
    pd.DataFrame(columns).to_stata(path, write_index=False)
    return path


def test_thousands_of_tonnes_become_tonnes_and_empty_years_no_observation(tmp_path):
    columns = {"prefcode": [1100, 1100], "year": [2005, 2006], "so2": [114.0, float("nan")]}
    table = so2_ceic.read(written(tmp_path, columns))
    assert table[["city", "year", "value"]].to_numpy().tolist() == [["110000", 2005, 114_000.0]]


def test_a_missing_variable_is_named(tmp_path):
    path = written(tmp_path, {"prefcode": [1100], "year": [2005], "lso2": [4.7]})
    with pytest.raises(MissingColumnError, match=r"'so2' is missing\. Did you mean 'lso2'"):
        so2_ceic.read(path)


@pytest.mark.mirror
def test_the_nation_s_sum_shows_that_the_unit_is_right(raw_file):
    table = so2_ceic.read(raw_file("so2_ceic"))
    assert table["city"].nunique() == 287
    # Official industrial SO2: 22.3 million t in 2006 for the whole country.
    assert 18e6 < table.loc[table["year"] == 2006, "value"].sum() < 22.4e6


@pytest.mark.mirror
def test_the_gpi_tables_repeat_the_series_and_are_no_second_witness(raw_file):
    ours = so2_ceic.read(raw_file("so2_ceic")).set_index(["city", "year"])["value"]
    theirs = gpi_prefecture.read(raw_file("gpi_prefecture"))
    theirs = theirs[theirs["variable"] == "so2_gpi"].set_index(["city", "year"])["value"]
    ratio = (theirs / ours).dropna()
    assert len(ratio) > 3000
    assert ((ratio - 1).abs() < 1e-3).mean() > 0.95
