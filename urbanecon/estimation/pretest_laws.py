"""Which estimates pass a pretest, and what they are on average when they do.

Leads b ~ N(mean, V) pass when they lie in a region around zero: a box when each
is tested by itself, an ellipsoid when all are tested together.
"""

from __future__ import annotations

import numpy as np

from urbanecon.estimation.blocked_products import product
from urbanecon.estimation.least_squares import cross, times
from urbanecon.estimation.sample import Floats

POINTS = 2**13
"""Points of the Sobol sequence: probabilities are good to about 1e-5."""


class Individual:
    """No lead beyond its own critical value: a box, by the GHK simulator.

    Geweke, Hajivassiliou and Keane's recursive draws of a truncated normal
    vector, on one scrambled Sobol sequence, so that results are smooth in the
    mean and the same for the same seed.

    Parameters
    ----------
    vcov
        Covariance of the leads, positive definite, q x q.
    alpha
        Level of each test.
    seed
        Of the scrambling.
    """

    def __init__(self, vcov: Floats, alpha: float, seed: int) -> None:
        from scipy import stats
        from scipy.stats import qmc

        self.root = np.asarray(np.linalg.cholesky(vcov), dtype=np.float64)
        self.edge = stats.norm.ppf(1 - alpha / 2) * np.sqrt(np.diag(vcov))
        uniform = qmc.Sobol(len(vcov), seed=seed).random(POINTS)
        self.uniform = np.clip(uniform, 1e-15, 1 - 1e-15)

    def passing(self, mean: Floats) -> tuple[float, Floats]:
        """Probability of the box around zero, and the mean within it (GHK)."""
        from scipy.special import ndtr, ndtri

        z = np.zeros_like(self.uniform)
        weight = np.ones(len(z))
        for j, row in enumerate(self.root):
            shift = mean[j] + times(z[:, :j], row[:j])
            low = (-self.edge[j] - shift) / row[j]
            high = (self.edge[j] - shift) / row[j]
            # in the tail where the normal law has digits to spare
            flip = np.where(low + high > 0, -1.0, 1.0)
            left, right = np.where(flip > 0, low, -high), np.where(flip > 0, high, -low)
            below, above = ndtr(left), ndtr(right)
            part = above - below
            weight *= part
            inside = ndtri(np.clip(below + self.uniform[:, j] * part, 1e-300, 1 - 1e-16))
            z[:, j] = flip * np.clip(inside, left, right)
        total = weight.sum()
        if not total > 0:
            return 0.0, np.clip(mean, -self.edge, self.edge)
        drawn = mean + product(z, self.root.T)
        return float(total / len(z)), cross(weight[:, None], drawn)[0] / total


class Joint:
    """Wald statistic below its critical value: an ellipsoid, exact.

    Parameters
    ----------
    vcov, alpha
        As `Individual`, the level that of the one test.
    """

    def __init__(self, vcov: Floats, alpha: float) -> None:
        from scipy import stats

        self.vcov, self.q = vcov, len(vcov)
        self.edge = float(stats.chi2.ppf(1 - alpha, self.q))

    def passing(self, mean: Floats) -> tuple[float, Floats]:
        """P(chi2_q(l) <= c), and the mean, that of q + 2 degrees over that of q."""
        from scipy.special import chndtr

        distance = float(mean @ np.linalg.solve(self.vcov, mean))
        inside = float(chndtr(self.edge, self.q, distance))
        more = float(chndtr(self.edge, self.q + 2, distance))
        return inside, mean * (more / inside if inside > 0 else 0.0)
