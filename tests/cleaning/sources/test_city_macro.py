"""City macro data: the package is a dependency, so no raw file need be fetched."""

from __future__ import annotations

import csv
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.observations import RawCell, column_letter
from urbanecon.cleaning.sources import city_macro
from urbanecon.errors import DataError, MissingColumnError


@pytest.fixture(scope="module")
def path() -> Path:
    distribution = metadata.distribution("city-macro-data")
    return Path(str(distribution.locate_file("city_macro_data/data/city_macro.csv")))


@pytest.fixture(scope="module")
def table(path: Path) -> pd.DataFrame:
    return city_macro.read(path)


@pytest.fixture
def head(path: Path, tmp_path: Path) -> Path:
    """The first rows of the file, to be spoilt."""
    short = tmp_path / "city_macro.csv"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.reader(handle))[:3]
    with short.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)
    return short


def value(table: pd.DataFrame, variable: str, city: str, year: int) -> float:
    rows = table[
        (table["variable"] == variable) & (table["city"] == city) & (table["year"] == year)
    ]
    return float(rows["value"].item())


def test_wuhan_2020_has_a_gdp_of_1551606_million_yuan_and_12447700_residents(table):
    assert value(table, "gdp", "420100", 2020) == pytest.approx(1.551606e12, rel=1e-12)
    assert value(table, "population", "420100", 2020) == pytest.approx(12_447_700, rel=1e-12)


def test_the_gdp_of_all_cities_in_2020_sums_to_97_88_trillion_yuan(table):
    gdp = table[(table["variable"] == "gdp") & (table["year"] == 2020)]["value"]
    assert gdp.sum() / 1e12 == pytest.approx(97.88, abs=0.005)
    assert len(gdp) == 298, "the two abolished cities have none"


def test_there_are_22_variables_of_300_cities_from_2000_to_2024(table):
    assert table["variable"].nunique() == len(city_macro.COLUMNS) == 22
    assert table["city"].nunique() == 300
    assert set(table["year"]) == set(range(2000, 2025))
    assert set(table["flag"]) == {"ok"}
    assert not table.attrs.get("unmatched")


def test_trade_is_in_yuan_and_the_shares_are_fractions(table):
    assert value(table, "trade", "110000", 2000) == pytest.approx(408_956.323199e6)
    shares = [f"share_{sector}" for sector in ("primary", "secondary", "tertiary")]
    assert sum(value(table, share, "110000", 2000) for share in shares) == pytest.approx(
        1, abs=1e-5
    )


def test_every_address_leads_back_to_its_cell(table, path):
    with path.open(encoding="utf-8-sig", newline="") as handle:
        records = list(csv.reader(handle))
    factors = {column.variable: column.factor for column in city_macro.COLUMNS}
    letters = [column_letter(position) for position in range(27)]
    for row in table.iloc[::997].itertuples():
        cell = RawCell.parse(row.raw)
        record = dict(zip(letters, records[cell.row - 1], strict=True))
        assert cell.file == "city_macro/city_macro.csv"
        assert float(record[cell.column]) * factors[row.variable] == row.value
        assert (int(record["A"]), int(record["E"])) == (row.year, int(row.city))


def test_negative_cells_are_read_as_they_stand(table):
    negative = table[table["value"] < 0]
    assert set(negative["variable"]) == {"imports", "fiscal_education"}


def test_a_renamed_header_is_named_with_the_closest_match(head):
    head.write_text(head.read_text(encoding="utf-8").replace("(万元)", "（万元）", 1))
    with pytest.raises(
        MissingColumnError, match=r"地区生产总值\(万元\).*Did you mean '地区生产总值（万元）'"
    ):
        city_macro.read(head)


def test_text_in_a_number_cell_is_named_with_city_and_year(head):
    head.write_text(head.read_text(encoding="utf-8").replace("32779000", "约32779000"))
    with pytest.raises(DataError, match=r"row 2, column F \(地区生产总值\(万元\)\), 110000, 2000"):
        city_macro.read(head)
