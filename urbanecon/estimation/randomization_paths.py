"""Whole treatment paths of units, and the ways to hand them out again.

A path is what a treatment was in every year: a policy adopted in 2011, or a
share that drifts. Under the sharp null hypothesis any unit's path could have
been any other's of its stratum; outcomes, controls and the years in which a
unit is observed stay where they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.errors import DataError, EstimationError
from urbanecon.estimation.sample import Codes, Floats, Mask

Exchange = Literal["all", "same years"]

AT_ONCE = 1_024
"""Assignments drawn at once. Part of what a seed means."""


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Distinct paths, who has which, and who may exchange them.

    Attributes
    ----------
    by_period
        Distinct paths, P x T; zero where nobody who may have it is seen.
    of
        Path of each unit, length n.
    strata
        Group within which a unit's path may move, length n, codes 0 ... S-1.
    units, periods
        Labels, lengths n and T.
    labels
        What the strata are called, length S.
    exchange
        "all" or "same years"; see `treatment_paths`.
    stratified_by
        What the strata are, in words; empty without any.
    extended
        Units whose path was known in fewer years than it is used in.
    """

    by_period: Floats
    of: Codes
    strata: Codes
    units: pd.Index
    periods: pd.Index
    labels: tuple[str, ...]
    exchange: Exchange
    stratified_by: str = ""
    extended: int = 0

    @property
    def groups(self) -> list[Codes]:
        """Positions of the units of each stratum."""
        order = np.argsort(self.strata, kind="stable")
        ends = np.cumsum(np.bincount(self.strata, minlength=len(self.labels)))[:-1]
        return np.split(order, ends)

    @property
    def count(self) -> int:
        """Number of distinct assignments: a multinomial coefficient for each stratum."""
        total = 1
        for members in self.groups:
            alike = np.unique(self.of[members], return_counts=True)[1]
            total *= math.factorial(len(members))
            for n in alike.tolist():
                total //= math.factorial(n)
        return total

    @property
    def fixed(self) -> dict[str, str]:
        """Strata whose units must keep their paths, and why."""
        why = {}
        for label, members in zip(self.labels, self.groups, strict=True):
            paths = np.unique(self.of[members])
            if len(members) == 1:
                why[label] = "one unit"
            elif len(paths) == 1:
                level = np.unique(self.by_period[paths[0]])
                said = {(0.0,): "no unit treated", (1.0,): "all units treated"}
                why[label] = said.get(tuple(level.tolist()), "one path for all")
        return why

    @property
    def kept(self) -> int:
        """Number of units in strata whose units must keep their paths."""
        fixed = np.isin(self.labels, list(self.fixed))
        return int(fixed[self.strata].sum())


def treatment_paths(
    known: pd.Series,
    units: pd.Index,
    periods: pd.Index,
    seen: Mask,
    strata: pd.Series,
    *,
    exchange: Exchange = "all",
) -> Paths:
    """Read the paths of a treatment.

    Parameters
    ----------
    known
        The treatment, indexed by (unit, period), wherever it is known: also in
        rows that the estimate leaves out.
    units, periods
        Those of the estimate, n and T.
    seen
        Which unit has a row in which period, n x T.
    strata
        Stratum of each unit, length n, named by what it is.
    exchange
        "all": within strata. A 0/1 treatment that is never taken back is then
        extended beyond the years in which it is known by its last value, and
        before them by zero when it starts at zero. "same years": only between
        units of a stratum that are seen in exactly the same years; no path is
        ever extended.

    Raises
    ------
    DataError
        A unit and period occur twice.
    EstimationError
        A path does not reach a year in which a unit of its stratum is seen, or
        there is only one assignment.
    """
    if known.index.has_duplicates:
        unit, period = known.index[known.index.duplicated()][0]
        raise DataError(
            f"{known.name!r} has two values at {unit}, {period}; keep one row for each"
        )
    table = known.dropna().unstack().sort_index(axis=1).reindex(units)
    raw = table.to_numpy(dtype=np.float64)
    filled = _extended(raw) if exchange == "all" else raw
    at = table.columns.get_indexer(periods)
    values = np.where(at >= 0, filled[:, at], np.nan)
    before = np.where(at >= 0, raw[:, at], np.nan)
    codes, labels = _strata(strata, seen, periods, exchange)
    needed = np.zeros((len(labels), len(periods)), dtype=bool)
    np.logical_or.at(needed, codes, seen)
    used = needed[codes]
    _refuse_gaps(known.name, used & np.isnan(values), units, periods)
    distinct, of = np.unique(np.where(used, values, 0.0), axis=0, return_inverse=True)
    paths = Paths(
        by_period=distinct,
        of=np.asarray(of, dtype=np.int64),
        strata=codes,
        units=units,
        periods=periods,
        labels=labels,
        exchange=exchange,
        stratified_by=str(strata.name or ""),
        extended=int((used & np.isnan(before)).any(axis=1).sum()),
    )
    if paths.count == 1:
        raise EstimationError(
            f"the paths of {known.name!r} can be assigned in one way only "
            f"({'; '.join(sorted(set(paths.fixed.values())))}): use larger strata"
        )
    return paths


