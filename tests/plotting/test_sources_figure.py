"""Scatter of source against source, one panel a pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, UnknownNameError
from urbanecon.plotting.sources import source_scatter


@pytest.fixture
def table() -> pd.DataFrame:
    """A pair in yuan, a pair in concentrations, a pair on two scales, a pair without cells."""
    rows = [
        ("gdp", "gdp_policies", 3, 0.98, 0.99, 1.02),
        ("pm25_chap", "pm25_wiebe", 3, 0.71, 0.61, 0.67),
        ("night_lights", "night_light_mean", 3, 0.70, 0.79, 2e-5),
        ("so2", "so2_gpi", 0, np.nan, np.nan, np.nan),
    ]
    return pd.DataFrame(rows, columns=["first", "second", "n", "r_levels", "r_logs", "ratio"])


@pytest.fixture
def values() -> pd.DataFrame:
    pairs = {
        ("gdp", "gdp_policies"): ([1e9, 1e10, 0.0], [1e9, 2e10, 1e9]),
        ("pm25_chap", "pm25_wiebe"): ([60.0, 40.0, 80.0], [40.0, 30.0, 50.0]),
        ("night_lights", "night_light_mean"): ([1e4, 1e5, 1e6], [0.2, 2.0, 20.0]),
    }
    frames = [
        pd.DataFrame({"city": ["110000", "120000", "130100"], "year": 2012,
                      "value_first": x, "value_second": y}).assign(first=first, second=second)
        for (first, second), (x, y) in pairs.items()
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def shown(figure):  # type: ignore[no-untyped-def]
    return [panel for panel in figure.axes if panel.get_visible()]


def test_a_panel_a_pair_that_has_cells(values: pd.DataFrame, table: pd.DataFrame) -> None:
    titles = [panel.get_title(loc="left") for panel in shown(source_scatter(values, table))]
    assert [title.replace("\n", " ") for title in titles] == [
        "Gross domestic product", "PM2.5 (CHAP, city centre)", "Sum of night lights",
    ]  # fmt: skip


def test_labels_come_from_the_codebook_in_chinese_too(
    values: pd.DataFrame, table: pd.DataFrame
) -> None:
    panel = source_scatter(values, table, language="zh").axes[0]
    assert panel.get_title(loc="left") == "地区生产总值"
    assert "比值 1.02" in panel.texts[0].get_text()


def test_axes_are_named_by_the_sources(values: pd.DataFrame, table: pd.DataFrame) -> None:
    panel = source_scatter(values, table).axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("city_macro", "city_policies")


def test_amounts_have_logarithmic_axes_and_concentrations_linear_ones(
    values: pd.DataFrame, table: pd.DataFrame
) -> None:
    gdp, pm25, _ = shown(source_scatter(values, table))
    assert (gdp.get_xscale(), gdp.get_yscale()) == ("log", "log")
    assert (pm25.get_xscale(), pm25.get_yscale()) == ("linear", "linear")
    np.testing.assert_allclose(gdp.lines[0].get_xdata(), [1e9, 1e10])


def test_the_line_of_equality_stands_where_both_are_on_one_scale(
    values: pd.DataFrame, table: pd.DataFrame
) -> None:
    lines = [
        [line for line in panel.lines if line.get_gid() == "equality"]
        for panel in shown(source_scatter(values, table))
    ]
    assert [len(found) for found in lines] == [1, 1, 0]
    np.testing.assert_array_equal(lines[0][0].get_xdata(), lines[0][0].get_ydata())


def test_each_panel_says_n_the_correlation_of_its_scale_and_the_ratio(
    values: pd.DataFrame, table: pd.DataFrame
) -> None:
    texts = [panel.texts[0].get_text() for panel in shown(source_scatter(values, table))]
    assert texts == ["N 3\nr 0.99\nratio 1.02", "N 3\nr 0.71\nratio 0.67", "N 3\nr 0.79"]


def test_nothing_in_common_is_nothing_to_draw(values: pd.DataFrame, table: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="source_scatter has no value to draw"):
        source_scatter(values, table.assign(n=0))


def test_a_bad_frame_is_refused(values: pd.DataFrame, table: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'ratios'"):
        source_scatter(values, table.rename(columns={"ratio": "ratios"}))
    with pytest.raises(DataError, match="expected a finite number"):
        source_scatter(values.replace(1e10, np.inf), table)
    with pytest.raises(UnknownNameError, match="no variable 'gdpp'"):
        source_scatter(values.replace("gdp", "gdpp"), table.replace("gdp", "gdpp"))
