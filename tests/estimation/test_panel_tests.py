"""Panel diagnostics: parity with plm, size under the null, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError
from urbanecon.estimation.heteroskedasticity import (
    groupwise_heteroskedasticity,
    modified_wald,
    null_statistics,
)
from urbanecon.estimation.panel_equation import demeaned, residuals_of, with_constant
from urbanecon.estimation.panel_tests import (
    breusch_pagan,
    cross_section_dependence,
    cross_section_scores,
    effects_test,
    poolability_test,
)
from urbanecon.estimation.serial_tests import (
    autoregression_test,
    breusch_godfrey,
    wooldridge_differences,
    wooldridge_within,
)
from urbanecon.estimation.weighted_dependence import weighted_dependence, weighted_scores

EQUATION = ("inv", ["value", "capital"])
ALL = [
    effects_test,
    poolability_test,
    lambda *a: breusch_pagan(*a)[0],
    lambda *a: cross_section_dependence(*a)[0],
    lambda *a: groupwise_heteroskedasticity(*a, draws=99),
    wooldridge_within,
    wooldridge_differences,
    breusch_godfrey,
    lambda *a: weighted_dependence(*a)[0],
]


@pytest.fixture
def grunfeld(reference_data):
    return reference_data("grunfeld_plm").set_index(["firm", "year"])


def panel(seed, units=20, periods=10, missing=0.0):
    """Synthetic pooled panel without anything that the tests look for."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(len(index), 2)), columns=["x", "e"], index=index)
    data["y"] = 1 + data["x"] + data["e"]
    return data[rng.random(len(index)) >= missing] if missing else data


# -- agreement with plm -------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "test"),
    [
        ("F_individual", effects_test),
        ("LM_bp", lambda *a: breusch_pagan(*a)[0]),
        ("LM_honda", lambda *a: breusch_pagan(*a)[1]),
        ("pcdtest_cd", lambda *a: cross_section_dependence(*a)[0]),
        ("pcdtest_lm", lambda *a: cross_section_dependence(*a)[1]),
        ("pwartest", wooldridge_within),
        ("pbgtest2", lambda *a: breusch_godfrey(*a, 2)),
        ("wooldridge_fd", lambda *a: wooldridge_differences(*a, "differences")),
    ],
)
def test_grunfeld_agrees_with_plm(grunfeld, reference, entry, test):
    expected = reference("panel_tests_grunfeld_plm")["results"][entry]
    found = test(grunfeld, *EQUATION)
    assert found.statistic == pytest.approx(expected["stat"], rel=1e-10)
    assert found.p == pytest.approx(expected["p"], rel=1e-9)
    df = expected["df"] or ()
    assert found.df == tuple(df if isinstance(df, (list, tuple)) else [df])


# -- definitions ----------------------------------------------------------------------


def test_poolability_is_the_f_test_of_interactions(grunfeld):
    rows = grunfeld.reset_index()
    firms = pd.get_dummies(rows["firm"], dtype=float).to_numpy()
    x = rows[["value", "capital"]].to_numpy()
    y = rows["inv"].to_numpy()

    def rss(columns):
        return np.sum((y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]) ** 2)

    common = rss(np.column_stack([firms, x]))
    own = rss(np.column_stack([firms, firms * x[:, :1], firms * x[:, 1:]]))
    found = poolability_test(grunfeld, *EQUATION)
    assert found.df == (18.0, 170.0)
    assert found.statistic == pytest.approx(((common - own) / 18) / (own / 170), rel=1e-7)


def test_cross_section_dependence_uses_the_periods_that_two_units_share():
    data = panel(1, 5, 12, missing=0.2)
    x = data["x"] - data["x"].groupby("city").transform("mean")
    y = data["y"] - data["y"].groupby("city").transform("mean")
    wide = (y - x * (x @ y) / (x @ x)).unstack("city")
    cd, lm, pairs = 0.0, 0.0, 0
    for i in range(5):
        for j in range(i):
            both = wide[[i, j]].dropna()
            r = both.corr().iloc[0, 1]
            cd, lm, pairs = cd + np.sqrt(len(both)) * r, lm + len(both) * r**2, pairs + 1
    found = cross_section_dependence(data, "y", ["x"])
    assert found[0].statistic == pytest.approx(cd / np.sqrt(pairs), rel=1e-9)
    assert found[1].statistic == pytest.approx(lm, rel=1e-9)


def test_the_modified_wald_statistic_is_its_formula():
    data = panel(2, 4, 15, missing=0.2)
    x = data["x"] - data["x"].groupby("city").transform("mean")
    y = data["y"] - data["y"].groupby("city").transform("mean")
    e2 = (y - x * (x @ y) / (x @ x)) ** 2
    total = 0.0
    for _, own in e2.groupby("city"):
        t = len(own)
        v = ((own - own.mean()) ** 2).sum() / (t * (t - 1))
        total += (own.mean() - e2.mean()) ** 2 / v
    assert groupwise_heteroskedasticity(data, "y", ["x"]).statistic == pytest.approx(total)


