"""First year of the new-type urbanization pilot, from the raw file and from the facts table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.sources import facts_pilots, ntu_pilot
from urbanecon.errors import DataError, MissingColumnError
from urbanecon.project import find_project

BATCHES = {2014: 57, 2015: 10, 2016: 19}


def written(tmp_path: Path, rows: list[tuple[str, int, float]], did: str = "did") -> Path:
    path = tmp_path / "did.dta"
    frame = pd.DataFrame(rows, columns=["city", "year", did])
    frame.to_stata(path, write_index=False, version=118)
    return path


def by_city(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["city"], table["value"], strict=True))


def test_a_treated_city_has_one_observation_at_the_first_row_that_is_one(tmp_path):
    rows = [("武汉市", 2015, 1), ("武汉市", 2014, 1), ("武汉市", 2013, 0), ("宜昌市", 2014, 0)]
    table = ntu_pilot.read(written(tmp_path, rows))
    assert table[["city", "year", "value", "raw"]].to_numpy().tolist() == [
        ["420100", 2014, 2014.0, "ntu_pilot/did.dta||2|did"]
    ]


def test_a_treatment_that_is_neither_0_nor_1_is_refused(tmp_path):
    rows = [("武汉市", 2014, 0), ("武汉市", 2015, 0.5)]
    with pytest.raises(DataError, match=r"row 2, column did, 武汉市, 2015: expected 0 or 1"):
        ntu_pilot.read(written(tmp_path, rows))


def test_a_pilot_that_ends_again_is_refused(tmp_path):
    rows = [("武汉市", 2014, 1), ("武汉市", 2015, 0)]
    with pytest.raises(DataError, match="row 2: the pilot of 武汉市 ends in 2015"):
        ntu_pilot.read(written(tmp_path, rows))


def test_a_missing_variable_is_named(tmp_path):
    with pytest.raises(MissingColumnError, match=r"'did' is missing\. Did you mean 'did1'"):
        ntu_pilot.read(written(tmp_path, [("武汉市", 2014, 1)], did="did1"))


def test_the_facts_hold_86_prefectures_57_10_and_19_by_first_year():
    table = facts_pilots.read(find_project().facts / "pilots.csv")
    assert len(table) == table["city"].nunique() == 86
    assert table["value"].value_counts().to_dict() == BATCHES
    assert (table["value"] == table["year"]).all()
    assert set(table["variable"]) == {"pilot_first_year"}
    assert table["raw"].iloc[0] == "facts_pilots/pilots.csv||2|C"


@pytest.mark.mirror
def test_the_raw_file_and_the_facts_agree_on_every_city_and_year(raw_file):
    raw = ntu_pilot.read(raw_file("ntu_pilot"))
    assert raw["value"].value_counts().to_dict() == BATCHES
    assert by_city(raw) == by_city(facts_pilots.read(find_project().facts / "pilots.csv"))


@pytest.mark.mirror
def test_the_address_of_a_pilot_is_its_first_treated_observation(raw_file):
    path = raw_file("ntu_pilot")
    frame = pd.read_stata(path)
    for row in ntu_pilot.read(path).itertuples():
        position = int(row.raw.split("|")[2]) - 1
        assert frame["did"].iloc[position] == 1
        assert frame["year"].iloc[position] == row.year
        before = frame[
            (frame["city"] == frame["city"].iloc[position]) & (frame["year"] < row.year)
        ]
        assert (before["did"] == 0).all()
