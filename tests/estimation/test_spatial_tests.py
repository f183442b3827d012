"""Moran's I and Lagrange multipliers against other software, definitions and their size."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from urbanecon.errors import DataWarning, NotEstimableError
from urbanecon.estimation.contiguity_weights import contiguity
from urbanecon.estimation.distance_weights import nearest
from urbanecon.estimation.spatial_tests import lagrange_multiplier_tests, local_moran, moran
from urbanecon.estimation.weights import weights_from_matrix

REGRESSORS = ["log(pcap)", "log(pc)", "log(emp)", "unemp"]
LINE = {i: [j for j in (i - 1, i + 1) if 0 <= j < 8] for i in range(8)}


def rng(seed=0):
    return np.random.default_rng(seed)


def two_way(seed, n=49, t=6):
    """A synthetic panel without spatial dependence."""
    draw = rng(seed)
    cities = pd.Index([f"{i:02d}" for i in range(n)])
    places = {"latitude": rng(9).uniform(22, 45, n), "longitude": rng(8).uniform(100, 122, n)}
    weights = nearest(pd.DataFrame(places, index=cities), 5)
    x, e = draw.normal(size=(2, n, t))
    y = x + e + draw.normal(size=(n, 1)) + draw.normal(size=(1, t))
    index = pd.MultiIndex.from_product([cities, range(t)], names=["city", "year"])
    return pd.DataFrame({"y": y.ravel(), "x": x.ravel()}, index=index), weights


def test_pooled_multipliers_agree_with_splm(reference_data, reference):
    data = reference_data("produc_plm")
    logs = {f"log({name})": np.log(data[name]) for name in ("gsp", "pcap", "pc", "emp")}
    weights = weights_from_matrix(reference_data("usaww").set_index("Unnamed: 0"))
    fit = lagrange_multiplier_tests(
        data.assign(**logs).set_index(["state", "year"]),
        "log(gsp)",
        REGRESSORS,
        weights,
        effects=[],
        correction="none",
    )
    expected = reference("spatial_panel_produc_splm")["results"]["slmtest_pooled"]
    for test, key in zip(fit.diagnostics[-4:], ("lml", "lme", "rlml", "rlme"), strict=True):
        assert_allclose(test.statistic, expected[key]["stat"][0][0], rtol=1e-8, err_msg=key)
        assert_allclose(test.p, expected[key]["p"][0][0], rtol=1e-6, err_msg=key)


def transformed(data, weights):
    """LM statistics on the data that explicit orthonormal bases leave."""
    n = len(weights.units)
    t = len(data) // n
    f, g = (np.linalg.eigh(np.eye(m) - 1 / m)[1][:, 1:] for m in (n, t))
    y, x = (f.T @ data[v].to_numpy().reshape(n, t) @ g for v in ("y", "x"))
    w = f.T @ weights.matrix @ f
    b = np.sum(x * y) / np.sum(x * x)
    e = y - x * b
    s2 = np.sum(e**2) / e.size
    wxb = w @ x * b
    left = wxb - x * np.sum(wxb * x) / np.sum(x * x)
    periods, trace = t - 1, np.trace(w)
    d_r, d_s = (np.sum(e * (w @ v)) / s2 - periods * trace for v in (y, e))
    k = periods * (np.trace(w @ w) + np.trace(w.T @ w) - 2 * trace**2 / (n - 1))
    j = k + np.sum(left**2) / s2
    return [
        d_r**2 / j,
        d_s**2 / k,
        (d_r - d_s) ** 2 / (j - k),
        (d_s - k / j * d_r) ** 2 / (k * (1 - k / j)),
    ]


def test_corrected_multipliers_are_those_of_the_transformed_data():
    data, weights = two_way(3)
    fit = lagrange_multiplier_tests(data, "y", ["x"], weights)
    names = [d.name for d in fit.diagnostics[-4:]]
    assert names == ["LM lag", "LM error", "robust LM lag", "robust LM error"]
    assert_allclose([d.statistic for d in fit.diagnostics[-4:]], transformed(data, weights))
    assert fit.n_clusters == {"city": 49}


def test_morans_i_of_a_line_is_its_definition():
    weights = contiguity(LINE)
    values = pd.DataFrame({"v": [1.0, 2, 4, 7, 3, 8, 9, 5]})
    row = moran(values, "v", weights, rng()).iloc[0]
    z = values["v"].to_numpy() - values["v"].mean()
    assert_allclose(row["i"], z @ weights.matrix @ z / (z @ z))
    assert_allclose(row["expected"], -1 / 7)
    assert row["units"] == 8


def test_morans_variance_is_that_over_all_reshuffles():
    weights = contiguity({i: LINE[i] if i else [1] for i in range(5)} | {4: [3]})
    values = pd.DataFrame({"v": [1.0, 2, 4, 7, 3]})
    z = values["v"].to_numpy() - values["v"].mean()
    from itertools import permutations

    every = [
        np.array(p) @ weights.matrix @ np.array(p) / (z @ z) for p in permutations(z.tolist())
    ]
    row = moran(values, "v", weights, rng()).iloc[0]
    assert_allclose(row["sd"], np.std(every), rtol=1e-10)
    assert_allclose(row["expected"], np.mean(every), rtol=1e-10)


def test_moran_goes_year_by_year_and_the_seed_decides_the_reshuffles():
    data, weights = two_way(1)
    table = moran(data, "y", weights, rng(2))
    assert table.index.tolist() == list(range(6))
    assert table.index.name == "year"
    shuffled = data.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(table, moran(shuffled, "y", weights, rng(2)), check_exact=True)
    assert not table["p_permutation"].equals(moran(data, "y", weights, rng(5))["p_permutation"])


def test_a_clear_gradient_is_clustered_and_noise_is_not():
    grid = {i: [i - 1] * (i > 0) + [i + 1] * (i < 59) for i in range(60)}
    weights = contiguity(grid)
    gradient = pd.DataFrame({"v": np.arange(60.0)})
    row = moran(gradient, "v", weights, rng()).iloc[0]
    assert row["i"] > 0.9
    assert row["p_permutation"] == 0.001
    local = local_moran(gradient["v"], weights, rng())
    assert local.loc[[0, 59], "quadrant"].tolist() == ["low-low", "high-high"]
    assert local.loc[[0, 59], "p"].max() < 0.05
    noise = local_moran(pd.Series(rng(6).normal(size=60)), weights, rng())
    assert (noise["q"] < 0.05).sum() <= 1


def test_local_statistics_add_up_to_the_global_one():
    weights = contiguity(LINE)
    values = pd.Series([1.0, 2, 4, 7, 3, 8, 9, 5], name="v")
    local = local_moran(values, weights, rng())
    whole = moran(values.to_frame(), "v", weights, rng()).iloc[0]
    assert_allclose(local["i"].mean(), whole["i"])


def test_an_island_has_no_local_p_value():
    weights = contiguity({**LINE, 8: []})
    local = local_moran(pd.Series(np.arange(9.0)), weights, rng())
    assert local.loc[8, "quadrant"] == "island"
    assert math.isnan(local.loc[8, "p"])
    assert local["p"].notna().sum() == 8


def test_units_without_a_value_leave_and_are_named():
    values = pd.DataFrame({"v": [1.0, 2, 4, np.nan, 3, 8, 9, 5]})
    with pytest.warns(DataWarning, match="1 units of the weights have no value.*3"):
        table = moran(values, "v", contiguity(LINE), rng())
    assert table["units"].tolist() == [7]


def test_a_constant_or_a_handful_of_units_has_no_moran():
    weights = contiguity(LINE)
    with pytest.raises(NotEstimableError, match="the same in all 8 units"):
        moran(pd.DataFrame({"v": np.full(8, 0.1)}), "v", weights, rng())
    with pytest.warns(DataWarning), pytest.raises(NotEstimableError, match="needs four"):
        moran(pd.DataFrame({"v": [1.0, 2, 3]}), "v", weights, rng())
