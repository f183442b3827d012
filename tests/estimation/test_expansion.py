"""Every model under every covariance, with and without weights, with every kind of gap.

A cell whose value R has computed is held against that value, and so is the plain
implementation of `first_principles`; every other cell is held against the plain
implementation, which shares no code with the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from first_principles import CUTOFF, Equation, plain, pseudo_inverse
from numpy.testing import assert_allclose

from urbanecon.estimation.classical_panel import first_difference, random_effects
from urbanecon.estimation.event_study import event_study
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Conley
from urbanecon.estimation.instrumental import instrumental
from urbanecon.estimation.spatial_panel import spatial_lag_of_x
from urbanecon.estimation.weights import weights_from_matrix

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")

COEFFICIENTS, ERRORS = 1e-10, 1e-8

# -- synthetic data --------------------------------------------------------------------

CITIES, YEARS = 12, range(2010, 2018)


@cache
def synthetic():
    """Synthetic panel of 12 cities in 3 provinces, 8 years; three cohorts are treated."""
    rng = np.random.default_rng(11)
    index = pd.MultiIndex.from_product([range(CITIES), YEARS], names=["city", "year"])
    city, year = (index.get_level_values(k).to_numpy() for k in ("city", "year"))
    n = len(index)
    data = pd.DataFrame(rng.normal(size=(n, 3)), index=index, columns=["z", "q1", "q2"])
    effects = rng.normal(size=CITIES)[city] + rng.normal(size=len(YEARS))[year - YEARS[0]]
    e = rng.normal(size=n) * np.exp(0.3 * data["z"]) + rng.normal(size=CITIES)[city]
    data["x"] = data["q1"] + 0.5 * data["q2"] + 0.4 * e + effects + rng.normal(size=n)
    data["y"] = 1.5 * data["x"] - 0.7 * data["z"] + effects + e
    data["weight"] = rng.uniform(0.3, 3, n)
    data["province"], data["sector"] = city // 4, (3 * city + year**2) % 5
    data["latitude"] = rng.uniform(25, 35, CITIES)[city]
    data["longitude"] = rng.uniform(105, 118, CITIES)[city]
    first = np.array([2012, 2013, 2014, np.nan])[np.arange(CITIES) % 4]
    data["first"] = first[city]
    return data


@cache
def with_gaps(kind):
    """The synthetic panel with one kind of gap."""
    data = synthetic()
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    if kind == "at random":
        holes = np.random.default_rng(5).random((len(data), 2)) < 0.04
        return data.assign(y=data["y"].mask(holes[:, 0]), x=data["x"].mask(holes[:, 1]))
    if kind == "a city with one row":
        return data[(city != 7) | (year == 2014)]
    if kind == "a year missing":
        return data[year != 2013]
    return data


@cache
def neighbours():
    """Synthetic weights, unequal and not symmetric: two to four neighbours a city."""
    rng = np.random.default_rng(2)
    table = np.zeros((CITIES, CITIES))
    for i in range(CITIES):
        others = rng.choice(np.delete(np.arange(CITIES), i), rng.integers(2, 5), replace=False)
        table[i, others] = rng.uniform(0.5, 2, len(others))
    return table


# -- the models ------------------------------------------------------------------------

TWO_WAY = ("city", "year")
OWN = ("x", "z")
PATH = ("t-2", "t+0", "t+1", "t+2", "z")


@dataclass(frozen=True)
class Model:
    """The package's call, the equation, and how its rows are made by hand."""

    call: Callable[..., Fit]
    equation: Equation
    by_hand: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows


def least_squares(effects):
    def call(data, vcov, weights):
        return fixed_effects(data, "y", OWN, effects, vcov, weights=weights)

    return Model(call, Equation(OWN, effects))


def relative_years(rows):
    """Dummies of the years around adoption, the ends gathering all years beyond."""
    rows = rows.copy()
    for term in PATH[:-1]:
        r = int(term[1:])
        away = rows["year"] - rows["first"]
        inside = {-2: away <= -2, 2: away >= 2}.get(r, away == r)
        rows[term] = inside.astype(float)
    return rows


