"""Linear models under every covariance, written out with full matrices.

Effects are dummies, the estimate a pseudo-inverse, and every covariance one formula,
V = P D(e) K D(e) P', with P the pseudo-inverse, D(e) the residuals and K an n x n table
that says for each pair of rows how much of their product counts. No code of the package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CUTOFF = 400.0
"""Of the spatial covariance, in km."""


@dataclass(frozen=True)
class Equation:
    """What is regressed on what; with `excluded`, the first regressor is instrumented."""

    regressors: tuple[str, ...]
    effects: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    outcome: str = "y"
    constant: bool = True

    @property
    def n_terms(self):
        return len(self.regressors) + (self.constant and not self.effects)

    @property
    def variables(self):
        return [self.outcome, *(r for r in self.regressors if r[0] != "W"), *self.excluded]


def labels(rows, effect):
    """One label a row; an interaction has a label for each pair."""
    parts = [rows[part].astype(str) for part in effect.split(":")]
    return parts[0] if len(parts) == 1 else parts[0] + "/" + parts[1]


def written_out(rows, names, equation):
    """Columns beside a dummy for every level of every effect, or beside a constant."""
    columns = [rows[name].to_numpy(dtype=float) for name in names]
    for effect in equation.effects:
        label = labels(rows, effect).to_numpy()
        columns += [(label == level).astype(float) for level in sorted(set(label))]
    if equation.constant and not equation.effects:
        columns.append(np.ones(len(rows)))
    return np.column_stack(columns)


def pseudo_inverse(rows, equation, weight):
    """Coefficients, P and residuals, all rows multiplied by the root of their weight."""
    root = np.ones(len(rows)) if weight is None else np.sqrt(rows[weight].to_numpy())
    y = root * rows[equation.outcome].to_numpy()
    x = root[:, None] * written_out(rows, equation.regressors, equation)
    on = x
    if equation.excluded:
        exogenous = (*equation.excluded, *equation.regressors[1:])
        z = root[:, None] * written_out(rows, exogenous, equation)
        on = z @ np.linalg.lstsq(z, x, rcond=1e-12)[0]
    inverse = np.linalg.pinv(on, rcond=1e-12)
    params = inverse @ y
    terms = equation.n_terms
    return params[:terms], inverse[:terms], y - x @ params


def kilometres(rows):
    """Great-circle distances, by the chord between points on the unit sphere."""
    lat, lon = (np.radians(rows[name].to_numpy()) for name in ("latitude", "longitude"))
    points = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    chord = np.linalg.norm(points[:, None] - points[None, :], axis=2)
    return 2 * 6371.0 * np.arcsin(chord / 2)


def pairs(how, rows):
    """K: how much of the product of two rows' scores counts."""

    def same(name):
        values = rows[name].to_numpy()
        return values[:, None] == values[None, :]

    def bartlett_in_space():
        return np.maximum(1 - kilometres(rows) / CUTOFF, 0)

    years = sorted(set(rows["year"]))
    order = np.array([years.index(year) for year in rows["year"]])
    lag = abs(order[:, None] - order[None, :])
    bartlett = np.maximum(1 - lag / 3, 0)  # two lags
    rules = {
        "hetero": lambda: np.eye(len(rows)),
        "cluster": lambda: same("city"),
        "two-way": lambda: same("city") | same("year"),
        "driscoll-kraay": lambda: bartlett,
        "newey-west": lambda: same("city") * bartlett,
        "conley": lambda: same("year") & (kilometres(rows) <= CUTOFF),
        "conley with lags": lambda: (
            same("year") * bartlett_in_space() + same("city") * (lag > 0) * bartlett
        ),
    }
    return 1.0 * rules[how]()


def factor_and_df(how, rows, equation):
    """Small-sample factor and degrees of freedom, as fixest has them.

    K is the slopes, a mean if there is one, and the levels less one of each effect that is not
    nested in a cluster.
    """
    clusters = {"cluster": ["city"], "two-way": ["city", "year"]}.get(how, [])
    k = len(equation.regressors) + equation.constant
    for effect in equation.effects:
        label = labels(rows, effect).to_numpy()
        levels = len(set(label))
        if not any(len(set(zip(label, rows[c], strict=True))) == levels for c in clusters):
            k += levels - 1
    n = len(rows)
    if how in ("iid", "hetero", "conley", "conley with lags"):
        return n / (n - k), n - k
    groups = min(rows[c].nunique() for c in clusters or ["year"])
    return groups / (groups - 1) * (n - 1) / (n - k), groups - 1


def plain(rows, equation, how, weight=None):
    """Coefficients, covariance and degrees of freedom, from first principles."""
    params, inverse, e = pseudo_inverse(rows, equation, weight)
    if how == "crv3":
        cities = sorted(set(rows["city"]))
        moves = (
            np.array(
                [pseudo_inverse(rows[rows["city"] != c], equation, weight)[0] for c in cities]
            )
            - params
        )
        return params, (len(cities) - 1) / len(cities) * moves.T @ moves, len(cities) - 1
    factor, df = factor_and_df(how, rows, equation)
    if how == "iid":
        return params, factor * np.mean(e**2) * inverse @ inverse.T, df
    scores = inverse * e
    matrix = factor * scores @ pairs(how, rows) @ scores.T
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return params, (vectors * np.maximum(values, 0)) @ vectors.T, df
