"""Tests of spatial dependence: Moran's I and Lagrange multipliers after fixed effects."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from urbanecon.errors import DataWarning, EstimationError, NotEstimableError
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Inference
from urbanecon.estimation.sample import Floats, draw_sample
from urbanecon.estimation.spatial_design import Correction, SpatialDesign, spatial_design
from urbanecon.estimation.spatial_sample import NAMED
from urbanecon.estimation.weights import Weights


def lagrange_multiplier_tests(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    weights: Weights,
    *,
    effects: Sequence[str] | None = None,
    vcov: Inference | str | None = None,
    correction: Correction = "lee-yu",
) -> Fit:
    """Fixed effects estimate with LM tests of a spatial lag and a spatial error.

    With e the residuals, s2 = e'e/n, d_r = e'Wy/s2, d_s = e'We/s2,
    K = T tr(WW + W'W) and J = K + |M W Xb|^2/s2: LM lag d_r^2/J, LM error
    d_s^2/K, robust lag (d_r - d_s)^2/(J - K), robust error
    (d_s - d_r K/J)^2 / (K (1 - K/J)) (Anselin, Le Gallo and Jayet 2008; Elhorst
    2010). Each robust form allows for the other kind of dependence.

    "lee-yu" applies the same to the data that the transformations of
    `spatial_panel` leave (Debarsy and Ertur 2010): T - 1 for T, N - 1 units and
    traces of Q W Q, whose mean under the null is not zero with time effects:
    scores are centred at T tr(QWQ), and K is K - 2 T tr(QWQ)^2 / (N - 1).

    Parameters
    ----------
    effects, correction
        As `spatial_panel`.
    vcov
        Inference of the estimate, not of the tests, which assume errors
        independent and of one variance; None: clustered by unit.

    Returns
    -------
    Fit
        As `fixed_effects`, the four tests in `diagnostics`.
    """
    design = spatial_design(
        data, outcome, regressors, weights, effects=effects, correction=correction
    )
    panel = design.panel
    fit = fixed_effects(
        panel.rows(data),
        outcome,
        regressors,
        panel.effects,
        f"cluster({panel.index.names[0]})" if vcov is None else vcov,
    )
    return replace(
        fit,
        diagnostics=(*fit.diagnostics, *multiplier_tests(design)),
        warnings=(*panel.notes, *design.notes, *fit.warnings),
    )


def multiplier_tests(design: SpatialDesign) -> tuple[Diagnostic, ...]:
    """LM lag, LM error and their robust forms, from the columns of a panel."""
    y, e = design.within[..., -1:], design.basis.residual[..., None]
    s2 = float(np.sum(e**2)) / design.observations
    w = design.panel.weights
    fitted, lagged_y, lagged_e = (design.swept(w.lag(v)) for v in (y - e, y, e))
    at = design.jacobian.at(0.0)
    centre = design.jacobian.periods * at.known.trace
    k = design.information(at)
    j = k + float(np.sum(design.basis.split(fitted)[1] ** 2)) / s2
    d_lag = float(np.sum(e * lagged_y)) / s2 - centre
    d_error = float(np.sum(e * lagged_e)) / s2 - centre
    return (
        _chi2("LM lag", d_lag**2 / j),
        _chi2("LM error", d_error**2 / k),
        _chi2("robust LM lag", (d_lag - d_error) ** 2 / (j - k)),
        _chi2("robust LM error", (d_error - k / j * d_lag) ** 2 / (k * (1 - k / j))),
    )


def _chi2(name: str, statistic: float) -> Diagnostic:
    from scipy.special import chdtrc

    return Diagnostic(name, statistic, (1,), float(chdtrc(1, statistic)), "chi-squared")


def moran(
    data: pd.DataFrame,
    variable: str,
    weights: Weights,
    rng: np.random.Generator,
    permutations: int = 999,
) -> pd.DataFrame:
    """Moran's I of a variable, year by year.

    I = (N / sum w_ij) z'Wz / z'z, z in deviation from its mean; expectation
    -1/(N - 1) and variance under randomisation (Cliff and Ord 1981, section
    2.3). The permutation p-value counts reshuffles of the values over the units
    that are as far from the mean of all reshuffles (two-sided).

    Parameters
    ----------
    data
        Panel indexed by (unit, year), or one year indexed by unit. Units without
        a value leave that year, and weights are restricted to the others.

    Returns
    -------
    One row a year: units, i, expected, sd, z, p (normal, two-sided),
    p_permutation.

    Raises
    ------
    NotEstimableError
        A year has fewer than four units, or all of them the same value.
    """
    rows = {
        year: _moran(values, weights, rng, permutations)
        for year, values in _cross_sections(data, variable)
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = data.index.names[1] if data.index.nlevels > 1 else None
    return table.astype({"units": int})


def local_moran(
    values: pd.Series,
    weights: Weights,
    rng: np.random.Generator,
    permutations: int = 999,
) -> pd.DataFrame:
    """Local Moran's I_i = z_i (Wz)_i / (z'z / N) of one cross-section (Anselin 1995).

    p-values are conditional: unit i keeps its value, the others are reshuffled
    over its neighbours; two-sided, twice the smaller tail. `q` controls the
    false discovery rate over units (Benjamini and Hochberg 1995).

    Returns
    -------
    One row a unit: i, z (standardised value), lag (Wz), quadrant ("high-high",
    "low-low", "high-low", "low-high"; "island" without neighbours), p, q.
    """
    from scipy import stats

    ((_, known),) = _cross_sections(values.to_frame("value"), "value")
    kept = _restrict(weights, known)
    z = _standardised(known)
    lag = kept.lag(z)
    local = z * lag
    tails = _conditional_tails(z, kept, local, rng, permutations)
    island = kept.matrix.sum(axis=1) == 0
    p = np.where(island, np.nan, np.minimum(1.0, 2 * tails))
    q = np.full(len(z), np.nan)
    q[~island] = stats.false_discovery_control(p[~island])
    own = np.where(z > 0, "high", "low")
    near = np.where(lag > 0, "high", "low")
    quadrant = [
        "island" if alone else f"{a}-{b}" for a, b, alone in zip(own, near, island, strict=True)
    ]
    return pd.DataFrame(
        {"i": local, "z": z, "lag": lag, "quadrant": quadrant, "p": p, "q": q}, index=kept.units
    )


def _conditional_tails(
    z: Floats, weights: Weights, local: Floats, rng: np.random.Generator, permutations: int
) -> Floats:
    """Smaller tail of each local statistic among reshuffles of the other units."""
    n = len(z)
    most = int((weights.matrix > 0).sum(axis=1).max())
    order = np.argsort(rng.random((permutations, n - 1)), axis=1, kind="stable")[:, :most]
    tails = np.ones(n)
    for i in range(n):
        w = weights.matrix[i][weights.matrix[i] > 0]
        others = np.delete(z, i)
        drawn = z[i] * np.einsum("dm,m->d", others[order[:, : len(w)]], w)
        above, below = int(np.sum(drawn >= local[i])), int(np.sum(drawn <= local[i]))
        tails[i] = (1 + min(above, below)) / (1 + permutations)
    return tails


def _cross_sections(data: pd.DataFrame, variable: str) -> list[tuple[Hashable, pd.Series]]:
    """Values by year, missing ones left out, units in sorted order."""
    sample = draw_sample(data, [variable])
    column = pd.Series(sample.column(variable), index=sample.index, name=variable)
    if column.index.nlevels == 1:
        return [("all", column)]
    rest: list[Hashable] = list(range(1, column.index.nlevels))
    return [(year, values.droplevel(rest)) for year, values in column.groupby(level=1)]


def _restrict(weights: Weights, values: pd.Series) -> Weights:
    kept = weights.restrict(values.index)
    if len(kept.units) != len(values):
        raise EstimationError(f"a unit has more than one value of {values.name!r}")
    absent = weights.units.difference(kept.units)
    if len(absent):
        python_warnings.warn(
            f"{values.name}: {len(absent)} units of the weights have no value and are left out: "
            f"{', '.join(map(str, absent[:NAMED]))}",
            DataWarning,
            stacklevel=3,
        )
    return kept


def _standardised(values: pd.Series) -> Floats:
    z = values.to_numpy(dtype=np.float64)
    if len(z) < 4:
        raise NotEstimableError(f"{values.name!r} has {len(z)} units; Moran's I needs four")
    z = z - z.mean()
    spread = float(np.sqrt(np.mean(z**2)))
    if spread <= 1e-12 * float(np.abs(values.to_numpy(dtype=np.float64)).max()):
        raise NotEstimableError(f"{values.name!r} is the same in all {len(z)} units")
    return np.asarray(z / spread, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _WeightSums:
    """S0, S1, S2 of Cliff and Ord."""

    s0: float
    s1: float
    s2: float

    @classmethod
    def of(cls, w: Floats) -> _WeightSums:
        both = w.sum(axis=1) + w.sum(axis=0)
        return cls(float(w.sum()), float(np.sum((w + w.T) ** 2)) / 2, float(np.sum(both**2)))


def _moran(
    values: pd.Series, weights: Weights, rng: np.random.Generator, permutations: int
) -> dict[str, float]:
    from scipy import stats

    kept = _restrict(weights, values)
    z, n = _standardised(values), len(values)
    sums = _WeightSums.of(kept.matrix)
    if sums.s0 == 0:
        raise NotEstimableError(f"no two units with a value of {values.name!r} are neighbours")
    statistic = float(np.sum(z * kept.lag(z))) / sums.s0
    expected = -1 / (n - 1)
    sd = float(np.sqrt(_randomisation_variance(z, sums)))
    shuffled = rng.permuted(np.tile(z[:, None], (1, permutations)), axis=0)
    drawn = np.sum(shuffled * kept.lag(shuffled), axis=0) / sums.s0
    far = np.abs(drawn - drawn.mean()) >= abs(statistic - drawn.mean())
    score = (statistic - expected) / sd
    return {
        "units": n,
        "i": statistic,
        "expected": expected,
        "sd": sd,
        "z": score,
        "p": 2 * float(stats.norm.sf(abs(score))),
        "p_permutation": (1 + int(far.sum())) / (1 + permutations),
    }


def _randomisation_variance(z: Floats, sums: _WeightSums) -> float:
    """Variance of I over all reshuffles of the values (Cliff and Ord 1981, eq. 2.37)."""
    n = len(z)
    kurtosis = float(np.mean(z**4))
    first = n * ((n**2 - 3 * n + 3) * sums.s1 - n * sums.s2 + 3 * sums.s0**2)
    second = kurtosis * ((n**2 - n) * sums.s1 - 2 * n * sums.s2 + 6 * sums.s0**2)
    product = (n - 1) * (n - 2) * (n - 3) * sums.s0**2
    return (first - second) / product - 1 / (n - 1) ** 2
