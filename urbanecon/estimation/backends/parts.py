"""The passes as pure functions over row groups, added in the order of the files.

The same functions serve one process and many: `map_` is the built-in map or
`dask_backend.dask_map`, and since pieces are added in the order of the parts,
the two give the same digits. At most `BATCH` rows of a part are in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from urbanecon.estimation.backends.passes import (
    PeriodSums,
    Survey,
    Tally,
    as_labels,
    one_home,
)
from urbanecon.estimation.backends.rows import add_tallies, batches, pairs_of, tally_of, used
from urbanecon.estimation.backends.source import Columns, ParquetSource, Part
from urbanecon.estimation.mapping import MapLike
from urbanecon.estimation.moments_pieces import UnitPieces, add_pieces
from urbanecon.estimation.sample import Codes, Floats
from urbanecon.estimation.unit_sums import cross_by, unit_pieces


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One part with what a pass needs to know of its units: all that a worker is sent."""

    part: Part
    columns: Columns
    units: pd.Index
    periods: pd.Index
    by_unit: Floats | None = None
    by_period: Floats | None = None
    groups: Codes | None = None


class PartSurvey(NamedTuple):
    """What one part says about the whole."""

    tally: Tally
    sums: pd.DataFrame
    periods: pd.Index
    homes: dict[str, pd.DataFrame]


class Located(NamedTuple):
    """Kept rows of a batch with the places of their unit and period."""

    unit: Codes
    period: Codes
    weights: Floats
    numbers: Floats


class PartPasses:
    """`passes.Passes` over the parts of a source.

    Parameters
    ----------
    source, columns
        The files and what is read of them.
    map_
        Runs a function over work units, results in their order.
    """

    def __init__(self, source: ParquetSource, columns: Columns, map_: MapLike = map) -> None:
        self._source, self._columns, self._map = source, columns, map_
        self._survey: Survey | None = None
        self._places: list[Codes] = []

    def survey(self) -> Survey:
        """Count, check and sum by unit."""
        columns = self._columns
        found = list(
            self._map(survey_part, [Work(p, columns, _NONE, _NONE) for p in self._source.parts])
        )
        tally = add_tallies([each.tally for each in found])
        tally.check(columns, self._source.rows)
        sums = pd.concat([each.sums for each in found]).groupby(level=0, sort=True).sum()
        periods = pd.Index(
            pd.concat([each.periods.to_series() for each in found]).unique()
        ).sort_values()
        units = as_labels(sums.index, columns.unit)
        homes = {
            name: one_home(
                columns.unit, units, name, pd.concat([each.homes[name] for each in found])
            )
            for name in columns.clusters
        }
        weight = sums["weight"].to_numpy()
        self._places = [units.get_indexer(each.sums.index) for each in found]
        self._survey = Survey(
            tally=tally,
            units=units,
            periods=as_labels(periods, columns.period),
            rows=sums["rows"].to_numpy(dtype=np.int64),
            weight=weight,
            mean=sums.drop(columns=["rows", "weight"]).to_numpy() / weight[:, None],
            homes=homes,
        )
        if not tally.missing:
            self._light = columns.keys_only()
        else:
            self._light = columns
        return self._survey

    def pieces(self) -> UnitPieces:
        """Sums by unit and by unit and period."""
        return add_pieces(
            piece for piece in self._map(pieces_of_part, self._work()) if piece is not None
        )

    def period_sums(self, means: Floats) -> PeriodSums:
        """Sums by period once `means` are out."""
        found = list(self._map(period_sums_of_part, self._work(by_unit=means)))
        return PeriodSums(*(np.sum([each[i] for each in found], axis=0) for i in range(3)))

    def sums_by_unit(self, by_period: Floats) -> Floats:
        """Sum of w d_t over the rows of each unit."""
        out = np.zeros((len(self._known.units), by_period.shape[1]))
        work = self._work(light=True, by_period=by_period)
        for at, found in zip(self._places, self._map(sums_by_unit_of_part, work), strict=True):
            out[at] += found
        return out

    def sums_by_period(self, by_unit: Floats) -> Floats:
        """Sum of w a_i over the rows of each period."""
        work = self._work(light=True, by_unit=by_unit)
        return np.asarray(sum(self._map(sums_by_period_of_part, work)))

    def cross_products(
        self, by_unit: Floats, by_period: Floats, groups: Codes, size: int
    ) -> Floats:
        """Sum of w r r', r = z - a_i - d_t, over groups of units."""
        v = by_unit.shape[1]
        out = np.zeros((size, v, v))
        work = self._work(by_unit=by_unit, by_period=by_period, groups=groups)
        for at, found in self._map(cross_products_of_part, work):
            out[at] += found
        return out

    @property
    def _known(self) -> Survey:
        if self._survey is None:
            raise RuntimeError("the survey comes before every other pass")
        return self._survey

    def _work(
        self,
        *,
        light: bool = False,
        by_unit: Floats | None = None,
        by_period: Floats | None = None,
        groups: Codes | None = None,
    ) -> Iterator[Work]:
        """Work units; each is sent the units that have rows in its part, no others."""
        known = self._known
        columns = self._light if light else self._columns
        for part, at in zip(self._source.parts, self._places, strict=True):
            yield Work(
                part=part,
                columns=columns,
                units=known.units[at],
                periods=known.periods,
                by_unit=None if by_unit is None else by_unit[at],
                by_period=by_period,
                groups=None if groups is None else groups[at],
            )


