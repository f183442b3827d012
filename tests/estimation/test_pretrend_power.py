"""The power of pre-trends tests: closed forms, brute force, and what a pass does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError
from urbanecon.estimation.event_study import event_study
from urbanecon.estimation.pretrend_power import (
    PRETESTS,
    Leads,
    leads_of,
    power_curve,
    pretrend_power,
    slope_for_power,
)

YEARS = np.array([-4.0, -3.0, -2.0, 0.0, 1.0, 2.0])
pytestmark = pytest.mark.filterwarnings("ignore:.*only .* clusters")


def covariance(seed=0, size=6):
    """Covariance of synthetic estimates that share a base year."""
    a = np.random.default_rng(seed).normal(size=(size, size))
    return 0.002 * (a @ a.T / size + np.eye(size) + 0.8)


def synthetic_leads(pre=(0, 1, 2), vcov=None):
    vcov = covariance() if vcov is None else vcov
    estimates = np.array([-0.09, -0.07, -0.03, 0.09, 0.18, 0.17])
    return Leads(YEARS, estimates, vcov, list(pre), -1)


def event_fit(**options):
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product(
        [[f"{c:06d}" for c in range(60)], range(2005, 2015)], names=["city", "year"]
    )
    city = index.get_level_values("city").astype(int)
    first = np.where(city < 30, 2010.0, np.nan)
    data = pd.DataFrame({"y": rng.normal(size=len(index)), "first": first}, index=index)
    return event_study(data, "y", "first", (-4, 3), **options)


def brute_force(leads, slope, pretest, draws=400_000):
    """Share of simulated samples that reject, and means of those that do not."""
    rng = np.random.default_rng(1)
    b = rng.multivariate_normal(slope * leads.elapsed, leads.vcov, draws)
    pre = b[:, leads.pre]
    if pretest == "individual":
        passed = (np.abs(pre / np.sqrt(np.diag(leads.vcov_pre))) <= stats.norm.ppf(0.975)).all(1)
    else:
        wald = np.einsum("bi,ij,bj->b", pre, np.linalg.inv(leads.vcov_pre), pre)
        passed = wald <= stats.chi2.ppf(0.95, len(leads.pre))
    return 1 - passed.mean(), b[passed].mean(axis=0)


@pytest.mark.parametrize("pretest", PRETESTS)
@pytest.mark.parametrize("slope", [0.0, 0.02, -0.05])
def test_power_and_bias_are_those_of_brute_force(pretest, slope):
    leads = synthetic_leads()
    power, means = brute_force(leads, slope, pretest)
    found = pretrend_power(leads, slope, pretest=pretest)
    assert found.power == pytest.approx(power, abs=0.003)
    path = found.path[found.path["relative_year"] != -1]
    np.testing.assert_allclose(path["after_passing"], means, atol=0.0007)
    np.testing.assert_allclose(path["bias"], path["after_passing"] - path["trend"])


@pytest.mark.parametrize("pretest", PRETESTS)
def test_one_lead_has_the_power_of_a_normal_test(pretest):
    leads = synthetic_leads(pre=[2])
    se = np.sqrt(leads.vcov[2, 2])
    shift = -0.05 / se
    expected = stats.norm.cdf(-1.959964 - shift) + stats.norm.sf(1.959964 - shift)
    assert pretrend_power(leads, 0.05, pretest=pretest).power == pytest.approx(expected, abs=1e-6)


def test_one_lead_that_passed_has_the_mean_of_a_truncated_normal_law():
    leads = synthetic_leads(pre=[2])
    se, c = np.sqrt(leads.vcov[2, 2]), stats.norm.ppf(0.975)
    expected = stats.truncnorm.mean(-c + 0.05 / se, c + 0.05 / se, loc=-0.05, scale=se)
    path = pretrend_power(leads, 0.05).path.set_index("relative_year")
    assert path.loc[-2, "after_passing"] == pytest.approx(expected, rel=1e-4)


def test_independent_leads_multiply():
    leads = synthetic_leads(vcov=np.diag(np.full(6, 0.001)))
    shifts = 0.03 * leads.elapsed[:3] / np.sqrt(0.001)
    c = stats.norm.ppf(0.975)
    passing = np.prod(stats.norm.cdf(c - shifts) - stats.norm.cdf(-c - shifts))
    found = pretrend_power(leads, 0.03)
    assert found.power == pytest.approx(1 - passing, abs=1e-12)
    assert found.size == pytest.approx(1 - 0.95**3, abs=1e-12)
    assert found.bayes_factor == pytest.approx(passing / 0.95**3, rel=1e-10)
    # what passing says of uncorrelated leads says nothing of the years after
    np.testing.assert_allclose(found.path.query("relative_year >= 0")["bias"], 0.0, atol=1e-15)


def test_the_joint_test_without_a_trend_has_its_size():
    assert pretrend_power(synthetic_leads(), 0.0, pretest="joint").size == pytest.approx(0.05)


@pytest.mark.parametrize("pretest", PRETESTS)
@pytest.mark.parametrize("power", [0.5, 0.8])
def test_the_slope_found_has_the_power_asked_for(pretest, power):
    leads = synthetic_leads()
    slope = slope_for_power(leads, power, pretest=pretest)
    assert slope > 0
    assert pretrend_power(leads, slope, pretest=pretest).power == pytest.approx(power, abs=1e-8)


def test_the_slope_scales_with_the_standard_errors():
    one = slope_for_power(synthetic_leads(), 0.5)
    wide = slope_for_power(synthetic_leads(vcov=9 * covariance()), 0.5)
    assert wide == pytest.approx(3 * one, rel=1e-7)


def test_a_pass_makes_the_estimates_worse_when_errors_move_together():
    # a common base year correlates all estimates positively (Roth 2022, Proposition 2)
    vcov = 0.001 * (np.eye(6) + 1)
    leads = synthetic_leads(vcov=vcov)
    path = pretrend_power(leads, slope_for_power(leads, 0.5)).path.set_index("relative_year")
    assert (path.loc[0:, "after_passing"] > path.loc[0:, "trend"]).all()
    assert (path.loc[-4:-2, "after_passing"] > path.loc[-4:-2, "trend"]).all()


def test_the_likelihood_ratio_is_that_of_the_leads():
    leads = synthetic_leads()
    density = [
        stats.multivariate_normal(m * leads.elapsed[:3], leads.vcov_pre).pdf(leads.estimates[:3])
        for m in (0.03, 0.0)
    ]
    found = pretrend_power(leads, 0.03).likelihood_ratio
    assert found == pytest.approx(density[0] / density[1], rel=1e-9)


def test_the_curve_rises_from_the_size():
    leads = synthetic_leads()
    curve = power_curve(leads, np.linspace(0, 0.1, 6))
    assert curve["power"].is_monotonic_increasing
    assert curve.loc[0, "power"] == pytest.approx(pretrend_power(leads, 0.0).size)


def test_the_same_seed_gives_the_same_number():
    leads = synthetic_leads()
    one, again = (pretrend_power(leads, 0.03, seed=4).power for _ in range(2))
    assert one == again
    assert pretrend_power(leads, 0.03, seed=5).power == pytest.approx(one, abs=1e-4)


def test_an_event_study_gives_its_leads():
    fit = event_fit()
    leads = leads_of(fit)
    assert leads.years.tolist() == [-4, -3, -2, 0, 1, 2, 3]
    assert (leads.base, leads.pre) == (-1, [0, 1, 2])
    np.testing.assert_allclose(leads.estimates, fit.params)
    np.testing.assert_allclose(leads.vcov, fit.vcov)
    assert leads_of(fit, [-3, -2]).pre == [1, 2]
    base = pretrend_power(leads, 0.1).path.query("relative_year == -1")
    assert (base.drop(columns="relative_year") == 0).all(axis=None)


def test_another_base_moves_the_trend():
    leads = leads_of(event_fit(base=-2))
    assert leads.base == -2
    assert leads.years[leads.pre].tolist() == [-4, -3, -1]
    assert leads.elapsed.tolist() == [-2, -1, 1, 2, 3, 4, 5]


def test_a_lead_that_is_not_there_is_named():
    with pytest.raises(UnknownNameError, match="no lead -6"):
        leads_of(event_fit(), [-6])


def test_a_fit_without_leads_is_refused():
    with pytest.raises(NotEstimableError, match="no lead"):
        leads_of(event_fit(), [])


def test_a_fit_that_is_no_event_study_is_refused(synthetic_panel):
    from urbanecon.estimation.fixed_effects import fixed_effects

    fit = fixed_effects(synthetic_panel(70), "y", ["x"])
    with pytest.raises(NotEstimableError, match="no event study"):
        leads_of(fit)


def test_leads_that_cannot_be_told_apart_are_refused():
    from dataclasses import replace

    fit = event_fit()
    vcov = fit.vcov.copy()
    vcov.loc["t-4"], vcov["t-4"] = vcov.loc["t-3"], vcov["t-3"]
    vcov.loc["t-4", "t-4"] = vcov.loc["t-3", "t-3"]
    with pytest.raises(EstimationError, match="not positive definite"):
        leads_of(replace(fit, vcov=vcov))


@pytest.mark.parametrize("power", [0.0, 0.05, 0.1, 1.0, 1.5])
def test_an_impossible_power_is_refused(power):
    with pytest.raises(EstimationError, match="without any trend"):
        slope_for_power(synthetic_leads(), power)


def test_bad_arguments_are_named():
    leads = synthetic_leads()
    with pytest.raises(UnknownNameError, match="Did you mean 'joint'"):
        pretrend_power(leads, 0.1, pretest="joined")
    with pytest.raises(EstimationError, match="alpha"):
        pretrend_power(leads, 0.1, alpha=0.0)
    with pytest.raises(EstimationError, match="slope must be finite"):
        pretrend_power(leads, np.inf)
    with pytest.raises(EstimationError, match="at least one slope"):
        power_curve(leads, [])
