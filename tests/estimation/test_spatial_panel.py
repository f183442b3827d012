"""Spatial panels against other software, against brute force, and against known truth."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation import spatial_determinants
from urbanecon.estimation.contiguity_weights import contiguity
from urbanecon.estimation.distance_weights import nearest
from urbanecon.estimation.spatial_panel import spatial_lag_of_x, spatial_panel
from urbanecon.estimation.spatial_sample import largest_balanced
from urbanecon.estimation.weights import Weights, weights_from_matrix

REGRESSORS = ["log(pcap)", "log(pc)", "log(emp)", "unemp"]
NAMES = {
    "w_pcap": "W log(pcap)", "w_pc": "W log(pc)", "w_emp": "W log(emp)", "w_unemp": "W unemp"
}  # fmt: skip


def synthetic(n=40, t=6, rho=0.4, seed=3, error=0.0):
    """A synthetic SDM on 5 nearest neighbours: b = 1, c = 0.3, unit and year effects."""
    rng = np.random.default_rng(seed)
    weights = neighbours(n)
    x = rng.normal(size=(n, t)) + rng.normal(size=(n, 1))
    z = rng.normal(size=(n, t))
    one = np.eye(n)
    noise = np.linalg.solve(one - error * weights.matrix, rng.normal(size=(n, t)))
    mean = x + 0.3 * weights.lag(x) - 0.5 * z + rng.normal(size=(n, 1)) + rng.normal(size=(1, t))
    y = np.linalg.solve(one - rho * weights.matrix, mean + noise)
    index = pd.MultiIndex.from_product([weights.units, range(2001, 2001 + t)])
    data = pd.DataFrame({"y": y.ravel(), "x": x.ravel(), "z": z.ravel()}, index=index)
    return data.rename_axis(index=["city", "year"]), weights


def neighbours(n):
    rng = np.random.default_rng(1)
    cities = pd.Index([f"{i:04d}" for i in range(n)])
    places = {"latitude": rng.uniform(22, 45, n), "longitude": rng.uniform(100, 122, n)}
    return nearest(pd.DataFrame(places, index=cities), 5)


@pytest.fixture
def produc(reference_data):
    data = reference_data("produc_plm")
    logs = {f"log({name})": np.log(data[name]) for name in ("gsp", "pcap", "pc", "emp")}
    return data.assign(**logs).set_index(["state", "year"])


@pytest.fixture
def usaww(reference_data):
    return weights_from_matrix(reference_data("usaww").set_index("Unnamed: 0"))


def agrees(fit, expected, *, spatial="rho", rtol=1e-6):
    """Coefficients, standard errors and log-likelihood against those of splm."""
    for ours, theirs in ((fit.params, expected["coef"]), (fit.se, expected["se"])):
        for term, value in theirs.items():
            name = spatial if term in ("lambda", "rho") else NAMES.get(term, term)
            assert_allclose(ours[name], value, rtol=rtol, err_msg=name)
    assert_allclose(fit.stats["loglik"], expected["loglik"], rtol=1e-10)


@pytest.mark.parametrize(("model", "case"), [("sar", "individual_lag"), ("sdm", "sdm_individual")])
def test_unit_effects_agree_with_splm(produc, usaww, reference, model, case):
    expected = reference("spatial_panel_produc_splm")["results"][case]
    fit = spatial_panel(
        produc, "log(gsp)", REGRESSORS, usaww, model, effects=["state"], correction="none"
    )
    agrees(fit, expected)


def test_impacts_of_the_durbin_model_agree_with_the_exact_ones(produc, usaww, reference):
    expected = reference("spatial_panel_produc_splm")["results"]["sdm_individual_impacts"]
    fit = spatial_panel(
        produc, "log(gsp)", REGRESSORS, usaww, effects=["state"], correction="none"
    )
    table = fit.extra["impacts"].set_index(["variable", "effect"])["estimate"]
    for row in expected["impacts"]:
        for effect in ("direct", "indirect", "total"):
            assert_allclose(table[row["_row"], effect], row[effect], rtol=1e-6)


@pytest.mark.parametrize("model", ["sar", "sdm"])
def test_two_way_effects_agree_with_year_dummies_in_splm(produc, usaww, reference, model):
    expected = reference("spatial_panel_twoways_dummies_splm")["results"][model]
    fit = spatial_panel(produc, "log(gsp)", REGRESSORS, usaww, model, correction="none")
    agrees(fit, expected)


def dense_loglik(data, weights, r, model, *, correction, effects=("city", "year")):
    """Log-likelihood at one spatial parameter, with dummies or explicit orthonormal bases."""
    n = len(weights.units)
    t = len(data) // n
    y = data["y"].to_numpy().reshape(n, t)
    x = data[["x", "z"]].to_numpy().reshape(n, t, 2)
    if model in ("sdm", "sdem"):
        x = np.concatenate([x, weights.lag(x)], axis=2)
    a, bases = np.eye(n) - r * weights.matrix, []
    for size, absorbed in ((n, "year" in effects), (t, "city" in effects)):
        transform = absorbed and correction == "lee-yu"
        centring = np.eye(size) - 1 / size
        bases.append(np.linalg.eigh(centring)[1][:, 1:] if transform else np.eye(size))
    f, g = bases
    filtered = np.tensordot(a, np.concatenate([y[..., None], x], axis=2), 1)
    left = np.einsum("ij,jt->it", a, y) if model in ("sar", "sdm") else filtered[..., 0]
    right = x if model in ("sar", "sdm") else filtered[..., 1:]
    columns = np.einsum("na,nt...,tb->ab...", f, np.dstack([left, right]), g)
    flat = columns.reshape(-1, columns.shape[2])
    design = [flat[:, 1:]]
    if correction == "none":
        through = np.eye(n) if model in ("sar", "sdm") else a
        if "city" in effects:
            design.append(np.kron(np.eye(n), np.ones((t, 1))))
        if "year" in effects:
            design.append(np.kron(through @ np.ones((n, 1)), np.eye(t)))
        if not effects:
            design.append(np.kron(through @ np.ones((n, 1)), np.ones((t, 1))))
    e = flat[:, 0] - np.hstack(design) @ np.linalg.lstsq(np.hstack(design), flat[:, 0])[0]
    size, periods = len(e), g.shape[1]
    jacobian = np.linalg.slogdet(f.T @ a @ f)[1]
    return -size / 2 * (np.log(2 * np.pi * np.sum(e**2) / size) + 1) + periods * jacobian


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sdem"])
@pytest.mark.parametrize("correction", ["none", "lee-yu"])
@pytest.mark.parametrize("effects", [("city", "year"), ("city",), ("year",)])
def test_the_likelihood_is_that_of_dummies_or_of_the_orthonormal_transformation(
    model, correction, effects
):
    data, weights = synthetic(n=20, t=4)
    fit = spatial_panel(
        data, "y", ["x", "z"], weights, model, effects=effects, correction=correction
    )
    r = fit.params.iloc[-1]
    near = [
        dense_loglik(data, weights, r + step, model, correction=correction, effects=effects)
        for step in (-1e-4, 0, 1e-4)
    ]
    assert_allclose(fit.stats["loglik"], near[1], rtol=1e-10)
    assert near[1] > max(near[0], near[2])
    # the parabola through the three points has its top at the estimate
    assert_allclose((near[2] - near[0]) / (near[0] + near[2] - 2 * near[1]), 0, atol=5e-3)


@pytest.mark.parametrize("model", ["sar", "sem", "sdm"])
@pytest.mark.parametrize("effects", [("city", "year"), ("year",), ()])
def test_without_correction_any_weights_serve_islands_and_unequal_rows_included(model, effects):
    data, weights = synthetic(n=20, t=4)
    raw = np.triu(weights.raw) * np.linspace(0.5, 2, 20)[:, None]
    raw += raw.T
    raw[3] = raw[:, 3] = 0
    odd = Weights(weights.units, raw, False, "unequal weights with an island")
    with pytest.warns(EstimationWarning, match="1 units have no neighbour.*0003"):
        fit = spatial_panel(data, "y", ["x", "z"], odd, model, effects=effects, correction="none")
    value = dense_loglik(data, odd, fit.params.iloc[-1], model, correction="none", effects=effects)
    assert_allclose(fit.stats["loglik"], value, rtol=1e-10)
    with pytest.raises(EstimationError, match="rows all sum to one"):
        spatial_panel(data, "y", ["x"], odd, "sar", effects=["city", "year"])


def test_standard_errors_are_those_of_the_curvature_of_the_likelihood():
    data, weights = synthetic(n=50, t=8)
    fit = spatial_panel(data, "y", ["x", "z"], weights, "sdm", correction="none")
    r, step = fit.params["rho"], 1e-3
    f = [dense_loglik(data, weights, r + s, "sdm", correction="none") for s in (-step, 0, step)]
    observed = -(f[0] - 2 * f[1] + f[2]) / step**2
    # observed and expected information differ by sampling
    assert_allclose(fit.se["rho"], observed**-0.5, rtol=0.1)


def test_scaling_the_weights_scales_the_spatial_parameter_alone():
    data, weights = synthetic()
    plain = Weights(weights.units, weights.raw, False, "plain")
    large = Weights(weights.units, 1e4 * weights.raw, False, "large")
    a, b = (
        spatial_panel(data, "y", ["x", "z"], w, "sar", correction="none") for w in (plain, large)
    )
    assert_allclose(b.params["rho"] * 1e4, a.params["rho"], rtol=1e-10)
    assert_allclose(b.params["x"], a.params["x"], rtol=1e-10)
    assert_allclose(
        b.extra["impacts"]["se"].to_numpy(), a.extra["impacts"]["se"].to_numpy(), rtol=1e-7
    )


def test_likelihood_ratio_tests_compare_the_models_they_name():
    data, weights = synthetic()
    fits = {m: spatial_panel(data, "y", ["x", "z"], weights, m) for m in ("sdm", "sar", "sem")}
    tests = {d.name: d for d in fits["sdm"].diagnostics}
    for model, words in (("sar", "SAR (no lagged regressors)"), ("sem", "SEM (common factor)")):
        test = tests[f"LR test of SDM against {words}"]
        gap = 2 * (fits["sdm"].stats["loglik"] - fits[model].stats["loglik"])
        assert_allclose(test.statistic, gap, rtol=1e-9)
        assert test.df == (2,)
    partly = spatial_panel(data, "y", ["x", "z"], weights, lagged=["x"])
    assert list(partly.params.index) == ["x", "z", "W x", "rho"]
    assert not any("SEM" in d.name for d in partly.diagnostics)


def test_neither_the_order_of_rows_nor_that_of_the_weights_changes_a_bit():
    data, weights = synthetic()
    turned = weights_from_matrix(
        pd.DataFrame(weights.raw, index=weights.units, columns=weights.units).iloc[::-1]
    )
    a = spatial_panel(data, "y", ["x", "z"], weights)
    b = spatial_panel(data.sample(frac=1, random_state=1), "y", ["x", "z"], turned)
    pd.testing.assert_series_equal(a.params, b.params, check_exact=True)
    pd.testing.assert_frame_equal(a.vcov, b.vcov, check_exact=True)


THREADS = """
import sys
sys.path.insert(0, {here!r})
from test_spatial_panel import synthetic
from urbanecon.estimation.spatial_panel import spatial_panel
import numpy as np
data, weights = synthetic(n=150, t=3, rho=0)
for model in ("sdm", "sem"):
    fit = spatial_panel(data.assign(y=data["z"] + data["x"]**2), "y", ["x"], weights, model)
    numbers = [*fit.params, *fit.vcov.to_numpy().ravel(), *fit.extra["impacts"]["se"],
               *fit.stats.values(), *(d.statistic for d in fit.diagnostics)]
    print([float(v).hex() for v in numbers])
