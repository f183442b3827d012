"""Panel unit roots: parity with plm, size and power, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import DataError, EstimationWarning, NotEstimableError, UnknownNameError
from urbanecon.estimation.adf import Equation, Series
from urbanecon.estimation.unit_root_tables import cips_critical, ips_moments
from urbanecon.estimation.unit_roots import (
    cips,
    cips_statistic,
    im_pesaran_shin,
    im_pesaran_shin_statistic,
    levin_lin_chu,
    levin_lin_chu_statistic,
    maddala_wu,
)

ALL = [im_pesaran_shin, maddala_wu, levin_lin_chu, cips]
pytestmark = pytest.mark.filterwarnings("ignore:the .* moments are tabulated")


@pytest.fixture
def grunfeld(reference_data):
    return reference_data("grunfeld_plm").set_index(["firm", "year"])


def panel(seed, units=10, periods=30, root=1.0):
    """Synthetic AR(1) panel."""
    rng = np.random.default_rng(seed)
    y = np.zeros((units, periods + 1))
    shocks = rng.normal(size=(units, periods + 1))
    for t in range(periods):
        y[:, t + 1] = root * y[:, t] + shocks[:, t + 1]
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["city", "year"])
    return pd.DataFrame({"y": y[:, 1:].ravel()}, index=index)


@pytest.mark.parametrize(
    ("entry", "test"),
    [
        ("ips_inv", lambda d: im_pesaran_shin(d, "inv", df_correction=False)),
        ("maddala_inv", lambda d: maddala_wu(d, "inv", df_correction=False)),
        ("llc_inv", lambda d: levin_lin_chu(d, "inv")),
        ("cips_inv", lambda d: cips(d, "inv", "intercept", 2)),
    ],
)
def test_grunfeld_agrees_with_plm(grunfeld, reference, entry, test):
    expected = reference("panel_tests_grunfeld_plm")["results"][entry]
    found = test(grunfeld)
    assert found.statistic == pytest.approx(expected["stat"], rel=1e-10)
    assert found.p == pytest.approx(expected["p"], rel=1e-9)


def test_a_unit_regression_is_that_of_statsmodels():
    from statsmodels.tsa.stattools import adfuller

    data = panel(1, 4, 40)
    t = [adfuller(y, maxlag=2, autolag=None)[0] for _, y in data["y"].groupby("city")]
    note = im_pesaran_shin(data, "y", lags=2).note
    assert note.startswith(f"mean t {np.mean(t):.3f}, 4 units, 2 lags")


# -- size ----------------------------------------------------------------------------


def walks(rng, draws, units, periods, factor=0.0):
    """Independent random walks, with a common one by option, draws x units x periods."""
    shocks = rng.normal(size=(draws, units, periods))
    return (shocks + factor * rng.normal(size=(draws, 1, periods))).cumsum(axis=2)


def series(walk):
    return [Series(f"city {i}", 0, y) for i, y in enumerate(walk)]


def mean_t(y, terms, lags, augmented):
    """Mean over units of t of the lagged level, for all draws at once."""
    change = np.diff(y)
    left, used = change[..., lags:], change.shape[-1] - lags
    columns = [y[..., lags:-1]]
    columns += [change[..., lags - j : lags - j + used] for j in range(1, lags + 1)]
    if augmented:
        means = [c.mean(axis=1, keepdims=True) for c in (left, *columns)]
        columns += [np.broadcast_to(mean, left.shape) for mean in means]
    trend = np.linspace(-1, 1, used)
    fixed = [trend**0, trend][: {"intercept": 1, "trend": 2}[terms]]
    x = np.stack([*columns, *(np.broadcast_to(c, left.shape) for c in fixed)], axis=-1)
    inverse = np.linalg.inv(np.einsum("...nk,...nl->...kl", x, x))
    b = np.einsum("...kl,...nl,...n->...k", inverse, x, left, optimize=True)
    errors = left - np.einsum("...nk,...k->...n", x, b)
    variance = np.sum(errors**2, axis=-1) / (used - x.shape[-1])
    return np.mean(b[..., 0] / np.sqrt(variance * inverse[..., 0, 0]), axis=1)


def ips_rejects(y, terms, lags):
    units, periods = y.shape[1:]
    mean, variance = ips_moments(periods - lags - 1, lags, terms)
    w = np.sqrt(units) * (mean_t(y, terms, lags, augmented=False) - mean) / np.sqrt(variance)
    for r in range(2):
        own = im_pesaran_shin_statistic(series(y[r]), Equation(terms, lags))[0]
        assert w[r] == pytest.approx(own, rel=1e-8)
    return w < stats.norm.ppf(0.05)


def llc_rejects(y, terms, lags):
    equation = Equation(terms, lags, df_correction=False)
    found = np.array([levin_lin_chu_statistic(series(one), equation)[0] for one in y])
    return found < stats.norm.ppf(0.05)


def cips_rejects(y, terms, lags):
    statistic = mean_t(y, terms, lags, augmented=True)
    for r in range(2):
        own = cips_statistic(series(y[r]), terms, lags)
        assert statistic[r] == pytest.approx(own, rel=1e-8)
    return statistic < cips_critical(*y.shape[1:], terms)[1]


SIZES = {
    "ips, 20 x 30": (ips_rejects, 20, 30, "intercept", 0, 0.0),
    "ips, 20 x 30, trend, 1 lag": (ips_rejects, 20, 30, "trend", 1, 0.0),
    "ips, 40 x 15, 1 lag": (ips_rejects, 40, 15, "intercept", 1, 0.0),
    "cips, 20 x 30, factor": (cips_rejects, 20, 30, "intercept", 0, 2.0),
    "cips, 20 x 30, trend, factor": (cips_rejects, 20, 30, "trend", 0, 2.0),
    "cips, 20 x 15, factor": (cips_rejects, 20, 15, "intercept", 0, 2.0),
}
KNOWN = {
    "ips, 10 x 30, factor": (ips_rejects, 10, 30, "intercept", 0, 2.0),
    "llc, 10 x 50": (llc_rejects, 10, 50, "intercept", 0, 0.0),
    "llc, 10 x 250": (llc_rejects, 10, 250, "intercept", 0, 0.0),
}


def rejections(case, seed, draws=2000):
    """Share of draws rejected; statistics are the estimator's where both are computed."""
    rejects, units, periods, terms, lags, factor = case
    drawn = walks(np.random.default_rng(seed), draws, units, periods, factor)
    return np.mean(rejects(drawn, terms, lags))


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_random_walks_are_rejected_one_time_in_twenty(name):
    assert 0.04 <= rejections(SIZES[name], 0) <= 0.06


