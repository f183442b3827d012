"""Mediation: identities, the bootstrap against brute force, known truth, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, MissingColumnError, NotEstimableError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.mediation import _intervals, _percentiles, mediation
from urbanecon.estimation.mediation_draws import bootstrap_effects, cluster_products
from urbanecon.estimation.sample import draw_sample

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")
MODEL = ("y", "d", "m", ["x"])


def panel(seed, units=60, periods=6, *, rho=0.0, missing=0.0):
    """Synthetic panel: a = 0.5, b = 0.4, direct 0.7; error correlation rho."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["city", "year"])
    n = len(index)
    city = np.repeat(rng.normal(size=units), periods)
    year = np.tile(rng.normal(size=periods), units)
    data = pd.DataFrame(rng.normal(size=(n, 2)), columns=["d", "x"], index=index)
    data["d"] += city
    e2 = rng.normal(size=n)
    e3 = rho * e2 + np.sqrt(1 - rho**2) * rng.normal(size=n)
    data["m"] = 0.5 * data["d"] + 0.3 * data["x"] + city + year + e2
    data["y"] = 0.7 * data["d"] + 0.4 * data["m"] + 0.2 * data["x"] + city - year + e3
    return data[rng.random(n) >= missing] if missing else data


@pytest.mark.parametrize("effects", [("city", "year"), ("year",), ()])
def test_product_and_difference_agree(effects):
    fit = mediation(panel(1, missing=0.2), *MODEL, effects=effects, draws=20)
    p = fit.params
    product = p["treatment_to_mediator"] * p["mediator_to_outcome"]
    assert p["indirect"] == pytest.approx(product, abs=1e-12)
    assert p["indirect"] == pytest.approx(p["total"] - p["direct"], abs=1e-10)


def test_each_draw_is_the_estimate_on_the_drawn_cities():
    data, draws = panel(2, 12, 5, missing=0.15), 4
    cities = data.index.get_level_values("city").unique()
    fit = mediation(data, *MODEL, draws=draws, seed=3)
    counts = np.random.default_rng(3).multinomial(12, np.full(12, 1 / 12), size=draws)
    terms = []
    for count in counts:
        chosen = np.repeat(cities, count)
        drawn = pd.concat({j: data.loc[c] for j, c in enumerate(chosen)}, names=["city"])
        first = fixed_effects(drawn, "m", ["d", "x"]).params["d"]
        second = fixed_effects(drawn, "y", ["d", "m", "x"]).params
        total = fixed_effects(drawn, "y", ["d", "x"]).params["d"]
        terms.append([first * second["m"], second["d"], total, first, second["m"]])
    np.testing.assert_allclose(fit.vcov, np.cov(np.array(terms).T), rtol=1e-7)


def test_sensitivity_at_rho_zero_is_the_estimate_and_vanishes_at_rho_zero_point():
    fit = mediation(panel(3, 200), *MODEL, draws=50)
    table = fit.extra["sensitivity"].set_index("rho")
    assert table.loc[0.0, "indirect"] == pytest.approx(fit.params["indirect"], rel=1e-9)
    assert table["indirect"].is_monotonic_decreasing
    crossing = np.interp(0, -table["indirect"], table.index)
    assert fit.stats["rho_zero"] == pytest.approx(crossing, abs=0.01)


def test_sensitivity_at_the_true_rho_recovers_the_effect_that_confounding_hides():
    fit = mediation(panel(4, 2000, rho=0.5), *MODEL, draws=20)
    table = fit.extra["sensitivity"].set_index("rho")
    assert fit.params["indirect"] > 0.35
    assert table.loc[0.5, "indirect"] == pytest.approx(0.2, abs=0.02)


def coverage(seed, units, periods=5, draws=500):
    """Share of percentile intervals that hold each truth; cross products as the estimator's."""
    truth, inside = np.array([0.2, 0.7, 0.9, 0.5, 0.4]), np.zeros(5)
    rng = np.random.default_rng(seed)
    sample = draw_sample(panel(0, units, periods), ["y"], ["city", "year"], ["city"])
    for _ in range(draws):
        data = panel(rng, units, periods)
        values = data[["d", "m", "y", "x"]].to_numpy()
        own = replace(sample, values=values, variables=("d", "m", "y", "x"))
        products = cluster_products(own, ["d", "m", "y", "x"], ["city", "year"], "city")
        drawn = bootstrap_effects(products, 199, rng)
        table = _intervals(truth, drawn.terms, 0.95)
        inside += (table["low"] <= truth) & (truth <= table["high"])
    return inside / draws


@pytest.mark.slow
def test_percentile_intervals_cover_the_truth_with_as_many_cities_as_there_are():
    covered = coverage(0, 280)  # 500 draws: two binomial standard errors are 0.02
    assert ((covered >= 0.93) & (covered <= 0.97)).all(), covered


def test_percentiles_leave_out_as_much_with_few_draws_as_with_many():
    # the fifth lowest and highest of 199, the 25th of 999
    for draws, place in ((199, 5), (999, 25)):
        low, high = _percentiles(np.random.default_rng(0).permutation(draws)[:, None] + 1.0, 0.95)
        assert (low[0], high[0]) == pytest.approx((place, draws + 1 - place))


def test_the_assumption_is_stated_with_every_estimate():
    assert "sequential ignorability" in mediation(panel(5), *MODEL, draws=10).warnings[0]


def test_the_same_seed_gives_the_same_draws_whatever_the_row_order():
    data = panel(6)
    a = mediation(data, *MODEL, draws=20, seed=1)
    b = mediation(data.sample(frac=1, random_state=0), *MODEL, draws=20, seed=1)
    pd.testing.assert_frame_equal(a.vcov, b.vcov, check_exact=True)


def test_bad_input_is_refused_by_name():
    data = panel(7, 10, 4).assign(province=1)
    with pytest.raises(MissingColumnError, match="no column 'mm'"):
        mediation(data, "y", "d", "mm")
    with pytest.raises(EstimationError, match="two roles"):
        mediation(data, "y", "d", "d")
    with pytest.raises(EstimationError, match="one cluster"):
        mediation(data, *MODEL, cluster="province")
    with pytest.raises(EstimationError, match="'m' is infinite"):
        mediation(data.assign(m=np.inf), *MODEL)
    with pytest.raises(NotEstimableError, match="'m'"):
        mediation(data.assign(m=data["d"]), *MODEL)