"""


@pytest.mark.slow
def test_neither_the_number_of_threads_nor_the_hash_seed_changes_a_digit():
    script = THREADS.format(here=str(Path(__file__).parent))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={
                **os.environ,
                "OPENBLAS_NUM_THREADS": n,
                "OMP_NUM_THREADS": n,
                "PYTHONHASHSEED": n,
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in ("1", "4")
    }
    assert len(outputs) == 1
    assert "0x" in outputs.pop()


def test_units_and_years_with_gaps_are_left_out_and_named():
    data, weights = synthetic()
    data.loc[("0007", 2003), "x"] = np.nan
    data = data.drop([("0011", 2002), ("0011", 2005)])
    with pytest.warns(EstimationWarning, match="'city' left out to balance the panel: 0007, 0011"):
        fit = spatial_panel(data, "y", ["x", "z"], weights)
    kept = data.drop(["0007", "0011"], level=0)
    same = spatial_panel(kept, "y", ["x", "z"], weights.restrict(kept.index.unique(0)))
    pd.testing.assert_series_equal(fit.params, same.params)
    assert fit.nobs == 38 * 6
    assert fit.stats["units"] == 38


@pytest.mark.parametrize("seed", range(20))
def test_no_set_of_years_has_more_rows_than_the_one_chosen(seed):
    rng = np.random.default_rng(seed)
    present = rng.random((7, 6)) < rng.uniform(0.5, 1)
    present[0, 0] = True
    best = max(
        (int(present[:, years].all(axis=1).sum()) * len(years),
         int(present[:, years].all(axis=1).sum()), sum(1 << t for t in years), years)
        for size in range(1, 7)
        for years in map(list, combinations(range(6), size))
    )  # fmt: skip
    units, years = largest_balanced(present)
    assert np.flatnonzero(years).tolist() == best[3]
    assert units.tolist() == present[:, best[3]].all(axis=1).tolist()


@pytest.mark.parametrize("periods", [5, 20])
def test_the_largest_balanced_panel_is_the_one_with_most_rows(periods):
    present = np.ones((10, periods), dtype=bool)
    present[:6, 1] = False  # one year is missing for most units
    present[9, periods - 1] = False
    if periods == 5:
        units, years = largest_balanced(present)
        assert years.tolist() == [True, False, True, True, True]
        assert units.tolist() == [True] * 9 + [False]
    else:  # many years: runs of consecutive years only
        units, years = largest_balanced(present)
        assert np.flatnonzero(years).tolist() == list(range(2, 19))
        assert units.all()  # 10 x 17 rows beat 9 x 18


def test_slx_is_least_squares_on_the_lags_with_any_inference():
    data, weights = synthetic(rho=0.0)
    fit = spatial_lag_of_x(data, "y", ["x", "z"], weights)
    assert fit.n_clusters == {"city": 40}
    n, t = 40, 6
    x = data[["x", "z"]].to_numpy().reshape(n, t, 2)
    columns = np.concatenate([x, weights.lag(x)], axis=2).reshape(n * t, -1)
    dummies = np.hstack([np.kron(np.eye(n), np.ones((t, 1))), np.kron(np.ones((n, 1)), np.eye(t))])
    b = np.linalg.lstsq(np.hstack([columns, dummies]), data["y"].to_numpy())[0][:4]
    assert_allclose(fit.params.to_numpy(), b, rtol=1e-10)
    table = fit.extra["impacts"].set_index(["variable", "effect"])
    assert_allclose(table.loc[("x", "indirect"), "estimate"], fit.params["W x"])
    assert_allclose(table.loc[("x", "direct"), "se"], fit.se["x"])
    robust = spatial_lag_of_x(data, "y", ["x"], weights, vcov="driscoll-kraay(1)")
    assert "Driscoll-Kraay" in robust.inference


def test_collinear_and_absorbed_columns_are_dropped_and_named():
    data, weights = synthetic()
    data["twice"] = 2 * data["x"]
    data["fixed"] = data.groupby("city")["x"].transform("mean")
    with pytest.warns(EstimationWarning) as caught:
        fit = spatial_panel(data, "y", ["x", "twice", "fixed"], weights)
    said = " ".join(str(w.message) for w in caught)
    for words in ("'twice' was dropped: collinear", "'fixed' was dropped: it does not vary"):
        assert words in said
    assert list(fit.params.index) == ["x", "W x", "rho"]
    assert fit.extra["impacts"]["variable"].unique().tolist() == ["x"]


def test_what_cannot_be_estimated_says_why():
    data, weights = synthetic()
    with pytest.raises(NotEstimableError, match="outcome 'k' does not vary"):
        spatial_panel(data.assign(k=1.0), "k", ["x"], weights)
    with pytest.raises(NotEstimableError, match="'k' cannot be estimated"):
        spatial_panel(data.assign(k=1.0), "y", ["k"], weights, "sar")
    with pytest.raises(NotEstimableError, match="fit 'y2' without error"):
        spatial_panel(data.assign(y2=2 * data["x"]), "y2", ["x"], weights)
    with pytest.raises(NotEstimableError, match="'x' has no value"):
        spatial_panel(data.assign(x=np.nan), "y", ["x"], weights)
    with pytest.raises(NotEstimableError, match="40 units and 1 years"):
        spatial_panel(data.xs(2003, level=1, drop_level=False), "y", ["x"], weights)
    with pytest.raises(EstimationError, match="'x' is infinite at city 0000, year 2001"):
        spatial_panel(data.assign(x=np.inf), "y", ["x"], weights)


def test_names_that_are_wrong_are_answered_with_the_closest_one():
    data, weights = synthetic()
    with pytest.raises(MissingColumnError, match="'xx'"):
        spatial_panel(data, "y", ["xx"], weights)
    with pytest.raises(UnknownNameError, match=r"unknown model 'sdn'.*Did you mean 'sdm'"):
        spatial_panel(data, "y", ["x"], weights, "sdn")
    with pytest.raises(UnknownNameError, match="Did you mean 'lee-yu'"):
        spatial_panel(data, "y", ["x"], weights, correction="leeyu")
    with pytest.raises(UnknownNameError, match="Did you mean 'city'"):
        spatial_panel(data, "y", ["x"], weights, effects=["cyti"])
    with pytest.raises(UnknownNameError, match="'q' is to be lagged"):
        spatial_panel(data, "y", ["x"], weights, lagged=["q"])
    with pytest.raises(EstimationError, match="a sar has no lagged regressors"):
        spatial_panel(data, "y", ["x"], weights, "sar", lagged=["x"])
    with pytest.raises(EstimationError, match="also a regressor"):
        spatial_panel(data, "y", ["y"], weights)


def test_units_unknown_to_the_weights_and_double_rows_are_refused():
    data, weights = synthetic()
    with pytest.raises(UnknownNameError, match="1 units have no row in the spatial weights"):
        spatial_panel(data, "y", ["x"], weights.restrict(weights.units[1:]))
    with pytest.raises(DataError, match="occurs more than once"):
        spatial_panel(pd.concat([data, data.iloc[:1]]), "y", ["x"], weights)
    with pytest.raises(DataError, match="one level only"):
        spatial_panel(data.droplevel(1), "y", ["x"], weights)


def test_a_unit_alone_cannot_make_a_spatial_panel():
    data, weights = synthetic()
    with pytest.raises(NotEstimableError, match="1 units and 6 years"):
        spatial_panel(data.loc[["0003"]], "y", ["x"], weights)


def test_levels_of_the_index_may_have_any_name_or_none():
    data, weights = synthetic()
    a = spatial_panel(data, "y", ["x"], weights)
    b = spatial_panel(data.rename_axis(index=[None, None]), "y", ["x"], weights)
    assert b.fixed_effects == ("unit", "year")
    pd.testing.assert_series_equal(a.params, b.params, check_exact=True)


@pytest.mark.parametrize("correction", ["none", "lee-yu"])
def test_many_units_without_eigenvalues_give_the_same_as_with_them(correction, monkeypatch):
    data, weights = synthetic(n=150, t=4)
    fits = []
    for least in (100, 1000):
        monkeypatch.setattr(spatial_determinants, "FACTORED_FROM", least)
        fresh = replace(weights)
        fits.append(spatial_panel(data, "y", ["x", "z"], fresh, correction=correction))
        assert isinstance(fresh.determinants, spatial_determinants.Factors) == (least == 100)
    a, b = fits
    assert_allclose(a.params, b.params, rtol=1e-10)
    assert_allclose(a.vcov, b.vcov, rtol=1e-7, atol=1e-12)
    assert_allclose(a.stats["loglik"], b.stats["loglik"], rtol=1e-13)
    for ours, theirs in zip(a.diagnostics, b.diagnostics, strict=True):
        assert_allclose(ours.statistic, theirs.statistic, rtol=1e-8)
    assert_allclose(a.extra["impacts"]["se"], b.extra["impacts"]["se"], rtol=1e-7)


def test_the_error_model_is_nested_only_where_its_effects_are():
    data, weights = synthetic(n=20, t=4)
    raw = weights.raw.copy()
    raw[3] = 0
    island = Weights(weights.units, raw, True, "one island")
    for effects, nested in ((["city"], True), (["city", "year"], False)):
        with pytest.warns(EstimationWarning, match="no neighbour"):
            fits = [
                spatial_panel(data, "y", ["x"], island, m, effects=effects, correction="none")
                for m in ("sdm", "sem")
            ]
        assert any("SEM" in d.name for d in fits[0].diagnostics) == nested
        if nested:
            assert fits[0].stats["loglik"] >= fits[1].stats["loglik"]


def test_units_left_alone_by_the_sample_are_named_where_rows_must_sum_to_one():
    data, weights = synthetic(n=20, t=4)
    near = weights.units[(weights.raw[3] > 0) | (weights.raw[:, 3] > 0)]
    with pytest.raises(EstimationError, match=r"of the .* units .* no neighbour in it \(.*0003"):
        spatial_panel(data.drop(near, level=0), "y", ["x"], weights)


def test_year_effects_take_out_a_common_trend_that_else_passes_for_dependence():
    data, weights = synthetic(rho=0.4)
    trend = 30.0 * data.index.get_level_values("year").to_numpy()
    trending = data.assign(y=data["y"] + trend)
    with pytest.raises(EstimationError, match="a common trend without time effects"):
        spatial_panel(trending, "y", ["x", "z"], weights, "sem", effects=["city"])
    a, b = (spatial_panel(d, "y", ["x", "z"], weights) for d in (data, trending))
    assert_allclose(b.params, a.params, rtol=1e-8)


def test_a_parameter_too_close_to_the_end_of_its_interval_is_doubted():
    data, weights = synthetic(n=20, t=3, rho=0.7)
    with pytest.warns(EstimationWarning, match="standard errors from the end of its interval"):
        fit = spatial_panel(data, "y", ["x", "z"], weights)
    assert any("nor that of the impacts can be relied on" in note for note in fit.warnings)


def test_an_explosive_outcome_has_no_maximum_inside_the_interval():
    data, weights = synthetic(n=30, t=5)
    values, vectors = np.linalg.eig(weights.matrix)
    second = np.argsort(values.real)[-2]
    wave = np.kron(vectors[:, second].real, np.arange(5.0) ** 2) * 1e4
    with pytest.raises(EstimationError, match="rises to the end of the admissible interval"):
        spatial_panel(data.assign(y=data["y"] + wave), "y", ["x"], weights, "sar")


def test_one_year_serves_a_cross_section_and_no_unit_effects():
    data, weights = synthetic()
    year = data.xs(2003, level="year", drop_level=False)
    fit = spatial_panel(year, "y", ["x", "z"], weights, effects=[])
    assert fit.nobs == 40
    assert abs(fit.params["rho"]) < 1
    with pytest.raises(NotEstimableError, match="40 units and 1 years"):
        spatial_panel(year, "y", ["x"], weights)


def test_a_row_without_a_unit_or_year_is_refused():
    data, weights = synthetic(n=10, t=3)
    rows = data.reset_index()
    rows.loc[4, "city"] = np.nan
    with pytest.raises(DataError, match="a row has no city in the index"):
        spatial_panel(rows.set_index(["city", "year"]), "y", ["x"], weights)


def test_columns_close_to_each_other_keep_their_digits():
    data, weights = synthetic()
    close = data.assign(v=1e6 * (data["x"] + 1e-4 * data["z"]))
    a = spatial_panel(data, "y", ["x", "z"], weights, "sar")
    b = spatial_panel(close, "y", ["x", "v"], weights, "sar")
    # y = x b + z c = x (b - 1e4 c) + v c / 100
    assert_allclose(b.params["v"] * 100, a.params["z"], rtol=1e-8)
    assert_allclose(b.stats["loglik"], a.stats["loglik"], rtol=1e-11)


def test_contiguity_serves_a_model_as_well():
    ring = {i: [(i - 1) % 30, (i + 1) % 30] for i in range(30)}
    data, _ = synthetic(30, 5)
    data.index = data.index.set_levels(range(30), level=0)
    fit = spatial_panel(data, "y", ["x"], contiguity(ring), "sem")
    assert abs(fit.params["lambda"]) < 1
