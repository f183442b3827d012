"""Pieces of cluster moments that add, however the rows are split.

`Moments` of two pieces join only where a unit lies whole in one of them, because
a unit's mean must be known before its rows are centred. Here each piece keeps
the mean beside the centred cross products, and two pieces of one unit join by
the pairwise update of Chan, Golub and LeVeque (1983, "Algorithms for computing
the sample variance", eq. 1.5): rows may be split anywhere, and a variable whose
level is large beside its movement costs no digits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError
from urbanecon.estimation.cluster_products import Moments, added_up
from urbanecon.estimation.gram import absorbed_columns
from urbanecon.estimation.level_counts import parameters
from urbanecon.estimation.level_products import within_units
from urbanecon.estimation.sample import Codes, Floats, Mask


@dataclass(frozen=True, slots=True, eq=False)
class UnitPieces:
    """Sums over some rows of a panel, by unit and by unit and period.

    U units and T periods have rows in the piece; V variables.

    Attributes
    ----------
    variables
        Names, length V.
    unit, period
        Names of the two effects: "city", "year".
    units, periods
        Labels in sorted order, lengths U and T.
    mean
        Weighted means of each unit, U x V.
    cross
        Cross products about these means, sum of w (z - m)(z - m)', U x V x V.
    cell_weight
        Sum of the weights of each unit and period, U x T; zero without rows.
    cell_mean
        Weighted means of each unit and period, U x T x V; zero without rows.
    cell_rows
        Rows of each unit and period, U x T.
    """

    variables: tuple[str, ...]
    unit: str
    period: str
    units: pd.Index
    periods: pd.Index
    mean: Floats
    cross: Floats
    cell_weight: Floats
    cell_mean: Floats
    cell_rows: Codes

    @property
    def weight(self) -> Floats:
        """Sum of the weights of each unit, length U."""
        return np.asarray(self.cell_weight.sum(axis=1))

    @property
    def nobs(self) -> int:
        """Rows in the piece."""
        return int(self.cell_rows.sum())

    def __add__(self, other: UnitPieces) -> UnitPieces:
        """Join two pieces of one panel: units of one piece only are kept, shared ones merge.

        Raises
        ------
        EstimationError
            The pieces have other variables or other effects.
        """
        for what in ("variables", "unit", "period"):
            ours, theirs = getattr(self, what), getattr(other, what)
            if ours != theirs:
                raise EstimationError(f"the pieces differ in {what}: {ours} and {theirs}")
        units = self.units.union(other.units, sort=True)
        periods = self.periods.union(other.periods, sort=True)
        a, b = self._placed(units, periods), other._placed(units, periods)
        mean, between, gap = _merged(a.weight, a.mean, b.weight, b.mean)
        cell_mean, _, _ = _merged(a.cell_weight, a.cell_mean, b.cell_weight, b.cell_mean)
        return UnitPieces(
            variables=self.variables,
            unit=self.unit,
            period=self.period,
            units=units,
            periods=periods,
            mean=mean,
            cross=a.cross + b.cross + between[:, None, None] * gap[:, :, None] * gap[:, None, :],
            cell_weight=a.cell_weight + b.cell_weight,
            cell_mean=cell_mean,
            cell_rows=a.cell_rows + b.cell_rows,
        )

    def moments(self, clusters: Sequence[object] | pd.Series | pd.Index, by: str) -> Moments:
        """Moments of clusters of whole units, periods as columns.

        What `moments.cluster_moments` gives for the effects (unit, period); the
        key is another, since the rows are no longer known one by one.

        Parameters
        ----------
        clusters
            The cluster that each unit belongs to, length U, in the order of `units`.
        by
            What the clusters are: "city", "province".

        Raises
        ------
        EstimationError
            A label is missing, or the number of labels is not U.
        """
        if len(clusters) != len(self.units) or pd.isna(np.asarray(clusters, dtype=object)).any():
            raise EstimationError(
                f"{by!r} must be known for each of the {len(self.units)} units of {self.unit!r}"
            )
        codes, labels = pd.factorize(pd.Series(clusters), sort=True)
        level_rows = added_up(self.cell_rows, codes, len(labels))
        levels = tuple(f"{self.period}={label}" for label in self.periods)
        return Moments(
            variables=self.variables,
            levels=levels,
            cross=self._cross_of(np.asarray(codes, dtype=np.int64), len(labels)),
            rows=level_rows.sum(axis=1),
            level_rows=level_rows,
            clusters=pd.Index(labels, name=by),
            by=by,
            effects=(self.unit, self.period),
            nested=(self.unit,),
            route="columns",
            absorbed=parameters(levels, level_rows, [np.arange(len(labels))]),
            key=self._key(by, map(str, clusters)),
        )

    def _cross_of(self, codes: Codes, size: int) -> Floats:
        """Z_g'WZ_g of variables and period dummies within the units, G x P x P."""
        v, t = len(self.variables), len(self.periods)
        cross = np.zeros((size, v + t, v + t))
        apart = ~self._constant_within_units()
        cross[:, :v, :v] = added_up(self.cross, codes, size) * apart[:, None] * apart
        moved = self.cell_weight[:, :, None] * (self.cell_mean - self.mean[:, None, :])
        cross[:, v:, :v] = added_up(moved, codes, size) * apart
        cross[:, :v, v:] = cross[:, v:, :v].transpose(0, 2, 1)
        within_units(self.cell_weight, self.weight, codes, cross[:, v:, v:])
        return cross

    def _constant_within_units(self) -> Mask:
        """Variables that the unit effects absorb, by the rule of `independent_columns`."""
        w = self.weight[:, None]
        centre = (w * self.mean).sum(axis=0) / w.sum()
        inside = np.einsum("ujj->j", self.cross)
        spread = inside + (w * (self.mean - centre) ** 2).sum(axis=0)
        return absorbed_columns(inside, spread, centre, float(w.sum()))

    def _placed(self, units: pd.Index, periods: pd.Index) -> UnitPieces:
        """Arrays at the places of these labels, zero elsewhere."""
        at, when = units.get_indexer(self.units), periods.get_indexer(self.periods)
        if len(units) == len(self.units) and len(periods) == len(self.periods):
            return self
        v, shape = len(self.variables), (len(units), len(periods))
        mean, cross = np.zeros((len(units), v)), np.zeros((len(units), v, v))
        mean[at], cross[at] = self.mean, self.cross
        weight, rows = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        cell_mean = np.zeros((*shape, v))
        cells = (at[:, None], when)
        weight[cells], rows[cells], cell_mean[cells] = (
            self.cell_weight,
            self.cell_rows,
            self.cell_mean,
        )
        return UnitPieces(
            self.variables, self.unit, self.period, units, periods, mean, cross, weight,
            cell_mean, rows,
        )  # fmt: skip

    def _key(self, by: str, clusters: Iterable[str]) -> str:
        parts = [by, *map(str, self.units), *map(str, self.periods), *clusters]
        digest = hashlib.sha256("\x1f".join(parts).encode())
        digest.update(self.cell_rows.tobytes())
        digest.update(self.cell_weight.tobytes())
        return digest.hexdigest()[:16]


