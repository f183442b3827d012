"""CO2 from county estimates (co2_county) and from energy inventories (co2_ceads)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.observations import RawCell
from urbanecon.cleaning.sources import co2_ceads, co2_county
from urbanecon.cleaning.tables import read_table
from urbanecon.errors import DataError, DataWarning

HEADER = ["DISTCODE地区代码", "County Name", "County Name", "City Name", "City Name"]
HEADER += ["Province Name", "Province Name", "C2010"]


def counties(tmp_path: Path, *emissions: object) -> Path:
    places = [("武汉市", "湖北省"), ("苏州市", "江苏省"), ("武汉市", "湖北省")]
    path = tmp_path / "co2.xlsx"
    rows = [
        (number, "县", "County", city, "City", province, "Province", emission)
        for number, ((city, province), emission) in enumerate(
            zip(places, emissions, strict=True), start=1
        )
    ]
    note = ("Note: counties of 2010", *[None] * 7)
    pd.DataFrame([HEADER, *rows, note]).to_excel(path, index=False, header=False)
    return path


def inventory(tmp_path: Path, *names: str) -> Path:
    path = tmp_path / "ceads.xlsx"
    frame = pd.DataFrame({"city": names, "year": 2010, "emission": 1.5})
    frame.to_excel(path, sheet_name="emission vector", index=False)
    return path


def test_counties_are_summed_in_tonnes_and_every_one_is_in_the_address(tmp_path):
    cells = co2_county.read(counties(tmp_path, 1.0, 5.0, 0.25)).set_index("city")
    assert cells["value"].to_dict() == {"420100": 1.25e6, "320500": 5e6}
    assert RawCell.parse(cells["raw"]["420100"]) == RawCell(
        "co2_county/co2.xlsx", "Sheet1", 2, "H", (4,)
    )
    assert set(cells["flag"]) == {"derived"}


def test_a_city_of_which_a_county_is_missing_has_no_sum(tmp_path):
    assert co2_county.read(counties(tmp_path, 1.0, 5.0, None))["city"].tolist() == ["320500"]


def test_text_for_an_emission_names_the_county(tmp_path):
    with pytest.raises(DataError, match=r"row 4, column H \(C2010\), 武汉市, 3.*'much'"):
        co2_county.read(counties(tmp_path, 1.0, 5.0, "much"))


def test_a_table_without_years_is_refused(tmp_path):
    path = counties(tmp_path, 1.0, 5.0, 0.25)
    table = pd.read_excel(path, header=None, engine="calamine")
    table.iloc[0, 7] = "2010"
    table.to_excel(path, index=False, header=False)
    with pytest.raises(DataError, match="expected columns C1997"):
        co2_county.read(path)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("安徽安庆", ("安徽", "安庆")),
        ("吉林吉林", ("吉林", "吉林")),
        ("内蒙古包头", ("内蒙古", "包头")),
        ("海南海口", ("海南", "海口")),
        ("重庆", ("", "重庆")),
        ("河南南阳", ("河南", "南阳")),
    ],
)
def test_a_short_name_is_split_into_province_and_city(name, parts):
    assert co2_ceads.split_province(name, co2_ceads.province_prefixes()) == parts


def test_inventories_are_in_tonnes_and_unknown_units_are_listed(tmp_path):
    with pytest.warns(DataWarning, match="新疆伊犁州直属县"):
        cells = co2_ceads.read(inventory(tmp_path, "吉林吉林", "新疆伊犁州直属县"))
    assert cells[["city", "value"]].to_numpy().tolist() == [["220200", 1.5e6]]
    assert cells.attrs["unmatched"][0][0] == "新疆伊犁州直属县"


def test_a_missing_sheet_is_named(tmp_path):
    path = tmp_path / "ceads.xlsx"
    pd.DataFrame({"city": ["北京"]}).to_excel(path, sheet_name="emission vectors", index=False)
    with pytest.raises(DataError, match="Did you mean 'emission vectors'"):
        co2_ceads.read(path)


@pytest.mark.mirror
def test_counties_sum_to_the_national_total_of_the_paper(raw_file):
    cells = co2_county.read(raw_file("co2_county"))
    assert cells["city"].nunique() == 353
    assert len(cells) == 353 * 21
    national = cells.groupby("year")["value"].sum() / 1e6
    assert national[1997] == pytest.approx(3096.9, abs=0.1)
    assert national[2010] == pytest.approx(8171.3, abs=0.1)
    assert national[2017] == pytest.approx(9482.0, abs=0.1)
    chaohu = cells[(cells["city"] == "341400") & (cells["year"] == 2017)]
    assert chaohu["value"].item() == pytest.approx(24.70e6, rel=1e-3)


@pytest.mark.mirror
def test_the_address_of_a_sum_leads_back_to_its_counties(raw_file):
    path = raw_file("co2_county")
    table = read_table(path, source="co2_county")
    cells = co2_county.read(path)
    for row in cells.sample(50, random_state=1).itertuples():
        block = RawCell.parse(row.raw)
        header = f"C{row.year}"
        assert table.letters[header] == block.column
        assert table.numbers(header)[list(block.rows)].sum() * 1e6 == pytest.approx(row.value)


@pytest.mark.mirror
def test_inventories_cover_289_units_and_the_vector_is_the_matrix(raw_file):
    path = raw_file("co2_ceads")
    with pytest.warns(DataWarning, match="1 rows match no city"):
        cells = co2_ceads.read(path)
    assert (len(cells), cells["city"].nunique()) == (3928, 289)
    beijing = cells[(cells["city"] == "110000") & (cells["year"] == 1997)]
    assert beijing["value"].item() == pytest.approx(61_918_115, abs=1)
    matrix = pd.read_excel(path, sheet_name="emission matrix", engine="calamine")
    assert matrix.drop(columns="city").notna().to_numpy().sum() == 3929
    assert matrix.drop(columns="city").to_numpy()[matrix["city"] == "北京"][0][1] * 1e6 == (
        beijing["value"].item()
    )
