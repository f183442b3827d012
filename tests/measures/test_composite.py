"""Composite indices fitted once and then applied."""

import warnings

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, DataWarning, MissingColumnError, UnknownNameError
from urbanecon.measures.composite import (
    Indicator,
    fit_by_year,
    fit_index,
    leave_one_dimension_out,
    weight_draws,
)
from urbanecon.measures.weighting import METHODS

INDICATORS = [
    Indicator("gdp_pc", "economy"),
    Indicator("openness", "economy"),
    Indicator("pm25", "ecology", positive=False),
    Indicator("students", "services"),
]
each_weighting = pytest.mark.parametrize("weighting", list(METHODS))


@pytest.fixture
def data():
    """Synthetic: 30 cities, 2010-2014, growing."""
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_product(
        [[f"{i:06d}" for i in range(30)], range(2010, 2015)], names=["city", "year"]
    )
    growth = index.get_level_values("year").to_numpy() - 2010
    return pd.DataFrame(
        {
            "gdp_pc": rng.lognormal(10, 0.4, 150) * (1 + 0.1 * growth),
            "openness": rng.uniform(0, 1, 150),
            "pm25": rng.normal(60, 10, 150) - growth,
            "students": rng.gamma(2, 50, 150),
        },
        index=index,
    )


def test_scores_by_hand():
    rows = pd.DataFrame({"good": [0.0, 5.0, 10.0], "bad": [2.0, 4.0, 3.0]})
    index = fit_index(
        rows, [Indicator("good"), Indicator("bad", positive=False)], weighting="equal"
    )
    assert index.normalise(rows)["bad"].tolist() == [1.0, 0.0, 0.5]
    assert index.score(rows).tolist() == [0.5, 0.25, 0.75]
    # (0, 1): at distance 1/2 from both; (1/2, 0): sqrt(1/16 + 1/4) from the best, 1/4 worst
    closeness = 0.25 / (0.25 + np.sqrt(1 / 16 + 1 / 4))
    assert index.topsis(rows).tolist() == pytest.approx([0.5, closeness, 1 - closeness])


@each_weighting
def test_the_index_is_frozen_so_a_subsample_scores_as_in_the_whole(data, weighting):
    index = fit_index(data, INDICATORS, weighting=weighting)
    part = data.xs(2012, level="year", drop_level=False)
    for measure in (index.score, index.topsis):
        pd.testing.assert_series_equal(measure(part), measure(data).loc[part.index])
        assert measure(data).between(0, 1).all()


def test_pooled_bounds_keep_growth_and_yearly_ones_erase_it(data):
    pooled = fit_index(data, INDICATORS[:1], weighting="equal").score(data)
    means = pooled.groupby("year").mean()
    assert means[2014] > means[2010]
    yearly = fit_by_year(data, INDICATORS[:1], weighting="equal")
    best = [yearly[y].score(data.xs(y, level="year", drop_level=False)).max() for y in yearly]
    assert best == [1.0] * 5


def test_values_beyond_the_bounds_are_counted_and_clipped_or_kept(data):
    index = fit_index(data.loc["000000":"000019"], INDICATORS, weighting="equal")
    new = data.loc[["000020"]].copy()
    new.iloc[0, 0] = 1e9
    new.iloc[1, 2] = 1e3
    counts = index.outside(new)
    assert counts["gdp_pc"] >= 1
    with pytest.warns(DataWarning, match=f"clipped to the bounds: gdp_pc {counts['gdp_pc']}"):
        clipped = index.normalise(new)
    assert clipped.iloc[0, 0] == 1.0
    assert clipped.iloc[1, 2] == 0.0
    with pytest.warns(DataWarning, match="kept beyond"):
        kept = index.normalise(new, outside="keep")
    assert kept.iloc[0, 0] > 1
    assert kept.iloc[1, 2] < 0