def add_pieces(pieces: Iterable[UnitPieces]) -> UnitPieces:
    """Sum of the pieces in pairs, then pairs of pairs: few are held at a time.

    Raises
    ------
    EstimationError
        There is no piece, or they are of different variables or effects.
    """
    waiting: list[tuple[int, UnitPieces]] = []
    for piece in pieces:
        level, joined = 0, piece
        while waiting and waiting[-1][0] == level:
            joined = waiting.pop()[1] + joined
            level += 1
        waiting.append((level, joined))
    if not waiting:
        raise EstimationError("there are no pieces to add")
    return reduce(lambda right, left: left + right, [p for _, p in reversed(waiting)])


def _merged(
    weight_a: Floats, mean_a: Floats, weight_b: Floats, mean_b: Floats
) -> tuple[Floats, Floats, Floats]:
    """Joint means, w_a w_b / (w_a + w_b), and the gap between the means."""
    total = weight_a + weight_b
    share = np.divide(weight_b, total, out=np.zeros_like(total), where=total > 0)
    both = ((weight_a > 0) & (weight_b > 0))[..., None]
    gap = np.where(both, mean_b - mean_a, 0.0)
    alone = np.where((weight_a > 0)[..., None], mean_a, mean_b)
    return alone + gap * share[..., None], weight_a * share, gap
