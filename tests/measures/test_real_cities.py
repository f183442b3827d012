"""The measures on the city panel as published."""

import pandas as pd
import pytest

from urbanecon.measures.dagum import dagum_by_year
from urbanecon.measures.inequality import theil_by_year


@pytest.fixture(scope="module")
def published():
    """GDP per head (yuan), residents (persons) and province code, cells below 1e7 yuan a head."""
    from city_macro_data import load_data

    raw = load_data().rename(columns=lambda name: "".join(str(name).split()))
    raw = raw.rename(columns={"城市代码": "city", "年份": "year", "省份代码": "province"})
    raw = raw.set_index(["city", "year"]).sort_index()
    residents = raw["常住人口(万人)"] * 1e4
    gdp_pc = raw["地区生产总值(万元)"] * 1e4 / residents
    return gdp_pc.where(gdp_pc < 1e7).rename("gdp_pc"), residents, raw["province"]


def test_inequality_between_cities_fell_from_2005_to_2020(published):
    values, residents, province = published
    window = values[values.index.get_level_values("year").isin(range(2005, 2021))]
    table = theil_by_year(window, residents, province)
    assert (table["within"] + table["between"]).to_numpy() == pytest.approx(
        table["total"].to_numpy(), abs=1e-12
    )
    assert table["cities"].min() > 280
    assert table.loc[2020, "total"] < 0.75 * table.loc[2005, "total"]
    assert table["between_share"].between(0.3, 0.7).all()


def test_the_dagum_parts_add_up_on_the_published_panel(published):
    values, residents, province = published
    window = values[values.index.get_level_values("year").isin((2005, 2020))]
    region = pd.Series(province // 100_000, index=province.index)
    table = dagum_by_year(window, residents, region)
    parts = table[["within", "net_between", "transvariation"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(table["gini"].to_numpy(), abs=1e-12)
