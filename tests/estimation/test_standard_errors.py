"""Standard errors against fixest and plm on their own data sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Conley, Crv3, DriscollKraay, NeweyWest
from urbanecon.estimation.standard_errors import count_effects

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")

FIXEST_SPHERE_KM = 6376.0
FIXEST_PLANE_KM = 111 * 180 / 3.14159  # its planar distance takes 111 km a degree


@pytest.fixture
def grunfeld(reference_data):
    return reference_data("grunfeld_plm").set_index(["firm", "year"])


def fit_grunfeld(data, vcov, **options):
    return fixed_effects(data, "inv", ["value", "capital"], ("firm", "year"), vcov, **options)


def assert_agrees(fit, expected, coef=1e-10, se=1e-8):
    names = {"(Intercept)": "const"}
    for term, value in expected.get("coef", {}).items():
        assert fit.params[names.get(term, term)] == pytest.approx(value, rel=coef)
    for term, value in expected["se"].items():
        assert fit.se[names.get(term, term)] == pytest.approx(value, rel=se)
    assert fit.nobs == expected.get("nobs", fit.nobs)
    assert fit.df == expected.get("df_t", fit.df)


@pytest.mark.parametrize(
    ("case", "vcov"),
    [
        ("iid", "iid"),
        ("hetero", "hetero"),
        ("cl_firm", "cluster(firm)"),
        ("twoway", "cluster(firm, year)"),
        ("NW2", NeweyWest(2, unit="firm")),
        ("DK2", "driscoll-kraay(2)"),
        ("DK_default", "driscoll-kraay"),
    ],
)
def test_grunfeld_agrees_with_fixest(grunfeld, reference, case, vcov):
    expected = reference("twfe_grunfeld_fixest")["results"]
    fit = fit_grunfeld(grunfeld, vcov)
    assert_agrees(fit, expected[case])
    assert fit.stats["r2_within"] == pytest.approx(expected["wr2"], rel=1e-10)


# plm's matrices carry other small-sample factors than fixest's. With n = 200,
# k = 2, G = 10 firms, T = 20 years: the factor on V that turns plm's into ours.
HAC = 20 / 19 * 199 / 169
PLM = {
    "nonrobust": ("iid", 1.0),
    "HC0_arellano_group": ("cluster(firm)", 10 / 9 * 199 / 178),
    "HC1_arellano_group": ("cluster(firm)", 10 / 9 * 199 / 178 / (200 / 198)),
    "sss_group": ("cluster(firm)", 198 / 178),
    "HC0_time": ("cluster(year)", 20 / 19 * 199 / 188),
    "twoway_DC_HC0": ("cluster(firm, year)", 10 / 9 * 199 / 197),
    "SCC_HC0_maxlag2": (DriscollKraay(2), HAC),
    "SCC_HC0_default": (DriscollKraay(), HAC),
    "NW_HC0_maxlag2": (NeweyWest(2, unit="firm"), HAC),
}


@pytest.mark.parametrize("case", PLM)
def test_grunfeld_agrees_with_plm_up_to_the_stated_factor(grunfeld, reference, case):
    vcov, factor = PLM[case]
    expected = reference("twfe_grunfeld_plm")["results"]
    fit = fit_grunfeld(grunfeld, vcov)
    scaled = {term: se * factor**0.5 for term, se in expected[case]["se"].items()}
    assert_agrees(fit, {"coef": expected[case]["coef"], "se": scaled})
    assert fit.stats["rss"] == pytest.approx(expected["rss"], rel=1e-10)


@pytest.mark.parametrize(
    ("case", "cutoff", "radius"),
    [("conley100", 100, FIXEST_SPHERE_KM), ("conley200_tri", 200, FIXEST_PLANE_KM)],
)
def test_conley_agrees_with_fixest_on_its_radius_and_within_four_permille_on_ours(
    reference, reference_data, case, cutoff, radius
):
    quakes = reference_data("quakes")
    where = {"latitude": "lat", "longitude": "long", "time": None}
    expected = reference("conley_quakes_fixest")["results"][case]

    def fit(**options):
        how = Conley(cutoff, **where, **options)
        return fixed_effects(quakes, "depth", ["mag", "stations"], (), how)

    assert_agrees(fit(radius_km=radius), expected)
    assert_agrees(fit(), expected, se=4e-3)


@pytest.fixture
def panel():
    """Synthetic unbalanced panel with coordinates, 40 cities and 8 years."""
    rng = np.random.default_rng(8)
    index = pd.MultiIndex.from_product([range(40), range(2010, 2018)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(320, 3)), index=index, columns=["y", "x", "z"])
    city = data.index.get_level_values("city")
    data["latitude"], data["longitude"] = 25 + city / 4, 105 + city % 6
    data["province"] = city // 8
    data["weight"] = rng.uniform(0.5, 2, 320)
    return data.drop(index[rng.random(320) < 0.1])


def test_the_jackknife_equals_refits_without_each_cluster(panel):
    fit = fixed_effects(panel, "y", ["x", "z"], vcov=Crv3("city"), weights="weight")
    moves = []
    for city in range(40):
        left = panel.drop(city, level="city")
        again = fixed_effects(left, "y", ["x", "z"], vcov="iid", weights="weight")
        moves.append(again.params - fit.params)
    expected = 39 / 40 * sum(np.outer(m, m) for m in moves)
    np.testing.assert_allclose(fit.vcov, expected, rtol=1e-9)
    assert fit.df == 39


def test_the_jackknife_says_when_one_cluster_alone_identifies_a_term(panel):
    panel["only"] = panel["x"].where(panel.index.get_level_values("city") == 3, 0.0)
    with pytest.raises(EstimationError, match="without one of the clusters only can no longer"):
        fixed_effects(panel, "y", ["x", "only"], vcov="crv3(city)")


def test_conley_takes_its_lags_and_kernel_from_the_inference(panel):
    near = fixed_effects(panel, "y", ["x"], vcov=Conley(150, kernel="bartlett"))
    serial = fixed_effects(panel, "y", ["x"], vcov=Conley(150, kernel="bartlett", lags=2))
    tiny = fixed_effects(panel, "y", ["x"], vcov=Conley(0.001))
    robust = fixed_effects(panel, "y", ["x"], vcov="hetero")
    assert near.se["x"] != serial.se["x"]
    assert tiny.se["x"] == pytest.approx(robust.se["x"], rel=1e-12)
    own = fixed_effects(panel, "y", ["x"], vcov=Conley(0.001, lags=2))
    serial_only = fixed_effects(panel, "y", ["x"], vcov=NeweyWest(2))
    bridge = 8 / 7 * (panel.shape[0] - 1) / panel.shape[0]
    assert own.se["x"] * bridge**0.5 == pytest.approx(serial_only.se["x"], rel=1e-12)


def test_coordinates_that_are_no_degrees_are_refused(panel):
    panel["latitude"] *= 1000
    with pytest.raises(EstimationError, match="must be degrees"):
        fixed_effects(panel, "y", ["x"], vcov=Conley(100))


def test_effects_nested_in_clusters_are_not_counted(panel):
    fit = fixed_effects(panel, "y", ["x"], vcov="cluster(city)")
    city, year = (pd.factorize(panel.index.get_level_values(k))[0] for k in ("city", "year"))
    design = np.column_stack([panel["x"], np.eye(40)[city], np.eye(8)[year][:, 1:]])
    inverse = np.linalg.inv(design.T @ design)
    residuals = panel["y"] - design @ (inverse @ design.T @ panel["y"])
    sums = np.eye(40)[city].T @ (design * residuals.to_numpy()[:, None])
    bare = (inverse @ sums.T @ sums @ inverse)[0, 0]
    n, k = len(panel), 1 + 8  # the regressor and the years; 40 cities are nested
    assert fit.vcov.iloc[0, 0] == pytest.approx(40 / 39 * (n - 1) / (n - k) * bare, rel=1e-10)
    assert fit.df == 39
    assert fixed_effects(panel, "y", ["x"], vcov="hetero").df == n - 1 - 47


def test_an_exact_count_sees_one_redundant_level_for_each_province(panel):
    effects = ("city", "province:year")
    usual = fixed_effects(panel, "y", ["x"], effects, "hetero")
    exact = fixed_effects(panel, "y", ["x"], effects, "hetero", exact_count=True)
    assert usual.stats["k_effects"] - exact.stats["k_effects"] == 4
    assert exact.df == usual.df + 4
    pd.testing.assert_series_equal(usual.params, exact.params)


def test_no_effects_take_up_no_parameters():
    assert count_effects([]) == 0


def test_more_parameters_than_rows_are_refused():
    index = pd.MultiIndex.from_product([range(3), range(2)], names=["city", "year"])
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 3)), index, ["y", "a", "b"])
    with pytest.raises(EstimationError, match="no residual degrees of freedom: 6 rows for 6"):
        fixed_effects(data, "y", ["a", "b"], vcov="iid")


def test_one_cluster_and_one_period_are_refused(panel):
    panel["country"] = "CN"
    with pytest.raises(EstimationError, match="one cluster of 'country'"):
        fixed_effects(panel, "y", ["x"], vcov="cluster(country)")
    one = panel.xs(2012, level="year", drop_level=False)
    with pytest.raises(EstimationError, match="one 'year' only"):
        fixed_effects(one, "y", ["x"], (), "driscoll-kraay(1)")


def test_a_two_way_matrix_that_is_not_psd_is_mended_and_said(panel):
    terms = [f"d{i}" for i in range(9)]
    years = panel.index.get_level_values("year")
    rng = np.random.default_rng(1)
    for i, name in enumerate(terms):
        panel[name] = rng.normal(size=len(panel)) * (years == 2010 + i % 8)
    panel["half"] = np.arange(len(panel)) % 2
    fit = fixed_effects(panel, "y", terms, vcov="cluster(half, year)")
    assert np.linalg.eigvalsh(fit.vcov.to_numpy())[0] > -1e-12 * np.trace(fit.vcov)
    assert any("not positive semidefinite" in note for note in fit.warnings)
