"""Fixed effects: parity with fixest, known truth, and bad input."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation import covariance as cov
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.within import Absorber

CONTROLS = ["ind2", "ltrade", "lfin", "lstud", "lfexp"]


def assert_agrees(fit, expected):
    for term, value in expected["coef"].items():
        assert fit.params[term] == pytest.approx(value, rel=1e-10)
    for term, value in expected["se"].items():
        assert fit.se[term] == pytest.approx(value, rel=1e-8)
    assert (fit.nobs, fit.df) == (expected["nobs"], expected["df_t"])


@pytest.mark.filterwarnings("ignore:lgdppc. only 25 clusters")
@pytest.mark.parametrize(
    ("case", "vcov"),
    [
        ("cl_city", "cluster(city)"),
        ("twoway", "cluster(city, year)"),
        ("hetero", "hetero"),
        ("iid", "iid"),
    ],
)
def test_the_city_panel_agrees_with_fixest(cities, reference, case, vcov):
    fit = fixed_effects(cities, "lgdppc", CONTROLS, vcov=vcov)
    assert_agrees(fit, reference("twfe_city_fixest")["results"][case])


@pytest.mark.filterwarnings("ignore:lgdppc. 1 rows are alone")
@pytest.mark.parametrize("drop", [False, True], ids=["singleton_keep", "singleton_drop"])
def test_a_singleton_city_agrees_with_fixest_kept_or_dropped(cities, reference, drop):
    # the reference left Beijing with its first year only
    terms = ["ind2", "ltrade", "lfin"]
    beijing = cities.index.get_level_values("city") == 110000
    later = cities.index.get_level_values("year") > 2000
    data = cities[~(beijing & later)]
    fit = fixed_effects(data, "lgdppc", terms, drop_singletons=drop)
    case = "singleton_drop" if drop else "singleton_keep"
    assert_agrees(fit, reference("twfe_city_fixest")["results"][case])
    assert fit.stats["singletons"] == 1


@pytest.fixture
def panel():
    """Synthetic unbalanced panel with y = 2 x - z + effects + noise."""
    rng = np.random.default_rng(17)
    index = pd.MultiIndex.from_product([range(50), range(2005, 2015)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(500, 2)), index=index, columns=["x", "z"])
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    effects = rng.normal(size=50)[city] + rng.normal(size=10)[year - 2005]
    data["x"] += effects
    data["y"] = 2 * data["x"] - data["z"] + effects + rng.normal(size=500)
    data["province"] = city // 10
    data["weight"] = rng.uniform(0.2, 5, 500)
    return data[rng.random(500) < 0.85]


def on_dummies(data, terms, effects, weights=None):
    """Coefficients and residual sum of squares by least squares on all dummies."""
    frame = data.reset_index()
    dummies = [pd.get_dummies(frame[e], dtype=float).to_numpy() for e in effects]
    design = np.column_stack([frame[terms], *dummies])
    root = np.ones(len(frame)) if weights is None else np.sqrt(frame[weights].to_numpy())
    y = frame["y"].to_numpy()
    b = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
    return b[: len(terms)], float(np.sum(((y - design @ b) * root) ** 2))


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("effects", [("city",), ("city", "year"), ("city", "year", "group")])
def test_coefficients_are_those_of_least_squares_on_dummies(panel, effects, weights):
    panel["group"] = np.arange(len(panel)) % 7
    fit = fixed_effects(panel, "y", ["x", "z"], effects, weights=weights)
    b, rss = on_dummies(panel, ["x", "z"], effects, weights)
    np.testing.assert_allclose(fit.params, b, rtol=1e-10)
    assert fit.stats["rss"] == pytest.approx(rss, rel=1e-10)
    assert fit.fixed_effects == effects


def test_without_effects_a_constant_is_estimated(panel):
    fit = fixed_effects(panel, "y", ["x", "z"], (), "iid")
    design = np.column_stack([panel[["x", "z"]], np.ones(len(panel))])
    b = np.linalg.lstsq(design, panel["y"], rcond=None)[0]
    assert list(fit.params.index) == ["x", "z", "const"]
    np.testing.assert_allclose(fit.params, b, rtol=1e-10)
    assert fit.stats["r2"] == fit.stats["r2_within"]


def test_equal_weights_change_nothing_and_integer_weights_repeat_rows(panel):
    plain = fixed_effects(panel, "y", ["x", "z"])
    panel["three"] = 3.0
    same = fixed_effects(panel, "y", ["x", "z"], weights="three")
    np.testing.assert_allclose(same.vcov, plain.vcov, rtol=1e-10)
    panel["times"] = np.where(panel["x"] > 0, 2.0, 1.0)
    weighted = fixed_effects(panel, "y", ["x", "z"], weights="times")
    frame = panel.reset_index()
    repeated = frame.loc[frame.index.repeat(frame["times"].astype(int))].reset_index(drop=True)
    np.testing.assert_allclose(
        weighted.params, fixed_effects(repeated, "y", ["x", "z"]).params, rtol=1e-10
    )


def test_units_of_the_variables_do_not_matter(panel):
    fit = fixed_effects(panel, "y", ["x", "z"])
    yuan = panel.assign(x=panel["x"] * 1e10 + 1e11, z=panel["z"] * 1e-9)
    scaled = fixed_effects(yuan, "y", ["x", "z"])
    assert scaled.warnings == ()
    np.testing.assert_allclose(scaled.params * [1e10, 1e-9], fit.params, rtol=1e-9)
    np.testing.assert_allclose(scaled.se * [1e10, 1e-9], fit.se, rtol=1e-9)


def test_stats_and_words_say_what_was_done(panel):
    panel.iloc[:4, 0] = np.nan
    fit = fixed_effects(panel, "y", ["x", "z"], weights="weight", treatment="x")
    assert fit.stats["rows_dropped"] == 4
    assert fit.stats["k_effects"] == 59
    assert 0 < fit.stats["r2_within"] < fit.stats["r2"] < 1
    assert fit.n_clusters == {"city": 50}
    assert fit.estimator == "two-way fixed effects least squares, weighted by weight"
    assert "clustered by city (CRV1)" in fit.inference
    assert len(fit.sample) == fit.nobs == len(panel) - 4


# -- collinearity ----------------------------------------------------------------


def test_of_collinear_columns_the_later_is_dropped_and_named(panel):
    panel["sum"] = panel["x"] + panel["z"]
    with pytest.warns(EstimationWarning, match="'sum' was dropped: collinear"):
        fit = fixed_effects(panel, "y", ["x", "z", "sum"])
    assert list(fit.params.index) == ["x", "z"]
    pd.testing.assert_series_equal(fit.params, fixed_effects(panel, "y", ["x", "z"]).params)


def test_an_absorbed_control_is_dropped_and_named(panel):
    panel["area"] = panel.index.get_level_values("city") * 1.1 + 1e6
    with pytest.warns(EstimationWarning, match="'area' was dropped: it does not vary within"):
        fit = fixed_effects(panel, "y", ["x", "area"], treatment="x")
    assert list(fit.params.index) == ["x"]


def test_an_absorbed_treatment_is_not_estimable(panel):
    panel["ever"] = (panel.index.get_level_values("city") < 20).astype(float)
    with pytest.raises(NotEstimableError, match=r"'ever' cannot be estimated.*\(city, year\)"):
        fixed_effects(panel, "y", ["x", "ever"], treatment="ever")
    with pytest.raises(NotEstimableError, match="'ever'"):
        fixed_effects(panel, "y", ["ever"])


@pytest.mark.parametrize("effects", [(), ("city", "year")])
def test_a_treatment_without_variation_is_not_estimable(panel, effects):
    panel["pilot"] = 0.0
    with pytest.raises(NotEstimableError, match="'pilot' does not vary in the"):
        fixed_effects(panel, "y", ["pilot", "x"], effects, treatment="pilot")


def test_an_outcome_without_variation_is_not_estimable(panel):
    panel["y"] = panel.index.get_level_values("city") / 7
    with pytest.raises(NotEstimableError, match="the outcome 'y' does not vary within"):
        fixed_effects(panel, "y", ["x"])


def test_a_large_level_with_little_variation_is_not_taken_for_collinear(panel):
    panel["x"] += 1e7
    assert fixed_effects(panel, "y", ["x"], ("city",)).params["x"] > 1
    assert fixed_effects(panel, "y", ["x"], ()).params["x"] > 1


# -- clusters, names, bad input ----------------------------------------------------


def test_few_clusters_are_a_caveat(panel):
    with pytest.warns(EstimationWarning, match="only 5 clusters of 'province'"):
        fit = fixed_effects(panel, "y", ["x"], vcov="cluster(province)")
    assert fit.warnings[0].startswith("only 5 clusters of 'province'")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fixed_effects(panel, "y", ["x"])


def test_kept_singletons_are_a_caveat(panel):
    first = panel.index.get_level_values("city") == 0
    data = panel[~first | (np.cumsum(first) == 1)]
    with pytest.warns(EstimationWarning, match="1 rows are alone in a level of city or year"):
        fit = fixed_effects(data, "y", ["x"])
    dropped = fixed_effects(data, "y", ["x"], drop_singletons=True)
    assert fit.nobs == dropped.nobs + 1
    assert fit.params["x"] == pytest.approx(dropped.params["x"], rel=1e-10)
    assert dropped.warnings == ()


def test_wrong_names_are_refused_with_the_closest(panel):
    with pytest.raises(MissingColumnError, match="Did you mean 'weight'"):
        fixed_effects(panel, "y", ["x"], weights="wieght")
    with pytest.raises(MissingColumnError, match="Did you mean 'province'"):
        fixed_effects(panel, "y", ["x"], vcov="cluster(provinc)")
    with pytest.raises(UnknownNameError, match="treatment 'pilot' is not a regressor"):
        fixed_effects(panel, "y", ["x"], treatment="pilot")
    with pytest.raises(EstimationError, match="at least one regressor"):
        fixed_effects(panel, "y", [])
    with pytest.raises(EstimationError, match="'y' is also a regressor"):
        fixed_effects(panel, "y", ["x", "y"])
    with pytest.raises(EstimationError, match="named twice"):
        fixed_effects(panel, "y", ["x"], ("city", "city"))


# -- determinism and truth ---------------------------------------------------------

PROGRAM = """
import sys
import numpy as np, pandas as pd
from urbanecon.estimation.fixed_effects import fixed_effects
rng = np.random.default_rng(5)
cities = [f"c{i:03d}" for i in range(300)]
index = pd.MultiIndex.from_product([cities, range(20)], names=["city", "year"])
data = pd.DataFrame(rng.normal(size=(6000, 3)), index, ["y", "x", "z"])
data["province"] = [c[:3] for c in index.get_level_values("city")]
data = data[rng.random(6000) < 0.8].sample(frac=1, random_state=int(sys.argv[1]))
for vcov in ["cluster(city, year)", "crv3(province)", "newey-west(2)"]:
    fit = fixed_effects(data, "y", ["x", "z"], ("city", "province:year"), vcov)
    print([v.hex() for v in [*fit.params, *fit.se]], fit.sample_digest)
