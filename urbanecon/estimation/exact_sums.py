"""Sums with signs whose digits depend neither on their order nor on the library."""

from __future__ import annotations

import numpy as np

from urbanecon.estimation.sample import Floats

DIGITS = 52
"""Binary digits that the sum of the absolute values of a column is cut to."""
ROWS = 32
ALONE = 2**18
"""Rows times columns times terms of one product, so few that no library splits it among
threads, whose waiting for one another takes longer than the product on a busy machine."""


def signed_sums(signs: Floats, values: Floats) -> Floats:
    """Sums of the values with signs of one, S V, B x K.

    The values are first rounded to multiples of one power of two for each column,
    chosen so that every partial sum is a whole multiple below 2^53: then no
    addition rounds, and matrix products in any blocks are as reproducible as a
    loop (Demmel and Nguyen 2015, "Parallel reproducible summation", on sums
    rounded beforehand). The error is at most G 2^-52 of the sum of absolute
    values, twice the bound of any summation.

    Parameters
    ----------
    signs
        B x G of -1 and 1.
    values
        G x K.
    """
    exponent = np.frexp(np.abs(values).sum(axis=0))[1]
    whole = np.rint(np.ldexp(values, DIGITS - exponent))
    terms, columns = values.shape
    step = max(1, ALONE // (ROWS * columns))
    sums = np.zeros((len(signs), columns))
    for first in range(0, terms, step):
        part = slice(first, first + step)
        for start in range(0, len(signs), ROWS):
            rows = slice(start, start + ROWS)
            sums[rows] += signs[rows, part] @ whole[part]
    return np.asarray(np.ldexp(sums, exponent - DIGITS))
