"""The comparisons of `verified.py` with what must come out the same by another way.

Where no other software has stored values: plain formulas over dummies and loops,
linearmodels in this process, and identities of the estimators. Data are those of the
stored references, or synthetic where those do not fit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from references import INVESTMENT, Case, data_set, grunfeld

from urbanecon.estimation.fit import Fit
from urbanecon.estimation.sample import Floats

EARTH_KM = 6371.0


def least_squares(y: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Estimates, and errors with s2 = RSS / (n - k)."""
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    return b, np.sqrt(np.sum((y - x @ b) ** 2) / (len(y) - x.shape[1]) * np.diag(inverse))


def of_formula(fit: Fit, b: Floats, se: Floats) -> Case:
    """Compare the first terms of a fit."""
    return Case(zip(fit.params, b, strict=False), zip(fit.se, se, strict=False))


def written_out(data: pd.DataFrame, effects: tuple[str, ...]) -> Floats:
    """Regressors of the investment equation beside dummies of the effects."""
    labels = [pd.get_dummies(data.index.get_level_values(e), dtype=float) for e in effects]
    dummies = [table.iloc[:, int(j > 0) :] for j, table in enumerate(labels)]
    return np.column_stack([data[INVESTMENT[1]], *dummies])


def jackknife() -> Iterator[Case]:
    from urbanecon.estimation.fixed_effects import fixed_effects

    data, firms = grunfeld(), 10
    fit = fixed_effects(data, *INVESTMENT, ("firm", "year"), "crv3(firm)")
    firm = data.index.get_level_values("firm")
    moves = []
    for g in range(1, firms + 1):
        left = data[firm != g]
        x = written_out(left, ("firm", "year"))
        moves.append(np.linalg.lstsq(x, left["inv"], rcond=None)[0][:2] - fit.params.to_numpy())
    variance = (firms - 1) / firms * np.sum(np.square(moves), axis=0)
    yield Case([], zip(fit.se, np.sqrt(variance), strict=True))


def conley() -> Iterator[Case]:
    from urbanecon.estimation.fixed_effects import fixed_effects
    from urbanecon.estimation.inference import Conley

    quakes = data_set("quakes").iloc[:300]
    lat, lon = np.radians(quakes["lat"].to_numpy()), np.radians(quakes["long"].to_numpy())
    x = np.column_stack([quakes[["mag", "stations"]], np.ones(len(quakes))])
    b = np.linalg.lstsq(x, quakes["depth"], rcond=None)[0]
    scores = x * (quakes["depth"].to_numpy() - x @ b)[:, None]
    inverse = np.linalg.inv(x.T @ x)
    for kernel in ("uniform", "bartlett"):
        meat = np.zeros((3, 3))
        for i in range(len(quakes)):
            half = np.sin((lat - lat[i]) / 2) ** 2
            half += np.cos(lat[i]) * np.cos(lat) * np.sin((lon - lon[i]) / 2) ** 2
            far = 2 * EARTH_KM * np.arcsin(np.sqrt(half)) / 150
            weight = (far <= 1) * (1.0 if kernel == "uniform" else 1 - far)
            meat += np.outer(scores[i], weight @ scores)
        variance = len(x) / (len(x) - 3) * np.diag(inverse @ meat @ inverse)
        how = Conley(150, kernel=kernel, latitude="lat", longitude="long", time=None)
        fit = fixed_effects(quakes, "depth", ["mag", "stations"], (), how)
        yield of_formula(fit, b, np.sqrt(variance))


def between_and_changes() -> Iterator[Case]:
    from urbanecon.estimation.classical_panel import between, first_difference

    data = grunfeld()[[INVESTMENT[0], *INVESTMENT[1]]]
    holes = data.drop([(1, 1940), (3, 1950), (7, 1951)])
    means = holes.groupby("firm").mean()
    x = np.column_stack([means[INVESTMENT[1]], np.ones(len(means))])
    found = least_squares(means["inv"].to_numpy(), x)
    yield of_formula(between(holes, *INVESTMENT, "iid"), *found)
    changes = holes.unstack().stack(future_stack=True).groupby("firm").diff().dropna()
    found = least_squares(changes["inv"].to_numpy(), changes[INVESTMENT[1]].to_numpy())
    yield of_formula(first_difference(holes, *INVESTMENT, "iid"), *found)


def liml_and_gmm() -> Iterator[Case]:
    from linearmodels.iv import IVGMM, IVLIML

    from urbanecon.estimation.instrumental import instrumental

    data = grunfeld().dropna()
    exogenous = data[["capital"]].assign(const=1.0)
    sides = data["inv"], exogenous, data[["value"]], data[["lag_value", "lag_capital"]]
    factor = (len(data) / (len(data) - 3)) ** 0.5
    others = {
        "liml": IVLIML(*sides).fit(cov_type="robust"),
        "gmm": IVGMM(*sides, weight_type="robust").fit(cov_type="robust"),
    }
    for method, other in others.items():
        fit = instrumental(
            data, "inv", ["value"], ["lag_value", "lag_capital"], ["capital"],
            effects=(), vcov="hetero", method=method,
        )  # fmt: skip
        b, se = other.params[fit.params.index], other.std_errors[fit.params.index] * factor
        yield of_formula(fit, b.to_numpy(), se.to_numpy())


