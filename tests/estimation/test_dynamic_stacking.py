"""Which rows and regressors a dynamic panel equation keeps, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dynamic_cases import SPEC, estimate, synthetic

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle


def test_a_unit_with_one_row_changes_nothing_and_is_counted():
    data = synthetic()
    alone = pd.DataFrame(
        {"y": [1.0], "x": [2.0]},
        index=pd.MultiIndex.from_tuples([(999, 2003)], names=["city", "year"]),
    )
    one = estimate(data, **SPEC)
    other = estimate(pd.concat([data, alone]), **SPEC)
    pd.testing.assert_series_equal(one.params, other.params)
    assert other.n_clusters == {"city": 60}
    assert any("1 units" in w for w in other.warnings)


def test_forward_deviations_keep_more_rows_than_differences_when_there_are_gaps():
    data = synthetic()
    data.loc[(slice(None), 2003), "x"] = np.nan
    one = estimate(data, **SPEC)
    other = estimate(data, **SPEC, transform="forward")
    assert other.nobs > one.nobs


def test_collinear_and_constant_regressors_are_dropped_and_named():
    data = synthetic()
    data["twice"] = 2 * data["x"]
    data["city_size"] = data.index.get_level_values(0) * 0.1
    data["national"] = data.index.get_level_values(1) ** 2.0
    spec = SPEC | {"regressors": ["x", "twice", "city_size", "national"], "iv": []}
    with pytest.warns(EstimationWarning, match="dropped: twice, city_size, national"):
        fit = dynamic_panel(data, **spec)
    assert list(fit.params.index) == ["L1.y", "x"]
    pd.testing.assert_series_equal(fit.params, estimate(data, **SPEC).params)


def test_a_year_that_no_unit_has_is_named():
    data = synthetic().drop(2003, level=1)
    with pytest.warns(EstimationWarning, match="no unit has a row in 2003"):
        dynamic_panel(data, **SPEC)


# -- bad input ------------------------------------------------------------------------------


def test_a_misspelt_variable_is_answered_with_the_closest():
    with pytest.raises(MissingColumnError, match="Did you mean 'x1'"):
        dynamic_panel(synthetic().rename(columns={"x": "x1"}), "y", ["x2"], [GmmStyle("y")])


def test_infinite_values_are_refused_and_placed():
    data = synthetic()
    data.iloc[10, 1] = np.inf
    with pytest.raises(EstimationError, match="'x' is infinite at city 1, year 2003"):
        dynamic_panel(data, **SPEC)


def test_text_in_a_number_cell_is_refused():
    data = synthetic().astype({"x": object})
    data.iloc[3, 1] = "n.a."
    with pytest.raises(DataError, match=r"'x' holds 'n\.a\.'"):
        dynamic_panel(data, **SPEC)


def test_a_period_that_a_unit_has_twice_is_refused():
    data = synthetic()
    with pytest.raises(DataError, match="year"):
        dynamic_panel(pd.concat([data, data.iloc[[5]]]), **SPEC)


def test_a_frame_without_panel_index_or_rows_is_refused():
    with pytest.raises(DataError, match="unit and period"):
        dynamic_panel(synthetic().reset_index(drop=True), **SPEC)
    with pytest.raises(NotEstimableError, match="no rows"):
        dynamic_panel(synthetic().iloc[:0], **SPEC)


def test_a_variable_without_any_value_is_refused():
    with pytest.raises(NotEstimableError, match="'x' has no value"):
        dynamic_panel(synthetic().assign(x=np.nan), **SPEC)


def test_one_unit_is_refused():
    with pytest.raises(EstimationError, match="only one unit"):
        dynamic_panel(synthetic(n=1, t=12), **SPEC)


def test_two_periods_are_too_few():
    with pytest.raises(NotEstimableError, match="fewer lags or more periods"):
        dynamic_panel(synthetic(t=2), **SPEC)


def test_fewer_instruments_than_coefficients_are_refused():
    spec = {"gmm": [GmmStyle("y", (2, 2), True)], "iv": [], "time_effects": False}
    with pytest.raises(NotEstimableError, match="do not identify 2 coefficients"):
        dynamic_panel(synthetic(), "y", ["x"], **spec)
    with pytest.raises(NotEstimableError, match="no instruments"):
        dynamic_panel(synthetic(), "y", ["x"], gmm=[], iv=[], time_effects=False)
