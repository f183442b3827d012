"""Conditional tests of moment inequalities, with a least favourable first stage.

A restriction on trends |D delta|_r <= bound_r, with D the differences that
involve a lag, becomes moment inequalities in tau = l'tau_post and nuisance
parameters (Andrews, Roth and Pakes 2023, "Inference for linear conditional
moment inequalities"; Rambachan and Roth 2023, section 3). Since D restricted to
the lags is invertible, the vertices of the dual linear programme are known: one
for each sign of l'tau_post, and one for each pair of opposite inequalities. Each
test is then arithmetic on a handful of numbers, for all values of tau at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from urbanecon.estimation.sample import Floats, Mask

Method = Literal["C-LF", "conditional"]
DRAWS = 100_000
# A vertex whose statistic varies less than this is known without error.
CERTAIN = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Statistics gamma_j'(A b - d) - tau gamma_j'A_tau of the vertices gamma_j.

    Attributes
    ----------
    value, slope
        At tau = 0, and what a unit of tau takes off; length v each.
    vcov
        Covariance of the values, v x v.
    critical
        Least favourable critical value of the first stage; infinite without.
    """

    value: Floats
    slope: Floats
    vcov: Floats
    critical: float = np.inf


def moments(
    rows: Floats,
    bound: Floats,
    slack: Floats,
    l_vec: Floats,
    *,
    beta: Floats,
    vcov: Floats,
) -> Moments:
    """Vertices of the restriction |rows delta| <= bound + slack delta.

    Parameters
    ----------
    rows
        The differences D, m x (K + m), the last m columns (lags) invertible.
    bound
        Constant part of the bound, length m.
    slack
        Part of the bound that is linear in delta_pre, m x (K + m), zero on the
        lags.
    l_vec
        Weights of the lags, length m.
    beta, vcov
        Event-study coefficients and their covariance.
    """
    m = len(rows)
    a = np.vstack([rows - slack, -rows - slack])
    d = np.concatenate([bound, bound])
    sd = np.sqrt(np.maximum(np.einsum("ri,ij,rj->r", a, vcov, a), 0))
    direction = np.linalg.solve(rows[:, -m:].T, l_vec)
    vertices = np.zeros((m + 2, 2 * m))
    vertices[0] = np.concatenate([np.maximum(direction, 0), np.maximum(-direction, 0)])
    vertices[1] = np.concatenate([np.maximum(-direction, 0), np.maximum(direction, 0)])
    vertices[2:] = np.hstack([np.eye(m), np.eye(m)])
    vertices /= np.einsum("vr,r->v", vertices, sd)[:, None]
    loads = np.einsum("vr,ri->vi", vertices, a)
    # gamma'A on the lags is a multiple of l, so tau = l'tau_post is all it sees
    slope = np.einsum("vi,i->v", loads[:, -m:], l_vec) / np.sum(l_vec**2)
    return Moments(
        value=np.einsum("vi,i->v", loads, beta) - np.einsum("vr,r->v", vertices, d),
        slope=slope,
        vcov=np.einsum("vi,ij,wj->vw", loads, vcov, loads),
    )


def least_favourable(vcov: Floats, size: float, seed: int) -> float:
    """Quantile 1 - size of the largest of N(0, vcov), by simulation."""
    values, vectors = np.linalg.eigh(vcov)
    root = vectors * np.sqrt(np.maximum(values, 0))
    largest = np.max(np.einsum("wv,vn->wn", root, _standard_normal(len(vcov), seed)), axis=0)
    return float(np.quantile(largest, 1 - size))


@lru_cache(maxsize=2)
def _standard_normal(rows: int, seed: int) -> Floats:
    """Draws that all critical values of one analysis share, rows x DRAWS."""
    return np.random.default_rng(seed).standard_normal((rows, DRAWS))


def rejects(tau: Floats, found: Moments, alpha: float, kappa: float) -> Mask:
    """Whether each value of tau is rejected, length n.

    The largest statistic is compared with a quantile of the normal law
    truncated to where its vertex stays the largest; `found.critical` cuts the
    truncation (and rejects at once above it), the second stage then having
    size (alpha - kappa) / (1 - kappa).
    """
    hybrid = np.isfinite(found.critical)
    size = (alpha - kappa) / (1 - kappa) if hybrid else alpha
    y = found.value[None, :] - np.asarray(tau)[:, None] * found.slope[None, :]
    top = np.argmax(y, axis=1)
    largest = y[np.arange(len(y)), top]
    out = largest > found.critical
    for j in np.unique(top[~out]):
        here = np.flatnonzero((top == j) & ~out)
        out[here] = _second_stage(y[here], j, found, size)
    return np.asarray(out, dtype=np.bool_)


def _second_stage(y: Floats, j: int, found: Moments, size: float) -> Mask:
    """Conditional test of the rows of y, whose largest statistic is the j-th."""
    sd = np.sqrt(max(float(found.vcov[j, j]), 0.0))
    eta = y[:, j]
    if sd < CERTAIN:
        return np.asarray(eta > 0)
    share = found.vcov[:, j] / found.vcov[j, j]
    rest = y - eta[:, None] * share[None, :]
    low, high = np.full(len(y), -np.inf), np.full(len(y), np.inf)
    for i in range(y.shape[1]):
        gap = 1 - share[i]
        if i == j or abs(gap) < CERTAIN:
            continue
        edge = rest[:, i] / gap
        if gap > 0:
            low = np.maximum(low, edge)
        else:
            high = np.minimum(high, edge)
    high = np.minimum(high, found.critical)
    quantile = truncated_normal_quantile(1 - size, low / sd, high / sd)
    return np.asarray(eta / sd > np.maximum(0, quantile))


def truncated_normal_quantile(p: float, low: Floats, high: Floats) -> Floats:
    """Quantile p of N(0, 1) truncated to [low, high], exact far in the tails."""
    from scipy.special import log_ndtr, ndtri_exp

    upper = low > 0  # work in the lower tail, where logarithms keep their digits
    a, b = np.where(upper, -high, low), np.where(upper, -low, high)
    share = np.where(upper, 1 - p, p)
    log_p = np.logaddexp(np.log1p(-share) + log_ndtr(a), np.log(share) + log_ndtr(b))
    q = np.clip(ndtri_exp(log_p), a, b)
    return np.asarray(np.where(upper, -q, q))
