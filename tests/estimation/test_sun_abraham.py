"""Sun and Abraham's event study against fixest and known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.sun_abraham import sun_abraham

YEARS = range(2005, 2015)


def simulate(seed, cities=60, never=True):
    """Synthetic panel; effects differ by cohort and grow, and are known cell by cell."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cities), YEARS], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    first = np.choose(city % 3, [2008.0, 2011.0, np.nan if never else 2013.0])
    since = year - first
    slope = np.where(first == 2008, 0.2, 0.5)
    data = pd.DataFrame({"first": first}, index=index)
    data["effect"] = np.where(since >= 0, slope * (since + 1), 0.0)
    data["x"] = rng.normal(size=len(data))
    noise = rng.normal(size=len(data)) + rng.normal(size=cities)[city]
    data["y"] = data["effect"] + data["x"] + 0.3 * (year - 2005) + noise
    data["w"] = rng.uniform(0.5, 2, len(data))
    return data


def test_every_aggregation_agrees_with_fixest(reference, reference_data):
    data = reference_data("base_stagg").set_index(["id", "year"])
    fit = sun_abraham(data, "y", "year_treated", controls=["x1"], vcov="iid")
    expected = reference("sunab_base_stagg_fixest")["results"]
    names = [
        k if k == "x1" else f"t{int(k.removeprefix('year::')):+d}"
        for k in expected["event"]["coef"]
    ]
    assert set(names) == set(fit.params.index)
    np.testing.assert_allclose(fit.params[names], [*expected["event"]["coef"].values()], rtol=1e-9)
    np.testing.assert_allclose(fit.se[names], [*expected["event"]["se"].values()], rtol=1e-9)
    assert (fit.nobs, fit.df) == (expected["event"]["nobs"], expected["event"]["df_t"])
    assert fit.stats["att"] == pytest.approx(expected["att"]["coef"], rel=1e-9)
    assert fit.stats["att_se"] == pytest.approx(expected["att"]["se"], rel=1e-9)
    by_cohort = {row["_row"]: row for row in expected["cohort"]}
    assert len(fit.extra["cohorts"]) == len(by_cohort) - 1
    for row in fit.extra["cohorts"].itertuples():
        found = by_cohort[f"cohort::{row.cohort}"]
        assert row.estimate == pytest.approx(found["Estimate"], rel=1e-9)
        assert row.se == pytest.approx(found["Std. Error"], rel=1e-9)


def test_without_noise_each_cell_is_the_truth():
    data = simulate(0)
    data["y"] = data["effect"] + data["x"] + data.index.get_level_values("city") ** 0.5
    fit = sun_abraham(data, "y", "first", controls=["x"])
    cells = fit.extra["cells"]
    slope = cells["cohort"].map({2008: 0.2, 2011: 0.5})
    truth = np.where(cells["relative_year"] >= 0, slope * (cells["relative_year"] + 1), 0)
    np.testing.assert_allclose(cells["estimate"], truth, atol=1e-10)
    treated = data["effect"] > 0
    assert fit.stats["att"] == pytest.approx(data.loc[treated, "effect"].mean())


def test_a_relative_year_is_the_weighted_mean_of_its_cells():
    fit = sun_abraham(simulate(1), "y", "first", weights="w")
    cells = fit.extra["cells"].query("relative_year == 2")
    mean = np.average(cells["estimate"], weights=cells["rows"])
    assert fit.params["t+2"] == pytest.approx(mean, rel=1e-12)
    assert cells["rows"].sum() == pytest.approx(
        fit.extra["path"].set_index("relative_year").loc[2, "rows"]
    )


def test_one_cohort_is_the_ordinary_event_study():
    data = simulate(2).query("first != 2011")
    fit = sun_abraham(data, "y", "first")
    since = data.index.get_level_values("year") - data["first"]
    dummies = {f"d{r}": (since == r).astype(float) for r in range(-3, 7) if r != -1}
    plain = fixed_effects(data.assign(**dummies), "y", list(dummies))
    np.testing.assert_allclose(fit.params, plain.params, rtol=1e-10)
    np.testing.assert_allclose(fit.vcov, plain.vcov, rtol=1e-9, atol=1e-14)


def test_without_never_treated_the_last_cohort_is_the_comparison():
    data = simulate(3, never=False)
    with pytest.warns(EstimationWarning, match="cohort of 2013 is the comparison"):
        fit = sun_abraham(data, "y", "first")
    assert fit.sample.get_level_values("year").max() == 2012
    assert 2013 not in set(fit.extra["cohorts"]["cohort"])
    by_hand = data[data.index.get_level_values("year") < 2013]
    by_hand = by_hand.assign(first=by_hand["first"].where(by_hand["first"] < 2013))
    np.testing.assert_allclose(fit.params, sun_abraham(by_hand, "y", "first").params, rtol=1e-12)


