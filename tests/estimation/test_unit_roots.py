"""Panel unit roots: parity with plm, size and power, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, EstimationWarning, NotEstimableError, UnknownNameError
from urbanecon.estimation.unit_roots import cips, im_pesaran_shin, levin_lin_chu, maddala_wu

ALL = [im_pesaran_shin, maddala_wu, levin_lin_chu, cips]
pytestmark = pytest.mark.filterwarnings("ignore:the .* moments are tabulated")


@pytest.fixture
def grunfeld(reference_data):
    return reference_data("grunfeld_plm").set_index(["firm", "year"])


def panel(seed, units=10, periods=30, root=1.0, factor=0.0):
    """Synthetic AR(1) panel, with a common random walk by option."""
    rng = np.random.default_rng(seed)
    y = np.zeros((units, periods + 1))
    shocks = rng.normal(size=(units, periods + 1)) + factor * rng.normal(size=periods + 1)
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "low", "high"), [(im_pesaran_shin, 0.03, 0.07), (cips, 0.03, 0.07)]
)
def test_random_walks_are_rejected_one_time_in_twenty(test, low, high):
    p = [test(panel(s), "y", "intercept", 0).p for s in range(500)]
    assert low <= np.mean(np.array(p) < 0.05) <= high


@pytest.mark.slow
def test_with_a_common_factor_only_cips_keeps_its_size():
    p = np.array(
        [
            [t(panel(s, factor=2.0), "y", "intercept", 0).p for t in (im_pesaran_shin, cips)]
            for s in range(150)
        ]
    )
    rates = (p < 0.05).mean(axis=0)
    assert rates[0] > 0.12 and rates[1] < 0.10, rates


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