def staggered() -> pd.DataFrame:
    """The staggered panel of fixest; cohort 10000 is never treated."""
    data = data_set("base_stagg").set_index(["id", "year"])
    first = data["year_treated"].where(data["year_treated"] < 10_000)
    treated = data.index.get_level_values("year") >= data["year_treated"]
    return data.assign(first=first, d=treated.astype(float))


def two_way(data: pd.DataFrame) -> float:
    from urbanecon.estimation.fixed_effects import fixed_effects

    return float(fixed_effects(data, "y", ["d"], tuple(data.index.names), "iid").params["d"])


def goodman_bacon() -> Iterator[Case]:
    from urbanecon.estimation.bacon import bacon

    table = bacon(staggered(), "y", "first").extra["comparisons"]
    total = float((table["weight"] * table["estimate"]).sum())
    yield Case([(table["weight"].sum(), 1.0), (total, two_way(staggered()))])


def imputed() -> Iterator[Case]:
    from urbanecon.estimation.imputation import imputation

    data = staggered()
    untreated = (data["d"] == 0).to_numpy()
    labels = [pd.get_dummies(data.index.get_level_values(k), dtype=float) for k in (0, 1)]
    z = np.column_stack([labels[0], labels[1].iloc[:, 1:]])
    y = data["y"].to_numpy()
    fitted = z @ np.linalg.lstsq(z[untreated], y[untreated], rcond=None)[0]
    att = float((y - fitted)[~untreated].mean())
    yield Case([(imputation(data, "y", "first").params["att"], att)])


def synthetic() -> Iterator[Case]:
    from urbanecon.estimation.fixed_effects import fixed_effects
    from urbanecon.estimation.synthetic_did import synthetic_did

    data = staggered()
    block = data[data["first"].isna() | (data["first"] == 6)]
    equal = {"unit_weights": "uniform", "time_weights": "uniform"}
    fit = synthetic_did(block, "y", "first", **equal)
    yield Case([(fit.params["att"], two_way(block))])
    fit = synthetic_did(block, "y", "first")
    omega, lam = (fit.extra[f"{which}_weights"] for which in ("unit", "time"))
    by_unit = omega.set_index("id")["weight"].reindex(block.index.get_level_values("id"))
    by_year = lam.set_index("year")["weight"].reindex(block.index.get_level_values("year"))
    unit = by_unit.fillna(1 / block["first"].notna().groupby("id").first().sum()).to_numpy()
    year = by_year.fillna(1 / (10 - len(lam))).to_numpy()
    rows = block.assign(w=unit * year)
    weighted = fixed_effects(rows, "y", ["d"], ("id", "year"), "iid", weights="w")
    yield Case([(fit.params["att"], weighted.params["d"])])


def shift_share() -> Iterator[Case]:
    from urbanecon.estimation.shift_share import ShiftShare
    from urbanecon.estimation.shift_share_iv import shift_share_iv

    rng = np.random.default_rng(1)
    cities, industries = pd.RangeIndex(80, name="city"), pd.RangeIndex(12)
    shares = rng.dirichlet(np.full(12, 0.5), 80)
    shocks = rng.normal(size=12)
    x = shares @ shocks + 0.3 * rng.normal(size=80)
    data = pd.DataFrame({"x": x, "y": 2 * x + rng.normal(size=80)}, index=cities)
    design = ShiftShare(
        pd.DataFrame(shares, cities, industries), pd.Series(shocks, index=industries)
    )
    fit = shift_share_iv(data, "y", "x", design, effects=(), vcov="hetero")
    # the equation of industries: exposure-weighted means of y and x less their means,
    # instrumented by the shocks, weighted by the shares (Borusyak, Hull and Jaravel)
    size = shares.sum(axis=0)
    y_s, x_s = (shares.T @ (data[v] - data[v].mean()).to_numpy() / size for v in ("y", "x"))
    slope = np.sum(size * shocks * y_s) / np.sum(size * shocks * x_s)
    table = fit.extra["rotemberg"]
    total = float((table["alpha"] * table["beta"]).sum())
    yield Case([(fit.params["x"], slope), (table["alpha"].sum(), 1.0), (total, slope)])


def mediated() -> Iterator[Case]:
    from urbanecon.estimation.mediation import mediation

    data = grunfeld().rename_axis(["city", "year"])
    p = mediation(data, "inv", "value", "capital", draws=20).params
    product = p["treatment_to_mediator"] * p["mediator_to_outcome"]
    yield Case([(p["indirect"], product), (p["total"] - p["direct"], product)])
