"""Images by land class: mean light (ntl_class), productivity (npp), land cover, gridded people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.observations import RawCell
from urbanecon.cleaning.sources import landcover, npp, ntl_class, ntl_sum, pop_grid
from urbanecon.errors import DataError, MissingColumnError

UNMATCHED = {"710000", "810000", "820000", "659011"}

pytestmark = pytest.mark.filterwarnings("ignore:.*80 rows match no city")


def areas(tmp_path: Path, **classes: object) -> Path:
    cells = {str(number): "" for number in range(1, 18)} | {"13": "7.5"} | classes
    path = tmp_path / "land.csv"
    path.write_text(
        f"city_id,year,{','.join(cells)}\n420100,2001,{','.join(map(str, cells.values()))}\n",
        encoding="utf-8",
    )
    return path


def test_forest_is_the_sum_of_its_classes_and_says_which_cells(tmp_path):
    cells = landcover.read(areas(tmp_path, **{"1": 2, "4": 3})).set_index("variable")
    assert cells["value"].to_dict() == {"land_forest": 5, "land_urban": 7.5, "land_area": 12.5}
    assert cells["raw"]["land_forest"] == "landcover/land.csv||2|C,D,E,F,G"
    assert cells["flag"].to_dict() == {
        "land_forest": "derived", "land_urban": "ok", "land_area": "derived",
    }  # fmt: skip


def test_a_city_without_a_class_has_no_observation_of_it(tmp_path):
    assert "land_cropland" not in set(landcover.read(areas(tmp_path))["variable"])


def test_a_missing_class_is_named(tmp_path):
    path = areas(tmp_path)
    path.write_text(path.read_text().replace(",17\n", ",seventeen\n"), encoding="utf-8")
    with pytest.raises(MissingColumnError, match="'17' is missing"):
        landcover.read(path)


def test_text_for_an_area_names_city_and_year(tmp_path):
    with pytest.raises(DataError, match=r"\(13\), 420100, 2001.*'wide'"):
        landcover.read(areas(tmp_path, **{"13": "wide"}))


@pytest.mark.parametrize("reader", [ntl_class, npp, pop_grid])
def test_all_land_urban_land_and_cropland_are_read(tmp_path, reader):
    headers = [column.header for column in reader.COLUMNS]
    path = tmp_path / "image.csv"
    path.write_text(f"city_id,year,{','.join(headers)}\n420100,2001,9,2,1\n", encoding="utf-8")
    cells = reader.read(path)
    assert cells["value"].tolist() == [9, 2, 1]
    assert cells["variable"].tolist() == [column.variable for column in reader.COLUMNS]
    path.write_text(f"city_id,year,{headers[0]}x\n420100,2001,9\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match=f"'{headers[0]}' is missing"):
        reader.read(path)


@pytest.mark.mirror
@pytest.mark.parametrize("reader", [ntl_class, npp, pop_grid, landcover])
def test_images_cover_367_units_from_2001_to_2020(raw_file, reader):
    cells = reader.read(raw_file(reader.SOURCE))
    assert cells["city"].nunique() == 367
    assert (cells["year"].min(), cells["year"].max()) == (2001, 2020)
    assert {name for name, _, _ in cells.attrs["unmatched"]} == UNMATCHED


@pytest.mark.mirror
def test_land_classes_of_a_city_sum_to_one_area_in_all_years(raw_file):
    cells = landcover.read(raw_file("landcover"))
    area = cells[cells["variable"] == "land_area"].groupby("city")["value"]
    assert (area.max() / area.min() - 1).max() < 1e-9
    wuhan = cells[(cells["city"] == "420100") & (cells["year"] == 2020)].set_index("variable")
    assert wuhan["value"]["land_area"] == pytest.approx(8574.3, abs=0.1)
    assert wuhan["value"]["land_urban"] == pytest.approx(1009.4, abs=0.1)
    assert wuhan["value"]["land_forest"] == pytest.approx(127.6, abs=0.1)
    assert len(RawCell.parse(wuhan["raw"]["land_area"]).columns) == 17


@pytest.mark.mirror
def test_unproductive_urban_land_is_below_the_range_of_the_codebook(raw_file):
    cells = npp.read(raw_file("npp"))
    below = cells["value"] < load_codebook()["npp_urban"].low
    counts = cells[below].groupby("variable").size()
    assert (cells.loc[below, "value"] == 0).all()
    assert counts.to_dict() == {"npp_cropland": 15, "npp_urban": 905}


@pytest.mark.mirror
def test_gridded_people_are_the_nation(raw_file):
    cells = pop_grid.read(raw_file("pop_grid"))
    total = cells[cells["variable"] == "population_grid"].groupby("year")["value"].sum()
    assert total[2010] == pytest.approx(1.3309e9, rel=1e-3)


@pytest.mark.mirror
def test_mean_and_sum_of_light_are_of_one_image(raw_file):
    keys = ["city", "year"]
    total = ntl_sum.read(raw_file("ntl_sum")).query("variable == 'night_lights'")
    mean = ntl_class.read(raw_file("ntl_class")).query("variable == 'night_light_mean'")
    both = total.merge(mean, on=keys).query("value_y > 0")
    pixels = both["value_x"] / both["value_y"]
    spread = np.log(pixels).groupby(both["city"]).std()
    assert spread.idxmax() == "460300"
    assert spread.drop("460300").max() < 0.2
    assert spread.median() < 0.01
