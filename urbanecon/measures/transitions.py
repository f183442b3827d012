"""Transitions of cities between classes: Markov chains, and their spatial form (Quah 1993)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from urbanecon.errors import DataError, EstimationWarning, NotEstimableError, did_you_mean
from urbanecon.estimation.fit import Diagnostic
from urbanecon.measures.cells import Vector, as_series, by_year, complete_rows, require_panel_index

Scope = Literal["pooled", "year"]


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """A Markov chain estimated from moves between classes.

    Attributes
    ----------
    counts
        Moves from class (row) to class (column), k x k, classes 1..k.
    probabilities
        Rows of `counts` over their sums; a class nobody left or stayed in is NaN.
    ergodic
        Long-run shares, length k; NaN where they are not unique.
    cutoffs
        Upper bounds of the first k - 1 classes; one row a year when classes are
        fixed within years, else one row "pooled".
    """

    counts: pd.DataFrame
    probabilities: pd.DataFrame
    ergodic: pd.Series
    cutoffs: pd.DataFrame

    @property
    def mobility(self) -> float:
        """Shorrocks (1978) index, ``(k - trace) / (k - 1)``: 0 nobody moves."""
        k = len(self.counts)
        return float((k - np.trace(self.probabilities.to_numpy())) / (k - 1))


@dataclass(frozen=True, slots=True, eq=False)
class SpatialTransitions:
    """Transitions conditional on the class of the neighbours (Rey 2001).

    Attributes
    ----------
    by_lag
        One chain for each class of the spatial lag, 1..k.
    pooled
        The chain of the same moves whatever the neighbours.
    test
        Likelihood-ratio test that all chains are the pooled one.
    """

    by_lag: dict[int, Transitions]
    pooled: Transitions
    test: Diagnostic


def quantile_classes(
    values: pd.Series, k: int = 4, *, scope: Scope = "pooled"
) -> tuple[pd.Series, pd.DataFrame]:
    """Class 1..k of each cell by quantiles, and the cutoffs used.

    `scope` "pooled" fixes the cutoffs on all years together: a city moves when
    its level does (use values relative to the year's mean to take out common
    growth). "year" fixes them within each year: a city moves when its rank does.
    A value equal to a cutoff belongs to the lower class.

    Raises
    ------
    DataError
        If two cutoffs coincide: too many equal values for k classes.
    """
    if k < 2:
        raise ValueError(f"k must be 2 or more, found {k}")
    require_panel_index(values.index, str(values.name or "values"))
    y, _ = complete_rows(values, None)
    if scope == "pooled":
        parts = {"pooled": np.arange(len(y))}
    elif scope == "year":
        parts = {str(year): at for year, at in by_year(y.index)}
    else:
        raise ValueError(f"scope is {scope!r}; expected 'pooled' or 'year'.")
    classes, cutoffs = np.zeros(len(y), dtype="int64"), {}
    for name, at in parts.items():
        x = y.to_numpy()[at]
        cuts = np.quantile(x, np.arange(1, k) / k)
        if (np.diff(cuts) <= 0).any() or cuts[-1] >= x.max():
            raise DataError(f"{y.name} ({name}): too many equal values for {k} classes.")
        classes[at] = np.searchsorted(cuts, x, side="left") + 1
        cutoffs[name] = cuts
    table = pd.DataFrame.from_dict(cutoffs, orient="index", columns=range(1, k))
    return pd.Series(classes, index=y.index, name="class"), table


def transitions(
    values: pd.Series, k: int = 4, *, scope: Scope = "pooled", step: int = 1
) -> Transitions:
    """Markov transition matrix between quantile classes over `step` years.

    A move counts when the same city is observed in year t and in year t + step;
    gaps are not bridged. Probabilities are the maximum likelihood estimates,
    ``n_ij / n_i.``; the ergodic distribution is the left unit eigenvector.

    Warns
    -----
    EstimationWarning
        If a class has no moves out, or the ergodic distribution is not unique.
    """
    classes, cutoffs = quantile_classes(values, k, scope=scope)
    start, end, _ = _moves(classes, step)
    return _chain(start, end, k, cutoffs)


def spatial_transitions(
    values: pd.Series,
    neighbours: pd.DataFrame,
    k: int = 4,
    *,
    scope: Scope = "pooled",
    step: int = 1,
) -> SpatialTransitions:
    """Transitions conditional on the class of the neighbours' mean in the first year.

    Parameters
    ----------
    values
        Indexed by (city, year).
    neighbours
        Spatial weights, cities by cities, nonnegative. Each year they are
        applied to the cities present and rows are standardised to sum to one;
        a city without a present neighbour has no lag and leaves the count. The
        lag is classed by the same cutoffs as the values.

    Returns
    -------
    SpatialTransitions
        With the LR test of Bickenbach and Bode (2003, International Regional
        Science Review 26(3)), degrees of freedom counted over rows that
        are not empty.

    References
    ----------
    Rey, S. (2001), Spatial empirics for economic growth and convergence,
    Geographical Analysis 33(3).
    """
    classes, cutoffs = quantile_classes(values, k, scope=scope)
    lag = spatial_lag(values, neighbours)
    lag_class = _class_by(lag.dropna(), cutoffs)
    start, end, keys = _moves(classes, step)
    condition = lag_class.reindex(keys).to_numpy(dtype=float)
    known = ~np.isnan(condition)
    if not known.any():
        raise NotEstimableError("no move has a neighbour; check the spatial weights.")
    start, end, condition = start[known], end[known], condition[known]
    chains = {
        c: _chain(start[condition == c], end[condition == c], k, cutoffs, quiet=True)
        for c in range(1, k + 1)
    }
    pooled = _chain(start, end, k, cutoffs)
    return SpatialTransitions(chains, pooled, _homogeneity(chains, pooled))


def spatial_lag(values: pd.Series, neighbours: pd.DataFrame) -> pd.Series:
    """Mean of the neighbours present in the same year, NaN for a city without any.

    Raises
    ------
    DataError
        If the weights are not square, negative, have a city as its own
        neighbour, or lack a city of `values`.
    """
    require_panel_index(values.index, str(values.name or "values"))
    y, _ = complete_rows(values, None)
    if not neighbours.index.equals(neighbours.columns):
        raise DataError("spatial weights: rows and columns must be the same cities in one order.")
    w = neighbours.to_numpy(dtype=float)
    if not np.isfinite(w).all() or (w < 0).any() or np.diag(w).any():
        raise DataError("spatial weights must be nonnegative with a zero diagonal.")
    lag = np.full(len(y), np.nan)
    for _, at in by_year(y.index):
        cities = y.index[at].get_level_values("city")
        where = neighbours.index.get_indexer(cities)
        if (where < 0).any():
            lost = cities[where < 0][0]
            raise DataError(
                f"spatial weights lack the city {lost!r}.{did_you_mean(lost, neighbours.index)}"
            )
        present = w[np.ix_(where, where)]
        total = present.sum(axis=1)
        lag[at] = np.divide(
            present @ y.to_numpy()[at], total, out=np.full(len(at), np.nan), where=total > 0
        )
    return pd.Series(lag, index=y.index, name="spatial_lag")


def ergodic_distribution(probabilities: ArrayLike) -> Vector:
    """Long-run shares of a transition matrix, NaN where they are not unique.

    Solves ``pi P = pi, sum pi = 1``; unique exactly when ``I - P`` has a null
    space of dimension one (one closed class).
    """
    p = np.asarray(probabilities, dtype=float)
    k = len(p)
    if np.isnan(p).any() or np.linalg.matrix_rank(np.eye(k) - p) < k - 1:
        return np.full(k, np.nan)
    system = np.vstack([(np.eye(k) - p).T, np.ones(k)])
    solution = np.linalg.lstsq(system, np.append(np.zeros(k), 1.0), rcond=None)[0]
    return np.asarray(solution.clip(min=0.0))


def _moves(
    classes: pd.Series, step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], pd.MultiIndex]:
    """Class at the start and at the end of each observed move, and the start's key."""
    if step < 1:
        raise ValueError(f"step must be 1 or more, found {step}")
    classes = _by_city(classes).sort_index()
    city = classes.index.get_level_values("city")
    later = pd.MultiIndex.from_arrays([city, classes.index.get_level_values("year") + step])
    end = classes.reindex(later).to_numpy(dtype=float)
    moved = ~np.isnan(end)
    if not moved.any():
        raise NotEstimableError(f"no city is observed in two years that are {step} apart.")
    keys = pd.MultiIndex.from_tuples(classes.index[moved], names=["city", "year"])
    return classes.to_numpy()[moved], end[moved].astype("int64"), keys