def changes(rows):
    """Changes from the period before, of the periods that any city has."""
    years = sorted(set(rows["year"]))
    at = {(row.city, years.index(row.year)): row for row in rows.itertuples()}
    out = []
    for (city, t), row in sorted(at.items()):
        if (city, t - 1) in at:
            before = at[city, t - 1]
            moved = {name: getattr(row, name) - getattr(before, name) for name in ("y", *OWN)}
            out.append(row._asdict() | moved)
    return pd.DataFrame(out).drop(columns="Index")


def quasi_demeaned(rows):
    """Rows less theta of their city mean, Swamy-Arora with full matrices; "one" is constant."""
    dummies = (rows["city"].to_numpy()[:, None] == np.unique(rows["city"])).astype(float)
    size = dummies.sum(axis=0)
    average = dummies / size @ dummies.T
    n, y = len(rows), rows["y"].to_numpy()
    x = np.column_stack([rows[list(OWN)], np.ones(n)])

    def left_by(columns):
        return np.eye(n) - columns @ np.linalg.pinv(columns, rcond=1e-12)

    within = left_by(np.column_stack([dummies, x]))
    errors = y @ within @ y / np.trace(within)
    form = average @ left_by(average @ x) @ average
    effects = (y @ form @ y - np.trace(form) * errors) / np.trace(form @ dummies @ dummies.T)
    theta = dummies @ (1 - np.sqrt(errors / (errors + size * effects)))
    columns = rows[["y", *OWN]].assign(one=1.0)
    return rows.assign(**(columns - theta[:, None] * (average @ columns.to_numpy())))


def spatially_lagged(rows):
    """The largest balanced panel, found by trying all sets of years, with lags by loops."""
    present = {city: set(years) for city, years in rows.groupby("city")["year"]}
    best = ()
    for size in range(1, len(YEARS) + 1):
        for years in combinations(YEARS, size):
            cities = [c for c in sorted(present) if present[c] >= set(years)]
            later = sum(2 ** (year - YEARS[0]) for year in years)
            best = max(best, (len(cities) * size, len(cities), later, cities, years))
    cities, years = best[-2:]
    rows = rows[rows["city"].isin(cities) & rows["year"].isin(years)].copy()
    table = neighbours()
    cell = rows.set_index(["city", "year"])
    for name in OWN:
        lag = []
        for city, year in zip(rows["city"], rows["year"], strict=True):
            total = sum(table[city, other] for other in cities)
            weighted = sum(table[city, other] * cell.at[(other, year), name] for other in cities)
            lag.append(weighted / total if total else 0.0)
        rows[f"W {name}"] = lag
    return rows


MODELS = {
    "pooled": least_squares(()),
    "one-way": least_squares(("city",)),
    "two-way": least_squares(TWO_WAY),
    "three effects": least_squares((*TWO_WAY, "sector")),
    "interaction": least_squares(("city", "province:year")),
    "event study": Model(
        lambda data, vcov, weights: event_study(
            data, "y", "first", (-2, 2), controls=["z"], vcov=vcov, weights=weights
        ),
        Equation(PATH, TWO_WAY),
        relative_years,
    ),
    "2SLS": Model(
        lambda data, vcov, weights: instrumental(
            data, "y", ["x"], ["q1", "q2"], ["z"], vcov=vcov, weights=weights
        ),
        Equation(OWN, TWO_WAY, ("q1", "q2")),
    ),
    "first differences": Model(
        lambda data, vcov, _: first_difference(data, "y", OWN, vcov, drift=True),
        Equation(OWN),
        changes,
    ),
    "random effects": Model(
        lambda data, vcov, _: random_effects(data, "y", OWN, vcov),
        Equation((*OWN, "one"), constant=False),
        quasi_demeaned,
    ),
    "SLX": Model(
        lambda data, vcov, _: spatial_lag_of_x(
            data, "y", OWN, weights_from_matrix(pd.DataFrame(neighbours())), vcov=vcov
        ),
        Equation((*OWN, "W x", "W z"), TWO_WAY),
        spatially_lagged,
    ),
}
COVARIANCES = {
    "iid": "iid",
    "hetero": "hetero",
    "cluster": "cluster(city)",
    "two-way": "cluster(city, year)",
    "crv3": "crv3(city)",
    "driscoll-kraay": "driscoll-kraay(2)",
    "newey-west": "newey-west(2)",
    "conley": f"conley({CUTOFF:g})",
    "conley with lags": Conley(CUTOFF, kernel="bartlett", lags=2),
}
# those without a weighted form
UNWEIGHTED = {"SLX", "first differences", "random effects"}
WEIGHTED = [(m, w) for m in MODELS for w in (None, "weight") if not (m in UNWEIGHTED and w)]
GAPS = ["complete", "at random", "a city with one row", "a year missing"]


