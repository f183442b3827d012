"""Effects of treated rows as outcomes less their prediction, and what means of them rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, Mask
from urbanecon.estimation.untreated import UntreatedFit


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """Effects of the m treated rows that untreated rows predict.

    Attributes
    ----------
    untreated, treated
        Rows of the sample that were fitted on, and that have a prediction.
    tau, relative, cohort, mass
        Effect, relative year, first treated year and weight, length m each.
    residuals
        Of the untreated rows.
    model, codes, x
        The fit, with the effects (in its levels) and controls of the treated rows.
    notes
        What was left out, in words.
    """

    untreated: Mask
    treated: Mask
    tau: Floats
    relative: Floats
    cohort: Floats
    mass: Floats
    residuals: Floats
    model: UntreatedFit
    codes: list[Codes]
    x: Floats
    notes: tuple[str, ...]

    @property
    def used(self) -> Mask:
        """Rows of the sample that enter the estimates."""
        return self.untreated | self.treated

    def influence(self, weights: Floats, cluster: Codes, groups: int) -> Floats:
        """Sum of v e by cluster, length G, for the estimate sum w tau.

        `cluster` holds the codes of all rows of the sample.
        """
        loads = -self.model.loadings(weights, self.codes, self.x)
        sums = np.bincount(cluster[self.untreated], loads * self.residuals, groups)
        inside = weights != 0
        own = cluster[self.treated][inside]
        w, tau = weights[inside], self.tau[inside]
        cells = np.column_stack([self.cohort, self.relative])[inside]
        cell = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
        excess = tau - _cell_means(w, tau, own, cell)[cell]
        return np.asarray(sums + np.bincount(own, w * excess, groups))

    def table(self, index: pd.Index) -> pd.DataFrame:
        """Return the effects by row, for the index of the sample."""
        rows = index[self.treated].to_frame(index=False)
        return rows.assign(cohort=self.cohort, relative_year=self.relative, tau=self.tau)


def _cell_means(w: Floats, tau: Floats, cluster: Codes, cell: Codes) -> Floats:
    """Taubar of each cohort and relative year, which minimises the variance bound."""
    pairs, pair = np.unique(np.column_stack([cell, cluster]), axis=0, return_inverse=True)
    pair = pair.ravel()
    total, weighted = np.bincount(pair, w), np.bincount(pair, w * tau)
    up = np.bincount(pairs[:, 0], total * weighted)
    down = np.bincount(pairs[:, 0], total**2)
    return np.asarray(up / down)


def impute(
    sample: EstimationSample,
    first: Floats,
    outcome: str,
    controls: Sequence[str],
    effects: Sequence[str],
    *,
    anticipation: int = 0,
) -> Imputed:
    """Fit on untreated rows and subtract the prediction from treated ones.

    Parameters
    ----------
    first
        First treated year of each row's unit, length n, infinite for never.

    Raises
    ------
    NotEstimableError
        No row is treated, none is untreated, or none has a prediction.
    """
    relative = sample.index.get_level_values(1).to_numpy(dtype=float) - first
    treated = relative >= -anticipation
    if not treated.any():
        raise NotEstimableError("nobody is treated in the years of the sample")
    if treated.all():
        raise NotEstimableError("no row of the sample is untreated: nothing to predict from")
    untreated = ~treated
    x = np.column_stack([np.zeros((sample.nobs, 0)), *(sample.column(c) for c in controls)])
    mass = np.ones(sample.nobs) if sample.weights is None else sample.weights
    inside, outside, known = _levels([sample.codes[e] for e in effects], untreated)
    model = UntreatedFit(inside, x[untreated], mass[untreated], controls)
    known[known] = model.equations.identified([c[known] for c in outside])
    if not known.any():
        raise NotEstimableError("no treated row has a prediction from untreated rows")
    rows = np.flatnonzero(treated)[known]
    codes = [c[known] for c in outside]
    y = sample.column(outcome)
    own, other = model.predict(y[untreated], codes, x[rows])
    return Imputed(
        untreated=untreated,
        treated=np.isin(np.arange(sample.nobs), rows),
        tau=y[rows] - other,
        relative=relative[rows],
        cohort=first[rows],
        mass=mass[rows],
        residuals=y[untreated] - own,
        model=model,
        codes=codes,
        x=x[rows],
        notes=_notes(known, model.dropped, effects),
    )


def _levels(effects: list[Codes], untreated: Mask) -> tuple[list[Codes], list[Codes], Mask]:
    """Codes of untreated and of treated rows, and which treated rows have all levels."""
    inside, outside = [], []
    known = np.ones(int((~untreated).sum()), dtype=bool)
    for codes in effects:
        present = np.bincount(codes[untreated], minlength=int(codes.max()) + 1) > 0
        renumbered = np.cumsum(present) - 1
        inside.append(renumbered[codes[untreated]])
        outside.append(renumbered[codes[~untreated]])
        known &= present[codes[~untreated]]
    return inside, outside, known


def _notes(known: Mask, dropped: Sequence[str], effects: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if not known.all():
        notes.append(
            f"{int((~known).sum())} of {len(known)} treated rows were left out: no untreated row "
            f"pins down their effects ({', '.join(effects)})"
        )
    if dropped:
        notes.append(f"collinear on untreated rows, dropped: {', '.join(dropped)}")
    return tuple(notes)
