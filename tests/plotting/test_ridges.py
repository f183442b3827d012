"""Distributions over cities by year."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import MissingColumnError, NotEstimableError
from urbanecon.plotting.ridges import ridges


@pytest.mark.parametrize(
    ("language", "label"),
    [("en", "Industrial structure upgrading (1-3)"), ("zh", "产业结构升级指数")],
)
def test_one_ridge_a_year_with_the_latest_at_the_bottom(
    city_values: pd.DataFrame, language: str, label: str
) -> None:
    panel = ridges(city_values, "upgrading", language=language).axes[0]  # type: ignore[arg-type]
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["2020", "2010", "2000"]
    assert len(panel.collections) == 3
    assert panel.get_xlabel() == label


def test_medians_stand_where_they_are(city_values: pd.DataFrame) -> None:
    panel = ridges(city_values, "upgrading").axes[0]
    upright = [line.get_xdata()[0] for line in panel.lines if len(line.get_xdata()) == 2]
    medians = city_values.groupby("year")["value"].median()
    assert set(np.round(medians, 9)) <= set(np.round(np.asarray(upright, dtype=float), 9))


def test_a_year_with_few_cities_says_so(city_values: pd.DataFrame) -> None:
    few = city_values["year"].eq(2010) & (city_values.groupby("year").cumcount() >= 5)
    panel = ridges(city_values.assign(value=city_values["value"].mask(few)), "upgrading").axes[0]
    assert len(panel.collections) == 2
    assert [text.get_text() for text in panel.texts] == ["no data"]


def test_too_few_cities_in_all_years_cannot_be_drawn(city_values: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="no year has 10 values"):
        ridges(city_values.groupby("year").head(9), "upgrading")


def test_equal_values_have_no_density(city_values: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match=r"equal 2\.0"):
        ridges(city_values.assign(value=2.0), "upgrading")


def test_a_missing_column_is_named(city_values: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'values'"):
        ridges(city_values.rename(columns={"value": "values"}), "upgrading")
