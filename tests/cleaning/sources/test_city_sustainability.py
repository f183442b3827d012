"""City statistics of 2004-2012 (city_sustainability)."""

from __future__ import annotations

import pandas as pd
import pytest

from urbanecon.cleaning.sources import city_sustainability
from urbanecon.errors import MissingColumnError


def frame(**changed: object) -> pd.DataFrame:
    headers = [column.header for column in city_sustainability.COLUMNS]
    rows = [("毫州市", 2005, 1, 2, 3, 4), ("亳州市", 2006, 5, 6, 7, 8)]
    return pd.DataFrame(rows, columns=["城市", "年份", *headers]).assign(**changed)


def test_a_misspelt_city_joins_the_rows_of_the_rightly_spelt(tmp_path):
    path = tmp_path / "cities.xlsx"
    frame().to_excel(path, index=False)
    cells = city_sustainability.read(path)
    assert set(cells["city"]) == {"341600"}
    assert cells[cells["year"] == 2005].set_index("variable")["value"].to_dict() == {
        "gdp_sustainability": 1e4,
        "retail_sales_sustainability": 2e4,
        "hospital_beds": 3,
        "so2_sustainability": 4,
    }


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "cities.xlsx"
    frame().rename(columns={"工业二氧化硫排放量_全市_吨": "二氧化硫"}).to_excel(path, index=False)
    with pytest.raises(MissingColumnError, match="'工业二氧化硫排放量_全市_吨' is missing"):
        city_sustainability.read(path)


@pytest.mark.mirror
def test_286_cities_are_read_and_the_impossible_so2_of_wuhan_is_left_to_the_audit(raw_file):
    cells = city_sustainability.read(raw_file("city_sustainability"))
    assert cells["city"].nunique() == 286
    assert (cells["year"].min(), cells["year"].max(), len(cells)) == (2004, 2012, 4 * 1989)
    wuhan = cells[cells["city"] == "420100"].set_index(["variable", "year"])["value"]
    assert wuhan["so2_sustainability", 2011] == 268_458
    assert wuhan["retail_sales_sustainability", 2010] == 25_704_037e4
    assert cells.attrs["unmatched"] == []
