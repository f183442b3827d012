"""Every panel estimator on the same awkward data: gaps, lone rows, copies, one cluster.

What each must do is the same: rows with a missing value are as if absent; a city with
one row takes nothing away from the others' estimate; a control that repeats another is
dropped and named; and one cluster gives no standard error.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.classical_panel import between, first_difference, random_effects
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle
from urbanecon.estimation.event_study import event_study
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.group_time import group_time
from urbanecon.estimation.imputation import imputation
from urbanecon.estimation.instrumental import instrumental
from urbanecon.estimation.mediation import mediation
from urbanecon.estimation.moderation import moderation
from urbanecon.estimation.quantile import quantile_regression
from urbanecon.estimation.quantile_panel import quantile_panel
from urbanecon.estimation.shift_share import ShiftShare
from urbanecon.estimation.shift_share_iv import shift_share_iv
from urbanecon.estimation.sun_abraham import sun_abraham
from urbanecon.estimation.threshold import threshold_regression
from urbanecon.estimation.twfe_weights import twfe_weights

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")

CITIES, YEARS, LONE = 24, range(2010, 2018), 23


@cache
def panel():
    """Synthetic: 24 cities, 8 years, three cohorts of six cities and six never treated."""
    rng = np.random.default_rng(8)
    index = pd.MultiIndex.from_product([range(CITIES), YEARS], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    data = pd.DataFrame(
        rng.normal(size=(len(index), 4)), index=index, columns=["z", "q", "q1", "m"]
    )
    data["first"] = np.array([2012.0, 2013.0, 2014.0, np.nan])[city % 4]
    data["on"] = (year >= data["first"]).astype(float)
    effects = rng.normal(size=CITIES)[city] + rng.normal(size=len(YEARS))[year - YEARS[0]]
    e = rng.normal(size=len(index))
    data["x"] = data["q1"] + 0.5 * e + effects + 0.3 * rng.normal(size=len(index))
    data["m"] += 0.5 * data["x"]
    data["y"] = data["x"] * (1 + (data["q"] > 0.2)) - 0.5 * data["z"] + data["on"] + effects + e
    data["y"] += 0.4 * data["m"] * (city % 3) + 0.2 * data["z"] * e
    data["copy"] = 2 * data["z"] + 1
    data["everyone"] = 1
    return data


@cache
def design():
    """Synthetic: shares of eight industries, with shocks of every year."""
    rng = np.random.default_rng(3)
    kinds = [f"k{j}" for j in range(8)]
    shares = pd.DataFrame(rng.dirichlet(np.full(8, 0.4), CITIES), columns=kinds)
    shocks = rng.normal(size=(len(YEARS), 8))
    return ShiftShare(
        shares.rename_axis("city"),
        pd.DataFrame(shocks, index=pd.Index(YEARS, name="year"), columns=kinds),
    )


@dataclass(frozen=True)
class Case:
    """One estimator: how it is called, and what it reads.

    `call` takes data, controls and the key of the clusters; without `controls` or
    `clusters` the estimator has none. `lone` says whether a city with one row leaves
    the estimate alone, and `by_cell` whether the other cells of a row with a gap still
    serve (as lags and instruments do).
    """

    call: object
    reads: tuple[str, ...] = ("y", "x", "z")
    controls: bool = True
    clusters: bool = True
    lone: bool = True
    by_cell: bool = False


def by(key):
    return f"cluster({key})"


def gmm(system):
    def call(data, controls, _):
        styles = [GmmStyle("y", (2, 3), True), GmmStyle("x", (2, 3), True)]
        return dynamic_panel(data, "y", ["x", *controls], styles, system=system, steps=1)

    return Case(call, clusters=False, by_cell=True)


def iv(method):
    return Case(
        lambda d, c, k: instrumental(d, "y", ["x"], ["q1", "m"], c, vcov=by(k), method=method),
        ("y", "x", "z", "q1", "m"),
    )


CASES = {
    "fixed effects": Case(lambda d, c, k: fixed_effects(d, "y", ["x", *c], vcov=by(k))),
    "random effects": Case(
        lambda d, c, k: random_effects(d, "y", ["x", *c], by(k)), lone=False
    ),
    "between": Case(lambda d, c, k: between(d, "y", ["x", *c], by(k)), lone=False),
    "first difference": Case(lambda d, c, k: first_difference(d, "y", ["x", *c], by(k))),
    "2SLS": iv("2sls"),
    "LIML": iv("liml"),
    "GMM": iv("gmm"),
    "difference GMM": gmm(False),
    "system GMM": gmm(True),
    "event study": Case(
        lambda d, c, k: event_study(d, "y", "first", (-2, 2), controls=c, vcov=by(k)), ("y", "z")
    ),
    "group-time": Case(
        lambda d, c, k: group_time(d, "y", "first", c, method="reg", draws=0, cluster=k),
        ("y", "z"),
    ),
    "group-time, unbalanced": Case(
        lambda d, c, k: group_time(
            d, "y", "first", c, method="reg", draws=0, cluster=k, allow_unbalanced=True
        ),
        ("y", "z"),
        lone=False,
    ),
    "imputation": Case(
        lambda d, c, k: imputation(d, "y", "first", controls=c, cluster=k), ("y", "z")
    ),
    "Sun-Abraham": Case(
        lambda d, c, k: sun_abraham(d, "y", "first", controls=c, vcov=by(k)), ("y", "z")
    ),
    "weights of two-way effects": Case(
        lambda d, c, k: twfe_weights(d, "y", "on", controls=c, vcov=by(k)), ("y", "on", "z")
    ),
    "threshold": Case(
        lambda d, c, k: threshold_regression(
            d, "y", ["x"], "q", c, draws=0, vcov=by(k), grid=None, trim=0.1
        ),
        ("y", "x", "z", "q"),
        lone=False,
    ),
    "quantile": Case(
        lambda d, c, k: quantile_regression(
            d, "y", ["x", *c], [0.3, 0.7], "bootstrap", cluster=k, draws=50
        ),
        lone=False,
    ),
    "quantile panel": Case(
        lambda d, c, k: quantile_panel(d, "y", ["x", *c], [0.3, 0.7], cluster=k)
    ),
    "mediation": Case(
        lambda d, c, k: mediation(d, "y", "x", "m", c, cluster=k, draws=50),
        ("y", "x", "z", "m"),
    ),
    "moderation": Case(
        lambda d, c, k: moderation(d, "y", "x", "m", c, vcov=by(k)), ("y", "x", "z", "m"),
        lone=False,
    ),
    "shift-share": Case(
        lambda d, c, k: shift_share_iv(d, "y", "x", design(), c, vcov=by(k))
    ),
}  # fmt: skip


def quietly(case, data, controls=("z",), cluster="city"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return case.call(data, list(controls), cluster)


def with_holes(case):
    rng = np.random.default_rng(4)
    data = panel().copy()
    for name in ("y", "z"):
        blank = list(case.reads) if case.by_cell else [name]
        data.loc[rng.random(len(data)) < 0.03, blank] = np.nan
    return data


@pytest.mark.parametrize("name", CASES)
def test_rows_with_a_missing_value_are_as_if_absent(name):
    case = CASES[name]
    holes = with_holes(case)
    fit, expected = quietly(case, holes), quietly(case, holes.dropna(subset=list(case.reads)))
    assert fit.nobs == expected.nobs < len(holes)
    assert list(fit.sample) == list(expected.sample)
    np.testing.assert_array_equal(fit.params, expected.params)
    np.testing.assert_array_equal(fit.vcov, expected.vcov)
    assert np.isfinite(fit.params).all() and np.isfinite(fit.se).all()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.lone])
def test_a_city_with_one_row_takes_nothing_from_the_others(name):
    case, data = CASES[name], panel()
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    fit = quietly(case, data[(city != LONE) | (year == 2013)])
    expected = quietly(case, data[city != LONE])
    pd.testing.assert_series_equal(fit.params, expected.params, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.lone])
def test_where_a_lone_row_counts_it_is_in_the_sample(name):
    case, data = CASES[name], panel()
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    fit = quietly(case, data[(city != LONE) | (year == 2013)])
    assert LONE in {key[0] if isinstance(key, tuple) else key for key in fit.sample}
    assert np.isfinite(fit.params).all() and np.isfinite(fit.se).all()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.controls])
def test_a_control_that_repeats_another_is_dropped_and_named(name):
    case = CASES[name]
    fit, expected = quietly(case, panel(), ("z", "copy")), quietly(case, panel())
    assert any("copy" in note for note in fit.warnings)
    pd.testing.assert_series_equal(fit.params, expected.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fit.se, expected.se, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.clusters])
def test_one_cluster_gives_no_standard_error(name):
    with pytest.raises((EstimationError, NotEstimableError), match=r"cluster"):
        quietly(CASES[name], panel(), cluster="everyone")