@cache
def rows_by_hand(model, weight, gaps):
    """The rows that the equation can use, keys as columns."""
    data = with_gaps(gaps).reset_index()
    needed = [v for v in MODELS[model].equation.variables if v in data.columns]
    rows = data.dropna(subset=needed + ([weight] if weight else [])).reset_index(drop=True)
    return MODELS[model].by_hand(rows)


def plain_cell(model, how, weight, gaps):
    """The plain implementation; random effects without a cluster have other variances."""
    rows, equation = rows_by_hand(model, weight, gaps), MODELS[model].equation
    if model != "random effects" or how != "crv3":
        return plain(rows, equation, how, weight)
    params = pseudo_inverse(rows, equation, None)[0]
    raw = with_gaps(gaps).reset_index().dropna(subset=["y", *OWN])
    cities = sorted(set(raw["city"]))
    without = [quasi_demeaned(raw[raw["city"] != c]) for c in cities]
    moves = np.array([pseudo_inverse(some, equation, None)[0] for some in without]) - params
    return params, (len(cities) - 1) / len(cities) * moves.T @ moves, len(cities) - 1


def assert_same(fit, params, matrix, df):
    found, se = fit.params.to_numpy(), np.sqrt(np.diag(matrix))
    assert_allclose(found, params, rtol=COEFFICIENTS)
    assert_allclose(fit.se, se, rtol=ERRORS)
    assert_allclose(fit.vcov / np.outer(se, se), matrix / np.outer(se, se), atol=ERRORS)
    assert fit.df == df


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("how", COVARIANCES)
@pytest.mark.parametrize(("model", "weight"), WEIGHTED, ids=lambda value: value or "unweighted")
def test_each_cell_is_what_first_principles_give(model, weight, how, gaps):
    rows = rows_by_hand(model, weight, gaps)
    fit = MODELS[model].call(with_gaps(gaps), COVARIANCES[how], weight)
    assert fit.nobs == len(rows)
    assert_same(fit, *plain_cell(model, how, weight, gaps))


# -- the stored references -------------------------------------------------------------


@pytest.fixture
def grunfeld(reference_data):
    data = reference_data("grunfeld_plm").rename(columns={"firm": "city", "inv": "y"})
    data = data.set_index(["city", "year"])
    return data.join(data[["value", "capital"]].groupby("city").shift().add_prefix("lagged_"))


GRUNFELD = Equation(("value", "capital"), TWO_WAY)
LAGGED = Equation(("value", "capital"), TWO_WAY, ("lagged_value", "lagged_capital"))
STORED_GRUNFELD = [
    ("twfe_grunfeld_fixest", "iid", GRUNFELD, "iid"),
    ("twfe_grunfeld_fixest", "hetero", GRUNFELD, "hetero"),
    ("twfe_grunfeld_fixest", "cl_firm", GRUNFELD, "cluster"),
    ("twfe_grunfeld_fixest", "twoway", GRUNFELD, "two-way"),
    ("twfe_grunfeld_fixest", "NW2", GRUNFELD, "newey-west"),
    ("twfe_grunfeld_fixest", "DK2", GRUNFELD, "driscoll-kraay"),
    ("twfe_grunfeld_plm", "nonrobust", GRUNFELD, "iid"),
    ("panel_tests_grunfeld_plm", "pooling", Equation(("value", "capital")), "iid"),
    ("panel_tests_grunfeld_plm", "fe", Equation(("value", "capital"), ("city",)), "iid"),
    ("twfe_grunfeld_fixest", "iv_lagvalue.iid", LAGGED, "iid"),
    ("twfe_grunfeld_fixest", "iv_lagvalue.cl", LAGGED, "cluster"),
]


def stored(reference, file, case):
    """Coefficients and errors in the order of the file, and degrees of freedom if it has them."""
    cell = reference(file)["results"]
    for key in case.split("."):
        cell = cell[key]
    table = {
        name.removeprefix("fit_"): (cell["coef"][name], cell["se"][name]) for name in cell["coef"]
    }
    return table, cell.get("df_t")


