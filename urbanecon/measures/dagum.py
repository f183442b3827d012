"""Dagum's decomposition of the Gini index into three parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

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


@dataclass(frozen=True, slots=True, eq=False)
class Dagum:
    """The parts of one Gini index.

    Attributes
    ----------
    gini, within, net_between, transvariation
        The index and its three parts, which add up to it.
    within_groups
        Gini index of each group, G_jj, indexed by group.
    between_groups
        Gini index of each pair of groups, G_jh, symmetric, G_jj on the diagonal.
    affluence
        Relative economic affluence D_jh of each pair, in [0, 1], zero on the
        diagonal: 1 when the two groups do not overlap.
    """

    gini: float
    within: float
    net_between: float
    transvariation: float
    within_groups: pd.Series
    between_groups: pd.DataFrame
    affluence: pd.DataFrame


def dagum(values: pd.Series, weights: pd.Series | None, groups: pd.Series) -> Dagum:
    """Decompose the Gini index between cities by group.

    With population shares p_j, income shares s_j and means mu_j, Dagum (1997,
    Empirical Economics 22(4):515-531):

    - ``G_jh = E|y_j - y_h| / (mu_j + mu_h)``;
    - ``G_w = sum_j G_jj p_j s_j``;
    - ``G_nb = sum_{j>h} G_jh (p_j s_h + p_h s_j) D_jh``;
    - ``G_t  = sum_{j>h} G_jh (p_j s_h + p_h s_j) (1 - D_jh)``;

    where ``D_jh = (d_jh - p_jh) / (d_jh + p_jh)`` sets the gross affluence
    ``d_jh = E[(y_j - y_h)+]`` of the richer group against the transvariation
    ``p_jh = E[(y_h - y_j)+]``. Since d - p is the difference of the means and
    d + p the mean absolute difference, ``D_jh = |mu_j - mu_h| / E|y_j - y_h|``.
    Expectations weigh by population.

    Parameters
    ----------
    values, weights
        One row a city; zeros are allowed, negative values are not.
    groups
        Group of each row, by the same index or by city.

    Raises
    ------
    DataError
        For negative values, a group of nothing but zeros, or a city without a
        group; the message names them.
    """
    y, w = complete_rows(values, weights)
    refuse(y < 0, y, "values of zero or more")
    return _dagum(y.to_numpy(), w.to_numpy(), group_labels(groups, y.index))


def dagum_by_year(values: pd.Series, weights: pd.Series | None, groups: pd.Series) -> pd.DataFrame:
    """Dagum's decomposition for each year of a (city, year) panel.

    Returns
    -------
    pd.DataFrame
        One row a year: ``gini``, ``within``, ``net_between``,
        ``transvariation`` and ``cities``, the number used.
    """
    require_panel_index(values.index, str(values.name or "values"))
    y, w = complete_rows(values, weights)
    refuse(y < 0, y, "values of zero or more")
    labels = group_labels(groups, y.index)
    rows = {}
    for year, at in by_year(y.index):
        parts = _dagum(y.to_numpy()[at], w.to_numpy()[at], labels[at])
        rows[year] = {
            "gini": parts.gini,
            "within": parts.within,
            "net_between": parts.net_between,
            "transvariation": parts.transvariation,
            "cities": len(at),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def _dagum(y: Vector, w: Vector, labels: Labels) -> Dagum:
    order = np.lexsort((w, y))
    y, w = y[order], w[order]
    names, member = np.unique(labels[order].astype(str), return_inverse=True)
    indicator = (member[:, None] == np.arange(len(names))).astype(float)
    size = indicator.T @ w
    mean = indicator.T @ (w * y) / size
    if (mean == 0).any():
        raise DataError(f"group {names[mean == 0][0]}: every value is zero, so it has no Gini.")
    share = indicator * w[:, None] / size
    distance = share.T @ np.abs(y[:, None] - y) @ share
    gini_pairs = distance / (mean[:, None] + mean)
    gap = np.abs(mean[:, None] - mean)
    # Two groups in which everybody has the same income are at no distance at all.
    affluence = np.divide(gap, distance, out=np.zeros_like(gap), where=distance > 0)
    np.fill_diagonal(affluence, 0.0)
    population, mu = size / size.sum(), size @ mean / size.sum()
    income = population * mean / mu
    gross = gini_pairs * np.outer(population, income)
    within, pairs = np.diag(gross).sum(), gross - np.diag(np.diag(gross))
    p = w / w.sum()
    return Dagum(
        gini=float(p @ np.abs(y[:, None] - y) @ p / (2 * mu)),
        within=float(within),
        net_between=float((pairs * affluence).sum()),
        transvariation=float((pairs * (1 - affluence)).sum()),
        within_groups=pd.Series(np.diag(gini_pairs), index=names),
        between_groups=pd.DataFrame(gini_pairs, index=names, columns=names),
        affluence=pd.DataFrame(affluence, index=names, columns=names),
    )
