"""Lorenz curves and Dagum's parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError
from urbanecon.plotting.dagum import PARTS, lorenz_and_dagum


@pytest.fixture
def curves() -> pd.DataFrame:
    """Curves of two years."""
    p = np.linspace(0, 1, 11)
    tables = [
        pd.DataFrame({"year": year, "population": p, "share": p**power})
        for year, power in ((2003, 2.2), (2019, 1.8))
    ]
    return pd.concat(tables)


@pytest.fixture
def parts() -> pd.DataFrame:
    """Parts of the Gini index, 2003-2007."""
    return pd.DataFrame(
        {"year": range(2003, 2008), "within": 0.1, "net_between": 0.2, "transvariation": 0.05}
    )


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en", ["(a)  Lorenz curves", "(b)  Gini index and its parts (Dagum), four regions"]),
        ("zh", ["(a)  洛伦兹曲线", "(b)  基尼系数及其Dagum分解（四大地区）"]),
    ],
)
def test_curves_beside_parts(
    curves: pd.DataFrame, parts: pd.DataFrame, language: str, titles: list[str]
) -> None:
    figure = lorenz_and_dagum(curves, parts, "gdp_pc_real", language=language)  # type: ignore[arg-type]
    assert [panel.get_title(loc="left") for panel in figure.axes] == titles


def test_each_year_has_its_curve_below_the_diagonal(
    curves: pd.DataFrame, parts: pd.DataFrame
) -> None:
    lorenz = lorenz_and_dagum(curves, parts, "gdp_pc_real").axes[0]
    drawn = {line.get_label(): line for line in lorenz.lines}
    for year in ("2003", "2019"):
        x, y = drawn[year].get_data()
        assert (np.asarray(y)[1:-1] < np.asarray(x)[1:-1]).all()


def test_parts_are_stacked_up_to_the_gini_index(curves: pd.DataFrame, parts: pd.DataFrame) -> None:
    panel = lorenz_and_dagum(curves, parts, "gdp_pc_real").axes[1]
    assert len(panel.collections) == len(PARTS)
    (total,) = panel.lines
    np.testing.assert_allclose(total.get_ydata(), 0.35)


def test_a_missing_year_is_hatched(curves: pd.DataFrame, parts: pd.DataFrame) -> None:
    panel = lorenz_and_dagum(curves, parts[parts["year"] != 2005], "gdp_pc_real").axes[1]
    (gap,) = [patch for patch in panel.patches if patch.get_hatch()]
    assert gap.get_x() == 2004.5


def test_text_in_a_number_cell_is_refused(curves: pd.DataFrame, parts: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'much'"):
        lorenz_and_dagum(curves, parts.assign(within="much"), "gdp_pc_real")


def test_a_missing_column_is_named(curves: pd.DataFrame, parts: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="'net_between' is missing"):
        lorenz_and_dagum(curves, parts.drop(columns="net_between"), "gdp_pc_real")
    with pytest.raises(MissingColumnError, match="'year' is missing"):
        lorenz_and_dagum(curves.drop(columns="year"), parts, "gdp_pc_real")
