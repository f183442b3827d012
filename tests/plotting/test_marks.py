"""Direct labels keep apart, titles break where their language allows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.plotting.marks import last_value, line_with_band, number_axis, spread, wrapped
from urbanecon.plotting.style import new_figure


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8), st.floats(0.01, 50))
def test_labels_keep_their_order_distance_and_middle(heights: list[float], gap: float) -> None:
    heights = sorted(heights)
    placed = spread(heights, gap)
    assert np.all(np.diff(placed) >= gap - 1e-9)
    assert np.mean(placed) == pytest.approx(np.mean(heights), abs=1e-6)


def test_labels_that_do_not_touch_stay_where_they_are() -> None:
    assert spread([1.0, 5.0, 5.5], 1.0) == pytest.approx([1.0, 4.75, 5.75])


def test_english_breaks_at_spaces_and_chinese_between_characters() -> None:
    english = "Culture, sports and entertainment employees per 10,000 residents"
    chinese = "每万人文化体育娱乐业从业人员每万人文化体育娱乐业从业人员"
    assert wrapped(english, 40).replace("\n", " ") == english
    assert wrapped(chinese, 40).replace("\n", "") == chinese
    assert wrapped(english, 40).count("\n") >= 1
    assert wrapped(chinese, 40).count("\n") >= 1
    assert wrapped("GDP", 1) == "GDP"


def test_a_line_breaks_at_missing_years_and_a_lonely_year_is_a_dot() -> None:
    panel = new_figure(89, 50).subplots()
    rows = pd.DataFrame(
        {"year": [2010, 2012, 2013], "mean": [1.0, 2.0, 3.0], "low": 0.5, "high": 3.5}
    )
    line_with_band(panel, rows, "black", low="low", high="high")
    line, dots = panel.get_lines()
    assert np.isnan(np.asarray(line.get_ydata(), dtype=float)).tolist() == [
        False,
        True,
        False,
        False,
    ]
    assert list(dots.get_xdata()) == [2010]


def test_shares_are_in_percent_and_large_numbers_have_separators() -> None:
    share, money = new_figure(89, 50).subplots(1, 2)
    share.set_ylim(0, 1)
    money.set_ylim(0, 60_000)
    number_axis(share.yaxis, "share")
    number_axis(money.yaxis, "yuan per person")
    assert share.yaxis.get_major_formatter()(0.4) == "40%"
    assert money.yaxis.get_major_formatter()(40_000.0) == "40,000"


def test_the_last_value_is_the_last_one_known() -> None:
    rows = pd.DataFrame({"year": [2012, 2010, 2011], "mean": [np.nan, 1.0, 2.0]})
    assert last_value(rows) == (2011.0, 2.0)
