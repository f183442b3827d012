"""Cells outside the range, the sign or the life of their city."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audit_tables import series, table

from urbanecon.cleaning import audit

LIFESPANS = pd.DataFrame(
    {"first_year": [2012, pd.NA], "last_year": [pd.NA, 2011]},
    index=["460300", "341400"],
    dtype="Int64",
)


def test_a_value_outside_the_valid_range_is_impossible_and_the_reason_holds_the_numbers():
    findings = audit.impossible(table(value=[-5.0, 5.0], year=[2010, 2011]))
    assert findings[["year", "flag", "rule"]].to_numpy().tolist() == [
        [2010, "impossible", "impossible"]
    ]
    assert findings["reason"].item() == (
        "the value -5 yuan is outside the valid range from 0 to 1e+14"
    )


def test_both_ends_of_the_range_are_valid():
    assert audit.impossible(table(variable="share_primary", value=[0.0, 1.0])).empty


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_value_that_is_no_finite_number_is_impossible_in_any_variable(value):
    for variable in ("imports", "not_in_the_codebook"):
        reason = audit.impossible(table(variable=variable, value=value))["reason"].item()
        assert "not a finite number" in reason


def test_a_variable_that_the_codebook_does_not_describe_has_no_range():
    assert audit.impossible(table(variable="not_in_the_codebook", value=-1e30)).empty


def test_years_before_the_first_and_after_the_last_are_anachronisms_and_no_others():
    found = audit.anachronism(
        table(
            city=["460300", "460300", "341400", "341400", "110000"],
            year=[2011, 2012, 2011, 2012, 1900],
        ),
        LIFESPANS,
    )
    assert found[["city", "year"]].to_numpy().tolist() == [["460300", 2011], ["341400", 2012]]
    assert found["reason"].tolist() == [
        "the city did not exist in 2011: it was founded in 2012",
        "the city did not exist in 2012: its last year was 2011",
    ]


def test_what_is_measured_within_fixed_boundaries_is_no_anachronism():
    assert audit.anachronism(table(city="460300", year=2000, variable="co2"), LIFESPANS).empty


# --- the sign of variables without a range ---------------------------------------------------


def test_a_lone_negative_in_an_unknown_column_of_positives_has_an_odd_sign():
    column = series("unknown", {f"{c}": [1.0] * 20 for c in range(10)})
    column.loc[7, "value"] = -3.0
    found = audit.odd_sign(column)
    assert found[["city", "year", "flag"]].to_numpy().tolist() == [["0", 2007, "outlier"]]
    assert "negative, as 0.50% of the cells" in found["reason"].item()


def test_columns_that_are_often_negative_or_short_or_in_the_codebook_have_no_odd_sign():
    growth = series("unknown", {f"{c}": [1.0, -1.0] * 10 for c in range(10)})
    assert audit.odd_sign(growth).empty
    assert audit.odd_sign(table(variable="unknown", value=[1.0] * 20 + [-1.0])).empty
    known = series("imports", {f"{c}": [1.0] * 20 for c in range(10)})
    known.loc[7, "value"] = -3.0
    assert audit.odd_sign(known).empty
