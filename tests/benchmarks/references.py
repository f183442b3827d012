"""Stored values of other software, and the data sets that they were computed on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from urbanecon.estimation.fit import Fit

ROOT = Path(__file__).resolve().parents[2]
CONSTANT = {"(Intercept)": "const"}
INVESTMENT = ("inv", ["value", "capital"])
"""Equation of the ten firms: outcome and regressors."""


class Case(NamedTuple):
    """Our numbers and those of the reference, pairwise."""

    estimates: Iterable[tuple[float, float]]
    errors: Iterable[tuple[float, float]] = ()


@cache
def stored(name: str) -> dict[str, Any]:
    """Content of one file of reference values."""
    content: dict[str, Any] = json.loads(
        (ROOT / "tests" / "reference" / f"{name}.json").read_text(encoding="utf-8")
    )
    return content


def values(name: str) -> Any:
    """Results in one file of reference values."""
    return stored(name)["results"]


def data_set(name: str) -> pd.DataFrame:
    """Read a data set that reference values were computed on."""
    mirror = os.environ.get("URBANECON_DATA")
    path = Path(mirror or "").resolve().parent / "reference" / f"data_{name}.csv"
    if not mirror or not path.is_file():
        sys.exit(f"error: {path.name} is not in the folder reference beside URBANECON_DATA")
    return pd.read_csv(path)


def of_fit(
    fit: Fit, expected: dict[str, Any], names: dict[str, str] = CONSTANT, scale: float = 1.0
) -> Case:
    """Compare a fit, its standard errors times `scale`, with {"coef": ..., "se": ...}."""
    coef, se = expected.get("coef", {}), expected["se"]
    return Case(
        [(fit.params[names.get(term, term)], value) for term, value in coef.items()],
        [(fit.se[names.get(term, term)] * scale, value) for term, value in se.items()],
    )


def cities() -> pd.DataFrame:
    """The raw city table with the columns that the reference was run on."""
    from city_macro_data import load_data

    raw = load_data().rename(columns=lambda name: name.replace("\r", "").replace("\n", ""))
    gdp = raw["地区生产总值(万元)"]
    positive = {
        "lgdppc": gdp / raw["常住人口(万人)"],
        "ltrade": raw["进出口总额（百万人民币）"] / gdp,
        "lfin": raw["年末金融机构各项贷款余额(万元)"] / gdp,
        "lfexp": raw["一般公共预算支出(万元)"] / gdp,
    }
    logs = {name: np.log(ratio.where(ratio > 0)) for name, ratio in positive.items()}
    return pd.DataFrame(
        {
            "city": raw["城市代码"],
            "year": raw["年份"],
            "ind2": raw["第二产业增加值占GDP比重(%)"],
            "lstud": np.log1p(raw["普通高等学校在校学生数(万人)"]),
            **logs,
        }
    ).set_index(["city", "year"])


def grunfeld() -> pd.DataFrame:
    """Investment of ten firms; lags for the instruments."""
    data = data_set("grunfeld_plm").set_index(["firm", "year"])
    lags = data.groupby("firm")[["value", "capital"]].shift(1).add_prefix("lag_")
    return data.join(lags)
