"""Weights of the indicators of a composite index, from their normalised values.

Every function takes a matrix of normalised indicators in [0, 1], rows by
indicators, without missing cells, and returns nonnegative weights that sum to
one, or raises `EstimationError` where the method finds nothing to weigh by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.measures.cells import Vector

Weighting = Literal["entropy", "critic", "pca", "equal"]


def entropy_weights(z: Vector) -> Vector:
    """Entropy weights: an indicator that differs more between rows weighs more.

    ``p_ij = z_ij / sum_i z_ij``, ``e_j = -sum_i p_ij ln p_ij / ln n``,
    ``w_j = (1 - e_j) / sum_k (1 - e_k)`` (Shannon 1948; Hwang and Yoon 1981).
    The lowest row of each indicator is exactly zero after normalisation; it
    contributes the limit, ``0 ln 0 = 0``, and no constant is added to the data,
    which would change the weights. Since ``ln n - H`` is Theil's T, the weights
    are the inequality of each indicator between rows, and copies of all rows
    leave them alone.
    """
    total = z.sum(axis=0)
    p = np.divide(z, total, out=np.zeros_like(z), where=total > 0)
    entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=0) / np.log(len(z))
    return _to_one(np.where(total > 0, (1.0 - entropy).clip(min=0.0), 0.0), "entropy")


def critic_weights(z: Vector) -> Vector:
    """CRITIC weights: contrast times conflict, ``sd_j sum_k (1 - r_jk)``.

    Diakoulaki, Mavrotas and Papayannakis (1995), Computers & Operations
    Research 22(7). A single indicator has the weight one.
    """
    if z.shape[1] == 1:
        return np.ones(1)
    contrast = z.std(axis=0, ddof=1)
    conflict = (1.0 - _correlation(z)).sum(axis=0).clip(min=0.0)
    return _to_one(contrast * conflict, "CRITIC")


def pca_weights(z: Vector) -> Vector:
    """Principal-component weights: squared loadings, weighted by explained variance.

    ``w_j = sum_m lambda_m v_jm^2 / sum_m lambda_m`` over the components of the
    correlation matrix with eigenvalues of one or more (OECD and JRC 2008,
    Handbook on Constructing Composite Indicators, step 6). Squared loadings sum
    to one in each component and do not depend on its arbitrary sign.
    """
    eigenvalues, vectors = np.linalg.eigh(_correlation(z))
    kept = eigenvalues >= min(1.0, eigenvalues.max()) - 1e-10
    return _to_one((vectors[:, kept] ** 2) @ eigenvalues[kept], "PCA")


def equal_weights(z: Vector) -> Vector:
    """One over the number of indicators."""
    return np.full(z.shape[1], 1.0 / z.shape[1])


METHODS: dict[str, Callable[[Vector], Vector]] = {
    "entropy": entropy_weights,
    "critic": critic_weights,
    "pca": pca_weights,
    "equal": equal_weights,
}


def _correlation(z: Vector) -> Vector:
    """Correlation matrix; a column that is constant (in a bootstrap draw) has none."""
    centred = z - z.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    unit = np.divide(centred, scale, out=np.zeros_like(z), where=scale > 0)
    r = np.asarray(unit.T @ unit)
    np.fill_diagonal(r, 1.0)
    return r


def _to_one(raw: Vector, method: str) -> Vector:
    total = raw.sum()
    if not total > 1e-12:
        raise EstimationError(
            f"{method} weights: the indicators carry no information to weigh by "
            "(all constant, or copies of each other)."
        )
    return np.asarray(raw / total)
