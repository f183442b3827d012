"""The Goodman-Bacon decomposition adds up, and each comparison is what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.bacon import bacon
from urbanecon.estimation.fixed_effects import fixed_effects

STARTS = {
    "never, early, late": [2008.0, 2011.0, np.nan],
    "all treated": [2007.0, 2009.0, 2012.0],
    "always treated too": [2005.0, 2009.0, np.nan],
    "always and later only": [2000.0, 2010.0, 2012.0],
    "one cohort": [2010.0, np.nan, np.nan],
    "after the last year": [2010.0, 2030.0, 2008.0],
}


def simulate(starts, seed=0, cities=31, years=range(2005, 2015)):
    """Synthetic balanced panel of cohorts of unequal size, effects growing."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cities), years], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    first = np.array(starts)[rng.choice(3, cities, p=[0.5, 0.3, 0.2])[city]]
    since = year - first
    effect = np.where(since >= 0, 0.3 * (since + 1), 0.0)
    y = effect + rng.normal(size=cities)[city] + 0.1 * year + rng.normal(size=len(index))
    return pd.DataFrame({"first": first, "y": y}, index=index)


@pytest.mark.parametrize("starts", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("years", [range(2005, 2015), [2003, 2006, 2007, 2010, 2011, 2012, 2014]])
def test_weights_sum_to_one_and_reproduce_the_two_way_estimate(starts, years):
    data = simulate(starts, years=years)
    fit = bacon(data, "y", "first")
    table = fit.extra["comparisons"]
    assert table["weight"].sum() == pytest.approx(1, abs=1e-12)
    assert (table["weight"] > 0).all()
    treated = (data.index.get_level_values("year") >= data["first"]).astype(float)
    plain = fixed_effects(data.assign(d=treated), "y", ["d"])
    assert fit.params["treated"] == pytest.approx(plain.params["d"], abs=1e-12)
    assert (table["weight"] * table["estimate"]).sum() == pytest.approx(
        plain.params["d"], abs=1e-10
    )
    assert abs(fit.stats["identity_error"]) < 1e-10


def test_it_adds_up_on_data_of_others(reference_data):
    data = reference_data("base_stagg").set_index(["id", "year"])
    fit = bacon(data, "y", "year_treated")
    assert abs(fit.stats["identity_error"]) < 1e-10
    assert len(fit.extra["comparisons"]) == 9 + 36 + 36
    assert fit.extra["types"]["weight"].sum() == pytest.approx(1, abs=1e-12)


def test_each_comparison_is_a_regression_on_its_own_rows():
    data = simulate(STARTS["always treated too"], seed=3)
    data["first"] = data["first"].replace(2005.0, 2007.0)
    year = data.index.get_level_values("year")
    for row in bacon(data, "y", "first").extra["comparisons"].itertuples():
        same = data["first"].isna() if np.isnan(row.control) else data["first"] == row.control
        pair = (data["first"] == row.treated) | same
        window = {
            "treated vs never treated": year >= 0,
            "earlier vs later treated": year < row.control,
            "later vs earlier treated": year >= row.control,
        }[row.type]
        rows = data[pair & window]
        after = rows.index.get_level_values("year") >= row.treated
        d = ((rows["first"] == row.treated) & after).astype(float)
        two_by_two = fixed_effects(rows.assign(d=d), "y", ["d"], vcov="iid")
        assert row.estimate == pytest.approx(two_by_two.params["d"], rel=1e-9)


def test_types_hold_the_weighted_means_and_the_forbidden_share():
    fit = bacon(simulate(STARTS["always treated too"]), "y", "first")
    table, types = fit.extra["comparisons"], fit.extra["types"].set_index("type")
    assert list(types.index) == ["treated vs never treated", "later vs always treated"]
    later = table[table["type"] == "later vs always treated"]
    assert types.loc["later vs always treated", "estimate"] == pytest.approx(
        np.average(later["estimate"], weights=later["weight"])
    )
    assert fit.stats["forbidden"] == pytest.approx(later["weight"].sum())


def test_growing_effects_bias_the_comparison_with_earlier_treated_downwards():
    types = bacon(simulate(STARTS["never, early, late"], cities=300), "y", "first").extra["types"]
    by_type = types.set_index("type")["estimate"]
    assert by_type["later vs earlier treated"] < by_type["treated vs never treated"] - 0.5


def test_an_unbalanced_panel_is_refused_or_completed_as_asked():
    data = simulate(STARTS["never, early, late"])
    gap = data.drop(index=(4, 2009))
    with pytest.raises(DataError, match=r"1 of 31 units lack one of the 10 years \(4\)"):
        bacon(gap, "y", "first")
    with pytest.warns(EstimationWarning, match="lack one of the 10 years"):
        fit = bacon(gap, "y", "first", incomplete="drop")
    expected = bacon(data.drop(index=4, level="city"), "y", "first")
    pd.testing.assert_frame_equal(fit.extra["comparisons"], expected.extra["comparisons"])
    missing = data["y"].where(data.index != (4, 2009))
    with pytest.raises(DataError, match="lack one of the 10 years"):
        bacon(data.assign(y=missing), "y", "first")


def test_row_order_does_not_touch_a_digit():
    data = simulate(STARTS["never, early, late"])
    one = bacon(data, "y", "first").extra["comparisons"]
    other = bacon(data.sample(frac=1, random_state=1), "y", "first").extra["comparisons"]
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_what_has_no_comparison_is_refused():
    data = simulate(STARTS["never, early, late"])
    with pytest.raises(EstimationError, match="no comparison to decompose"):
        bacon(data.assign(first=2008.0), "y", "first")
    with pytest.raises(NotEstimableError, match="is treated by 2014"):
        bacon(data.assign(first=2050.0), "y", "first")
    with pytest.raises(DataError, match="'first' changes within city"):
        bacon(data.assign(first=data.index.get_level_values("year")), "y", "first")
    with pytest.raises(MissingColumnError, match="Did you mean 'first'"):
        bacon(data, "y", "frst")
    with pytest.raises(DataError, match="indexed by unit and year, both named"):
        bacon(data.reset_index(), "y", "first")
    with pytest.raises(EstimationError, match="infinite"):
        bacon(data.assign(y=np.inf), "y", "first")
    with pytest.raises(NotEstimableError, match="'y' has no value"):
        bacon(data.assign(y=np.nan), "y", "first")


def test_several_rows_of_a_city_and_year_are_refused():
    data = simulate(STARTS["never, early, late"])
    twice = pd.concat([data.assign(part=1), data.assign(part=2)]).set_index("part", append=True)
    with pytest.raises(DataError, match="city 0, year 2005 occurs more than once"):
        bacon(twice, "y", "first")
