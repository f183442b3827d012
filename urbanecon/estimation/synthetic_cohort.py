"""Unit and time weights of one cohort in synthetic difference-in-differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.sample import Floats, Mask
from urbanecon.estimation.simplex import simplex_weights

Weights = Literal["synthetic", "uniform"]
# Ridge on the time weights, as a share of the noise: only makes them unique.
TIME_RIDGE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """A cohort among the units of a panel, and its weights.

    Attributes
    ----------
    first
        First treated year.
    treated, controls
        Which of all n units belong to it, and which are never treated.
    before
        Years before `first`, T0.
    omega, lam
        Weights of the controls, length N0, and of the years before, length T0;
        each sums to one.
    noise
        Standard deviation of first differences that set the penalties.
    """

    first: float
    treated: Mask
    controls: Mask
    before: int
    omega: Floats
    lam: Floats
    noise: float

    def gap(self, y: Floats) -> Floats:
        """Mean treated less weighted controls, length T, for outcomes n x T."""
        mean = np.mean(y[self.treated], axis=0)
        return np.asarray(mean - np.einsum("j,jt->t", self.omega, y[self.controls]))

    def effect(self, y: Floats) -> float:
        """Mean gap from adoption on, less the weighted gap before."""
        gap = self.gap(y)
        return float(np.mean(gap[self.before :]) - np.sum(self.lam * gap[: self.before]))

    def mass(self, years: int) -> float:
        """Treated unit-years, N1 T1, in a panel of T `years`."""
        return float(self.treated.sum() * (years - self.before))

    def left_out(self, y: Floats) -> tuple[Floats, Floats]:
        """Effect and mass without each unit of the panel in turn, length n each.

        Weights are kept and those of the other controls rescaled, so that the
        effect is a difference of means of each unit's own contrast: its mean from
        adoption on, less the weighted mean before.

        Raises
        ------
        EstimationError
            One control carries all weight.
        """
        if np.count_nonzero(self.omega) < 2:
            raise EstimationError(
                f"one control carries all weight in cohort {self.first:g}, so the jackknife "
                "cannot leave it out. Use errors='placebo'"
            )
        contrast = y[:, self.before :].mean(axis=1)
        contrast = contrast - np.einsum("nt,t->n", y[:, : self.before], self.lam)
        treated, controls = contrast[self.treated], contrast[self.controls]
        size, level = len(treated), float(np.sum(self.omega * controls))
        effects = np.full(len(y), float(treated.mean()) - level)
        effects[self.treated] = (np.sum(treated) - treated) / (size - 1) - level
        moved = (level - self.omega * controls) / (1 - self.omega)
        effects[self.controls] = float(treated.mean()) - moved
        mass = (size - self.treated.astype(np.float64)) * (y.shape[1] - self.before)
        return effects, mass


@dataclass(frozen=True, slots=True)
class Weighting:
    """How the weights of every cohort are found: solved for, or all equal."""

    units: Weights = "synthetic"
    years: Weights = "synthetic"

    def fit(
        self, y: Floats, first: Floats, start: float, before: int, noise: float | None = None
    ) -> Cohort:
        """Weights of the cohort first treated in `start`, with `before` years ahead of it.

        Parameters
        ----------
        y, first
            Outcomes, n x T, and first treated years, length n, infinite for never.
        noise
            Estimated from the controls before `start` unless given.
        """
        treated, controls = first == start, ~np.isfinite(first)
        earlier, later = y[controls, :before], y[controls, before:]
        if noise is None:
            noise = float(np.std(np.diff(earlier, axis=1), ddof=1))
        n0, n1, t1 = len(earlier), int(treated.sum()), later.shape[1]
        omega, lam = np.full(n0, 1 / n0), np.full(before, 1 / before)
        # without noise before adoption any positive ridge will do
        sigma = noise if noise > 0 else 1.0
        if self.units == "synthetic":
            mean = np.mean(y[treated, :before], axis=0)
            zeta = (n1 * t1) ** 0.25 * sigma
            omega = simplex_weights(_centred(earlier.T), _centred(mean), zeta**2 * before)
        if self.years == "synthetic":
            mean = np.mean(later, axis=1)
            ridge = (TIME_RIDGE * sigma) ** 2 * n0
            lam = simplex_weights(_centred(earlier), _centred(mean), ridge)
        return Cohort(start, treated, controls, before, omega, lam, noise)


def _centred(columns: Floats) -> Floats:
    """Columns without their means: the intercept of the weights."""
    return np.asarray(columns - columns.mean(axis=0), dtype=np.float64)
