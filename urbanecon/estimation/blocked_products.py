"""Products of large matrices whose digits do not depend on the number of threads.

They are taken in blocks, each too small for a linear algebra library to split among
threads, which is what makes last digits depend on their number. Many draws, clusters
or units stand on one side; the few columns of a regression are multiplied by
`least_squares.cross` and its neighbours, which need no library.
"""

from __future__ import annotations

import numpy as np

from urbanecon.estimation.sample import Floats

# Multiplications in a block.
BLOCK_WORK = 200_000
WIDTH = 32


def product(a: Floats, b: Floats) -> Floats:
    """A B, n x p, in blocks of rows of A and columns of B."""
    (n, m), p = a.shape, b.shape[1]
    width = min(max(p, 1), WIDTH)
    height = max(1, BLOCK_WORK // (m * width))
    out = np.empty((n, p))
    for left in range(0, p, width):
        columns = np.ascontiguousarray(b[:, left : left + width])
        for top in range(0, n, height):
            rows = slice(top, top + height)
            out[rows, left : left + width] = a[rows] @ columns
    return out


def inner_product(a: Floats, b: Floats) -> Floats:
    """A'B, p x q, summed over blocks of rows in their order; for many rows."""
    (n, p), q = a.shape, b.shape[1]
    height = max(1, BLOCK_WORK // (p * q))
    out = np.zeros((p, q))
    for top in range(0, n, height):
        rows = slice(top, top + height)
        out += a[rows].T @ b[rows]
    return out
