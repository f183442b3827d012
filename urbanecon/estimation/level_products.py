"""Cross products of the levels of effects, in closed form where one effect is nested.

Nothing is built row by row: with w_u the weights of a unit (city) in each level
(year) and W_u their sum, the dummies D without the means of the unit have
D'WD = diag(w_u) - w_u w_u'/W_u.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from urbanecon.estimation.sample import Codes, Floats
from urbanecon.estimation.within import Absorber

Levels = Sequence[tuple[Codes, int]]
"""Effects as the code of each row and the number of levels."""
MOST_AT_ONCE = 2**22
"""Units times levels squared that are held at once: 32 MB."""


def level_products(
    effects: Levels,
    nested: Sequence[Codes],
    clusters: Codes,
    weights: Floats | None,
    out: Floats,
) -> None:
    """D_g'WD_g of the levels of effects, the effects nested in the clusters taken out.

    Parameters
    ----------
    effects
        The effects whose L levels together are the columns.
    nested
        Codes of the effects that are taken out, length n each.
    clusters
        Cluster of each row.
    out
        Where the products are put, G x L x L.
    """
    size = len(out)
    if len(nested) > 1:
        _by_rows(effects, nested, clusters, weights, out)
        return
    if nested:
        (units,) = nested
        home = _home(units, clusters)
        mass = np.bincount(units, weights, len(home)).astype(np.float64)
        within_units(_cells(effects, units, len(home), weights), mass, home, out)
    else:
        out[:] = 0.0
        _diagonal(out)[:] = _cells(effects, clusters, size, weights)
    starts = np.cumsum([0, *(levels for _, levels in effects)])
    for i, (a, n_a) in enumerate(effects):
        for j, (b, n_b) in enumerate(effects[:i]):
            cells = (clusters * n_a + a) * n_b + b
            both = np.bincount(cells, weights, size * n_a * n_b).reshape(size, n_a, n_b)
            rows, columns = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
            out[:, rows, columns] += both
            out[:, columns, rows] += both.transpose(0, 2, 1)


def within_units(cells: Floats, mass: Floats, home: Codes, out: Floats) -> None:
    """Sum over the units of each cluster of diag(w) - ww'/W.

    A level that has a unit to itself leaves exactly nothing: w (1 - w/W) is taken
    before anything is added up.

    Parameters
    ----------
    cells, mass
        Sums of the weights of each unit in each level, U x L, and in all, length U.
    home
        Cluster of each unit, length U.
    out
        Where the sums are put, G x L x L.
    """
    share = cells / mass[:, None]
    left = cells * (1 - share)
    if np.array_equal(home, np.arange(len(out))):
        np.multiply(cells[:, :, None], -share[:, None, :], out=out)
        _diagonal(out)[:] = left
        return
    out[:] = 0.0
    step = max(1, MOST_AT_ONCE // cells.shape[1] ** 2)
    for start in range(0, len(cells), step):
        part = slice(start, start + step)
        own = cells[part, :, None] * -share[part, None, :]
        _diagonal(own)[:] = left[part]
        np.add.at(out, home[part], own)


def _home(units: Codes, clusters: Codes) -> Codes:
    """Cluster of each unit."""
    home = np.zeros(int(units.max()) + 1, dtype=np.int64)
    home[units] = clusters
    return home


def _cells(effects: Levels, groups: Codes, size: int, weights: Floats | None) -> Floats:
    """Sum of the weights of each group in each level, size x L."""
    sums = [
        np.bincount(groups * n + codes, weights, size * n).reshape(size, n) for codes, n in effects
    ]
    return np.asarray(np.hstack(sums), dtype=np.float64)


def _diagonal(products: Floats) -> Floats:
    """The diagonals, G x L, to be written to."""
    return np.asarray(np.einsum("gll->gl", products))


def _by_rows(
    effects: Levels,
    nested: Sequence[Codes],
    clusters: Codes,
    weights: Floats | None,
    out: Floats,
) -> None:
    """The same by dummies whose residuals are taken: several nested effects."""
    blocks = np.column_stack([np.eye(n)[codes] for codes, n in effects])
    dummies = Absorber(nested, weights).residuals(blocks)
    weighted = dummies if weights is None else dummies * weights[:, None]
    start, size = 0, len(out)
    for codes, n in effects:
        cells = clusters * n + codes
        for j, column in enumerate(weighted.T):
            sums = np.bincount(cells, column, size * n).reshape(size, n)
            out[:, start : start + n, j] = sums
        start += n
