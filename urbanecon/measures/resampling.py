"""Bootstrap over cities: a city is drawn with all its years or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from urbanecon.measures.cells import (
    Labels,
    Vector,
    complete_rows,
    group_labels,
    require_panel_index,
)

Measure = Callable[..., float | Mapping[str, float]]


def city_draws(
    cities: pd.Index, rng: np.random.Generator, draws: int
) -> Iterator[NDArray[np.intp]]:
    """Yield positions of the rows of each bootstrap sample.

    As many cities as there are are drawn with replacement, in sorted order of
    their keys, so that a draw does not depend on the order of the rows.
    """
    names, member = np.unique(np.asarray(cities, dtype=str), return_inverse=True)
    order = np.argsort(member, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(member))[:-1])
    for _ in range(draws):
        drawn = rng.integers(len(names), size=len(names))
        yield np.concatenate([rows[i] for i in drawn])


def bootstrap_by_year(
    measure: Measure,
    values: pd.Series,
    weights: pd.Series | None = None,
    groups: pd.Series | None = None,
    *,
    rng: np.random.Generator,
    draws: int = 999,
    level: float = 0.95,
) -> pd.DataFrame:
    """Percentile intervals of a measure of inequality for each year.

    Parameters
    ----------
    measure
        Called as ``measure(values, weights)``, or ``measure(values, weights,
        groups=...)`` when groups are given, with the rows of one year; returns a
        number or named numbers (`gini`, `theil_t`, `decompose`, or a partial of
        them).
    values, weights, groups
        As for `theil_by_year`.
    rng
        Source of randomness. The same cities are drawn for all years.
    draws
        Bootstrap samples.
    level
        Coverage of the intervals.

    Returns
    -------
    pd.DataFrame
        Indexed by (year, measure): ``estimate``, ``low``, ``high``, ``bias`` (mean
        of the draws minus the estimate) and ``draws``, the samples in which the
        measure exists that year.

    Notes
    -----
    A city drawn twice adds no spread, so draws understate inequality, most of
    all within groups of few cities; ``bias`` shows by how much. Read the interval
    of a within-group part together with it.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), found {level}")
    require_panel_index(values.index, str(values.name or "values"))
    y, w = complete_rows(values, weights)
    years = y.index.get_level_values("year").to_numpy(dtype="int64")
    y0, w0 = y.to_numpy(), w.to_numpy()
    own = None if groups is None else group_labels(groups, y.index)
    estimates = _by_year(measure, years, y0, w0, own)
    samples: dict[tuple[int, str], list[float]] = {key: [] for key in estimates}
    for at in city_draws(y.index.get_level_values("city"), rng, draws):
        drawn = None if own is None else own[at]
        for key, value in _by_year(measure, years[at], y0[at], w0[at], drawn).items():
            samples[key].append(value)
    tail = (1 - level) / 2
    rows = {
        key: {
            "estimate": value,
            "low": float(np.quantile(samples[key], tail)) if samples[key] else np.nan,
            "high": float(np.quantile(samples[key], 1 - tail)) if samples[key] else np.nan,
            "bias": float(np.mean(samples[key])) - value if samples[key] else np.nan,
            "draws": len(samples[key]),
        }
        for key, value in estimates.items()
    }
    index = pd.MultiIndex.from_tuples(rows, names=["year", "measure"])
    return pd.DataFrame(list(rows.values()), index=index)


def _by_year(
    measure: Measure,
    years: NDArray[np.int64],
    y: Vector,
    w: Vector,
    groups: Labels | None,
) -> dict[tuple[int, str], float]:
    name = getattr(measure, "__name__", "estimate")
    found: dict[tuple[int, str], float] = {}
    for year in np.unique(years).tolist():
        at = years == year
        own = {} if groups is None else {"groups": groups[at]}
        result = measure(y[at], w[at], **own)
        parts = result if isinstance(result, Mapping) else {name: result}
        found.update({(year, part): float(value) for part, value in parts.items()})
    return found
