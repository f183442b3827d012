"""Lists of pilots: low-carbon cities and Broadband China (low_carbon_pilot, broadband_china)."""

from __future__ import annotations

import pandas as pd
import pytest

from urbanecon.cleaning.sources import broadband_china, city_policies, low_carbon_pilot
from urbanecon.errors import DataWarning, MissingColumnError


def test_a_list_without_its_year_is_refused(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("listed_name,years\n武汉市,2014\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match=r"'year' is missing\. Did you mean 'years'"):
        broadband_china.read(path)


def test_a_low_carbon_city_has_its_year(tmp_path):
    path = tmp_path / "list.xlsx"
    pd.DataFrame({"城市名": ["武汉市"], "政策实施年": [2010]}).to_excel(path, index=False)
    cells = low_carbon_pilot.read(path)
    assert cells[["city", "variable", "value"]].to_numpy().tolist() == [
        ["420100", "low_carbon_first_year", 2010.0]
    ]


@pytest.mark.mirror
def test_135_low_carbon_cities_of_which_2010_holds_five_provinces(raw_file):
    cells = low_carbon_pilot.read(raw_file("low_carbon_pilot"))
    assert cells["value"].value_counts().to_dict() == {2010: 81, 2012: 26, 2017: 28}
    first = cells[cells["value"] == 2010]["city"]
    provinces = first.str[:2].value_counts()
    assert provinces[["44", "21", "42", "61", "53"]].to_dict() == {
        "44": 21, "21": 14, "42": 13, "61": 10, "53": 16,
    }  # fmt: skip
    assert "540100" not in set(cells["city"])


@pytest.mark.mirror
def test_113_broadband_cities_and_six_places_below_the_prefecture(raw_file):
    with pytest.warns(DataWarning, match="6 rows match no city"):
        cells = broadband_china.read(raw_file("broadband_china"))
    assert cells["value"].value_counts().to_dict() == {2014: 40, 2015: 36, 2016: 37}
    assert {name for name, _, _ in cells.attrs["unmatched"]} == {
        "昆山市", "永城市", "重庆市江津区", "重庆市荣昌区", "重庆市九龙坡区", "重庆市北碚区",
    }  # fmt: skip
    assert "500000" not in set(cells["city"])


@pytest.mark.mirror
def test_the_low_carbon_years_of_the_robustness_source_agree_in_33_of_49_cities(raw_file):
    listed = low_carbon_pilot.read(raw_file("low_carbon_pilot")).set_index("city")["value"]
    cells = city_policies.read(raw_file("city_policies"))
    other = cells[cells["variable"] == "low_carbon_first_year_policies"].set_index("city")["value"]
    assert len(other) == 49
    assert (listed.reindex(other.index) == other).sum() == 33
    assert (listed["350200"], other["350200"]) == (2010, 2017)
