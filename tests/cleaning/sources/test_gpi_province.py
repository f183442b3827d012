"""The provinces' GPI tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning import audit
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.prices import provincial_index
from urbanecon.cleaning.sources import gpi_province
from urbanecon.errors import DataError


def test_the_keys_are_the_31_provinces_of_the_divisions():
    divisions = load_divisions()[["province", "province_en"]].drop_duplicates()
    names = divisions.set_index("province")["province_en"].to_dict()
    declared = {
        key: name.replace("Yunan", "Yunnan") for name, key in gpi_province.PROVINCES.items()
    }
    assert declared == names


@pytest.fixture(scope="module")
def observations(raw_file) -> pd.DataFrame:
    return gpi_province.read(raw_file("gpi_province"))


@pytest.fixture(scope="module")
def wide(observations) -> pd.DataFrame:
    return observations.pivot_table(index=["city", "year"], columns="variable", values="value")


@pytest.mark.mirror
def test_every_variable_that_the_codebook_expects_is_read_from_1985_to_2018(observations):
    book = load_codebook()
    expected = {name for name in book if gpi_province.SOURCE in book[name].sources}
    assert set(observations["variable"]) == expected
    assert observations["city"].nunique() == 31
    assert (observations["year"].min(), observations["year"].max()) == (1985, 2018)


@pytest.mark.mirror
def test_hainan_begins_in_1988_and_chongqing_in_1997(wide):
    population = wide["population_province"].dropna()
    assert population.loc["460000"].index.min() == 1988
    assert population.loc["500000"].index.min() == 1997


@pytest.mark.mirror
def test_the_official_gdp_of_beijing_in_2010_is_found_in_yuan(wide):
    assert wide.loc[("110000", 2010), "gdp_province"] == pytest.approx(14_113.58e8)


@pytest.mark.mirror
def test_numbers_kept_as_text_with_blanks_are_read(observations):
    cell = observations[
        (observations["variable"] == "education_private_urban_province")
        & (observations["city"] == "110000")
        & (observations["year"] == 2003)
    ]
    assert cell["value"].item() == 971.0


@pytest.mark.mirror
def test_urban_and_rural_residents_add_up_to_all(wide):
    total = wide["population_urban_province"] + wide["population_rural_province"]
    assert np.nanmax(np.abs(total / wide["population_province"] - 1)) < 1e-9


@pytest.mark.mirror
def test_the_residents_of_all_provinces_are_the_nation_s(wide):
    national = wide["population_province"].groupby("year").sum()
    assert national.loc[2018] == pytest.approx(1.395e9, rel=0.01)


@pytest.mark.mirror
def test_the_price_index_is_one_in_1997_and_one_series_for_all_provinces(observations, wide):
    index = wide["price_index_province"].dropna()
    assert (index.xs(1997, level="year") == 1).all()
    spread = index.groupby("year").agg(lambda prices: prices.max() / prices.min() - 1)
    assert spread[spread > 1e-12].index.tolist() == [1985, 1987, 1990]
    findings = audit.pasted(observations)
    assert set(findings["variable"]) == {"price_index_province"}
    assert len(findings) == len(index)


@pytest.mark.mirror
def test_deflating_by_it_is_refused_once_the_audit_has_flagged_it(observations):
    flagged = audit.apply_findings(observations, audit.pasted(observations))
    with pytest.raises(DataError, match="all its cells are flagged pasted"):
        provincial_index(flagged)