"""


def test_no_digit_depends_on_the_hash_seed_the_order_of_rows_or_the_threads():
    outputs = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("2", "4")):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, seed],
            env={**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count("\n") == 3


@pytest.mark.slow
def test_intervals_cover_a_known_effect_in_a_simulated_panel():
    # synthetic: 200 cities, 10 years, errors and treatment autocorrelated by city
    rng = np.random.default_rng(20)
    truth, draws, cities, years = 0.5, 1000, 200, 10
    city, year = np.divmod(np.arange(cities * years), years)

    def walks(columns):
        return rng.normal(size=(cities, years, columns)).cumsum(axis=1).reshape(-1, columns)

    x = walks(1)
    level = rng.normal(size=cities)[city] + rng.normal(size=years)[year]
    outcomes = truth * x + level[:, None] + 0.5 * walks(draws) + rng.normal(size=(2000, draws))
    demean = Absorber([city, year]).residuals
    inside, y = demean(x), demean(outcomes)
    estimates = (inside.T @ y)[0] / (inside.T @ inside)[0, 0]
    sums = cov.sum_by(inside * (y - inside * estimates), city)
    factor = cities / (cities - 1) * (2000 - 1) / (2000 - 1 - years)
    errors = np.sqrt(factor * (sums**2).sum(axis=0)) / (inside.T @ inside)[0, 0]

    index = pd.MultiIndex.from_arrays([city, year], names=["city", "year"])
    one = fixed_effects(pd.DataFrame({"y": outcomes[:, 7], "x": x[:, 0]}, index), "y", ["x"])
    assert one.params["x"] == pytest.approx(estimates[7], rel=1e-10)
    assert one.se["x"] == pytest.approx(errors[7], rel=1e-10)
    low, high = one.conf_int().loc["x"]
    reach = (high - low) / 2 / one.se["x"] * errors
    assert 0.93 <= np.mean(np.abs(estimates - truth) <= reach) <= 0.97
    assert abs(estimates.mean() - truth) < 4 * estimates.std() / draws**0.5
