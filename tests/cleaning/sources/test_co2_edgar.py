"""CO2 of EDGAR by city."""

from __future__ import annotations

from pathlib import Path

import pytest

from urbanecon.cleaning.sources import co2_edgar
from urbanecon.errors import DataError, DataWarning, MissingColumnError

HEADER = ["年份", "城市代码", "城市", "碳排放量_吨"]


@pytest.fixture
def read(tmp_path: Path):
    def _read(rows: list[list[object]], header: list[str] = HEADER):
        from openpyxl import Workbook

        book = Workbook()
        for row in [header, *rows]:
            book.active.append(row)
        book.save(tmp_path / "co2.xlsx")
        return co2_edgar.read(tmp_path / "co2.xlsx")

    return _read


def test_a_row_becomes_an_observation_in_tonnes(read):
    assert read([[2005, 420100, "武汉市", 5e7]]).to_dict("records") == [
        {
            "city": "420100",
            "year": 2005,
            "variable": "co2",
            "value": 5e7,
            "source": "co2_edgar",
            "raw": "co2_edgar/co2.xlsx|Sheet|2|D",
            "flag": "ok",
        }
    ]


def test_a_missing_column_is_named_with_the_closest_one(read):
    with pytest.raises(MissingColumnError, match=r"'碳排放量_吨' is missing.*'碳排放量_万吨'"):
        read([[2005, 420100, "武汉市", 5e7]], header=[*HEADER[:3], "碳排放量_万吨"])


def test_a_text_in_a_number_cell_is_named(read):
    with pytest.raises(DataError, match=r"row 2, column D .*420100, 2005.*found 'unknown'"):
        read([[2005, 420100, "武汉市", "unknown"]])


def test_a_repeated_row_is_kept_once_and_a_contradiction_is_flagged(read):
    row = [2005, 420100, "武汉市", 5e7]
    assert len(read([row, row])) == 1
    with pytest.warns(DataWarning, match="co2 of 420100 in 2005"):
        table = read([row, [*row[:3], 6e7]])
    assert table["flag"].tolist() == ["conflict", "conflict"]


def test_a_code_that_is_no_city_is_listed(read):
    with pytest.warns(DataWarning, match="999900"):
        table = read([[2005, 420100, "武汉市", 5e7], [2005, 999900, "？", 1.0]])
    assert [float(name) for name, _, _ in table.attrs["unmatched"]] == [999900]
    assert table["city"].tolist() == ["420100"]


@pytest.mark.mirror
def test_the_file_holds_295_cities_in_every_year_from_2000_to_2023(raw_file):
    table = co2_edgar.read(raw_file("co2_edgar"))
    assert len(table) == 295 * 24
    assert table.attrs["unmatched"] == []
    by_city = table[table["year"] == 2020].set_index("city")["value"]
    assert by_city.idxmax() == "130200"  # Tangshan: plants are placed by grid cell
    national = table.groupby("year")["value"].sum()
    assert 9e9 < national.loc[2015] < 11e9  # tonnes; EDGAR gives China about 10.5e9
