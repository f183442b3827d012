"""The equations of a mediation on draws of whole clusters, from their cross products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.blocked_products import product
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.sample import EstimationSample, Floats
from urbanecon.estimation.within import Absorber, is_nested

# Level dummies that would make the cross products of a cluster too large.
MANY_LEVELS = 400


# Directions with less of their variance than this do not identify anything in a draw.
SINGULAR = 1e-10


BATCH = 100


@dataclass(frozen=True, slots=True, eq=False)
class MediationDraws:
    """Estimates of d draws: `terms` d x 5, and what the sensitivity formula needs."""

    terms: Floats
    scale: Floats
    r: Floats
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ClusterProducts:
    """Cross products of each cluster, G x p x p, of columns of unit length.

    The columns are treatment, mediator and outcome, then controls and dummies.
    `lengths` are those of the first three.
    """

    products: Floats
    lengths: Floats

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(self.products)

    def estimate(self, weights: Floats) -> MediationDraws:
        """Estimate with each cluster counted as often as `weights` says, d x G."""
        p = self.products.shape[1]
        total = product(weights, self.products.reshape(self.clusters, -1)).reshape(-1, p, p)
        core = total[:, :3, :3]
        if p > 3:
            inverse = np.linalg.pinv(total[:, 3:, 3:], rcond=SINGULAR, hermitian=True)
            core = core - total[:, :3, 3:] @ inverse @ total[:, 3:, :3]
        before = np.einsum("dii->di", total)
        known = core[:, 0, 0] > SINGULAR * before[:, 0]
        core = core[known]
        a, c = core[:, 0, 1] / core[:, 0, 0], core[:, 0, 2] / core[:, 0, 0]
        mediator = core[:, 1, 1] - a * core[:, 0, 1]
        joint = core[:, 1, 2] - a * core[:, 0, 2]
        outcome = core[:, 2, 2] - c * core[:, 0, 2]
        varies = (mediator > SINGULAR * before[known, 1]) & (outcome > 0)
        a, c, mediator, joint, outcome = (v[varies] for v in (a, c, mediator, joint, outcome))
        d, m, y = self.lengths
        a, c, b = a * m / d, c * y / d, joint / mediator * y / m
        lost = len(weights) - len(a)
        note = f"{lost} of {len(weights)} draws do not identify the effects and are left out"
        return MediationDraws(
            terms=np.column_stack([a * b, c - a * b, c, a, b]),
            scale=a * np.sqrt(outcome / mediator) * y / m,
            r=joint / np.sqrt(mediator * outcome),
            notes=(note,) if lost else (),
        )


def cluster_products(
    sample: EstimationSample, names: Sequence[str], effects: Sequence[str], cluster: str
) -> ClusterProducts:
    """Take out effects nested in clusters, make dummies of the others, and multiply."""
    group = sample.codes[cluster]
    clusters = int(group.max()) + 1
    if clusters < 2:
        raise EstimationError(f"one cluster of {cluster!r} only; the bootstrap needs several")
    codes = [sample.codes[e] for e in effects]
    nested = [c for c in codes if is_nested(c, group)]
    crossing = [c for c in codes if not is_nested(c, group)]
    if sum(int(c.max()) + 1 for c in crossing) > MANY_LEVELS:
        raise EstimationError(
            f"effects with more than {MANY_LEVELS} levels cross the clusters by {cluster!r}; "
            "cluster by what they are nested in, or use coarser effects"
        )
    columns = np.column_stack(
        [sample.column(name) for name in names]
        + [np.eye(int(c.max()) + 1)[c] for c in crossing]
        + ([] if codes else [np.ones((sample.nobs, 1))])
    )
    if nested:
        columns = Absorber(nested).residuals(columns)
    lengths = np.sqrt(np.sum(columns**2, axis=0))
    columns = columns / np.where(lengths > 0, lengths, 1.0)
    products = np.zeros((clusters, columns.shape[1], columns.shape[1]))
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))
    for g, rows in enumerate(np.split(order, ends[:-1])):
        products[g] = cross(columns[rows], columns[rows])
    return ClusterProducts(products, lengths[:3])


def bootstrap_effects(
    products: ClusterProducts, draws: int, generator: np.random.Generator
) -> MediationDraws:
    """Draw G clusters with replacement, `draws` times."""
    size = products.clusters
    counts = generator.multinomial(size, np.full(size, 1 / size), size=draws).astype(float)
    parts = [products.estimate(counts[i : i + BATCH]) for i in range(0, draws, BATCH)]
    terms = np.vstack([part.terms for part in parts])
    if len(terms) < max(2, draws / 2):
        raise NotEstimableError(
            f"only {len(terms)} of {draws} bootstrap draws of {size} clusters identify the "
            "effects: too few clusters have variation in treatment and mediator"
        )
    lost = draws - len(terms)
    note = f"{lost} of {draws} bootstrap draws do not identify the effects and are left out"
    return MediationDraws(
        terms=terms,
        scale=np.concatenate([part.scale for part in parts]),
        r=np.concatenate([part.r for part in parts]),
        notes=(note,) if lost else (),
    )
