"""The imputation estimator against its formula in dense matrices, and known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.imputation import imputation
from urbanecon.estimation.imputed import impute
from urbanecon.estimation.sample import draw_sample

YEARS = range(2005, 2015)


def simulate(seed, cities=60, share=1.0):
    """Synthetic panel of three cohorts and a never treated group, effects by cohort and year."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cities), YEARS], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    first = np.choose(city % 4, [2008.0, 2010.0, 2012.0, np.nan])
    since = year - first
    data = pd.DataFrame({"first": first, "province": city % 8}, index=index)
    data["effect"] = np.where(since >= 0, 0.5 + 0.2 * since + (first == 2008), 0.0)
    data["x"], data["w"] = rng.normal(size=len(data)), rng.uniform(0.5, 2, len(data))
    noise = rng.normal(size=len(data)) + rng.normal(size=cities)[city]
    data["y"] = data["effect"] + data["x"] + 0.3 * (year - 2005) + noise
    return data[(rng.random(len(data)) < share) | (year == 2005)]  # all have an untreated row


def by_hand(data, horizon, controls=(), weights=None, cluster="city"):
    """Estimate and error from the dense formulas of the paper."""
    data = data.sort_index()
    city, year = (data.index.get_level_values(k).to_numpy() for k in ("city", "year"))
    since = (year - data["first"]).to_numpy()
    d = since >= 0
    z = np.column_stack([pd.get_dummies(city), pd.get_dummies(year), data[list(controls)]]).astype(
        float
    )
    omega = np.ones(len(data)) if weights is None else data[weights].to_numpy()
    y = data["y"].to_numpy()
    inverse = np.linalg.pinv(z[~d].T @ (omega[~d, None] * z[~d]))
    residual = y - z @ inverse @ z[~d].T @ (omega[~d] * y[~d])
    chosen = np.ones(d.sum(), dtype=bool) if horizon is None else since[d] == horizon
    w = omega[d] * chosen / (omega[d] * chosen).sum()
    v = np.zeros(len(data))
    v[d] = w
    v[~d] = -(omega[~d, None] * z[~d]) @ inverse @ z[d].T @ w
    excess = residual.copy()
    groups = np.unique(data.get(cluster, city), return_inverse=True)[1]
    first = data["first"].to_numpy()
    for g in np.unique(first[d]):
        for r in np.unique(since[d][chosen]):
            cell = d & (first == g) & (since == r)
            total = np.bincount(groups[cell], v[cell])
            weighted = np.bincount(groups[cell], (v * residual)[cell])
            if (total**2).sum():
                excess[cell] -= (total * weighted).sum() / (total**2).sum()
    sums = np.bincount(groups, v * excess)
    return w @ residual[d], np.sqrt(sums @ sums)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("controls", [(), ("x",)])
@pytest.mark.parametrize("cluster", ["city", "province"])
@pytest.mark.parametrize("share", [1.0, 0.85])
def test_estimates_and_errors_are_those_of_the_dense_formulas(weights, controls, cluster, share):
    data = simulate(1, cities=40, share=share)
    fit = imputation(data, "y", "first", controls=controls, weights=weights, cluster=cluster)
    for name, horizon in (("att", None), ("t+0", 0), ("t+3", 3), ("t+6", 6)):
        estimate, se = by_hand(data, horizon, controls, weights, cluster)
        assert fit.params[name] == pytest.approx(estimate, rel=1e-10, abs=1e-12)
        assert fit.se[name] == pytest.approx(se, rel=1e-9)


def test_without_noise_every_effect_is_recovered():
    data = simulate(2)
    data["y"] = data["effect"] + 2 * data["x"] + data.index.get_level_values("city") * 0.1
    fit = imputation(data, "y", "first", controls=["x"])
    effects = fit.extra["effects"].set_index(["city", "year"])
    np.testing.assert_allclose(effects["tau"], data.loc[effects.index, "effect"], atol=1e-10)
    path = fit.extra["path"].set_index("relative_year")
    truth = data.assign(r=data.index.get_level_values("year") - data["first"])
    truth = truth[truth["r"] >= 0].groupby("r")["effect"].mean()
    np.testing.assert_allclose(path["estimate"], truth, atol=1e-10)
    assert path["rows"].sum() == fit.stats["treated_rows"]


def test_province_by_year_effects_leave_out_what_they_cannot_predict():
    data = simulate(3, cities=80)
    data["province"] = data.index.get_level_values("city") // 8
    lone = data["province"] == 0
    data.loc[lone, "first"] = 2010.0  # a whole province treated in one year
    with pytest.warns(EstimationWarning, match="40 of .* treated rows were left out"):
        fit = imputation(data, "y", "first", effects=["city", "province:year"])
    kept = fit.extra["effects"].set_index(["city", "year"]).index
    assert data.loc[kept, "province"].min() > 0


def test_units_always_treated_are_left_out_and_counted():
    data = simulate(4)
    data.loc[data.index.get_level_values("city") == 0, "first"] = 2000.0
    with pytest.warns(EstimationWarning, match="10 of .* treated rows were left out"):
        fit = imputation(data, "y", "first")
    assert 0 not in set(fit.sample.get_level_values("city"))


def test_years_without_untreated_units_are_left_out():
    data = simulate(5)
    data = data[data["first"].notna()]  # from 2012 on everyone is treated
    with pytest.warns(EstimationWarning, match="treated rows were left out"):
        fit = imputation(data, "y", "first")
    assert fit.extra["effects"]["year"].max() == 2011
    assert "2012" not in set(fit.extra["effects"]["cohort"].astype(str))


