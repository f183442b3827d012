"""From estimates that are least squares on transformed rows of a panel to a `Fit`."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationWarning
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import CONSTANT
from urbanecon.estimation.inference import Inference
from urbanecon.estimation.least_squares import solve, times
from urbanecon.estimation.panel_equation import PanelEquation
from urbanecon.estimation.sample import EstimationSample, Floats, Mask
from urbanecon.estimation.standard_errors import Estimate, estimate_covariance


@dataclass(frozen=True, slots=True, eq=False)
class TransformedRows:
    """An equation whose estimates are least squares on transformed rows.

    Attributes
    ----------
    columns
        Outcome and regressors transformed, n x (1 + k).
    params
        Their least-squares estimates, length k.
    again
        Estimates on the rows of a mask; least squares on them when not given.
    """

    equation: PanelEquation
    sample: EstimationSample
    columns: Floats
    params: Floats
    again: Callable[[Mask], Floats] | None = None

    @property
    def names(self) -> list[str]:
        """Terms, with a constant last if there is one."""
        terms = list(self.equation.terms)
        return terms + [CONSTANT] * (len(self.params) - len(terms))

    @property
    def residuals(self) -> Floats:
        """Residuals of the transformed rows, length n."""
        return self.columns[:, 0] - times(self.columns[:, 1:], self.params)

    def fit(
        self,
        how: Inference,
        estimator: str,
        *,
        stats: Mapping[str, float] | None = None,
        diagnostics: tuple[Diagnostic, ...] = (),
    ) -> Fit:
        """Add the inference."""
        equation, sample, names = self.equation, self.sample, self.names
        y, x, residuals = self.columns[:, 0], self.columns[:, 1:], self.residuals
        refit = self.again or (lambda rows: solve(y[rows], x[rows]))
        estimate = Estimate(self.params, x, residuals, sample, (), refit)
        covariance = estimate_covariance(how, estimate)
        notes = (*equation.notes, *covariance.warnings)
        for note in notes:
            python_warnings.warn(f"{equation.outcome}: {note}", EstimationWarning, stacklevel=3)
        rss, spread = float(np.sum(residuals**2)), y - y.mean()
        total = float(np.sum((spread if CONSTANT in names else y) ** 2))
        return Fit(
            params=pd.Series(self.params, index=names, name="estimate"),
            vcov=pd.DataFrame(covariance.matrix, index=names, columns=names),
            nobs=sample.nobs,
            df=float(covariance.df),
            sample=sample.index,
            outcome=equation.outcome,
            estimator=estimator,
            inference=covariance.words,
            n_clusters=covariance.n_clusters,
            stats={
                "r2": 1 - rss / total if total > 0 else np.nan,
                "rss": rss,
                "sigma2": rss / (sample.nobs - len(names)),
                "units": float(equation.n_units),
                "rows_dropped": float(sum(sample.dropped.values())),
                **(stats or {}),
            },
            diagnostics=diagnostics,
            warnings=notes,
        )
