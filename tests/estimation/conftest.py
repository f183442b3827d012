"""Data that several tests of estimators share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def cities():
    """The raw city table with the derived columns that the reference was run on."""
    from city_macro_data import load_data

    raw = load_data().rename(columns=lambda name: name.replace("\r", "").replace("\n", ""))

    def log(values):
        return np.log(values.where(values > 0))

    gdp = raw["地区生产总值(万元)"]
    columns = {
        "city": raw["城市代码"],
        "year": raw["年份"],
        "lgdppc": log(gdp / raw["常住人口(万人)"]),
        "ind2": raw["第二产业增加值占GDP比重(%)"],
        "ltrade": log(raw["进出口总额（百万人民币）"] / gdp),
        "lfin": log(raw["年末金融机构各项贷款余额(万元)"] / gdp),
        "lstud": np.log1p(raw["普通高等学校在校学生数(万人)"]),
        "lfexp": log(raw["一般公共预算支出(万元)"] / gdp),
    }
    return pd.DataFrame(columns).set_index(["city", "year"])


def make_synthetic_panel(seed, cities=12, years=6, present=0.8):
    """Unbalanced synthetic panel with provinces and weights."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [[f"{c:06d}" for c in range(cities)], range(2005, 2005 + years)], names=["city", "year"]
    )
    data = pd.DataFrame(rng.normal(3, 1, (len(index), 3)), index=index, columns=["y", "x", "z"])
    data["province"] = [f"P{int(c) // 3}" for c in index.get_level_values("city")]
    data["weight"] = rng.uniform(0.2, 4, len(data))
    return data[rng.random(len(data)) < present]


@pytest.fixture(scope="session")
def synthetic_panel():
    """Make an unbalanced synthetic panel from a seed."""
    return make_synthetic_panel
