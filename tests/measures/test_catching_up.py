"""Catching up, of pilots and of others, and the rank-size rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import MissingColumnError, NotEstimableError
from urbanecon.measures.catching_up import catching_up, rank_size_table

SPEED = {True: 0.06, False: 0.02}
"""Synthetic speeds of convergence: pilots catch up three times as fast."""


@pytest.fixture
def cities() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product(
        [[f"{c}" for c in range(110000, 110080)], (2003, 2013, 2014, 2019)],
        names=["city", "year"],
    )
    pilot = np.repeat(np.arange(80) < 40, 4)
    start = np.repeat(rng.normal(0, 0.6, 80), 4)
    speed = np.where(pilot, SPEED[True], SPEED[False])
    log = start * np.exp(-speed * (index.get_level_values("year").to_numpy() - 2003))
    return pd.DataFrame(
        {"gdp_pc_real": np.exp(10 + log), "pilot_first_year": np.where(pilot, 2014.0, np.nan)},
        index=index,
    )


def test_the_speed_of_each_group_is_found(cities: pd.DataFrame) -> None:
    table = catching_up(cities).set_index(["first", "group"])
    for first in (2003, 2014):
        assert table.loc[(first, "pilot"), "speed"] == pytest.approx(SPEED[True])
        assert table.loc[(first, "never"), "speed"] == pytest.approx(SPEED[False])
        assert table.loc[(first, "pilot"), "half_life"] == pytest.approx(np.log(2) / 0.06)


def test_pilots_and_others_are_compared_once_a_period(cities: pd.DataFrame) -> None:
    table = catching_up(cities).set_index("group")
    pilot, never = table.loc["pilot"], table.loc["never"]
    assert (pilot["difference"].to_numpy() == pilot["beta"].to_numpy() - never["beta"]).all()
    assert table.drop("pilot")["difference"].isna().all()


def test_dispersion_falls_by_the_speed(cities: pd.DataFrame) -> None:
    row = catching_up(cities).query("group == 'never'").iloc[0]
    assert row["sd_last"] / row["sd_first"] == pytest.approx(np.exp(-0.02 * 10))


def test_a_city_without_light_has_no_log_and_is_left_out(cities: pd.DataFrame) -> None:
    cities.loc[("110000", 2003), "gdp_pc_real"] = 0.0
    table = catching_up(cities).set_index(["first", "group"])["cities"]
    assert table[2003, "all"] == 79
    assert table[2014, "all"] == 80


def test_a_period_that_is_not_in_the_panel_is_named(cities: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="1990 and 1995"):
        catching_up(cities, periods=((1990, 1995),))


def test_the_exponent_of_a_power_law_is_found_on_the_cities_of_both_years() -> None:
    names = [f"{c}" for c in range(200)]
    sizes = 1e7 / (np.arange(1, 201) - 0.5)
    data = pd.concat(
        {
            2010: pd.Series(sizes, index=names),
            2020: pd.Series(2 * sizes[:150], index=names[:150]),
        },
        names=["year", "city"],
    )
    data = data.swaplevel().to_frame("population_urban_census")
    table = rank_size_table(data, top=100)
    assert table["rank_size"].tolist() == pytest.approx([1.0, 1.0])
    assert table["cities"].tolist() == [100, 100]


def test_a_missing_column_is_named(cities: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="population_urban_census"):
        rank_size_table(cities)
    with pytest.raises(MissingColumnError, match="Did you mean 'gdp_pc_real'"):
        catching_up(cities, "gdp_pc_reel")