def _extended(values: Floats) -> Floats:
    """Fill what an absorbing 0/1 path must be, n x T; other paths are left alone."""
    known = ~np.isnan(values)
    binary = np.isin(values[known], (0.0, 1.0)).all()
    last = np.where(known, np.arange(values.shape[1]), -1)
    last = np.maximum.accumulate(last, axis=1)
    forward = np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), 1), np.nan)
    if not binary or (forward[:, 1:] < forward[:, :-1]).any():
        return values
    first = np.take_along_axis(values, known.argmax(axis=1)[:, None], 1)
    return np.where((last < 0) & (first == 0), 0.0, forward)


def _strata(
    strata: pd.Series, seen: Mask, periods: pd.Index, exchange: Exchange
) -> tuple[Codes, tuple[str, ...]]:
    names = strata.astype(str).reset_index(drop=True)
    if exchange == "same years":
        patterns = [_in_words(periods[row]) for row in seen]
        names = names + " seen in " + pd.Series(patterns, dtype=names.dtype)
    codes, labels = pd.factorize(names, sort=True)
    return np.asarray(codes, dtype=np.int64), tuple(map(str, labels))


def _in_words(periods: pd.Index) -> str:
    return ",".join(map(str, periods))


def _refuse_gaps(name: object, gaps: Mask, units: pd.Index, periods: pd.Index) -> None:
    if gaps.any():
        unit, period = np.argwhere(gaps)[0]
        raise EstimationError(
            f"{name!r} of {units.name or 'unit'} {units[unit]} is not known in {periods[period]}, "
            f"in which others of its stratum are observed (and in {int(gaps.sum())} such cells "
            "in all). Exchange paths between units observed in the same years only "
            "(exchange='same years'), or supply the values"
        )


def assignments(
    paths: Paths, draws: int, seed: int | np.random.Generator
) -> tuple[npt.NDArray[np.int32], bool]:
    """Paths handed out again within strata.

    Returns
    -------
    B x n codes of paths; whether they are all `Paths.count` distinct ones, each
    once, which they are when there are no more than `draws`. Otherwise `draws`
    independent permutations.

    Raises
    ------
    EstimationError
        No draws.
    """
    if draws < 1:
        raise EstimationError(f"the number of draws must be positive, found {draws}")
    if paths.count <= draws:
        return _all_assignments(paths).astype(np.int32), True
    rng = np.random.default_rng(seed)
    own = paths.of.astype(np.int32)
    out = np.tile(own, (draws, 1))
    moving = [m for m in paths.groups if len(np.unique(own[m])) > 1]
    for start in range(0, draws, AT_ONCE):
        chunk = out[start : start + AT_ONCE]
        for members in moving:
            some = np.tile(own[members], (len(chunk), 1))
            chunk[:, members] = rng.permuted(some, axis=1, out=some)
    return out, False


def _all_assignments(paths: Paths) -> Codes:
    out = paths.of[None, :]
    for members in paths.groups:
        ways = np.array(list(_arrangements(paths.of[members].tolist())), dtype=np.int64)
        repeated = np.repeat(out, len(ways), axis=0)
        repeated[:, members] = np.tile(ways, (len(out), 1))
        out = repeated
    return out


def _arrangements(codes: list[int]) -> Iterator[list[int]]:
    """All distinct orders of a list, each once."""
    kinds = sorted(set(codes))
    if len(kinds) == 1:
        yield codes
        return
    here = codes.count(kinds[0])
    rest = [code for code in codes if code != kinds[0]]
    for places in combinations(range(len(codes)), here):
        for others in _arrangements(rest):
            left = iter(others)
            yield [kinds[0] if j in places else next(left) for j in range(len(codes))]