# -- size and power --------------------------------------------------------------------
#
# Synthetic panels with standard normal x and errors; the functions that the tests
# end in are called on their numbers, so that thousands of draws cost a second.


def rejections(test, draws, *, seed, units=100, periods=6):
    """Share of draws in which `test(raw, unit, period)` has p below 5 percent."""
    rng = np.random.default_rng(seed)
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    rejected = 0
    for _ in range(draws):
        rejected += test(rng.normal(size=(len(unit), 2)), unit, period) < 0.05
    return rejected / draws


def within_errors(raw, unit):
    return residuals_of(demeaned(raw, unit))


def two_way_errors(raw, unit, period):
    return within_errors(demeaned(raw, period), unit)


def serial_within(raw, unit, period):
    null = -1 / period.max()
    return autoregression_test(within_errors(raw, unit), unit, period, null, "").p


def serial_differences(raw, unit, period):
    rows = np.flatnonzero(period)
    errors = residuals_of(with_constant(raw[rows] - raw[rows - 1]))
    return autoregression_test(errors, unit[rows], period[rows], -0.5, "").p


def dependence(raw, unit, period):
    return cross_section_scores(within_errors(raw, unit), unit, period)[0].p


def dependence_of_two_way_errors(raw, unit, period):
    return cross_section_scores(two_way_errors(raw, unit, period), unit, period)[0].p


def weighted(raw, unit, period):
    """Of the statistic, and of it with the large correlations."""
    errors = two_way_errors(raw, unit, period)
    found = weighted_scores(errors, unit, period, 30, np.random.default_rng(0))
    return np.array([found[0].p, found[1].p])


def equal_variances(raw, unit, period):
    e, x = within_errors(raw, unit), demeaned(raw[:, 1:], unit)
    value = modified_wald(e[:, None], unit)[0]
    drawn = null_statistics(e, x, unit, 99, np.random.default_rng(int(raw[0, 0] * 1e9) % 2**32))
    return (1 + np.sum(drawn >= value)) / 100 - 1e-9  # 0.05 is among its values


def equal_variances_under_t5(raw, unit, period):
    rank = stats.norm.cdf(raw[:, 0])
    return equal_variances(np.column_stack([stats.t.ppf(rank, 5), raw[:, 1]]), unit, period)


