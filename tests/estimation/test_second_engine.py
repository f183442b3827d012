"""linearmodels as the second engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, MissingColumnError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.second_engine import linearmodels_fit, verify

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


@pytest.fixture(scope="module")
def panel():
    """Synthetic unbalanced panel with a singleton, missing cells and odd units."""
    rng = np.random.default_rng(4)
    index = pd.MultiIndex.from_product(
        [[f"{i:06d}" for i in range(40)], range(2010, 2018)], names=["city", "year"]
    )
    data = pd.DataFrame(rng.normal(size=(320, 3)), index=index, columns=["y", "x", "z"])
    data["z"] = data["z"] * 1e6 + 1e8
    data["province"] = data.index.get_level_values("city").astype(int) // 8
    data["sector"] = rng.integers(0, 6, 320)
    data["weight"] = rng.uniform(0.1, 4, 320)
    data.iloc[5, 0] = data.iloc[77, 1] = np.nan
    data = data[rng.random(320) < 0.85]
    lone = data.index.get_level_values("city") == "000003"
    return data[~lone | (np.cumsum(lone) == 1)].sample(frac=1, random_state=1)


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize(
    "vcov", ["iid", "hetero", "cluster(city)", "cluster(province)", "cluster(city, year)"]
)
@pytest.mark.parametrize(
    "effects",
    [
        (),
        ("city",),
        ("city", "year"),
        ("city", "province:year"),
        ("sector", "province"),
        ("city", "year", "sector"),
    ],
    ids=lambda e: "+".join(e) or "pooled",
)
def test_both_engines_agree_to_eight_digits(panel, effects, vcov, weights):
    ours = fixed_effects(panel, "y", ["x", "z"], effects, vcov, weights=weights)
    theirs = linearmodels_fit(panel, "y", ["x", "z"], effects, vcov, weights=weights)
    assert verify(ours, theirs) < 1e-8
    assert ours.df == theirs.df
    assert ours.n_clusters == theirs.n_clusters


def test_both_engines_drop_the_same_singletons(panel):
    options = {"effects": ("city", "province:year"), "drop_singletons": True}
    ours = fixed_effects(panel, "y", ["x", "z"], **options)
    theirs = linearmodels_fit(panel, "y", ["x", "z"], **options)
    assert ours.stats["singletons"] > 0
    verify(ours, theirs)


def test_a_different_coefficient_names_term_and_both_numbers(panel):
    ours = fixed_effects(panel, "y", ["x", "z"])
    theirs = linearmodels_fit(panel, "y", ["x", "z"])
    off = replace(theirs, params=theirs.params * [1, 1 + 1e-6])
    with pytest.raises(
        EstimationError, match=r"the coefficient of 'z' is .* they differ by 1\.0e-06"
    ):
        verify(ours, off)
    off = replace(theirs, vcov=theirs.vcov * 1.01)
    with pytest.raises(EstimationError, match="the standard error of 'x'"):
        verify(ours, off)
    assert verify(ours, off, rtol=0.01) == pytest.approx(0.005, rel=0.01)


def test_a_standard_error_that_is_not_a_number_never_agrees(panel):
    ours = fixed_effects(panel, "y", ["x"])
    with pytest.raises(EstimationError, match="standard error of 'x'"):
        verify(ours, replace(ours, vcov=ours.vcov * np.nan))


def test_different_rows_or_terms_are_never_compared(panel):
    ours = fixed_effects(panel, "y", ["x", "z"])
    with pytest.raises(EstimationError, match="different rows"):
        verify(ours, linearmodels_fit(panel.iloc[10:], "y", ["x", "z"]))
    with pytest.raises(EstimationError, match="different terms: x, z and z, x"):
        verify(ours, linearmodels_fit(panel, "y", ["z", "x"]))


def test_an_inference_it_does_not_know_is_refused(panel):
    with pytest.raises(EstimationError, match="the second engine has no DriscollKraay"):
        linearmodels_fit(panel, "y", ["x"], vcov="driscoll-kraay(2)")


def test_a_missing_column_is_named(panel):
    with pytest.raises(MissingColumnError, match="no column 'gdp'"):
        linearmodels_fit(panel, "y", ["gdp"])
    with pytest.raises(MissingColumnError, match="'village' is neither"):
        linearmodels_fit(panel, "y", ["x"], ("village",))