def _chain(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    k: int,
    cutoffs: pd.DataFrame,
    *,
    quiet: bool = False,
) -> Transitions:
    names = pd.RangeIndex(1, k + 1, name="class")
    n = np.zeros((k, k), dtype="int64")
    np.add.at(n, (start - 1, end - 1), 1)
    left = n.sum(axis=1, keepdims=True)
    p = np.divide(n, left, out=np.full((k, k), np.nan), where=left > 0)
    ergodic = ergodic_distribution(p)
    if np.isnan(ergodic).any() and not quiet:
        why = "a class has no moves" if (left == 0).any() else "more than one closed class"
        warnings.warn(
            f"the ergodic distribution is not unique: {why}.", EstimationWarning, stacklevel=3
        )
    return Transitions(
        counts=pd.DataFrame(n, index=names, columns=names),
        probabilities=pd.DataFrame(p, index=names, columns=names),
        ergodic=pd.Series(ergodic, index=names, name="ergodic"),
        cutoffs=cutoffs,
    )


def _class_by(values: pd.Series, cutoffs: pd.DataFrame) -> pd.Series:
    x = _by_city(as_series(values, "values"))
    if list(cutoffs.index) == ["pooled"]:
        codes = np.searchsorted(cutoffs.loc["pooled"].to_numpy(), x.to_numpy(), side="left") + 1
    else:
        own = cutoffs.loc[x.index.get_level_values("year").astype(str)].to_numpy()
        codes = (x.to_numpy()[:, None] > own).sum(axis=1) + 1
    return pd.Series(codes, index=x.index, name="class")


