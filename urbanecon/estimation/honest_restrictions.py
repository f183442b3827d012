"""Restrictions on the path of a difference in trends, as linear inequalities."""

from __future__ import annotations

import numpy as np

from urbanecon.estimation.sample import Floats

Pieces = list[tuple[Floats, Floats, Floats]]


def _differences(leads: int, lags: int) -> Floats:
    """First differences of a path that is zero in the base, (leads + lags) square."""
    full = np.zeros((leads + lags, leads + lags + 1))
    for r in range(leads + lags):
        full[r, r : r + 2] = [-1, 1]
    return np.delete(full, leads, axis=1)


def relative_magnitudes(leads: int, lags: int, mbar: float) -> Pieces:
    """|first difference after the base| <= Mbar x one signed difference before it."""
    steps = _differences(leads, lags)
    after = steps[leads:]
    return [
        (after, np.zeros(lags), np.tile(mbar * sign * steps[s], (lags, 1)))
        for s in range(leads)
        for sign in (1.0, -1.0)
    ]


def smoothness(leads: int, lags: int, m: float) -> Pieces:
    """|second difference| <= M, those that involve a lag."""
    second = np.diff(_differences(leads, lags), axis=0)[leads - 1 :]
    return [(second, np.full(lags, m), np.zeros_like(second))]
