"""Composite indices that are fitted once and then applied.

An index is a frozen object: the bounds that indicators are normalised by and
the weights come from one pooled reference sample and are remembered, so that
scores of different years, subsamples and scenarios are on one scale.
Normalising each year anew would turn every level into a rank within the year
and erase the change that a panel is about; `fit_by_year` does it when asked.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, DataWarning, UnknownNameError, did_you_mean
from urbanecon.measures.cells import by_year, numeric_columns, require_panel_index
from urbanecon.measures.resampling import city_draws
from urbanecon.measures.weighting import METHODS, Weighting

Outside = Literal["clip", "keep"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator of an index.

    Attributes
    ----------
    name
        Column of the panel.
    dimension
        Group of indicators that it belongs to ("economy", "ecology").
    positive
        Whether more of it is better.
    """

    name: str
    dimension: str = ""
    positive: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class CompositeIndex:
    """A fitted index.

    Attributes
    ----------
    indicators
        What it is made of.
    low, high
        Bounds of each indicator in the reference sample.
    weights
        Weight of each indicator, summing to one.
    weighting
        Method that gave the weights, in a word.
    nobs
        Complete rows of the reference sample.
    """

    indicators: tuple[Indicator, ...]
    low: pd.Series
    high: pd.Series
    weights: pd.Series
    weighting: str
    nobs: int

    def normalise(self, data: pd.DataFrame, *, outside: Outside = "clip") -> pd.DataFrame:
        """Return the indicators on [0, 1] by the fitted bounds, 1 the best.

        ``(x - low) / (high - low)`` for positive and ``(high - x) / (high -
        low)`` for negative indicators. A value beyond the bounds is clipped to
        them, or kept beyond [0, 1] with ``outside="keep"``.

        Warns
        -----
        DataWarning
            If values lie beyond the bounds; it counts them by indicator.
        """
        if outside not in ("clip", "keep"):
            raise ValueError(f"outside is {outside!r}; expected 'clip' or 'keep'.")
        x = _numbers(data, self.indicators)
        beyond = self.outside(data)
        if beyond.any():
            counts = ", ".join(f"{name} {count}" for name, count in beyond[beyond > 0].items())
            done = "clipped to the bounds" if outside == "clip" else "kept beyond [0, 1]"
            warnings.warn(
                f"values beyond the bounds of the reference sample, {done}: {counts}.",
                DataWarning,
                stacklevel=2,
            )
        z = (x - self.low) / (self.high - self.low)
        turned = [i.name for i in self.indicators if not i.positive]
        z[turned] = 1.0 - z[turned]
        return z.clip(0.0, 1.0) if outside == "clip" else z

    def outside(self, data: pd.DataFrame) -> pd.Series:
        """Number of values beyond the fitted bounds, by indicator."""
        x = _numbers(data, self.indicators)
        return ((x < self.low) | (x > self.high)).sum()

    def score(self, data: pd.DataFrame, *, outside: Outside = "clip") -> pd.Series:
        """Weighted sum of the normalised indicators; missing where one is missing."""
        z = self.normalise(data, outside=outside)
        return pd.Series(z.to_numpy() @ self.weights.to_numpy(), index=z.index, name="score")

    def topsis(self, data: pd.DataFrame) -> pd.Series:
        """Closeness to the best, in [0, 1] (Hwang and Yoon 1981).

        ``d- / (d+ + d-)`` with ``d+^2 = sum w_j^2 (1 - z_j)^2`` and ``d-^2 =
        sum w_j^2 z_j^2``. Best and worst are the fitted bounds, not the extremes
        of the rows at hand, so that scores compare across years. Values beyond
        the bounds are clipped.
        """
        z = self.normalise(data)
        squares = self.weights.to_numpy() ** 2
        best = np.sqrt((1.0 - z.to_numpy()) ** 2 @ squares)
        worst = np.sqrt(z.to_numpy() ** 2 @ squares)
        return pd.Series(worst / (best + worst), index=z.index, name="topsis")

    def dimensions(self, data: pd.DataFrame, *, outside: Outside = "clip") -> pd.DataFrame:
        """Score of each dimension on [0, 1]: its weights rescaled to sum to one.

        The index is the sum of these scores times `dimension_weights`.
        """
        z = self.normalise(data, outside=outside)
        total = self.dimension_weights
        groups = self._members()
        empty = [name for name in groups if not total[name] > 0]
        if empty:
            raise DataError(f"dimension {empty[0]!r} has no weight, so it has no score.")
        return pd.DataFrame(
            {
                dimension: z[names] @ (self.weights[names] / total[dimension])
                for dimension, names in groups.items()
            }
        )

    @property
    def dimension_weights(self) -> pd.Series:
        """Sum of the weights of each dimension."""
        return pd.Series({d: float(self.weights[n].sum()) for d, n in self._members().items()})

    def reweighted(self, weights: pd.Series) -> CompositeIndex:
        """Return the same index with other weights, a row of `weight_draws` say.

        Raises
        ------
        DataError
            If a weight is missing or negative, or they do not sum to one.
        """
        names = [indicator.name for indicator in self.indicators]
        own = weights.reindex(names)
        if own.isna().any() or (own < 0).any() or abs(own.sum() - 1.0) > 1e-9:
            raise DataError(
                f"weights must be nonnegative, one for each of {names}, and sum to one; "
                f"found sum {own.sum():g}."
            )
        return replace(self, weights=own.astype("float64"), weighting="given")

    def _members(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for indicator in self.indicators:
            groups.setdefault(indicator.dimension, []).append(indicator.name)
        return groups


def fit_index(
    reference: pd.DataFrame,
    indicators: Sequence[Indicator],
    *,
    weighting: Weighting = "entropy",
) -> CompositeIndex:
    """Fit bounds and weights on a pooled reference sample.

    Parameters
    ----------
    reference
        Rows indexed by (city, year), all years together. Bounds and weights use
        the rows in which every indicator is present.
    indicators
        Names, dimensions and directions.
    weighting
        "entropy", "critic", "pca" or "equal" (see `urbanecon.measures.weighting`).

    Raises
    ------
    MissingColumnError
        If a column is missing; the message suggests the closest.
    DataError
        If an indicator is all missing or constant, is listed twice, or holds
        text or infinite values; the message names it.
    EstimationError
        If the weighting finds nothing to weigh by.
    """
    x = _reference(reference, indicators)
    method = _method(weighting)
    fitted = CompositeIndex(
        indicators=tuple(indicators),
        low=x.min(),
        high=x.max(),
        weights=pd.Series(1.0 / x.shape[1], index=x.columns),
        weighting=weighting,
        nobs=len(x),
    )
    # Rows are sorted, so that sums, and with them the weights, do not depend on their order.
    z = fitted.normalise(x.sort_index()).to_numpy()
    return replace(fitted, weights=pd.Series(METHODS[method](z), index=x.columns, name="weight"))


def fit_by_year(
    data: pd.DataFrame, indicators: Sequence[Indicator], *, weighting: Weighting = "entropy"
) -> dict[int, CompositeIndex]:
    """Fit one index a year. Scores of different years are not comparable."""
    require_panel_index(data.index, "data")
    return {
        year: fit_index(data.iloc[at], indicators, weighting=weighting)
        for year, at in by_year(data.index)
    }


def leave_one_dimension_out(
    reference: pd.DataFrame, indicators: Sequence[Indicator], *, weighting: Weighting = "entropy"
) -> dict[str, CompositeIndex]:
    """Fit the index without each dimension in turn, keyed by what is left out.

    When an outcome is also a component of the index, its dimension leaves the
    index for that regression. Weights are fitted anew on what remains, since
    CRITIC and PCA weights depend on the company that an indicator keeps; the
    reference rows stay those in which all indicators of the full index are
    present, so that versions differ by the dimension and not by the sample.
    """
    x = _reference(reference, indicators)
    names = list(dict.fromkeys(indicator.dimension for indicator in indicators))
    if len(names) < 2:
        raise DataError(f"the index has the one dimension {names[0]!r}; nothing would be left.")
    return {
        left_out: fit_index(
            x, [i for i in indicators if i.dimension != left_out], weighting=weighting
        )
        for left_out in names
    }


def weight_draws(
    reference: pd.DataFrame,
    indicators: Sequence[Indicator],
    *,
    weighting: Weighting = "entropy",
    rng: np.random.Generator,
    draws: int = 999,
) -> pd.DataFrame:
    """Bootstrap the weights over cities: whole cities are drawn with replacement.

    Bounds stay those of the full reference sample: they define the scale of the
    index, and a bootstrap of extremes is inconsistent.

    Returns
    -------
    pd.DataFrame
        `draws` rows of weights, one column an indicator; a row goes into
        `CompositeIndex.reweighted` to carry the uncertainty into an estimate.
    """
    require_panel_index(reference.index, "reference")
    x = _reference(reference, indicators).sort_index()
    z = fit_index(x, indicators, weighting=weighting).normalise(x).to_numpy()
    method = METHODS[_method(weighting)]
    cities = x.index.get_level_values("city")
    rows = [method(z[at]) for at in city_draws(cities, rng, draws)]
    return pd.DataFrame(rows, columns=x.columns).rename_axis("draw")


def _method(weighting: str) -> str:
    if weighting not in METHODS:
        raise UnknownNameError(
            f"no weighting {weighting!r}.{did_you_mean(weighting, METHODS)} "
            f"Known: {', '.join(METHODS)}."
        )
    return weighting


def _numbers(data: pd.DataFrame, indicators: Sequence[Indicator]) -> pd.DataFrame:
    names = [indicator.name for indicator in indicators]
    return numeric_columns(data, names, "composite index")


def _reference(reference: pd.DataFrame, indicators: Sequence[Indicator]) -> pd.DataFrame:
    names = [indicator.name for indicator in indicators]
    if not names:
        raise DataError("composite index: no indicators given.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(f"composite index: indicator {twice[0]!r} is listed twice.")
    x = _numbers(reference, indicators)
    for name in names:
        if x[name].isna().all():
            raise DataError(f"indicator {name!r} is missing in every row of the reference sample.")
    complete = x.dropna()
    if complete.empty:
        scarce = x.notna().sum().idxmin()
        raise DataError(
            f"no row has all {len(names)} indicators; the scarcest is {scarce!r} "
            f"with {int(x[scarce].notna().sum())} of {len(x)} rows."
        )
    for name in names:
        if complete[name].min() == complete[name].max():
            raise DataError(
                f"indicator {name!r} is constant ({complete[name].iloc[0]:g}) in the "
                f"{len(complete)} complete rows of the reference sample; leave it out."
            )
    return complete