def _homogeneity(chains: dict[int, Transitions], pooled: Transitions) -> Diagnostic:
    """LR test, 2 sum n_ij|c ln(p_ij|c / p_ij); cells that never occur carry no df."""
    from scipy import stats

    q = pooled.probabilities.to_numpy()
    statistic = 0.0
    occupied = np.zeros(len(q))
    for chain in chains.values():
        n, p = chain.counts.to_numpy(), chain.probabilities.to_numpy()
        seen = n > 0
        statistic += 2 * float((n[seen] * np.log(p[seen] / q[seen])).sum())
        occupied += n.sum(axis=1) > 0
    open_cells = (q > 0).sum(axis=1)
    df = int(((occupied - 1).clip(min=0) * (open_cells - 1).clip(min=0)).sum())
    p_value = float(stats.chi2.sf(statistic, df)) if df else float("nan")
    return Diagnostic(
        "transitions do not depend on the neighbours",
        statistic,
        (df,),
        p_value,
        "likelihood ratio",
    )


def _by_city(series: pd.Series) -> pd.Series:
    """Return the series keyed by (city, year) in this order."""
    keys = [series.index.get_level_values(level) for level in ("city", "year")]
    return series.set_axis(pd.MultiIndex.from_arrays(keys, names=["city", "year"]))
