"""Inequality between cities, weighted by population.

Every index weighs a city by its share of the population, p = w / sum(w), and
measures against the weighted mean mu. Missing values or weights leave a city
out of its year; negative values are an error that names the cell; zeros are
allowed where the index has a limit there (Gini, generalised entropy with
alpha > 0, Atkinson with epsilon < 1) and an error elsewhere. All indices are
scale and replication invariant: a city counted k times is a city of k times
the weight.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from urbanecon.errors import DataError
from urbanecon.measures.cells import (
    Labels,
    Vector,
    by_year,
    complete_rows,
    group_labels,
    refuse,
    require_panel_index,
)

Values = ArrayLike | pd.Series


def gini(values: Values, weights: Values | None = None) -> float:
    """Gini index, ``sum_i sum_j p_i p_j |y_i - y_j| / (2 mu)``.

    Computed from the Lorenz curve in one sort: ``1 - sum_i p_i (L_i + L_{i-1})``
    with L the cumulated income share in ascending order of y. Lies in
    [0, 1 - p of the richest].

    Raises
    ------
    DataError
        If a value is negative or not finite, all are zero, or none is left.
    """
    return _gini(*_distribution(values, weights, zeros=True))


def theil_t(values: Values, weights: Values | None = None) -> float:
    """Theil index T, ``sum p (y/mu) ln(y/mu)``; zeros contribute their limit, zero.

    Theil (1967), Economics and Information Theory. Errors as `gini`.
    """
    return generalised_entropy(values, weights, alpha=1)


def theil_l(values: Values, weights: Values | None = None) -> float:
    """Theil index L, the mean log deviation ``sum p ln(mu/y)``; needs positive values."""
    return generalised_entropy(values, weights, alpha=0)


def generalised_entropy(values: Values, weights: Values | None = None, *, alpha: float) -> float:
    """Generalised entropy, ``[sum p (y/mu)^alpha - 1] / [alpha (alpha - 1)]``.

    alpha = 1 is Theil T, alpha = 0 the mean log deviation, alpha = 2 half the
    squared coefficient of variation (Shorrocks 1980, Econometrica 48(3)).

    Raises
    ------
    DataError
        As `gini`, and for a zero value when alpha <= 0.
    """
    return _entropy(*_distribution(values, weights, zeros=alpha > 0), alpha)


def atkinson(values: Values, weights: Values | None = None, *, epsilon: float) -> float:
    """Atkinson index, ``1 - [sum p (y/mu)^(1-epsilon)]^(1/(1-epsilon))``.

    For epsilon = 1, one minus the geometric over the arithmetic mean (Atkinson
    1970, Journal of Economic Theory 2(3)).

    Raises
    ------
    ValueError
        If epsilon is not positive.
    DataError
        As `gini`, and for a zero value when epsilon >= 1.
    """
    if epsilon <= 0:
        raise ValueError(f"epsilon must be positive, found {epsilon}")
    y, p = _distribution(values, weights, zeros=epsilon < 1)
    x = y / (p @ y)
    if epsilon == 1:
        return float(-np.expm1(p @ np.log(x)))
    power = 1.0 - epsilon
    return float(1.0 - (p @ x**power) ** (1.0 / power))


def decompose(
    values: Values, weights: Values | None = None, *, groups: Values, alpha: float = 1
) -> dict[str, float]:
    """Split a generalised entropy index into within and between groups.

    ``within = sum_g p_g (mu_g/mu)^alpha GE_g`` and ``between`` is the index when
    everybody has their group's mean (Shorrocks 1980, Econometrica 48(3)); for alpha = 1
    groups weigh by income share, for alpha = 0 by population share. The parts
    add up to `total`, which is computed on its own.

    Parameters
    ----------
    groups
        Group of each row (province codes, say).

    Returns
    -------
    dict
        ``total``, ``within``, ``between``.
    """
    y, w = complete_rows(values, weights)
    labels = (
        group_labels(groups, y.index)
        if isinstance(groups, pd.Series)
        else group_labels(pd.Series(np.asarray(groups), index=_index(values)), y.index)
    )
    _check_values(y, zeros=alpha > 0)
    return _decompose(y.to_numpy(), w.to_numpy(), labels, alpha)


def theil_by_year(
    values: pd.Series, weights: pd.Series | None, groups: pd.Series, *, alpha: float = 1
) -> pd.DataFrame:
    """Theil index between cities for each year, within and between groups.

    Parameters
    ----------
    values, weights
        Indexed by (city, year): GDP per head and population, say.
    groups
        Group of each city, or of each (city, year): provinces, say.
    alpha
        1 for Theil T, 0 for Theil L, or another generalised entropy index.

    Returns
    -------
    pd.DataFrame
        One row a year: ``total``, ``within``, ``between`` (adding up to the
        total), ``between_share`` and ``cities``, the number used.

    Raises
    ------
    DataError
        For a value the index cannot take, or a city without a group.
    """
    y, w, labels = _panel(values, weights, groups, zeros=alpha > 0)
    rows = {}
    for year, at in by_year(y.index):
        parts = _decompose(y.to_numpy()[at], w.to_numpy()[at], labels[at], alpha)
        share = parts["between"] / parts["total"] if parts["total"] > 0 else np.nan
        rows[year] = {**parts, "between_share": share, "cities": len(at)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def inequality_by_year(values: pd.Series, weights: pd.Series | None = None) -> pd.DataFrame:
    """Gini, Theil T, Theil L and Atkinson (epsilon 0.5) between cities for each year.

    Returns one row a year with the four indices and ``cities``, the number used.
    Values must be positive (see `theil_l`).
    """
    y, w, _ = _panel(values, weights, None, zeros=False)
    rows = {}
    for year, at in by_year(y.index):
        own, weight = y.iloc[at], w.iloc[at]
        rows[year] = {
            "gini": gini(own, weight),
            "theil_t": theil_t(own, weight),
            "theil_l": theil_l(own, weight),
            "atkinson": atkinson(own, weight, epsilon=0.5),
            "cities": len(at),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def _index(values: Values) -> pd.Index:
    return (
        values.index if isinstance(values, pd.Series) else pd.RangeIndex(len(np.asarray(values)))
    )


def _panel(
    values: pd.Series, weights: pd.Series | None, groups: pd.Series | None, *, zeros: bool
) -> tuple[pd.Series, pd.Series, Labels]:
    """Return the complete, checked rows of a (city, year) panel and their groups."""
    require_panel_index(values.index, str(values.name or "values"))
    y, w = complete_rows(values, weights)
    _check_values(y, zeros=zeros)
    labels = np.zeros(len(y), dtype=object) if groups is None else group_labels(groups, y.index)
    return y, w, labels


def _check_values(y: pd.Series, *, zeros: bool) -> None:
    if zeros:
        refuse(y < 0, y, "values of zero or more")
    else:
        refuse(y <= 0, y, "positive values (this index has no finite limit at zero)")
    if not (y > 0).any():
        raise DataError(f"{y.name}: every value is zero, so inequality has no meaning.")


def _distribution(values: Values, weights: Values | None, *, zeros: bool) -> tuple[Vector, Vector]:
    y, w = complete_rows(values, weights)
    _check_values(y, zeros=zeros)
    return _ordered(y.to_numpy(), w.to_numpy())


def _ordered(y: Vector, w: Vector) -> tuple[Vector, Vector]:
    """Ascending values with population shares: sums no longer depend on the rows' order."""
    order = np.lexsort((w, y))
    y, w = y[order], w[order]
    return y, w / w.sum()