@pytest.mark.slow
def test_a_common_factor_makes_the_first_generation_reject_five_times_as_often():
    assert rejections(KNOWN["ips, 10 x 30, factor"], 0) == pytest.approx(0.25, abs=0.03)


@pytest.mark.slow
def test_levin_lin_chu_rejects_too_often_and_less_so_in_longer_panels():
    assert rejections(KNOWN["llc, 10 x 50"], 0, 1000) == pytest.approx(0.17, abs=0.03)
    assert rejections(KNOWN["llc, 10 x 250"], 0, 1000) == pytest.approx(0.075, abs=0.02)


@pytest.mark.parametrize("test", ALL)
def test_stationary_series_are_found(test):
    assert test(panel(3, 12, 40, root=0.3), "y", "intercept", 1).p <= 0.01


def test_lags_are_chosen_unit_by_unit(grunfeld):
    assert "0-3 lags" in im_pesaran_shin(grunfeld, "inv", lags="sic").note
    with pytest.raises(UnknownNameError, match="Did you mean 'sic'"):
        im_pesaran_shin(grunfeld, "inv", lags="bsic")


def test_units_may_begin_and_end_at_different_dates_but_have_no_gap():
    data = panel(4, 6, 30)
    ragged = data.drop(index=[(0, 0), (0, 1), (3, 29)])
    assert "6 units" in im_pesaran_shin(ragged, "y").note
    with pytest.raises(DataError, match="needs a balanced panel"):
        levin_lin_chu(ragged, "y")
    with pytest.raises(DataError, match="city 2 has a gap"):
        im_pesaran_shin(data.drop(index=[(2, 10)]), "y")


def test_panels_shorter_than_the_tables_are_told():
    with pytest.warns(EstimationWarning, match="tabulated for 25 to 500"):
        levin_lin_chu(panel(5, 5, 15), "y")
    with pytest.warns(EstimationWarning, match="tabulated for 10 to 100"):
        im_pesaran_shin(panel(5, 5, 8), "y", lags=0)


@pytest.mark.parametrize("test", ALL)
def test_bad_input_is_refused_by_name(test):
    data = panel(6, 4, 30)
    with pytest.raises(UnknownNameError, match="Did you mean 'trend'"):
        test(data, "y", "trends")
    with pytest.raises(NotEstimableError, match="need two units"):
        test(data.loc[[0]], "y", "intercept")
    flat = data.assign(y=data["y"].where(data.index.get_level_values(0) != 1, 2.0))
    with pytest.raises(NotEstimableError, match=r"1: .*constant series|fits perfectly"):
        test(flat, "y", "intercept")


@pytest.mark.parametrize("test", ALL)
def test_row_order_does_not_matter(test):
    data = panel(7, 5, 30)
    mixed = data.sample(frac=1, random_state=2)
    assert test(data, "y", "intercept") == test(mixed, "y", "intercept")