_NONE = pd.Index([])


def survey_part(work: Work) -> PartSurvey:
    """Tally of one part, sums of its units, its periods and the homes of its units."""
    columns = work.columns
    tallies, sums, periods = [], [], []
    homes: dict[str, list[pd.DataFrame]] = {name: [] for name in columns.clusters}
    for batch in batches(work.part, work.columns):
        tallies.append(tally_of(batch, columns))
        if tallies[-1].infinite or tallies[-1].negative:
            continue  # the run ends with an error: what is infinite need not be summed
        kept = batch.kept
        unit, w = batch.keys[columns.unit], batch.all_weights[kept]
        codes, size = unit.codes[kept], len(unit.labels)
        table = pd.DataFrame({"rows": np.bincount(codes, minlength=size)}, index=unit.labels)
        table["weight"] = np.bincount(codes, w, size)
        for j in range(len(columns.variables)):
            table[j] = np.bincount(codes, w * batch.numbers[kept, j], size)
        sums.append(table[table["rows"] > 0])
        periods.append(used(batch.keys[columns.period], kept))
        for name, pairs in homes.items():
            pairs.append(pairs_of(unit, batch.keys[name], kept))
    empty = pd.DataFrame({c: [] for c in ("rows", "weight", *range(len(columns.variables)))})
    joined = pd.concat(sums) if sums else empty
    return PartSurvey(
        add_tallies(tallies),
        joined.groupby(level=0, sort=True).sum(),
        pd.Index(pd.concat([p.to_series() for p in periods]).unique()) if periods else _NONE,
        {n: pd.concat(p).drop_duplicates() if p else _NO_PAIRS for n, p in homes.items()},
    )


_NO_PAIRS = pd.DataFrame({"unit": [], "home": []})


def pieces_of_part(work: Work) -> UnitPieces | None:
    """Pieces of one part; None without kept rows."""
    columns, found = work.columns, []
    for at in _located(work):
        unit, period = (
            (columns.unit, at.unit, work.units),
            (columns.period, at.period, work.periods),
        )
        if len(at.unit):
            found.append(unit_pieces(at.numbers, columns.variables, unit, period, at.weights))
    return add_pieces(found) if found else None


def period_sums_of_part(work: Work) -> PeriodSums:
    """Sums by period of one part, unit means out."""
    size, v = len(work.periods), len(work.columns.variables)
    weight, moved, squares = np.zeros(size), np.zeros((size, v)), np.zeros(v)
    for at in _located(work):
        weight += np.bincount(at.period, at.weights, size)
        for j in range(v):
            left = at.numbers[:, j] - _of(work.by_unit)[at.unit, j]
            weighted = at.weights * left
            moved[:, j] += np.bincount(at.period, weighted, size)
            squares[j] += np.sum(weighted * left)
    return PeriodSums(weight, moved, squares)


def sums_by_unit_of_part(work: Work) -> Floats:
    """Sum of w d_t over the rows of each unit of one part."""
    by_period = _of(work.by_period)
    out = np.zeros((len(work.units), by_period.shape[1]))
    for at in _located(work):
        for j, d in enumerate(by_period.T):
            out[:, j] += np.bincount(at.unit, at.weights * d[at.period], len(work.units))
    return out


def sums_by_period_of_part(work: Work) -> Floats:
    """Sum of w a_i over the rows of each period of one part."""
    by_unit = _of(work.by_unit)
    out = np.zeros((len(work.periods), by_unit.shape[1]))
    for at in _located(work):
        for j, a in enumerate(by_unit.T):
            out[:, j] += np.bincount(at.period, at.weights * a[at.unit], len(work.periods))
    return out


def cross_products_of_part(work: Work) -> tuple[Codes, Floats]:
    """Groups of one part, and their cross products once the effects are out."""
    groups, local = np.unique(_of(work.groups), return_inverse=True)
    v = len(work.columns.variables)
    out = np.zeros((len(groups), v, v))
    for at in _located(work):
        left = at.numbers - _of(work.by_unit)[at.unit] - _of(work.by_period)[at.period]
        out += cross_by(np.asfortranarray(left), at.weights, local[at.unit], len(groups))
    return groups, out


def _located(work: Work) -> Iterator[Located]:
    """Kept rows of a part, batch by batch."""
    for batch in batches(work.part, work.columns):
        kept = batch.kept
        unit, period = (batch.keys[n] for n in (work.columns.unit, work.columns.period))
        yield Located(
            work.units.get_indexer(unit.labels)[unit.codes[kept]],
            work.periods.get_indexer(period.labels)[period.codes[kept]],
            batch.all_weights[kept],
            batch.numbers[kept],
        )


def _of(array: np.ndarray | None) -> np.ndarray:
    if array is None:
        raise RuntimeError("this pass was not sent what it needs")
    return array
