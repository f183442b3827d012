"""Cross products of the levels of effects agree with dummies that are demeaned row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.estimation.gram import RANK_TOLERANCE, independent
from urbanecon.estimation.level_products import level_products
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import ols


def codes_of(labels):
    return np.asarray(pd.factorize(labels, sort=True)[0], dtype=np.int64)


def by_dummies(effects, nested, clusters, weights):
    """Least squares residuals of every dummy on all dummies of the nested effects."""
    columns = np.column_stack([np.eye(n)[codes] for codes, n in effects])
    root = np.sqrt(weights)[:, None]
    taken = np.zeros((len(columns), 1))
    if nested:
        taken = np.column_stack([np.eye(int(c.max()) + 1)[c] for c in nested])
    fitted = taken @ np.linalg.lstsq(taken * root, columns * root, rcond=None)[0]
    left = (columns - fitted) * root
    sums = [left[clusters == g].T @ left[clusters == g] for g in range(int(clusters.max()) + 1)]
    return np.stack(sums)


DESIGNS = {
    "one effect, clusters are the units": (["year"], ["city"], "city"),
    "one effect, clusters are unions of units": (["year"], ["city"], "province"),
    "two effects that cross the clusters": (["year", "band"], ["city"], "city"),
    "two effects, unions": (["year", "band"], ["city"], "province"),
    "no nested effect": (["year", "band"], [], "city"),
    "two nested effects": (["year"], ["city", "province:year"], "province"),
}


@pytest.mark.parametrize("design", DESIGNS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), present=st.floats(0.3, 1.0), weighted=st.booleans())
def test_every_design_agrees_with_dummies(synthetic_panel, design, seed, present, weighted):
    data = synthetic_panel(seed, present=present).reset_index()
    data["band"] = np.random.default_rng(seed).integers(0, 3, len(data))
    data["province:year"] = data["province"] + data["year"].astype(str)
    crossing, nested, by = DESIGNS[design]
    effects = [(codes_of(data[e]), data[e].nunique()) for e in crossing]
    inside, clusters = [codes_of(data[e]) for e in nested], codes_of(data[by])
    weights = data["weight"].to_numpy() if weighted else None
    width = sum(n for _, n in effects)
    found = np.full((data[by].nunique(), width, width), np.nan)
    level_products(effects, inside, clusters, weights, found)
    ones = np.ones(len(data)) if weights is None else weights
    np.testing.assert_allclose(found, by_dummies(effects, inside, clusters, ones), atol=1e-11)


def test_a_year_in_which_only_cities_of_one_row_are_seen_leaves_exactly_nothing(synthetic_panel):
    data = synthetic_panel(3)
    alone = data.iloc[:3].reset_index().assign(city=["900001", "900002", "900003"], year=1900)
    alone["weight"] = [0.1, 0.7, 1.3]  # sums of which round
    data = pd.concat([data, alone.set_index(["city", "year"])])
    for cluster in ("city", "province"):
        moments = cluster_moments(data, ["y", "x"], cluster=cluster, weights="weight")
        at = len(moments.variables) + moments.levels.index("year=1900")
        assert moments.total[at, at] == 0.0
        kept = independent(moments.total, moments.level_positions, RANK_TOLERANCE)
        assert at not in kept
        without = cluster_moments(data[data.index.get_level_values("year") > 1900], ["y", "x"],
                                  cluster=cluster, weights="weight")  # fmt: skip
        ours, theirs = ols(moments, "y", ["x"]), ols(without, "y", ["x"])
        np.testing.assert_allclose(ours.params[0], theirs.params[0], rtol=1e-12)
        assert np.isfinite(crv1(ours)).all()