SIZES = {
    "within": (serial_within, {"units": 280}),
    "differences": (serial_differences, {"units": 280}),
    "cd": (dependence, {"units": 20, "periods": 20}),
    "cd_w and cd_w plus": (weighted, {"units": 40, "periods": 15}),
    "wald": (equal_variances, {"units": 20, "periods": 15}),
    "wald t5": (equal_variances_under_t5, {"units": 20, "periods": 15}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_under_the_null_one_in_twenty_is_rejected(name):
    test, sizes = SIZES[name]
    # two binomial standard errors of 2,000 draws
    np.testing.assert_allclose(rejections(test, 2000, seed=0, **sizes), 0.05, atol=0.01)


PUBLIC = {
    "effects": (effects_test, {"units": 5, "periods": 5}),
    "slopes": (poolability_test, {"units": 4, "periods": 6}),
    "bg": (breusch_godfrey, {"units": 4, "periods": 200}),
}


def public_rejections(name, seed, draws=1000):
    test, sizes = PUBLIC[name]
    p = [test(panel((seed, s), **sizes), "y", ["x"]).p for s in range(draws)]
    return np.mean(np.array(p) < 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLIC)
def test_as_the_public_function_one_in_twenty_is_rejected(name):
    # two binomial standard errors of 1,000 draws
    assert public_rejections(name, 0) == pytest.approx(0.05, abs=0.014)


def chi_squared_rejections(periods, units=20, draws=5000, seed=0):
    """Of the modified Wald statistic compared with chi-squared(N - 1), normal errors."""
    errors = np.random.default_rng(seed).normal(size=(units, periods, draws))
    errors = (errors - errors.mean(axis=1, keepdims=True)).reshape(units * periods, draws)
    statistic, df = modified_wald(errors, np.repeat(np.arange(units), periods))
    return np.mean(stats.chi2.sf(statistic, df) < 0.05)


@pytest.mark.slow
def test_the_chi_squared_law_of_the_wald_statistic_rejects_far_too_often_in_short_panels():
    assert chi_squared_rejections(15) == pytest.approx(0.77, abs=0.02)
    assert chi_squared_rejections(100) == pytest.approx(0.18, abs=0.02)


@pytest.mark.slow
def test_with_period_effects_plain_cd_rejects_whatever_the_truth():
    sizes = {"units": 40, "periods": 15, "seed": 0}
    assert rejections(dependence_of_two_way_errors, 200, **sizes) == 1


def test_a_factor_beyond_period_effects_is_found_in_long_panels():
    data = panel(12, 40, 40)
    rng = np.random.default_rng(12)
    unit, period = data.index.get_level_values(0), data.index.get_level_values(1)
    y = data["y"] + rng.normal(size=40)[unit] * rng.normal(size=40)[period]
    found = weighted_dependence(data.assign(y=y), "y", ["x"])[1]
    assert found.p < 1e-4 and "correlations above 0.61" in found.note


def test_weighted_dependence_is_its_formula():
    data = panel(13, 6, 9, missing=0.1)
    wide = data[["y", "x"]].unstack("year")
    dummies = [pd.get_dummies(data.index.get_level_values(k), dtype=float) for k in (0, 1)]
    z = np.column_stack([data["x"], *dummies])
    b = np.linalg.lstsq(z, data["y"], rcond=None)[0]
    e = (data["y"] - z @ b).unstack("year").reindex(wide.index)
    e = e.div(np.sqrt((e**2).mean(axis=1)), axis=0).to_numpy()
    signs = np.random.default_rng(4).integers(0, 2, size=(6, 3)) * 2 - 1
    total, variance = 0.0, 0.0
    for i in range(6):
        for j in range(i):
            both = np.isfinite(e[i]) & np.isfinite(e[j])
            total += np.sum(signs[i] * signs[j]) * np.sum(e[i, both] * e[j, both])
            variance += both.sum() ** 2 / (both.sum() - 1)
    found = weighted_dependence(data, "y", ["x"], draws=3, seed=4)[0]
    assert found.statistic == pytest.approx(total / np.sqrt(3 * variance), rel=1e-8)


def test_each_test_finds_what_it_looks_for():
    rng = np.random.default_rng(5)
    data = panel(5, 30, 20)
    unit, period = data.index.get_level_values(0), data.index.get_level_values(1)
    effect, common = rng.normal(size=30)[unit], rng.normal(size=20)[period]
    walk = data["e"].groupby("city").cumsum()
    scaled = data["y"] + data["e"] * (unit % 3)
    cases = [
        (effects_test, data["y"] + effect),
        (lambda *a: breusch_pagan(*a)[0], data["y"] + effect),
        (poolability_test, data["y"] + effect * data["x"]),
        (lambda *a: cross_section_dependence(*a)[0], data["y"] + common),
        (lambda *a: groupwise_heteroskedasticity(*a, draws=0), scaled),
        (lambda *a: groupwise_heteroskedasticity(*a, draws=19_999), scaled),
        (wooldridge_within, data["x"] + walk),
        (wooldridge_differences, data["x"] + walk),
        (breusch_godfrey, data["x"] + walk),
    ]
    for test, y in cases:
        assert test(data.assign(y=y), "y", ["x"]).p < 1e-4


# -- rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ALL)
def test_row_order_and_index_names_do_not_matter(test):
    data = panel(7, 8, 9, missing=0.1)
    mixed = data.sample(frac=1, random_state=3).rename_axis(["firm", "period"])
    assert test(data, "y", ["x"]) == test(mixed, "y", ["x"])


@pytest.mark.parametrize("test", ALL[:7] + ALL[8:])
def test_one_unit_is_refused(test):
    with pytest.raises(NotEstimableError):
        test(panel(8, 1, 10), "y", ["x"])


@pytest.mark.parametrize("test", ALL)
def test_infinite_and_all_missing_variables_are_refused(test):
    data = panel(9, 5, 8)
    with pytest.raises(EstimationError, match="'x' is infinite"):
        test(data.assign(x=np.inf), "y", ["x"])
    with pytest.raises(NotEstimableError, match="'x' has no value"):
        test(data.assign(x=np.nan), "y", ["x"])


def test_an_unknown_null_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="Did you mean 'levels'"):
        wooldridge_differences(panel(1), "y", ["x"], "level")


def test_a_unit_observed_once_is_harmless():
    data = panel(10, 10, 8)
    single = data.drop(index=[(3, t) for t in range(1, 8)])
    assert "1 units with fewer" in groupwise_heteroskedasticity(single, "y", ["x"]).note
    assert "9 pairs share fewer" in cross_section_dependence(single, "y", ["x"])[0].note
    assert effects_test(single, "y", ["x"]).df == (9.0, 73.0 - 10 - 1)


def test_too_few_draws_are_refused():
    with pytest.raises(EstimationError, match="9 draws are too few"):
        groupwise_heteroskedasticity(panel(1), "y", ["x"], draws=9)
