"""Which rows an estimate uses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, EstimationError, MissingColumnError, NotEstimableError
from urbanecon.estimation.sample import draw_sample, key_codes


@pytest.fixture
def panel():
    """Synthetic panel, 4 cities and 5 years."""
    index = pd.MultiIndex.from_product(
        [["110000", "120000", "130100", "130200"], range(2010, 2015)], names=["city", "year"]
    )
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(20, 3)), index=index, columns=["y", "x", "z"])
    data["province"] = data.index.get_level_values("city").str[:2]
    data["w"] = 1.0
    return data


def test_rows_with_a_missing_variable_or_key_are_left_out_and_counted(panel):
    panel.iloc[0, 0] = np.nan
    panel.iloc[3, 1] = np.nan
    panel.iloc[7, 3] = None
    sample = draw_sample(panel, ["y", "x"], ["city"], ["province"])
    assert sample.nobs == 17
    assert sample.dropped == {"missing": 3}
    assert panel.index[7] not in sample.index


def test_a_variable_that_is_not_asked_for_costs_no_row(panel):
    panel["z"] = np.nan
    assert draw_sample(panel, ["y", "x"]).nobs == 20


def test_the_order_of_the_rows_given_is_forgotten(panel):
    shuffled = panel.sample(frac=1, random_state=5)
    one = draw_sample(panel, ["y", "x"], ["city", "year"], ["province:year"])
    two = draw_sample(shuffled, ["y", "x"], ["city", "year"], ["province:year"])
    assert one.index.equals(two.index)
    assert np.array_equal(one.values, two.values)
    for key, codes in one.codes.items():
        assert np.array_equal(codes, two.codes[key])


def test_codes_follow_the_sorted_values_of_columns_and_index_levels(panel):
    flat = panel.reset_index()
    flat["year"] = 2014 - flat["year"] + 2010
    assert key_codes(flat, "year")[:5].tolist() == [4, 3, 2, 1, 0]
    reordered = panel.reindex([2014, 2010, 2012, 2011, 2013], level="year")
    years = reordered.index.get_level_values("year")
    assert (key_codes(reordered, "year") == years - 2010).all()


def test_an_interaction_has_one_level_for_each_pair_that_occurs(panel):
    sample = draw_sample(panel, ["y"], ["province:year"])
    assert sample.codes["province:year"].max() + 1 == 15
    panel.iloc[0, 3] = None
    assert (key_codes(panel, "province:year") == -1).sum() == 1


def test_singletons_are_counted_but_kept_unless_told(panel):
    panel = panel.drop([("110000", y) for y in range(2011, 2015)])
    kept = draw_sample(panel, ["y"], ["city", "year"])
    assert (kept.nobs, kept.singletons) == (16, 1)
    gone = draw_sample(panel, ["y"], ["city", "year"], drop_singletons=True)
    assert (gone.nobs, gone.dropped["singleton"]) == (15, 1)
    assert gone.codes["city"].max() + 1 == 3


def test_dropping_singletons_goes_on_until_none_is_left():
    # the singleton city c is the only partner of another city in 2012
    index = pd.MultiIndex.from_tuples(
        [("a", 2010), ("a", 2011), ("b", 2010), ("b", 2011), ("b", 2012), ("c", 2012)],
        names=["city", "year"],
    )
    data = pd.DataFrame({"y": np.arange(6.0)}, index=index)
    sample = draw_sample(data, ["y"], ["city", "year"], drop_singletons=True)
    assert sample.singletons == 2
    assert sample.index.tolist() == index[:4].tolist()


def test_rows_of_weight_zero_leave_and_negative_weights_are_refused(panel):
    panel.iloc[2, 4] = 0.0
    sample = draw_sample(panel, ["y"], weights="w")
    assert sample.dropped == {"missing": 0, "zero weight": 1}
    panel.iloc[6, 4] = -1.0
    with pytest.raises(EstimationError, match=r"weight 'w' is -1 at city 120000, year 2011"):
        draw_sample(panel, ["y"], weights="w")


def test_an_infinite_value_names_variable_city_and_year(panel):
    panel.iloc[8, 1] = -np.inf
    with pytest.raises(EstimationError, match="'x' is infinite at city 120000, year 2013"):
        draw_sample(panel, ["y", "x"])


def test_an_all_missing_variable_is_named(panel):
    panel["x"] = np.nan
    with pytest.raises(NotEstimableError, match="'x' has no value in any of the 20 rows"):
        draw_sample(panel, ["y", "x"])


def test_variables_never_observed_together_leave_no_row_and_are_counted(panel):
    panel.iloc[:10, 0] = np.nan
    panel.iloc[10:, 1] = np.nan
    with pytest.raises(NotEstimableError, match=r"no row is left of 20.*y \(10 values\), x \(10"):
        draw_sample(panel, ["y", "x"])


def test_an_empty_frame_is_not_estimable(panel):
    with pytest.raises(NotEstimableError, match="'y' has no value in any of the 0 rows"):
        draw_sample(panel.iloc[:0], ["y", "x"])


def test_a_missing_column_suggests_the_closest_name(panel):
    panel["ln_gdp_pc"] = 1.0
    with pytest.raises(MissingColumnError, match="Did you mean 'ln_gdp_pc'"):
        draw_sample(panel, ["ln_gdp_cp"])
    with pytest.raises(MissingColumnError, match="Did you mean 'province'"):
        draw_sample(panel, ["y"], ["provinse"])


def test_text_in_a_number_column_names_the_cell(panel):
    panel["x"] = panel["x"].astype(object)
    panel.iloc[4, 1] = "12,5"
    with pytest.raises(DataError, match=r"'x' holds '12,5' at city 110000, year 2014"):
        draw_sample(panel, ["y", "x"])


def test_a_city_year_that_occurs_twice_is_refused(panel):
    twice = pd.concat([panel, panel.iloc[[3]]])
    with pytest.raises(DataError, match="city 110000, year 2013 occurs more than once"):
        draw_sample(twice, ["y"])
