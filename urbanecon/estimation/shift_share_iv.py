"""Instrumental variables with one shift-share instrument, taken apart."""

from __future__ import annotations

import math
import warnings as python_warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning
from urbanecon.estimation.anderson_rubin import in_words
from urbanecon.estimation.exposure_errors import (
    NetEquation,
    akm0_set,
    akm0_test,
    akm_variance,
    shock_level,
    sum_by_cluster,
)
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.inference import Inference
from urbanecon.estimation.instrumental import instrumental
from urbanecon.estimation.least_squares import COLLINEAR, off, orthogonal, square_root
from urbanecon.estimation.rotemberg import rotemberg, summary_of_weights
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, draw_sample
from urbanecon.estimation.shift_share import ShiftShare, effective_shocks
from urbanecon.estimation.within import Absorber

INSTRUMENT = "shift_share"
# Below this many effective shocks the normal law of exposure-robust errors is a
# poor guide (the simulations of Borusyak, Hull and Jaravel 2022).
FEW_SHOCKS = 20


def shift_share_iv(
    data: pd.DataFrame,
    outcome: str,
    endogenous: str,
    design: ShiftShare,
    controls: Sequence[str] = (),
    *,
    effects: Sequence[str] = ("city", "year"),
    vcov: Inference | str = "cluster(city)",
    weights: str | None = None,
    shock_clusters: Mapping[object, object] | None = None,
    treatment: str | None = None,
) -> Fit:
    """Estimate one effect by 2SLS with a shift-share instrument, errors exposure-robust.

    y_it = b x_it + c_it'g + effects + e_it, z_it = sum_k s_ik g_kt. Estimand: b, the
    effect of x, taken to be the same for all units (else a mean of effects, proper
    when no Rotemberg weight is negative). Two readings identify b: shocks as good
    as random given their number is large (Borusyak, Hull and Jaravel 2022; Adao,
    Kolesar and Morales 2019), or shares exogenous (Goldsmith-Pinkham, Sorkin and
    Swift 2020). For the first, the standard error of the Fit is that of Adao,
    Kolesar and Morales; for the second, Rotemberg weights say which industries'
    shares carry the estimate.

    Parameters
    ----------
    data, outcome, controls, effects, weights, treatment
        As `instrumental`; the first index level is the unit, the second the
        period.
    endogenous
        The one regressor instrumented.
    design
        Shares and shocks.
    vcov
        Conventional inference, shown beside the exposure-robust one.
    shock_clusters
        Group of each industry, within which shocks may be correlated. By
        default an industry's shocks of all periods are one group, or, when
        shocks do not change over time, each industry its own.

    Returns
    -------
    Fit
        One term, `endogenous`; inference AKM, normal law. Diagnostics of
        `instrumental` under `vcov`, AKM0 (its set in the note), effective
        number of shocks, negative Rotemberg weight. ``extra["errors"]``: se, p,
        low and high by inference (vcov, AKM, AKM0 with the ends of its set, BHJ);
        ``extra["rotemberg"]``: see `rotemberg`; ``extra["shocks"]``: the
        equation by shock, empty when each unit has its own shocks;
        ``extra["akm0"]``; first_stage, reduced_form, anderson_rubin.

    Raises
    ------
    MissingColumnError, DataError
        As `instrumental` and `ShiftShare`.
    EstimationError
        As `instrumental`; the data have a column of the instrument's name;
        `shock_clusters` lacks an industry.
    NotEstimableError
        As `instrumental`; the shares are collinear.
    """
    if INSTRUMENT in data.columns:
        raise EstimationError(f"the data already have a column {INSTRUMENT!r}; rename it")
    data = data.assign(**{INSTRUMENT: design.instrument(data.index).to_numpy()})
    with python_warnings.catch_warnings():
        # kept in the warnings of the Fit below
        python_warnings.simplefilter("ignore", EstimationWarning)
        conventional = instrumental(
            data, outcome, [endogenous], [INSTRUMENT], controls,
            effects=effects, vcov=vcov, weights=weights, treatment=treatment,
        )  # fmt: skip
    kept = [c for c in controls if c in conventional.params.index]
    names = (outcome, endogenous, INSTRUMENT, *kept)
    sample = draw_sample(data.loc[conventional.sample], names, effects, weights=weights)
    parts = _Parts(sample, tuple(effects), design, endogenous, outcome)
    fit = _with_exposure(conventional, parts, shock_clusters)
    for note in fit.warnings:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    return fit


