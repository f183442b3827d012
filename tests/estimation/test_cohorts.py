"""Units by periods with their first treated year: what is kept, and what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, NotEstimableError
from urbanecon.estimation.cohorts import cohort_panel


def panel(first=(np.nan, 2003, 2004, 2001), years=range(2001, 2006)):
    """Synthetic panel of cities "a", "b", ...; y is 10 for the first city, 20 for the next, ..."""
    names = list("abcdefgh")[: len(first)]
    index = pd.MultiIndex.from_product([names, years], names=["city", "year"])
    data = pd.DataFrame({"y": np.arange(len(index), dtype=float)}, index=index)
    data["first"] = np.repeat(first, len(years))
    return data


def test_rows_become_units_by_years_whatever_their_order():
    data = panel()
    found = cohort_panel(data.sample(frac=1, random_state=0), "y", "first", comparable=False)
    assert list(found.units) == ["a", "b", "c", "d"]
    assert found.years.tolist() == [2001, 2002, 2003, 2004, 2005]
    np.testing.assert_array_equal(found.outcome, np.arange(20.0).reshape(4, 5))
    assert found.first.tolist() == [np.inf, 2003, 2004, 2001]
    assert found.index.equals(data.index)


def test_units_without_an_untreated_year_go_only_when_all_must_be_comparable():
    everything = cohort_panel(panel(), "y", "first", comparable=False)
    assert everything.cohorts.tolist() == [2001, 2003, 2004]
    assert everything.notes == ()
    compared = cohort_panel(panel(), "y", "first")
    assert list(compared.units) == ["a", "b", "c"]
    assert compared.notes == ("1 units already treated in 2001 were left out",)


def test_without_never_treated_units_the_last_cohort_is_a_comparison_only():
    data = panel((2003, 2004, 2005))
    found = cohort_panel(data, "y", "first", never_treated_needed=False)
    assert found.years.max() == 2004 and found.cohorts.tolist() == [2003, 2004]
    assert "years from 2005 on were left out" in found.notes[0]
    with pytest.raises(NotEstimableError, match="every unit is treated"):
        cohort_panel(data, "y", "first")


def test_a_unit_with_a_gap_is_left_out_refused_or_kept_as_asked():
    data = panel().drop(("c", 2002))
    options = {"comparable": False}
    dropped = cohort_panel(data, "y", "first", **options)
    assert list(dropped.units) == ["a", "b", "d"]
    assert dropped.notes == ("1 of 4 units lack one of the 5 years (c): left out",)
    with pytest.raises(DataError, match=r"1 of 4 units lack one of the 5 years \(c\)"):
        cohort_panel(data, "y", "first", incomplete="refuse", **options)
    kept = cohort_panel(data, "y", "first", incomplete="keep", **options)
    assert np.isnan(kept.outcome[2, 1]) and np.isnan(kept.outcome).sum() == 1


def test_a_choice_of_units_keeps_every_table_in_step():
    whole = cohort_panel(panel(), "y", "first", comparable=False)
    some = whole.only(np.array([True, False, True, False]), "two left out")
    assert list(some.units) == ["a", "c"] and some.cohorts.tolist() == [2004]
    assert some.outcome.shape == some.weights.shape == some.covariates.shape[:2] == (2, 5)
    assert some.index.get_level_values("city").unique().tolist() == ["a", "c"]
    assert some.n_clusters == 2 and some.notes == ("two left out",)


def test_nobody_treated_within_the_years_is_refused():
    with pytest.raises(NotEstimableError, match="no unit in the sample is treated by 2005"):
        cohort_panel(panel((2050, np.nan)), "y", "first")
