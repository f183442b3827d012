"""Gaps are filled only on request, never beyond the ends, and never unseen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.interpolation import end_cells, interpolate
from urbanecon.cleaning.observations import (
    COLUMNS,
    Flag,
    RawCell,
    check_observations,
    concat_observations,
    make_observations,
)
from urbanecon.cleaning.panel import build_panel
from urbanecon.errors import DataError, MissingColumnError, UnknownNameError

WUHAN = "420100"


def series(
    values: dict[int, float], *, source: str = "city_macro", flags: dict[int, Flag] | None = None
) -> pd.DataFrame:
    """Synthetic observations of GDP of one city; the row of a cell is its year."""
    made = make_observations(
        city=[WUHAN] * len(values),
        year=values,
        variable="gdp",
        value=values.values(),
        source=source,
        raw=[f"{source}/file.csv||{year}|B" for year in values],
    )
    return made.assign(flag=[str((flags or {}).get(year, Flag.OK)) for year in values])


def test_a_straight_line_joins_the_ends_of_a_gap():
    made = interpolate(series({2000: 10.0, 2003: 40.0}), ["gdp"])
    assert made[["year", "value"]].to_numpy().tolist() == [[2001, 20.0], [2002, 30.0]]


def test_equal_growth_joins_the_ends_on_the_log_scale():
    made = interpolate(series({2000: 10.0, 2002: 40.0}), ["gdp"], method="log")
    assert made["value"].tolist() == pytest.approx([20.0], rel=1e-15)


def test_every_made_cell_is_flagged_and_names_its_two_end_cells():
    made = interpolate(series({2000: 10.0, 2003: 40.0}), ["gdp"])
    assert set(made["flag"]) == {Flag.INTERPOLATED}
    for raw in made["raw"]:
        assert end_cells(raw) == (
            RawCell("city_macro/file.csv", "", 2000, "B"),
            RawCell("city_macro/file.csv", "", 2003, "B"),
        )
    check_observations(made, source="city_macro")


def test_nothing_is_made_before_the_first_or_after_the_last_year():
    made = interpolate(series({2010: 1.0, 2012: 3.0}), ["gdp"], max_gap=99)
    assert made["year"].tolist() == [2011]


def test_a_gap_longer_than_the_limit_stays_open():
    gap_of_three = series({2000: 1.0, 2004: 5.0})
    assert interpolate(gap_of_three, ["gdp"], max_gap=2).empty
    assert len(interpolate(gap_of_three, ["gdp"], max_gap=3)) == 3


def test_two_sources_are_not_joined():
    apart = concat_observations(
        [series({2000: 1.0}), series({2002: 3.0}, source="gpi_prefecture")]
    )
    assert interpolate(apart, ["gdp"]).empty


@pytest.mark.parametrize(
    "flag",
    [Flag.OUTLIER, Flag.BOUNDARY_BREAK, Flag.INTERPOLATED, Flag.EXTRAPOLATED],
)
def test_a_gap_is_not_filled_from_a_doubtful_end(flag):
    assert interpolate(series({2000: 1.0, 2002: 3.0}, flags={2002: flag}), ["gdp"]).empty


@pytest.mark.parametrize("flag", [Flag.PASTED, Flag.IMPOSSIBLE, Flag.CONFLICT])
def test_a_cell_that_cannot_stand_is_part_of_the_gap(flag):
    spoilt = series({2000: 1.0, 2001: 99.0, 2002: 3.0}, flags={2001: flag})
    assert interpolate(spoilt, ["gdp"])["value"].tolist() == [2.0]


def test_the_panel_takes_made_cells_and_its_lineage_shows_where_they_stand():
    observed = series({2010: 1e12, 2012: 3e12})
    panel = build_panel(concat_observations([observed, interpolate(observed, ["gdp"])]))
    lineage = panel.lineage("gdp", WUHAN, 2011)
    assert lineage.value == 2e12
    assert lineage.flag is Flag.INTERPOLATED
    assert [cell.row for cell in lineage.raw_cells] == [2010, 2012]


def test_without_the_request_the_gap_stays_missing():
    panel = build_panel(series({2010: 1e12, 2012: 3e12}))
    assert np.isnan(panel.data.at[(WUHAN, 2011), "gdp"])


def test_the_order_of_the_rows_does_not_matter():
    table = series({2000: 1.0, 2002: 3.0, 2005: 9.0})
    pd.testing.assert_frame_equal(
        interpolate(table, ["gdp"]), interpolate(table.iloc[::-1], ["gdp"])
    )


def test_equal_growth_from_a_value_that_is_not_positive_is_refused_with_its_place():
    with pytest.raises(DataError, match=f"gdp of {WUHAN} is 0 in 2002.*method='linear'"):
        interpolate(series({2000: 1.0, 2002: 0.0}), ["gdp"], method="log")


def test_a_cell_given_twice_is_refused():
    twice = concat_observations([series({2000: 1.0}), series({2000: 2.0, 2002: 3.0})])
    with pytest.raises(DataError, match=f"two values of gdp for {WUHAN} in 2000"):
        interpolate(twice, ["gdp"])


def test_a_misspelt_variable_is_an_error_with_the_closest_name():
    with pytest.raises(UnknownNameError, match="Did you mean 'gdp'"):
        interpolate(series({2000: 1.0}), ["gpd"])


def test_an_unknown_method_and_a_gap_below_one_are_refused():
    with pytest.raises(DataError, match="expected 'linear' or 'log'"):
        interpolate(series({2000: 1.0}), ["gdp"], method="cubic")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="at least 1"):
        interpolate(series({2000: 1.0}), ["gdp"], max_gap=0)


def test_a_table_without_flags_is_refused():
    with pytest.raises(MissingColumnError, match="'flag' is missing"):
        interpolate(series({2000: 1.0}).drop(columns="flag"), ["gdp"])


@given(
    st.dictionaries(st.integers(2000, 2024), st.floats(1, 1e12), min_size=1, max_size=12),
    st.sampled_from(["linear", "log"]),
)
def test_made_values_lie_between_their_ends_and_no_observation_is_touched(values, method):
    observed = series(dict(sorted(values.items())))
    before = observed.copy()
    made = interpolate(observed, ["gdp"], method=method)
    pd.testing.assert_frame_equal(observed, before)
    assert list(made.columns) == list(COLUMNS)
    assert not set(made["year"]) & set(values)
    for cell in made.itertuples():
        ends = [values[end.row] for end in end_cells(cell.raw)]
        assert min(ends) * (1 - 1e-12) <= cell.value <= max(ends) * (1 + 1e-12)
