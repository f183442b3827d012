"""Panel diagnostics: parity with plm, size under the null, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError
from urbanecon.estimation.panel_tests import (
    breusch_pagan,
    cross_section_dependence,
    effects_test,
    groupwise_heteroskedasticity,
    poolability_test,
)
from urbanecon.estimation.serial_tests import (
    breusch_godfrey,
    wooldridge_differences,
    wooldridge_within,
)

EQUATION = ("inv", ["value", "capital"])
ALL = [
    effects_test,
    poolability_test,
    lambda *a: breusch_pagan(*a)[0],
    lambda *a: cross_section_dependence(*a)[0],
    groupwise_heteroskedasticity,
    wooldridge_within,
    wooldridge_differences,
    breusch_godfrey,
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


def rejections(test, draws, **options):
    return np.mean([test(panel(s, **options), "y", ["x"]).p < 0.05 for s in range(draws)])


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "options"),
    [
        (effects_test, {}),
        (poolability_test, {}),
        (lambda *a: cross_section_dependence(*a)[0], {"units": 20, "periods": 20}),
        (groupwise_heteroskedasticity, {"units": 3, "periods": 2000}),
        (wooldridge_within, {"units": 100, "periods": 6}),
        (wooldridge_differences, {"units": 100, "periods": 6}),
        (breusch_godfrey, {"units": 4, "periods": 200}),
    ],
    ids=["effects", "slopes", "cd", "wald", "within", "differences", "bg"],
)
def test_under_the_null_one_in_twenty_is_rejected(test, options):
    assert 0.035 <= rejections(test, 1000, **options) <= 0.065


def test_each_test_finds_what_it_looks_for():
    rng = np.random.default_rng(5)
    data = panel(5, 30, 20)
    unit, period = data.index.get_level_values(0), data.index.get_level_values(1)
    effect, common = rng.normal(size=30)[unit], rng.normal(size=20)[period]
    walk = data["e"].groupby("city").cumsum()
    cases = [
        (effects_test, data["y"] + effect),
        (lambda *a: breusch_pagan(*a)[0], data["y"] + effect),
        (poolability_test, data["y"] + effect * data["x"]),
        (lambda *a: cross_section_dependence(*a)[0], data["y"] + common),
        (groupwise_heteroskedasticity, data["y"] + data["e"] * (unit % 3)),
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


@pytest.mark.parametrize("test", ALL[:4] + ALL[4:7])
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
