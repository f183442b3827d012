"""Shift-share instruments: local shares of industries times national shocks to them."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    did_you_mean,
)
from urbanecon.estimation.sample import Floats, Mask, describe_row

# Shares within this of one are complete.
COMPLETE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class ShiftShare:
    """z_it = sum_k s_ik(t) g_kt, with the shares and the shocks it is made of.

    Attributes
    ----------
    shares
        Exposures s, a column an industry; rows are units, or (unit, period) when
        they change over time. Not negative; a unit without shares has missing
        values in all of them. Shares should be measured before the shocks.
    shocks
        A Series by industry; a table of periods by industries; or, where the
        shocks leave the unit's own out, a table of (unit, period) by
        industries. A period without shocks is missing in all industries.

    Raises
    ------
    MissingColumnError
        An industry of the shares has no shock, or the reverse.
    DataError
        Negative or partly missing shares, partly missing shocks, an index that
        repeats.
    EstimationError
        An infinite value.
    """

    shares: pd.DataFrame
    shocks: pd.Series | pd.DataFrame

    def __post_init__(self) -> None:
        table = self.shocks.to_frame().T if isinstance(self.shocks, pd.Series) else self.shocks
        _same_industries(self.shares.columns, table.columns)
        _check_values(self.shares, "share")
        _check_values(table, "shock")
        negative = (self.shares < 0).to_numpy()
        if negative.any():
            row, column = np.argwhere(negative)[0]
            raise DataError(
                f"the share of {self.shares.columns[column]!r} is negative at "
                f"{describe_row(self.shares.index, self.shares.index[row])}"
            )

    @property
    def industries(self) -> pd.Index:
        """Industries, in the order of the shares."""
        return self.shares.columns

    @property
    def leaves_out(self) -> bool:
        """Whether each unit has shocks of its own."""
        return isinstance(self.shocks, pd.DataFrame) and self.shocks.index.nlevels > 1

    @property
    def varies(self) -> bool:
        """Whether shocks differ between periods."""
        return isinstance(self.shocks, pd.DataFrame)

    def exposure(self, index: pd.Index) -> Floats:
        """Shares s_ik(t) of each row of a panel, n x K; missing where a unit has none."""
        return _rows(self.shares, index, "shares")

    def shock_rows(self, index: pd.Index) -> Floats:
        """Shocks g_kt that meet each row, n x K."""
        if isinstance(self.shocks, pd.Series):
            values = self.shocks[self.industries].to_numpy(dtype=float)
            return np.broadcast_to(values, (len(index), len(values)))
        table = self.shocks[self.industries]
        if self.leaves_out:
            return _rows(table, index, "shocks")
        if index.nlevels < 2:
            raise DataError(
                "the shocks change over time but the data have no period: index the data by "
                "(unit, period), or give one shock an industry"
            )
        return table.reindex(index.get_level_values(1)).to_numpy(dtype=float)

    def components(self, index: pd.Index) -> pd.DataFrame:
        """s_ik(t) g_kt by row and industry, n x K; their sum is the instrument."""
        values = self.exposure(index) * self.shock_rows(index)
        return pd.DataFrame(values, index=index, columns=self.industries)

    def instrument(self, index: pd.Index) -> pd.Series:
        """Sum of the components by row, length n; missing where shares or shocks are."""
        return self.components(index).sum(axis=1, skipna=False).rename("shift_share")

    def share_sums(self, index: pd.Index) -> pd.DataFrame:
        """Sum of the shares by row, the control that incomplete shares need.

        Times a dummy of each period when shocks change over time (Borusyak,
        Hull and Jaravel 2022): columns "shares" or "shares 2010".
        """
        sums = self.exposure(index).sum(axis=1)
        if not self.varies:
            return pd.DataFrame({"shares": sums}, index=index)
        period = index.get_level_values(1)
        columns = {
            f"shares {t}": np.where(period == t, sums, 0.0) for t in period.unique().sort_values()
        }
        return pd.DataFrame(columns, index=index)

    def shock_exposure(self, index: pd.Index) -> tuple[Floats, pd.MultiIndex | pd.Index]:
        """Share of each row on each shock, n x S, and the shocks' labels.

        A shock is an industry, or an (industry, period) when shocks change over
        time; shocks that no row is exposed to are left out.
        """
        shares = self.exposure(index)
        if not self.varies:
            met = np.asarray(shares.any(axis=0))
            return shares[:, met], self.industries[met]
        period = index.get_level_values(1)
        blocks, labels = [], []
        for t in period.unique().sort_values():
            rows = (period == t)[:, None] * shares
            met = rows.any(axis=0)
            blocks.append(rows[:, met])
            labels += [(industry, t) for industry in self.industries[met]]
        names = [self.industries.name or "industry", index.names[1] or "period"]
        return np.column_stack(blocks), pd.MultiIndex.from_tuples(labels, names=names)

    def is_complete(self, index: pd.Index) -> bool:
        """Whether the shares of every row sum to one."""
        sums = self.exposure(index).sum(axis=1)
        return bool((np.abs(sums - 1) <= COMPLETE).all())


def growth_elsewhere(levels: pd.DataFrame, since: Hashable | None = None) -> pd.DataFrame:
    """Leave-one-out national growth of each industry, for each unit.

    g_-i,kt = sum_j L_jkt / sum_j L_jkt0 - 1 over the other units j that are
    observed in both periods, so that a unit entering the table is not growth
    (Bartik 1991; Autor and Duggan 2003).

    Parameters
    ----------
    levels
        Employment, indexed by (unit, period), a column an industry.
    since
        The base period t0; None compares with the period before in the table.

    Returns
    -------
    Growth, indexed as `levels`; missing where there is no base or no other unit.

    Raises
    ------
    DataError
        Negative or non-numeric levels, an index that repeats or has one level.
    NotEstimableError
        `since` is not a period of the table.
    """
    if levels.index.nlevels != 2:
        raise DataError("the levels must be indexed by (unit, period)")
    _check_values(levels, "level", whole_rows=False)
    if (levels < 0).to_numpy().any():
        raise DataError("a level is negative; employment or output was expected")
    wide = levels.astype(float).unstack().sort_index()
    periods = levels.index.unique(1).sort_values()
    if since is not None and since not in periods:
        raise NotEstimableError(
            f"the base period {since} is not in the levels ({periods[0]}-{periods[-1]})"
        )
    grown = {
        industry: _elsewhere(pd.DataFrame(wide[industry]).reindex(columns=periods), since)
        for industry in levels.columns
    }
    stacked = pd.DataFrame({k: table.stack(future_stack=True) for k, table in grown.items()})
    stacked.columns = levels.columns
    stacked.index.names = levels.index.names
    return stacked.reindex(levels.index)


def _elsewhere(now: pd.DataFrame, since: Hashable | None) -> pd.DataFrame:
    """Growth without the own unit of one industry, units x periods."""
    if since is None:
        base = now.shift(axis=1)
    else:
        base = pd.DataFrame(
            np.repeat(now[[since]].to_numpy(), now.shape[1], axis=1), now.index, now.columns
        )
    both = now.notna() & base.notna()
    later, earlier = now.where(both, 0.0), base.where(both, 0.0)
    top, bottom = later.sum() - later, earlier.sum() - earlier
    return (top / bottom.where(bottom > 0)) - 1


def effective_shocks(weights: Floats) -> float:
    """Inverse Herfindahl index of exposures (Borusyak, Hull and Jaravel 2022)."""
    share = weights / weights.sum()
    return float(1 / np.sum(share**2))


def _same_industries(shares: pd.Index, shocks: pd.Index) -> None:
    for one, other, lacks in ((shares, shocks, "shock"), (shocks, shares, "share")):
        lost = [name for name in one if name not in other]
        if lost:
            raise MissingColumnError(
                f"{', '.join(map(repr, lost))} has no {lacks}.{did_you_mean(lost[0], other)} "
                "Shares and shocks must name the same industries"
            )
        if not one.is_unique:
            raise DataError(f"the industry {one[one.duplicated()][0]!r} stands twice")


def _check_values(table: pd.DataFrame, what: str, whole_rows: bool = True) -> None:
    """Numbers, finite, each row known or missing as a whole, each key once."""
    if not table.index.is_unique:
        key = table.index[table.index.duplicated()][0]
        raise DataError(f"{describe_row(table.index, key)} occurs more than once in the {what}s")
    try:
        values = table.to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise DataError(f"the {what}s hold text; numbers were expected") from None
    found: tuple[tuple[Mask, type[DataError] | type[EstimationError]], ...] = (
        (np.asarray(np.isinf(values)), EstimationError),
        (_ragged(values), DataError),
    )
    for bad, kind in found:
        if bad.any() and (whole_rows or kind is EstimationError):
            row, column = (int(i) for i in np.argwhere(bad)[0])
            problem = "infinite" if kind is EstimationError else "missing while others are known"
            raise kind(
                f"the {what} of {table.columns[column]!r} is {problem} at "
                f"{describe_row(table.index, table.index[row])}. Fill it by a stated rule, or "
                "make the whole row missing"
            )


def _ragged(values: Floats) -> Mask:
    missing = np.isnan(values)
    whole = np.asarray(missing.all(axis=1))
    return np.asarray(missing & ~whole[:, None])


def _rows(table: pd.DataFrame, index: pd.Index, what: str) -> Floats:
    """Rows of a table by unit or by (unit, period), in the order of a panel."""
    if table.index.nlevels == 1:
        found = table.reindex(index.get_level_values(0))
    elif index.nlevels >= 2:
        keys = pd.MultiIndex.from_arrays([index.get_level_values(0), index.get_level_values(1)])
        found = table.reindex(keys)
    else:
        raise DataError(f"the {what} are by (unit, period) but the data have one index level")
    values = found.to_numpy(dtype=float)
    if math.prod(values.shape) and np.isnan(values).all():
        raise DataError(
            f"no unit of the data is in the {what}: their index starts with "
            f"{table.index[0]!r}, that of the data with {index[0]!r}"
        )
    return values
