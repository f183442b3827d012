"""City statistics and policies of unclear provenance (city_policies)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.registry import load_registry
from urbanecon.cleaning.sources import city_policies
from urbanecon.errors import DataError, MissingColumnError


def written(tmp_path: Path, **changed: list[object]) -> Path:
    headers = [column.header for column in city_policies.COLUMNS]
    frame = pd.DataFrame({"city": "武汉市", "city_code": 420100, "year": [2012, 2013]})
    frame = frame.assign(**dict.fromkeys(headers, 2.0))
    frame = frame.assign(**dict.fromkeys(city_policies.FIRST_YEARS, 0))
    frame["smart_first_year"] = 2013
    path = tmp_path / "panel.csv"
    frame.assign(**changed).to_csv(path, index=False)
    return path


def test_a_first_year_is_read_once_a_city_and_zero_means_never(tmp_path):
    cells = city_policies.read(written(tmp_path))
    years = cells[cells["variable"].str.contains("first_year")]
    assert years[["city", "year", "variable", "value"]].to_numpy().tolist() == [
        ["420100", 2013, "smart_first_year_policies", 2013.0]
    ]
    assert years["raw"].item().startswith("city_policies/panel.csv||2|")


def test_amounts_are_in_yuan_and_dollars(tmp_path):
    cells = city_policies.read(written(tmp_path)).query("year == 2012").set_index("variable")
    assert cells["value"]["gdp_policies"] == 2e4
    assert cells["value"]["fdi_policies"] == 2e4
    assert cells["value"]["so2_policies"] == 2


def test_a_first_year_that_changes_within_a_city_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"sponge_first_year\), 武汉市.*\[0\.0, 2015\.0\]"):
        city_policies.read(written(tmp_path, sponge_first_year=[0, 2015]))


def test_a_missing_policy_is_named(tmp_path):
    path = written(tmp_path)
    pd.read_csv(path).rename(columns={"smart_first_year": "smart_year"}).to_csv(path, index=False)
    with pytest.raises(MissingColumnError, match="'smart_first_year' is missing"):
        city_policies.read(path)


def test_every_variable_carries_the_source_in_its_name():
    assert load_registry()["city_policies"].tier == "C"
    of_source = [v for v in load_codebook().values() if "city_policies" in v.sources]
    assert len(of_source) == 13
    assert all(v.name.endswith("_policies") and len(v.sources) == 1 for v in of_source)


@pytest.mark.mirror
def test_policies_have_the_numbers_of_cities_of_their_batches(raw_file):
    cells = city_policies.read(raw_file("city_policies"))
    years = cells[cells["variable"].str.contains("first_year")]
    counts = years.groupby(["variable", "value"]).size()
    assert counts["smart_first_year_policies"].to_dict() == {2013: 82, 2014: 28, 2015: 5}
    assert counts["low_carbon_first_year_policies"].to_dict() == {2010: 7, 2012: 27, 2017: 15}
    assert counts.groupby("variable").sum().to_dict() == {
        "care_insurance_first_year_policies": 26,
        "ecommerce_first_year_policies": 99,
        "low_carbon_first_year_policies": 49,
        "smart_first_year_policies": 115,
        "sponge_first_year_policies": 23,
    }


@pytest.mark.mirror
def test_the_rows_of_the_prefecture_hainan_hold_haikou_and_sanya(raw_file):
    cells = city_policies.read(raw_file("city_policies"))
    gdp = cells[cells["variable"] == "gdp_policies"].pivot(
        index="year", columns="city", values="value"
    )
    years = range(2000, 2015)
    cities = gdp["460100"] + gdp["460200"]
    assert (gdp["632500"][years] / cities[years] - 1).abs().max() < 1e-6
