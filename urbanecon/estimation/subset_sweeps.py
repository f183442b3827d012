"""Least squares of an outcome on every subset of controls by the sweep operator.

Each subset is a path of the sweep operator (Goodnight 1979, "A tutorial on the
SWEEP operator", The American Statistician 33: 149-158) over the cross products of
treatment, controls and outcome; subsets that begin alike share their path, so
that all 2^C of them cost one sweep each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.least_squares import COLLINEAR
from urbanecon.estimation.sample import Codes, Floats, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Sweeps:
    """Sweeps of S subsets over p = C + 2 columns: treatment, controls, outcome.

    Attributes
    ----------
    bread
        Row of (X'X)^-1 of the treatment, zero for columns that are out, S x (C + 1).
    params
        Coefficients of treatment and controls, zero for those that are out, S x (C + 1).
    failed
        Position of the first control that the columns before it span, -1 if none, length S.
    """

    bread: Floats
    params: Floats
    failed: Codes


def sweep_subsets(
    gram: Floats,
    before: Floats,
    member: Mask,
    names: Sequence[str],
    effects: Sequence[str] = (),
) -> Sweeps:
    """Regress the last column on the first and each subset of those between.

    Parameters
    ----------
    gram
        Cross products of treatment, controls and outcome within the effects, p x p.
    before
        Sums of squares of the columns before the effects were swept out, length p:
        what is left of a column is compared with these.
    member
        S x C.
    names, effects
        For messages.

    Raises
    ------
    NotEstimableError
        Treatment or outcome does not vary.
    """
    diagonal = gram.diagonal()
    for what, j in (("treatment", 0), ("outcome", -1)):
        if not diagonal[j] > COLLINEAR * before[j]:
            raise NotEstimableError(
                f"the {what} {names[j]!r} does not vary within the effects "
                f"({', '.join(effects) or 'constant'})"
            )
    varies = diagonal > COLLINEAR * before
    unit = np.sqrt(np.where(varies, diagonal, 1.0))
    floor = np.where(varies, COLLINEAR * before / unit**2, np.inf)
    states = _swept((gram / unit[:, None] / unit)[None], 0)
    failed = np.full(1, -1)
    of = np.zeros(len(member), dtype=np.int64)
    for j in range(member.shape[1]):
        paths, of = np.unique(2 * of + member[:, j], return_inverse=True)
        states, failed = states[paths // 2], failed[paths // 2]
        enters = np.flatnonzero((paths % 2 == 1) & (failed < 0))
        spanned = states[enters, j + 1, j + 1] <= floor[j + 1]
        failed[enters[spanned]] = j
        enters = enters[~spanned]
        states[enters] = _swept(states[enters], j + 1)
    inside = np.column_stack([np.ones(len(member), dtype=bool), member])
    bread = np.where(inside, states[of, 0, :-1], 0.0) / (unit[:-1] * unit[0])
    params = np.where(inside, states[of, :-1, -1], 0.0) * unit[-1] / unit[:-1]
    return Sweeps(bread, params, failed[of])


def _swept(states: Floats, k: int) -> Floats:
    """Sweep column k of each matrix, U x p x p."""
    row, column = states[:, k, :], states[:, :, k]
    scaled = row / row[:, k, None]
    out = states - column[:, :, None] * scaled[:, None, :]
    out[:, k, :] = scaled
    out[:, :, k] = -column / row[:, k, None]
    out[:, k, k] = 1 / row[:, k]
    return np.asarray(out)