def test_the_reference_sample_itself_gives_no_warning(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_index(data, INDICATORS).score(data)


def test_a_missing_indicator_leaves_the_score_missing(data):
    index = fit_index(data, INDICATORS)
    holes = data.copy()
    holes.iloc[4, 1] = np.nan
    assert index.score(holes).isna().sum() == 1
    assert fit_index(holes, INDICATORS).nobs == 149


@each_weighting
def test_the_index_is_the_weighted_sum_of_its_dimensions(data, weighting):
    index = fit_index(data, INDICATORS, weighting=weighting)
    dimensions = index.dimensions(data)
    assert list(dimensions) == ["economy", "ecology", "services"]
    total = dimensions.to_numpy() @ index.dimension_weights.to_numpy()
    assert total == pytest.approx(index.score(data).to_numpy())
    assert dimensions.min().min() >= 0
    assert dimensions.max().max() <= 1 + 1e-12


@each_weighting
def test_a_dimension_leaves_the_index_and_the_rest_is_fitted_anew(data, weighting):
    versions = leave_one_dimension_out(data, INDICATORS, weighting=weighting)
    without = versions["ecology"]
    assert "pm25" not in without.weights.index
    assert without.weights.sum() == pytest.approx(1)
    changed = data.assign(pm25=lambda d: d["pm25"] * 3)
    pd.testing.assert_series_equal(without.score(changed), without.score(data))


def test_versions_differ_by_the_dimension_and_not_by_the_sample(data):
    holes = data.copy()
    holes.iloc[:10, 2] = np.nan
    assert leave_one_dimension_out(holes, INDICATORS)["ecology"].nobs == 140


@each_weighting
def test_weights_are_bootstrapped_over_cities(data, weighting):
    def run(frame):
        rng = np.random.default_rng(5)
        return weight_draws(frame, INDICATORS, weighting=weighting, rng=rng, draws=50)

    draws = run(data)
    assert draws.sum(axis=1).to_numpy() == pytest.approx(np.ones(50))
    fitted = fit_index(data, INDICATORS, weighting=weighting)
    spread = draws.std()
    assert ((draws.mean() - fitted.weights).abs() <= spread + 1e-12).all()
    assert (spread > 0).all() == (weighting != "equal")
    pd.testing.assert_frame_equal(run(data.sample(frac=1, random_state=2)), draws)
    scores = fitted.reweighted(draws.iloc[0]).score(data)
    assert scores.between(0, 1).all()


@each_weighting
def test_the_order_of_rows_changes_not_one_bit(data, weighting):
    one = fit_index(data, INDICATORS, weighting=weighting)
    other = fit_index(data.sample(frac=1, random_state=1), INDICATORS, weighting=weighting)
    pd.testing.assert_series_equal(one.weights, other.weights, check_exact=True)


@each_weighting
def test_units_do_not_matter(data, weighting):
    one = fit_index(data, INDICATORS, weighting=weighting)
    other = fit_index(data * 1e4, INDICATORS, weighting=weighting)
    assert one.weights.to_numpy() == pytest.approx(other.weights.to_numpy(), rel=1e-8)


def test_bad_indicators_are_named(data):
    with pytest.raises(MissingColumnError, match=r"'gdp_cp' is missing.*Did you mean 'gdp_pc'"):
        fit_index(data, [Indicator("gdp_cp")])
    with pytest.raises(DataError, match=r"'openness' is constant \(3\)"):
        fit_index(data.assign(openness=3.0), INDICATORS)
    with pytest.raises(DataError, match="'pm25' is missing in every row"):
        fit_index(data.assign(pm25=np.nan), INDICATORS)
    with pytest.raises(DataError, match="'pm25' is listed twice"):
        fit_index(data, [INDICATORS[2], INDICATORS[2]])
    with pytest.raises(DataError, match="no indicators given"):
        fit_index(data, [])
    with pytest.raises(DataError, match="students: inf is no finite number"):
        fit_index(data.assign(students=np.inf), INDICATORS)
    split = data.copy()
    split.iloc[:75, 0], split.iloc[75:, 1] = np.nan, np.nan
    with pytest.raises(DataError, match="no row has all 4 indicators"):
        fit_index(split, INDICATORS)


def test_bad_options_are_named(data):
    with pytest.raises(UnknownNameError, match=r"'entorpy'.*Did you mean 'entropy'"):
        fit_index(data, INDICATORS, weighting="entorpy")
    with pytest.raises(ValueError, match="expected 'clip' or 'keep'"):
        fit_index(data, INDICATORS).score(data, outside="drop")
    with pytest.raises(DataError, match="one dimension 'economy'"):
        leave_one_dimension_out(data, INDICATORS[:2])
    with pytest.raises(DataError, match="sum to one; found sum 2"):
        index = fit_index(data, INDICATORS)
        index.reweighted(2 * index.weights)
