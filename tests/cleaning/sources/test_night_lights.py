"""Night lights: their sum by city (ntl_sum) and their inequality (light_inequality)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.sources import light_inequality, ntl_sum
from urbanecon.errors import DataError, DataWarning, MissingColumnError


def stata(tmp_path: Path, **columns: list[float]) -> Path:
    path = tmp_path / "inequality.dta"
    given = {"city_id": [420100, 420500], "year": [2001, 2001], "GINIW_light_pc": [0.5, 0.4]}
    given |= {"GE_1W_light_pc": [0.3, 0.2], "GE_0W_light_pc": [0.6, 0.1]}
    pd.DataFrame(given | columns).to_stata(path, write_index=False)
    return path


def test_gini_theil_and_mean_log_deviation_come_from_the_light_columns(tmp_path):
    table = light_inequality.read(stata(tmp_path))
    wuhan = table[table["city"] == "420100"].set_index("variable")
    assert wuhan["value"].to_dict() == {"light_gini": 0.5, "light_theil": 0.3, "light_mld": 0.6}
    assert wuhan["raw"]["light_theil"] == "light_inequality/inequality.dta||1|GE_1W_light_pc"


def test_a_missing_value_is_no_observation(tmp_path):
    table = light_inequality.read(stata(tmp_path, GE_0W_light_pc=[np.nan, 0.1]))
    assert table[table["variable"] == "light_mld"]["city"].tolist() == ["420500"]


def test_a_city_year_given_twice_with_two_values_is_a_conflict(tmp_path):
    path = stata(tmp_path, city_id=[420100, 420100])
    with pytest.warns(DataWarning, match="3 cells are given twice"):
        assert set(light_inequality.read(path)["flag"]) == {"conflict"}


def test_a_missing_column_of_the_inequality_file_is_named(tmp_path):
    path = tmp_path / "inequality.dta"
    frame = pd.DataFrame({"city_id": [420100], "year": [2001], "GINI_light_pc": [0.5]})
    frame.to_stata(path, write_index=False)
    with pytest.raises(
        MissingColumnError, match=r"'GINIW_light_pc'.*Did you mean 'GINI_light_pc'"
    ):
        light_inequality.read(path)


def test_the_sum_of_lights_and_its_urban_part_are_read(tmp_path):
    path = tmp_path / "sol.csv"
    path.write_text(
        "city,city_id,year,urban_sol,agriculture_sol,total_sol\n武汉市,420100,2001,2,1,5\n",
        encoding="utf-8",
    )
    table = ntl_sum.read(path).set_index("variable")
    assert table["value"].to_dict() == {"night_lights": 5, "night_lights_urban": 2}
    path.write_text(path.read_text(encoding="utf-8").replace(",5\n", ",inf\n"))
    with pytest.raises(DataError, match=r"row 2, column F \(total_sol\), 420100, 2001.*'inf'"):
        ntl_sum.read(path)


@pytest.mark.mirror
def test_inequality_covers_332_cities_from_2001_to_2020(raw_file):
    table = light_inequality.read(raw_file("light_inequality"))
    assert table["city"].nunique() == 332
    assert (table["year"].min(), table["year"].max()) == (2001, 2020)
    assert table.groupby("variable").size().to_dict() == {
        "light_gini": 6637, "light_theil": 6637, "light_mld": 6634,
    }  # fmt: skip
    assert table["value"].between(0, 5).all()


@pytest.mark.mirror
def test_sums_cover_367_units_and_jump_in_2011_and_where_the_sensor_changes_in_2013(raw_file):
    with pytest.warns(DataWarning, match="80 rows match no city"):
        table = ntl_sum.read(raw_file("ntl_sum"))
    assert table["city"].nunique() == 367
    assert {name for name, _, _ in table.attrs["unmatched"]} == {
        "710000", "810000", "820000", "659011",
    }  # fmt: skip
    total = table[table["variable"] == "night_lights"].groupby("year")["value"].sum()
    growth = total.pct_change()
    assert set(growth[growth > 0.4].index) == {2011, 2013}
    assert growth[2013] == pytest.approx(0.498, abs=0.001)
