"""The panel estimators of linearmodels, on the rows of a `PanelEquation`.

Columns go in scaled by powers of two and estimates come back in their own units,
so that a regressor in yuan beside a share is not taken for a deficient rank. plm
2.6-2 has the same variance components in unbalanced panels; linearmodels before 7.1
has others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.errors import NotEstimableError
from urbanecon.estimation.fixed_effects import CONSTANT
from urbanecon.estimation.sample import Codes, Floats

TREND = "trend"
OUTCOME = "outcome"


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Slopes, length k, and their covariance under iid errors with s2 = RSS / df, k x k."""

    params: Floats
    vcov: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RandomEffects:
    """Random effects: `slopes` has the constant last.

    `theta` is the share of its mean that each of the N units loses, `sigma2_e` and
    `sigma2_u` the variances of errors and of unit effects.
    """

    slopes: Slopes
    theta: Floats
    sigma2_e: float
    sigma2_u: float


def random_effects_model(raw: Floats, units: Codes, periods: Codes) -> RandomEffects:
    """Feasible generalised least squares, variances as Swamy-Arora and Baltagi-Chang.

    Raises
    ------
    NotEstimableError
        Fewer units than between, or rows than within, coefficients.
    """
    from linearmodels.panel import RandomEffects as Model

    frame, scale = _scaled(raw, units, periods)
    frame[CONSTANT] = 1.0
    model = Model(frame[OUTCOME], frame.drop(columns=OUTCOME), check_rank=False)
    try:
        result = model.fit(small_sample=True)
    except ValueError as error:
        raise NotEstimableError(
            f"{len(np.unique(units))} units and {len(raw)} rows are too few for the variances of "
            f"random effects with {raw.shape[1] - 1} regressors. {error}"
        ) from error
    variances = result.variance_decomposition * scale[0] ** 2
    return RandomEffects(
        _unscaled(result, scale[0], np.append(scale[1:], 1.0)),
        result.theta["theta"].to_numpy(dtype=np.float64),
        float(variances["Residual"]),
        float(variances["Effects"]),
    )


def within_model(raw: Floats, units: Codes, periods: Codes) -> Slopes:
    """Fixed effects of units."""
    from linearmodels.panel import PanelOLS

    frame, scale = _scaled(raw, units, periods)
    regressors = frame.drop(columns=OUTCOME)
    model = PanelOLS(frame[OUTCOME], regressors, entity_effects=True, check_rank=False)
    return _unscaled(model.fit(), scale[0], scale[1:])


def between_model(raw: Floats, units: Codes, periods: Codes) -> Slopes:
    """Unit means, each unit counting once; the constant last."""
    from linearmodels.panel import BetweenOLS

    frame, scale = _scaled(raw, units, periods)
    frame[CONSTANT] = 1.0
    model = BetweenOLS(frame[OUTCOME], frame.drop(columns=OUTCOME), check_rank=False)
    return _unscaled(model.fit(), scale[0], np.append(scale[1:], 1.0))


def first_difference_model(raw: Floats, units: Codes, periods: Codes, drift: bool) -> Slopes:
    """Changes between neighbouring periods; a drift, the slope of a trend, last."""
    from linearmodels.panel import FirstDifferenceOLS

    frame, scale = _scaled(raw, units, periods)
    if drift:
        frame[TREND] = periods.astype(float)
        scale = np.append(scale, 1.0)
    model = FirstDifferenceOLS(frame[OUTCOME], frame.drop(columns=OUTCOME), check_rank=False)
    return _unscaled(model.fit(), scale[0], scale[1:])


def _scaled(raw: Floats, units: Codes, periods: Codes) -> tuple[pd.DataFrame, Floats]:
    """Frame of the columns, each over the power of two nearest its size, and those powers."""
    size = np.sqrt(np.mean(raw**2, axis=0))
    scale = np.exp2(np.rint(np.log2(np.where(size > 0, size, 1.0))))
    names = [OUTCOME, *(f"x{j}" for j in range(1, raw.shape[1]))]
    index = pd.MultiIndex.from_arrays([units, periods], names=["unit", "period"])
    return pd.DataFrame(raw / scale, index=index, columns=names), scale


def _unscaled(result: Any, outcome: float, regressors: Floats) -> Slopes:
    """Estimates in the units of the data."""
    factor = outcome / regressors
    return Slopes(
        result.params.to_numpy(dtype=np.float64) * factor,
        result.cov.to_numpy(dtype=np.float64) * np.outer(factor, factor),
    )
