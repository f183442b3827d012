"""Candidate thresholds: quantiles of the threshold variable, and how far apart they must lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.sample import Codes, Floats, Mask

Apart = Literal["rows", "quantiles"]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Candidate thresholds, and how much lies below them.

    Attributes
    ----------
    candidates
        Distinct values of q in increasing order, length G.
    below
        Rows below each candidate, length G.
    rows
        Rows in all.
    first, last
        First and last quantile (counted from 0) that equals each candidate.
    points
        Quantiles that the distinct values are divided into.
    apart
        What keeps thresholds apart. "rows": every regime holds at least the
        share of the rows. "quantiles", the rule of Hansen's programs: of the
        quantiles numbered from 1, those from s - h up to but without s + h are
        out, with s the number below a threshold held and h = share x points; a
        candidate is out when all its quantiles are, and the ends of the grid
        need no distance.
    """

    candidates: Floats
    below: Codes
    rows: int
    first: Codes
    last: Codes
    points: int
    apart: Apart

    def refused(self, held: Codes, share: float) -> Mask:
        """Candidates that the held thresholds (positions, B x s) leave no room for, B x G."""
        out = np.zeros((len(held), len(self.candidates)), dtype=bool)
        if self.apart == "rows":
            least = share * self.rows
            out |= np.minimum(self.below, self.rows - self.below) < least
            for at in held.T:
                out |= np.abs(self.below - self.below[at][:, None]) < least
            return out
        reach = share * self.points
        for at in held.T:
            s = self.first[at][:, None]
            out |= (self.first + 1 >= s - reach) & (self.last + 1 < s + reach)
        return out


def quantile_grid(values: Floats, points: int | None, trim: float, apart: Apart) -> Grid:
    """Quantiles `trim`, `trim` + 1/points, ..., 1 - `trim` of the distinct values.

    As in Hansen's programs a quantile s of the m distinct values is the one at
    place floor(s m); equal candidates are kept once. Without `points`, every
    distinct value between the trims is a candidate.

    Raises
    ------
    NotEstimableError
        No candidate is left.
    """
    distinct, counts = np.unique(values, return_counts=True)
    m = len(distinct)
    if points is None:
        places = np.arange(math.floor(trim * m), math.floor((1 - trim) * m) + 1)
    else:
        count = math.floor(points * (1 - 2 * trim) + 1e-9) + 1
        places = np.floor((trim + np.arange(count) * (1 / points)) * m).astype(np.int64)
    places = places[(places >= 1) & (places <= m)] - 1
    at, first, times_there = np.unique(places, return_index=True, return_counts=True)
    # nothing lies below the smallest value, so it divides no sample
    splits = at > 0
    if not splits.any():
        raise NotEstimableError(
            f"the threshold variable has {m} distinct values, none of them between the trims "
            f"({trim:g} on each side): no sample can be divided"
        )
    at, first, last = at[splits], first[splits], (first + times_there - 1)[splits]
    below = (np.cumsum(counts) - counts)[at]
    size = m if points is None else points
    return Grid(distinct[at], below, len(values), first, last, size, apart)
