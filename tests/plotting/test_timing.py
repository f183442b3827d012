"""Who became a pilot, and when."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, UnknownNameError
from urbanecon.plotting.style import COHORT_COLOURS, PALE
from urbanecon.plotting.timing import pilot_timing


def test_every_city_is_one_square_coloured_by_its_first_year(pilot_cities: pd.DataFrame) -> None:
    waffle = pilot_timing(pilot_cities).axes[0]
    rows = [[to_hex(c).upper() for c in row.get_facecolors()] for row in waffle.collections]
    assert rows == [
        [COHORT_COLOURS[2014].upper(), COHORT_COLOURS[2014].upper(), PALE],
        [COHORT_COLOURS[2016].upper(), PALE, PALE],
    ]


@pytest.mark.parametrize(
    ("language", "titles", "first"),
    [
        (
            "en",
            [
                "(a)  Each square is a city",
                "(b)  Pilot cities to date",
                "(c)  Pilots among cities",
            ],
            "+2 in 2014",
        ),
        (
            "zh",
            ["(a)  每个方块代表一个城市", "(b)  累计试点城市数", "(c)  试点城市占比"],
            "2014年新增2个",
        ),
    ],
)
def test_panels_and_waves_are_named(
    pilot_cities: pd.DataFrame, language: str, titles: list[str], first: str
) -> None:
    figure = pilot_timing(pilot_cities, language=language)  # type: ignore[arg-type]
    assert [panel.get_title(loc="left") for panel in figure.axes] == titles
    assert figure.axes[1].texts[0].get_text() == first


def test_the_step_line_counts_pilots_to_date(pilot_cities: pd.DataFrame) -> None:
    total = pilot_timing(pilot_cities).axes[1].lines[0]
    counts = dict(zip(total.get_xdata(), total.get_ydata(), strict=True))
    assert counts == {2012: 0, 2013: 0, 2014: 2, 2015: 2, 2016: 3, 2017: 3, 2018: 3}


def test_regions_show_share_and_count(pilot_cities: pd.DataFrame) -> None:
    regional = pilot_timing(pilot_cities).axes[2]
    assert [text.get_text() for text in regional.texts] == ["67%  (2/3)", "33%  (1/3)"]


def test_a_city_standing_twice_is_refused(pilot_cities: pd.DataFrame) -> None:
    twice = pd.concat([pilot_cities, pilot_cities.iloc[[0]].assign(province="Anhui")])
    with pytest.raises(DataError, match="city '320100' stands twice"):
        pilot_timing(twice)


def test_a_province_in_two_regions_is_refused(pilot_cities: pd.DataFrame) -> None:
    region = ["east", "east", "west", "west", "west", "west"]
    with pytest.raises(DataError, match="'Jiangsu' lies in two regions"):
        pilot_timing(pilot_cities.assign(region=region))


def test_a_year_without_a_pilot_wave_is_refused(pilot_cities: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match=r"2013\.0 is no first year of a pilot"):
        pilot_timing(pilot_cities.replace({"first_year": {2016.0: 2013.0}}))


def test_no_pilot_at_all_cannot_be_drawn(pilot_cities: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError):
        pilot_timing(pilot_cities.assign(first_year=np.nan))


def test_a_missing_column_is_named(pilot_cities: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'first_yr'"):
        pilot_timing(pilot_cities.rename(columns={"first_year": "first_yr"}))