def test_effects_that_only_separate_groups_of_rows_could_give_are_not_invented():
    """Two sets of cities without a common untreated year: levels exist, links do not."""
    index = pd.MultiIndex.from_tuples(
        [(c, t) for c in range(6) for t in ((1, 2, 3) if c < 3 else (3, 4, 5, 6))],
        names=["city", "year"],
    )
    data = pd.DataFrame({"first": np.nan}, index=index)
    city = index.get_level_values("city")
    data.loc[city == 0, "first"] = 3.0
    data.loc[(city > 0) & (city < 3), "first"] = 3.0
    data["y"] = np.random.default_rng(0).normal(size=len(data))
    with pytest.raises(NotEstimableError, match="no treated row has a prediction"):
        imputation(data, "y", "first", leads=0)


def test_leads_are_tested_on_untreated_rows_and_find_a_pre_trend():
    data = simulate(6, cities=120)
    quiet = imputation(data, "y", "first", leads=3)
    assert [*quiet.extra["pretrend"]["relative_year"]] == [-3, -2, -1]
    assert quiet.diagnostics[0].df == (3, 119)
    assert quiet.diagnostics[0].p > 0.01
    drift = 0.6 * (data.index.get_level_values("year") - data["first"]).fillna(0)
    loud = imputation(data.assign(y=data["y"] + drift), "y", "first", leads=3)
    assert loud.diagnostics[0].p < 1e-4


def test_anticipation_moves_rows_to_the_treated_side():
    data = simulate(7)
    fit = imputation(data, "y", "first", anticipation=1)
    assert fit.params.index[1] == "t-1"
    earlier = imputation(data.assign(first=data["first"] - 1), "y", "first")
    np.testing.assert_allclose(fit.params, earlier.params, rtol=1e-12)


def test_another_dating_is_another_column():
    data = simulate(8)
    data["later"] = data["first"] + 1
    assert (
        imputation(data, "y", "later").params["att"]
        != imputation(data, "y", "first").params["att"]
    )


def test_a_cohort_of_one_unit_is_named():
    data = simulate(9)
    data.loc[data.index.get_level_values("city") == 3, "first"] = 2009.0
    with pytest.warns(EstimationWarning, match=r"cohorts of one unit \(2009\)"):
        imputation(data, "y", "first")


def test_row_order_does_not_touch_a_digit():
    data = simulate(10, share=0.9)
    one = imputation(data, "y", "first", controls=["x"])
    other = imputation(data.sample(frac=1, random_state=3), "y", "first", controls=["x"])
    pd.testing.assert_series_equal(one.params, other.params, check_exact=True)
    pd.testing.assert_frame_equal(one.vcov, other.vcov, check_exact=True)


def test_missing_outcomes_leave_and_collinear_controls_are_named():
    data = simulate(11)
    data["copy"] = data["x"] * 3
    data.iloc[5, data.columns.get_loc("y")] = np.nan
    with pytest.warns(EstimationWarning, match="collinear on untreated rows, dropped: copy"):
        fit = imputation(data, "y", "first", controls=["x", "copy"])
    assert fit.nobs == len(data) - 1
    expected = imputation(data, "y", "first", controls=["x"])
    np.testing.assert_allclose(fit.params, expected.params, rtol=1e-10)


def test_what_cannot_be_estimated_is_refused():
    data = simulate(12)
    with pytest.raises(NotEstimableError, match="missing everywhere"):
        imputation(data.assign(first=np.nan), "y", "first")
    with pytest.raises(NotEstimableError, match="nobody is treated in the years"):
        imputation(data.assign(first=2030.0), "y", "first")
    with pytest.raises(NotEstimableError, match="no row of the sample is untreated"):
        imputation(data.assign(first=2000.0), "y", "first")
    with pytest.raises(NotEstimableError, match=r"no treated row in relative year t\+9"):
        imputation(data, "y", "first", horizons=[0, 9])
    with pytest.raises(EstimationError, match="one cluster"):
        imputation(data.assign(all=1), "y", "first", cluster="all")
    with pytest.raises(EstimationError, match="infinite"):
        imputation(data.assign(y=np.inf), "y", "first")


def coverage(seed, cities=80, draws=2000):
    """Share of intervals of the mean effect that hold the truth; errors are drawn anew.

    The fit on untreated rows and the influence of each draw are the estimator's.
    """
    data = simulate(seed, cities)
    sample = draw_sample(data, ["y"], ["city", "year"], ["city"])
    first = data["first"].fillna(np.inf).to_numpy()
    found = impute(sample, first, "y", [], ["city", "year"])
    weights = np.full(len(found.tau), 1 / len(found.tau))
    rng = np.random.default_rng(seed)
    effect, city = data["effect"].to_numpy(), sample.codes["city"]
    hits = 0
    for _ in range(draws):
        y = effect + rng.normal(size=len(data)) + rng.normal(size=cities)[city]
        own, other = found.model.predict(y[found.untreated], found.codes, found.x)
        drawn = replace(found, tau=y[found.treated] - other, residuals=y[found.untreated] - own)
        sums = drawn.influence(weights, city, cities)
        off = np.mean(drawn.tau) - np.mean(effect[found.treated])
        hits += abs(off) <= stats.norm.ppf(0.975) * np.sqrt(np.sum(sums**2))
    return hits / draws


@pytest.mark.slow
def test_intervals_cover_the_mean_effect():
    assert 0.93 <= coverage(0) <= 0.97
