"""Small-sample conventions: written out by hand, and against fixest and plm."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import (
    Cluster,
    Conley,
    DriscollKraay,
    Hetero,
    Iid,
    NeweyWest,
)
from urbanecon.estimation.second_engine import linearmodels_fit
from urbanecon.estimation.small_sample import SmallSample

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")

BARE = SmallSample(k_adj=False, g_adj=False)


@pytest.fixture(scope="module")
def panel():
    """Synthetic unbalanced panel: 12 cities in 4 provinces, 9 years."""
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product([range(12), range(2001, 2010)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(108, 3)), index=index, columns=["y", "x", "z"])
    data["province"] = data.index.get_level_values("city") // 3
    data["weight"] = rng.uniform(0.5, 2, 108)
    return data.drop(index[rng.random(108) < 0.15])


def by_hand(data, clusters, effects, *, k_adj, k_fixef, g_adj, g_df):
    """Covariance of x and z from dummies, one term of inclusion and exclusion after another."""
    keys = data.reset_index()
    dummies = [pd.get_dummies(keys[e], dtype=float).to_numpy() for e in effects]
    design = np.column_stack([data[["x", "z"]].to_numpy(), *dummies])
    root = np.sqrt(data["weight"].to_numpy())[:, None]
    bread = np.linalg.pinv((design * root).T @ (design * root))
    e = data["y"].to_numpy() - design @ bread @ (design * root**2).T @ data["y"].to_numpy()
    scores = design * root**2 * e[:, None]
    levels = {e: keys[e].nunique() for e in effects}
    nested = [e for e in effects if any(keys.groupby(e)[c].nunique().max() == 1 for c in clusters)]
    n, k = len(data), 2 + sum(levels.values()) - (len(levels) - 1)
    if k_fixef == "none":
        k = 2
    elif k_fixef == "nonnested":
        k -= sum(levels[e] - 1 for e in nested)
    total, sizes = np.zeros_like(bread), [keys[c].nunique() for c in clusters]
    terms = [[c] for c in clusters] + ([list(clusters)] if len(clusters) > 1 else [])
    for term in terms:
        codes = keys.groupby(term).ngroup().to_numpy()
        groups = codes.max() + 1
        sums = np.array([scores[codes == g].sum(axis=0) for g in range(groups)])
        chosen = groups if g_df == "conventional" else min(sizes)
        factor = chosen / (chosen - 1) if g_adj else 1.0
        total += (-1) ** (len(term) + 1) * factor * sums.T @ sums
    if k_adj:
        total *= (n - 1) / (n - k)
    return (bread @ total @ bread)[:2, :2], n - k, min(sizes) - 1


@pytest.mark.parametrize("clusters", [("city",), ("province",), ("province", "year")])
@pytest.mark.parametrize("k_fixef", ["nonnested", "full", "none"])
def test_each_clustered_convention_is_its_formula(panel, clusters, k_fixef):
    effects = ("city", "year")
    for k_adj, g_adj, g_df in product((True, False), (True, False), ("min", "conventional")):
        choice = {"k_adj": k_adj, "k_fixef": k_fixef, "g_adj": g_adj, "g_df": g_df}
        expected, rows, groups = by_hand(panel, clusters, effects, **choice)
        if np.linalg.eigvalsh(expected)[0] < 0:
            continue  # mended
        for t_df, df in (("min", groups), ("conventional", rows)):
            how = Cluster(clusters, small_sample=SmallSample(**choice, t_df=t_df))
            fit = fixed_effects(panel, "y", ["x", "z"], effects, how, weights="weight")
            np.testing.assert_allclose(fit.vcov, expected, rtol=1e-9)
            assert fit.df == df


def test_the_default_is_what_fixest_does_without_being_told(panel):
    for word, how in (
        ("iid", Iid(small_sample=SmallSample())),
        ("hetero", Hetero()),
        ("cluster(province, year)", Cluster(("province", "year"), small_sample=SmallSample())),
    ):
        short, long = (fixed_effects(panel, "y", ["x"], vcov=v) for v in (word, how))
        pd.testing.assert_frame_equal(short.vcov, long.vcov, check_exact=True)
        assert short.inference == long.inference
        assert short.df == long.df


@pytest.mark.parametrize("k_fixef", ["nonnested", "full", "none"])
def test_without_clusters_each_row_is_its_own(panel, k_fixef):
    n = len(panel)
    k = 2 if k_fixef == "none" else 2 + 12 + 9 - 1

    def variance(how):
        return fixed_effects(panel, "y", ["x", "z"], vcov=how).vcov.to_numpy()

    bare = variance(Hetero(small_sample=BARE))
    sigma = variance(Iid(small_sample=BARE))  # RSS / (N - 1)
    for k_adj, g_adj in product((True, False), repeat=2):
        small = SmallSample(k_adj=k_adj, k_fixef=k_fixef, g_adj=g_adj)
        rows = (n - 1) / (n - k) if k_adj else 1.0
        groups = n / (n - 1) if g_adj else 1.0
        np.testing.assert_allclose(
            variance(Hetero(small_sample=small)), rows * groups * bare, rtol=1e-12
        )
        np.testing.assert_allclose(variance(Iid(small_sample=small)), rows * sigma, rtol=1e-12)


def test_with_serial_lags_the_periods_are_the_groups(panel):
    n, k, periods = len(panel), 1, 9
    for kind in (DriscollKraay, NeweyWest):
        bare = fixed_effects(panel, "y", ["x"], vcov=kind(2, small_sample=BARE)).vcov
        small = SmallSample(k_fixef="none", t_df="conventional")
        full = fixed_effects(panel, "y", ["x"], vcov=kind(2, small_sample=small))
        factor = periods / (periods - 1) * (n - 1) / (n - k)
        np.testing.assert_allclose(full.vcov, factor * bare, rtol=1e-12)
        assert full.df == n - 1


# What plm's own words for its matrices mean in these conventions.
PLM = {
    "HC0_arellano_group": Cluster("firm", small_sample=BARE),
    "sss_group": Cluster("firm", small_sample=SmallSample(k_fixef="none")),
    "HC0_time": Cluster("year", small_sample=BARE),
    "twoway_DC_HC0": Cluster(("firm", "year"), small_sample=BARE),
    "SCC_HC0_maxlag2": DriscollKraay(2, small_sample=BARE),
    "SCC_HC0_default": DriscollKraay(small_sample=BARE),
    "NW_HC0_maxlag2": NeweyWest(2, unit="firm", small_sample=BARE),
}


@pytest.mark.parametrize("case", PLM)
def test_grunfeld_agrees_with_plm_in_its_convention(reference, reference_data, case):
    data = reference_data("grunfeld_plm").set_index(["firm", "year"])
    expected = reference("twfe_grunfeld_plm")["results"][case]["se"]
    fit = fixed_effects(data, "inv", ["value", "capital"], ("firm", "year"), PLM[case])
    for term, se in expected.items():
        assert fit.se[term] == pytest.approx(se, rel=1e-8)


def test_conley_without_a_factor_agrees_with_fixest(reference, reference_data):
    how = Conley(
        100, latitude="lat", longitude="long", time=None, radius_km=6376.0, small_sample=BARE
    )
    fit = fixed_effects(reference_data("quakes"), "depth", ["mag", "stations"], (), how)
    expected = reference("conley_quakes_fixest")["results"]["conley100_nossc"]["se"]
    for term, se in expected.items():
        assert fit.se[term.replace("(Intercept)", "const")] == pytest.approx(se, rel=1e-8)


def test_the_factor_is_said_in_the_words_of_the_inference(panel):
    for how, words in (
        (Cluster("city", small_sample=SmallSample(g_adj=False)), "factor (N-1)/(N-K)"),
        (Cluster("city", small_sample=BARE), "factor 1"),
        (Cluster("city", small_sample=SmallSample(k_fixef="full")), "K with all effects"),
        (Cluster(("city", "year"), small_sample=SmallSample(g_df="conventional")), "own G"),
        (Hetero(small_sample=SmallSample(k_fixef="none")), "N/(N-K), K without effects"),
        (Iid(small_sample=SmallSample(k_adj=False)), "RSS/(N-1)"),
    ):
        assert words in fixed_effects(panel, "y", ["x"], vcov=how).inference


def test_a_word_that_is_none_is_answered_with_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'nonnested'"):
        SmallSample(k_fixef="nested")
    with pytest.raises(UnknownNameError, match=r"unknown g_df 'minn'.*Did you mean 'min'"):
        SmallSample(g_df="minn")


def test_the_second_engine_refuses_a_factor_it_does_not_count(panel):
    with pytest.raises(EstimationError, match="the small-sample factor that is the default"):
        linearmodels_fit(panel, "y", ["x"], vcov=Hetero(small_sample=BARE))