@dataclass(slots=True, eq=False)
class _Parts:
    """The rows of the estimate with the design met by them."""

    sample: EstimationSample
    effects: tuple[str, ...]
    design: ShiftShare
    endogenous: str
    outcome: str

    def net(self) -> tuple[NetEquation, pd.Index]:
        """Equation without effects and controls, and the labels of its shocks."""
        exposure, labels = self.design.shock_exposure(self.sample.index)
        columns = self.without_controls(
            np.column_stack(
                [self.sample.column(n) for n in (self.outcome, self.endogenous, INSTRUMENT)]
            )
        )
        y, x, z = columns.T
        return NetEquation(y, x, z, exposure, self.sample.weights), labels

    def without_controls(self, columns: Floats) -> Floats:
        """Columns off effects (or the constant) and controls, n x p."""
        names = self.sample.variables[3:]
        controls = [self.sample.column(name)[:, None] for name in names]
        one = np.zeros(self.sample.nobs, dtype=np.int64)
        codes = [self.sample.codes[e] for e in self.effects] or [one]
        absorber = Absorber(codes, self.sample.weights)
        scaled = square_root(
            absorber.residuals(np.hstack([columns, *controls])), self.sample.weights
        )
        p = columns.shape[1]
        basis = orthogonal(scaled[:, p:], 0.0)[0]
        left, weights = off(scaled[:, :p], basis), self.sample.weights
        return left if weights is None else left / np.sqrt(weights)[:, None]

    def sums_are_controlled(self) -> bool:
        """Whether effects and controls span the sum of the shares (by period)."""
        sums = self.design.share_sums(self.sample.index).to_numpy()
        left = self.without_controls(sums)
        return bool((np.sum(left**2, axis=0) <= COLLINEAR * np.sum(sums**2, axis=0)).all())

    def clusters(self, labels: pd.Index, groups: Mapping[object, object] | None) -> Codes | None:
        """Cluster of each shock; None when each is its own."""
        industries = labels.get_level_values(0)
        if groups is None:
            return None if labels.nlevels == 1 else pd.factorize(industries, sort=True)[0]
        lost = [k for k in industries.unique() if k not in groups]
        if lost:
            raise EstimationError(f"shock_clusters has no group for {', '.join(map(repr, lost))}")
        return pd.factorize(np.array([str(groups[k]) for k in industries]), sort=True)[0]


def _with_exposure(
    conventional: Fit, parts: _Parts, groups: Mapping[object, object] | None
) -> Fit:
    """Replace the conventional inference by AKM and add the tables."""
    net, labels = parts.net()
    clusters = parts.clusters(labels, groups)
    variance = akm_variance(net, clusters)
    accepted = akm0_set(net, clusters=clusters)
    weights = rotemberg(net, parts.design.components(parts.sample.index))
    by_shock, second, caveats = _by_shock(net, labels, parts, clusters)
    name = parts.endogenous
    size = effective_shocks(sum_by_cluster(net.on_shocks(np.ones(parts.sample.nobs)), clusters))
    caveats = (*caveats, *_caveats(parts, size))
    count = len(labels) if clusters is None else int(clusters.max()) + 1
    fit = Fit(
        params=pd.Series([conventional.params[name]], index=[name], name="estimate"),
        vcov=pd.DataFrame([[variance]], index=[name], columns=[name]),
        nobs=conventional.nobs,
        df=math.inf,
        sample=conventional.sample,
        outcome=conventional.outcome,
        estimator=f"shift-share {conventional.estimator}",
        inference=f"exposure-robust (AKM), {count} independent shocks, normal law",
        n_clusters={"shock": count},
        fixed_effects=conventional.fixed_effects,
        stats=dict(conventional.stats) | summary_of_weights(weights, size),
        warnings=(*conventional.warnings, *caveats),
    )
    p0 = akm0_test(net, 0.0, clusters)
    return replace(
        fit,
        diagnostics=(*conventional.diagnostics, *_diagnostics(fit.stats, accepted, p0)),
        extra={
            **conventional.extra,
            "errors": _errors(conventional, fit, second, accepted, p0),
            "rotemberg": weights.reset_index(),
            "shocks": by_shock,
            "akm0": accepted,
        },
    )


