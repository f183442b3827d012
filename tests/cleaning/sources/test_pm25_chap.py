"""PM2.5 of CHAP at city centres."""

from __future__ import annotations

from pathlib import Path

import pytest

from urbanecon.cleaning.sources import pm25_chap, pm25_wiebe
from urbanecon.errors import DataError, MissingColumnError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "panel.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_and_provinces_decide_the_city(tmp_path):
    text = "geo_name,province,year,pm25\n苏州市,江苏,2010,50\n宿州市,安徽,2010,60\n"
    table = pm25_chap.read(written(tmp_path, text))
    assert table[["city", "value", "raw"]].to_numpy().tolist() == [
        ["320500", 50.0, "pm25_chap/panel.csv||2|D"],
        ["341300", 60.0, "pm25_chap/panel.csv||3|D"],
    ]


def test_a_missing_column_is_named_with_the_closest_one(tmp_path):
    with pytest.raises(MissingColumnError, match=r"'pm25' is missing\. Did you mean 'pm2\.5'"):
        pm25_chap.read(written(tmp_path, "geo_name,province,year,pm2.5\n苏州市,江苏,2010,50\n"))


def test_a_text_in_a_number_cell_is_named_with_city_and_year(tmp_path):
    text = "geo_name,province,year,pm25\n苏州市,江苏,2010,high\n"
    with pytest.raises(DataError, match=r"苏州市, 2010: expected a finite number, found 'high'"):
        pm25_chap.read(written(tmp_path, text))


@pytest.mark.mirror
def test_the_file_holds_366_units_in_every_year_from_2010_to_2019(raw_file):
    table = pm25_chap.read(raw_file("pm25_chap"))
    assert len(table) == 366 * 10
    assert table.attrs["unmatched"] == []
    assert table["value"].between(5, 150).all()


@pytest.mark.mirror
def test_the_level_is_half_above_the_mean_over_the_area_so_that_no_splice_is_possible(raw_file):
    centre = pm25_chap.read(raw_file("pm25_chap")).set_index(["city", "year"])["value"]
    with pytest.warns(UserWarning, match="match no city"):
        mean = pm25_wiebe.read(raw_file("pm25_wiebe")).set_index(["city", "year"])["value"]
    ratio = (centre / mean).dropna()
    assert len(ratio) > 2000
    assert 1.4 < ratio.median() < 1.6