def test_a_cohort_without_a_base_year_is_left_out_and_named():
    data = simulate(4)
    cities = data.index.get_level_values("city") == 0
    data.loc[cities, "first"] = 2005.0  # treated from the first year on
    with pytest.warns(EstimationWarning, match=r"relative year -1 were left out: 2005"):
        fit = sun_abraham(data, "y", "first")
    assert 0 not in set(fit.sample.get_level_values("city"))
    assert any("2005" in note for note in fit.warnings)


def test_units_treated_after_the_last_year_are_never_treated():
    data = simulate(5)
    later = data.assign(first=data["first"].fillna(2030))
    expected = sun_abraham(data, "y", "first")
    np.testing.assert_allclose(sun_abraham(later, "y", "first").params, expected.params)


def test_unbalanced_and_shuffled_rows_give_the_same_digits():
    data = simulate(6).sample(frac=0.9, random_state=1)
    one = sun_abraham(data, "y", "first", controls=["x"])
    other = sun_abraham(data.sample(frac=1, random_state=2), "y", "first", controls=["x"])
    pd.testing.assert_series_equal(one.params, other.params, check_exact=True)
    pd.testing.assert_frame_equal(one.vcov, other.vcov, check_exact=True)


def test_a_collinear_control_is_dropped_and_named():
    data = simulate(7)
    with pytest.warns(EstimationWarning, match="'copy' was dropped: collinear"):
        fit = sun_abraham(data.assign(copy=2 * data["x"]), "y", "first", controls=["x", "copy"])
    assert "copy" not in fit.params.index


def test_what_cannot_be_compared_is_refused():
    data = simulate(8)
    with pytest.raises(NotEstimableError, match="missing everywhere"):
        sun_abraham(data.assign(first=np.nan), "y", "first")
    with pytest.raises(NotEstimableError, match="nobody is treated in the years"):
        sun_abraham(data.assign(first=2050.0), "y", "first")
    with pytest.raises(NotEstimableError, match="no cohort has a row in the base year"):
        sun_abraham(data.query("first == 2008"), "y", "first")
    with pytest.raises(EstimationError, match="'y' is infinite at city 0, year 2005"):
        sun_abraham(
            data.assign(y=data["y"].where(data["y"].index != (0, 2005), np.inf)), "y", "first"
        )
    with pytest.raises(EstimationError, match="one cluster"):
        sun_abraham(data.assign(all=1), "y", "first", vcov="cluster(all)")


def swept(columns, cities):
    """Columns of a balanced panel less city and year means."""
    cube = columns.reshape(cities, len(YEARS), -1)
    cube = cube - cube.mean(axis=0) - cube.mean(axis=1, keepdims=True) + cube.mean(axis=(0, 1))
    return cube.reshape(len(columns), -1)


def coverage(seed, cities=60, draws=4000):
    """Share of intervals of "t+2" that hold the truth; only the errors are drawn anew.

    Given the design the estimate is v'y and its variance c sum_city (sum_t v e)^2:
    this is done for all draws at once, c being that of the estimator, and is the
    estimator's own number in the panels where both are computed.
    """
    data = simulate(seed, cities)
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=(len(data), draws))
    shocks += np.repeat(rng.normal(size=(cities, draws)), len(YEARS), axis=0)
    y = (data["effect"] + data["x"]).to_numpy()[:, None] + shocks
    cells = sun_abraham(data, "y", "first", controls=["x"]).extra["cells"]
    since = data.index.get_level_values("year") - data["first"]
    dummies = [
        (data["first"] == c) & (since == r)
        for c, r in zip(cells["cohort"], cells["relative_year"], strict=True)
    ]
    x = swept(np.column_stack([data["x"], *dummies]).astype(float), cities)
    share = np.append(0.0, (cells["relative_year"] == 2) / (cells["relative_year"] == 2).sum())
    inverse = np.linalg.inv(x.T @ x)
    v, net = x @ inverse @ share, swept(y, cities)
    errors = net - x @ (inverse @ (x.T @ net))
    estimate = v @ net
    variance = np.sum((v[:, None] * errors).reshape(cities, len(YEARS), -1).sum(axis=1) ** 2, 0)
    fits = [sun_abraham(data.assign(y=y[:, r]), "y", "first", controls=["x"]) for r in range(3)]
    factor = fits[0].vcov.loc["t+2", "t+2"] / variance[0]
    for r, fit in enumerate(fits):
        assert fit.params["t+2"] == pytest.approx(estimate[r], rel=1e-9)
        assert fit.se["t+2"] == pytest.approx(np.sqrt(factor * variance[r]), rel=1e-9)
    truth = 0.5 * (0.2 * 3 + 0.5 * 3)  # both cohorts are seen two years after
    reach = stats.t.ppf(0.975, fits[0].df) * np.sqrt(factor * variance)
    return np.mean(np.abs(estimate - truth) <= reach)


@pytest.mark.slow
def test_intervals_cover_the_known_mean_effect():
    assert 0.94 <= coverage(0) <= 0.96