def _by_shock(
    net: NetEquation, labels: pd.Index, parts: _Parts, clusters: Codes | None
) -> tuple[pd.DataFrame, Fit | None, tuple[str, ...]]:
    """Estimate the equation by shock, where there is one."""
    if parts.design.leaves_out:
        return pd.DataFrame(), None, ()
    if not parts.sums_are_controlled():
        return pd.DataFrame(), None, (
            "the shares do not sum to one and their sum is not controlled for: the estimate also "
            "compares units with large and small sums. Add the columns of design.share_sums() as "
            "controls (Borusyak, Hull and Jaravel 2022)",
        )  # fmt: skip
    table = shock_level(net, _shocks(parts.design, labels), labels)
    rows = table.assign(cluster=np.arange(len(table)) if clusters is None else clusters)
    effects = (str(labels.names[1]),) if labels.nlevels > 1 else ()
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore", EstimationWarning)
        second = instrumental(
            rows, "outcome", ["endogenous"], ["shock"], effects=effects, weights="weight",
            vcov="hetero" if clusters is None else "cluster(cluster)",
        )  # fmt: skip
    return table.reset_index(), second, ()


def _shocks(design: ShiftShare, labels: pd.Index) -> Floats:
    if isinstance(design.shocks, pd.Series):
        return design.shocks[labels].to_numpy(dtype=float)
    return np.array([design.shocks.at[t, k] for k, t in labels], dtype=float)


def _caveats(parts: _Parts, size: float) -> tuple[str, ...]:
    if size >= FEW_SHOCKS:
        return ()
    return (
        f"only {size:.1f} effective shocks: with fewer than {FEW_SHOCKS} the normal law of the "
        "exposure-robust errors is a poor guide; read the AKM0 set",
    )


def _diagnostics(
    stats: Mapping[str, float], accepted: pd.DataFrame, p0: float
) -> tuple[Diagnostic, ...]:
    return (
        Diagnostic("AKM0", math.nan, p=p0, note=f"H0: effect = 0; 95% set {in_words(accepted)}"),
        Diagnostic("effective shocks", stats["effective_shocks"], note="inverse Herfindahl"),
        Diagnostic(
            "negative Rotemberg weight",
            stats["negative_weight"],
            note=f"{stats['negative_share']:.0%} of absolute weight is negative",
        ),
    )


def _errors(
    conventional: Fit, fit: Fit, second: Fit | None, accepted: pd.DataFrame, p0: float
) -> pd.DataFrame:
    """The same estimate under each inference."""
    name = str(fit.params.index[0])
    rows = {conventional.inference: conventional.tidy().loc[name], "AKM": fit.tidy().loc[name]}
    if second is not None:
        rows["BHJ"] = second.tidy().loc["endogenous"]
    table = pd.DataFrame(rows).T[["estimate", "se", "p", "low", "high"]]
    table.loc["AKM0"] = [fit.params[name], np.nan, p0, *_ends(accepted)]
    table.index.name = "inference"
    return table.reset_index()


def _ends(accepted: pd.DataFrame) -> tuple[float, float]:
    """Smallest and largest value of a confidence set."""
    return float(accepted["low"].iloc[0]), float(accepted["high"].iloc[-1])