def _gini(y: Vector, p: Vector) -> float:
    lorenz = np.cumsum(p * y)
    lorenz = lorenz / lorenz[-1]
    return float(1.0 - p @ (lorenz + np.concatenate(([0.0], lorenz[:-1]))))


def _entropy(y: Vector, p: Vector, alpha: float) -> float:
    x = y / (p @ y)
    if alpha == 0:
        return float(-(p @ np.log(x)))
    if alpha == 1:
        return float(p @ (x * np.log(np.where(x > 0, x, 1.0))))
    return float((p @ x**alpha - 1.0) / (alpha * (alpha - 1.0)))


def _decompose(y: Vector, w: Vector, labels: Labels, alpha: float) -> dict[str, float]:
    names, member = np.unique(labels.astype(str), return_inverse=True)
    parts = [_ordered(y[member == g], w[member == g]) for g in range(len(names))]
    sizes = np.array([np.sort(w[member == g]).sum() for g in range(len(names))])
    p = sizes / sizes.sum()
    means = np.array([share @ own for own, share in parts])
    mu = p @ means
    # A group in which everybody has zero is equal within itself.
    inner = np.array(
        [_entropy(*part, alpha) if m > 0 else 0.0 for part, m in zip(parts, means, strict=True)]
    )
    return {
        "total": _entropy(*_ordered(y, w), alpha),
        "within": float((p * (means / mu) ** alpha) @ inner),
        "between": _entropy(means, p, alpha),
    }
