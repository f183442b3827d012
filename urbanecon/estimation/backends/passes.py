"""What an estimate asks of the rows: a few group-bys, the same on every backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, EstimationError, NotEstimableError
from urbanecon.estimation.backends.source import Columns
from urbanecon.estimation.moments_pieces import UnitPieces
from urbanecon.estimation.sample import Codes, Floats


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows of the source by what becomes of them, as `sample.draw_sample` counts.

    Attributes
    ----------
    rows
        All rows.
    missing
        Rows that lack a variable, the weight or a key.
    zero_weight
        Other rows of weight zero.
    known
        Values of each number column.
    infinite
        Infinite values of each number column that has some.
    negative
        Rows with a negative weight that lack nothing.
    places
        Where the first infinite value of a column, or negative weight, stands.
    """

    rows: int
    missing: int
    zero_weight: int
    known: Mapping[str, int]
    infinite: Mapping[str, int] = field(default_factory=dict)
    negative: int = 0
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """Rows that enter the estimate."""
        return self.rows - self.missing - self.zero_weight

    def check(self, columns: Columns, expected: int) -> None:
        """Raise where the rows cannot give an estimate.

        Parameters
        ----------
        expected
            Rows that the files say they have: a part read twice or not at all
            never becomes a number.

        Raises
        ------
        EstimationError
            An infinite value or a negative weight; or rows were lost.
        NotEstimableError
            A variable has no value at all, or no row is left.
        """
        if self.rows != expected:
            raise EstimationError(
                f"{self.rows} rows were read of {expected} that the files say they have; did "
                "they change during the run? Run it again"
            )
        for name, count in self.infinite.items():
            raise EstimationError(
                f"{name!r} is infinite at {self.places[name]} (and in {count} rows in all); a "
                "logarithm of zero or a division by zero? Make such cells missing, or flag them"
            )
        for name, count in self.known.items():
            if not count:
                raise NotEstimableError(
                    f"{name!r} has no value in any of the {self.rows} rows; "
                    "supply it or leave it out of the equation"
                )
        if self.negative:
            raise EstimationError(
                f"the weight {columns.weights!r} is negative at "
                f"{self.places['negative weight']} (and in {self.negative} rows in all); "
                "weights must not be negative"
            )
        if not self.kept:
            counts = ", ".join(f"{name} ({some} values)" for name, some in self.known.items())
            raise NotEstimableError(
                f"no row is left of {self.rows} (dropped: missing: {self.missing}, zero weight: "
                f"{self.zero_weight}). Values by variable: {counts}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """The kept rows by unit: U units, V variables.

    Attributes
    ----------
    tally
        All rows by what becomes of them.
    units, periods
        Labels in sorted order, lengths U and T.
    rows, weight
        Rows and sum of weights of each unit, length U.
    mean
        Weighted means of each unit, U x V.
    homes
        Cluster of each unit, by the name of the clustering, length U.
    """

    tally: Tally
    units: pd.Index
    periods: pd.Index
    rows: Codes
    weight: Floats
    mean: Floats
    homes: Mapping[str, pd.Index]

    def home(self, name: str) -> pd.Index:
        """Cluster of each unit; its own label when clusters are the units."""
        home: pd.Index = self.units if name == self.units.name else self.homes[name]
        return home


class PeriodSums(NamedTuple):
    """The kept rows by period once the unit means are out.

    Attributes
    ----------
    weight
        Sum of weights, length T.
    moved
        Sum of w (z - m), T x V.
    squares
        Sum of w (z - m)^2 over all rows, length V.
    """

    weight: Floats
    moved: Floats
    squares: Floats


class Passes(Protocol):
    """Group-bys over the rows of one source; `survey` comes first.

    Two rows of one unit and period are two rows: none of the sums needs them to
    be one.
    """

    def survey(self) -> Survey:
        """Count, check and sum by unit."""

    def pieces(self) -> UnitPieces:
        """Sums by unit and by unit and period."""

    def period_sums(self, means: Floats) -> PeriodSums:
        """Sums by period once `means` (U x V) are out."""

    def sums_by_unit(self, by_period: Floats) -> Floats:
        """Sum of w d_t over the rows of each unit, U x M, for `by_period` d (T x M)."""

    def sums_by_period(self, by_unit: Floats) -> Floats:
        """Sum of w a_i over the rows of each period, T x M, for `by_unit` a (U x M)."""

    def cross_products(
        self, by_unit: Floats, by_period: Floats, groups: Codes, size: int
    ) -> Floats:
        """Sum of w r r', r = z - a_i - d_t, over groups of units, size x V x V."""


def one_home(
    unit: str, units: pd.Index, name: str, pairs: pd.DataFrame | Mapping[str, pd.Index]
) -> pd.Index:
    """Cluster of each unit.

    Parameters
    ----------
    unit, name
        Names of the unit and of the clustering.
    units
        Labels, length U.
    pairs
        Columns "unit" and "home": every pair that occurs, in any order.

    Raises
    ------
    DataError
        A unit lies in two clusters.
    """
    table = pd.DataFrame(dict(pairs)).drop_duplicates().sort_values(["unit", "home"])
    twice = table[table["unit"].duplicated(keep=False)]
    if len(twice):
        first = twice[twice["unit"] == twice["unit"].iloc[0]]
        raise DataError(
            f"{unit} {first['unit'].iloc[0]} lies in {name} {first['home'].iloc[0]} and in "
            f"{name} {first['home'].iloc[1]}; a cluster must be a function of the unit here. "
            "Cluster by what does not change within a unit"
        )
    at = pd.Index(table["unit"]).get_indexer(units)
    homes: pd.Index = pd.Index(table["home"].to_numpy()[at], name=name)
    return homes


def as_labels(values: Sequence[object] | np.ndarray | pd.Series, name: str) -> pd.Index:
    """Labels of one type whatever read them: int64, float64 or text."""
    index = pd.Index(values, name=name)
    if pd.api.types.is_integer_dtype(index.dtype):
        kind = "int64"
    else:
        kind = "float64" if pd.api.types.is_float_dtype(index.dtype) else "str"
    labels: pd.Index = index.astype(kind)
    return labels