def assert_stored(found, expected, coef=COEFFICIENTS, se=ERRORS):
    """Compare {term: (estimate, error)}."""
    for term, (estimate, error) in expected.items():
        assert found[term][0] == pytest.approx(estimate, rel=coef)
        assert found[term][1] == pytest.approx(error, rel=se)


def from_fit(fit, **names):
    return {names.get(t, t): (fit.params[t], fit.se[t]) for t in fit.params.index}


def from_plain(terms, params, matrix, _):
    return dict(zip(terms, zip(params, np.sqrt(np.diag(matrix)), strict=True), strict=True))


@pytest.mark.parametrize("cell", STORED_GRUNFELD, ids=lambda cell: f"{cell[0]}-{cell[1]}")
def test_grunfeld_cells_are_those_of_r_in_both_implementations(grunfeld, reference, cell):
    file, case, equation, how = cell
    expected, df = stored(reference, file, case)
    if equation.excluded:
        fit = instrumental(
            grunfeld, "y", ["value"], equation.excluded, ["capital"], vcov=COVARIANCES[how]
        )
    else:
        fit = fixed_effects(grunfeld, "y", equation.regressors, equation.effects, COVARIANCES[how])
    assert_stored(from_fit(fit, const="(Intercept)"), expected)
    assert df in (None, fit.df)
    rows = grunfeld.reset_index().dropna(subset=equation.variables).reset_index(drop=True)
    terms = [*equation.regressors, *([] if equation.effects else ["(Intercept)"])]
    assert_stored(from_plain(terms, *plain(rows, equation, how)), expected)


@pytest.mark.parametrize(("case", "how"), [("iid", "iid"), ("HC1", "hetero")])
def test_cigarette_cells_are_those_of_aer_in_both_implementations(
    reference, reference_data, case, how
):
    data = reference_data("cigarettessw")
    data = data[data["year"].astype(int) == 1995].reset_index(drop=True)
    logs = {f"log({name})": np.log(data[name]) for name in ("packs", "rprice", "rincome")}
    data = data.assign(**logs)
    expected, _ = stored(reference, "iv_cigarettes_aer", case)
    equation = Equation(
        ("log(rprice)", "log(rincome)"), (), ("tdiff", "rtax"), outcome="log(packs)"
    )
    fit = instrumental(
        data, "log(packs)", ["log(rprice)"], ["tdiff", "rtax"], ["log(rincome)"],
        effects=(), vcov=how,
    )  # fmt: skip
    assert_stored(from_fit(fit, const="(Intercept)"), expected)
    found = plain(data, equation, how)
    assert_stored(from_plain([*equation.regressors, "(Intercept)"], *found), expected)


@pytest.mark.parametrize(
    ("case", "how"),
    [
        ("iid", "iid"),
        ("hetero", "hetero"),
        ("cl_city", "cluster"),
        ("twoway", "two-way"),
        ("singleton_keep", "cluster"),
        ("singleton_drop", "cluster"),
    ],
)
def test_city_cells_are_those_of_fixest(cities, reference, case, how):
    expected, df = stored(reference, "twfe_city_fixest", case)
    if case.startswith("singleton"):  # the reference left Beijing with its first year only
        city, year = (cities.index.get_level_values(k) for k in ("city", "year"))
        cities = cities[(city != 110000) | (year <= 2000)]
    fit = fixed_effects(
        cities, "lgdppc", list(expected), vcov=COVARIANCES[how],
        drop_singletons=case == "singleton_drop",
    )  # fmt: skip
    assert_stored(from_fit(fit), expected)
    assert fit.df == df


@pytest.mark.parametrize(
    ("case", "cutoff", "degree_km"),
    # fixest's sphere has 6,376 km; its plane takes 111 km a degree
    [("conley100", 100, np.radians(6376.0)), ("conley200_tri", 200, 111 * np.pi / 3.14159)],
)
def test_conley_cells_are_those_of_fixest_on_its_radius(
    reference, reference_data, case, cutoff, degree_km
):
    expected, df = stored(reference, "conley_quakes_fixest", case)
    radius = degree_km * 180 / np.pi
    how = Conley(cutoff, latitude="lat", longitude="long", time=None, radius_km=radius)
    fit = fixed_effects(reference_data("quakes"), "depth", ["mag", "stations"], (), how)
    assert_stored(from_fit(fit, const="(Intercept)"), expected)
    assert fit.df == df
