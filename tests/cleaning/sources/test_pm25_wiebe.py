"""PM2.5 averaged over prefectures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.sources import pm25_wiebe
from urbanecon.errors import DataWarning, MissingColumnError


def written(tmp_path: Path, columns: dict[str, list[float]]) -> Path:
    path = tmp_path / "pm25.dta"
    pd.DataFrame(columns).to_stata(path, write_index=False)
    return path


def test_codes_of_four_digits_become_six_and_the_address_is_observation_and_variable(tmp_path):
    path = written(tmp_path, {"prefcode": [4201], "year": [2005], "pm": [60.0]})
    table = pm25_wiebe.read(path)
    assert table[["city", "value", "raw"]].to_numpy().tolist() == [
        ["420100", 60.0, "pm25_wiebe/pm25.dta||1|pm"]
    ]


def test_the_districts_stand_for_a_municipality_and_its_counties_are_listed(tmp_path):
    columns = {"prefcode": [1101, 1102], "year": [2005, 2005], "pm": [60.0, 40.0]}
    with pytest.warns(DataWarning, match="1102"):
        table = pm25_wiebe.read(written(tmp_path, columns))
    assert table[["city", "value"]].to_numpy().tolist() == [["110000", 60.0]]
    assert [name for name, _, _ in table.attrs["unmatched"]] == ["1102"]


def test_a_missing_variable_is_named(tmp_path):
    path = written(tmp_path, {"prefcode": [4201], "year": [2005], "pm25": [60.0]})
    with pytest.raises(MissingColumnError, match=r"'pm' is missing\. Did you mean 'pm25'"):
        pm25_wiebe.read(path)


@pytest.mark.mirror
def test_the_file_holds_337_cities_from_1998_to_2016_and_eight_codes_that_are_none(raw_file):
    with pytest.warns(DataWarning, match="152 rows match no city"):
        table = pm25_wiebe.read(raw_file("pm25_wiebe"))
    assert len(table) == 337 * 19
    assert sorted({name for name, _, _ in table.attrs["unmatched"]}) == [
        "1102", "1202", "3102", "4190", "4290", "4690", "5002", "6590",
    ]  # fmt: skip
