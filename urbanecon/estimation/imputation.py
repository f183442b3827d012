"""Imputation estimator of Borusyak, Jaravel and Spiess (2024)."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.adoption import adoption_years, panel_keys
from urbanecon.estimation.event_study import term
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.imputed import Imputed, impute
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.sample import Codes, EstimationSample, Floats, draw_sample

ATT = "att"


def imputation(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    *,
    horizons: Sequence[int] | None = None,
    leads: int = 5,
    controls: Sequence[str] = (),
    effects: Sequence[str] | None = None,
    cluster: str | None = None,
    weights: str | None = None,
    anticipation: int = 0,
) -> Fit:
    """Effects as outcomes less what untreated rows predict for them.

    On untreated rows, y_it = a_i + d_t + x_it'b + e_it is fitted by least
    squares; tau_it = y_it - a_i - d_t - x_it'b on treated rows; the estimates
    are means of tau_it, over all treated rows (term "att") and by relative year
    ("t+0", "t+1", ...), weighted when there are weights. Estimand: the mean
    effect on the treated; unbiased and efficient under parallel trends in every
    period and no anticipation, whatever the effects (Borusyak, Jaravel and
    Spiess 2024, "Revisiting event-study designs: robust and efficient
    estimation", Theorem 2).

    Covariance (their Theorem 3 and eq. 8-9): an estimate is sum v_it y_it, with
    V = sum_c (sum_{it in c} v_it e_it)^2 over clusters c, where on treated rows
    e_it = tau_it - taubar_g, g a cohort in a relative year and
    taubar_g = sum_c (sum_{it in c, g} v_it)(sum_{it in c, g} v_it tau_it) /
    sum_c (sum_{it in c, g} v_it)^2. It is conservative when effects differ
    within a cohort and year. No small-sample factor; normal law. A cohort of one
    unit adds nothing of its own treated rows to V: `warnings` says so.

    Parameters
    ----------
    data
        Panel indexed by (unit, year), balanced or not.
    first_treated
        Column with the first treated year, constant within a unit; missing
        means never treated.
    horizons
        Relative years to report; None: all that occur.
    leads
        Relative years before adoption tested on untreated rows alone, all
        earlier ones being the comparison; 0 for no test.
    controls, weights
        Columns.
    effects
        Unit and year when None.
    cluster
        Column or index level; the unit when None.
    anticipation
        Years before adoption that count as treated.

    Returns
    -------
    Fit
        ``extra["path"]``: relative_year, estimate, se, low, high, rows;
        ``extra["effects"]``: tau by row (columns as the index, then cohort,
        relative_year, tau); ``extra["pretrend"]``: relative_year, estimate, se
        of the leads. Diagnostics: joint test of the leads, from their own
        regression on untreated rows, so that it does not bias the estimates
        (their section 4.4). Treated rows whose effects no untreated row pins
        down (a unit always treated, a year without untreated units) are left
        out and counted in `warnings`.

    Raises
    ------
    NotEstimableError
        Nobody is treated, or no treated row has a prediction.
    EstimationError
        Only one cluster.
    """
    unit, time = panel_keys(data)
    names = (unit, time) if effects is None else tuple(effects)
    by = unit if cluster is None else cluster
    sample = draw_sample(data, [outcome, *controls], names, [unit, by], weights=weights)
    groups = int(sample.codes[by].max()) + 1
    if groups < 2:
        raise EstimationError(f"all rows lie in one cluster of {by!r}; at least two are needed")
    first = adoption_years(data, first_treated).reindex(sample.index).to_numpy()
    found = impute(sample, first, outcome, controls, names, anticipation=anticipation)
    fit = _estimate(sample, found, horizons, by)
    regression = _Regression(outcome, tuple(controls), names, f"cluster({by})", weights)
    before = data.loc[sample.index[found.untreated]]
    relative = before.index.get_level_values(1).to_numpy(dtype=float) - first[found.untreated]
    pretrend, tests = regression.leads(before, relative, leads)
    notes = (*found.notes, *_lone_cohorts(found, sample.codes[unit]))
    if leads and not tests:
        notes += ("no pre-trend test: too few untreated years of treated units",)
    for note in notes:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    words = "imputation (Borusyak, Jaravel and Spiess 2024)"
    return replace(
        fit,
        outcome=outcome,
        estimator=words if weights is None else f"{words}, weighted by {weights}",
        fixed_effects=names,
        diagnostics=tests,
        warnings=notes,
        extra={
            "path": _path(fit, found.relative),
            "effects": found.table(sample.index),
            "pretrend": pretrend,
        },
    )


def _estimate(
    sample: EstimationSample, found: Imputed, horizons: Sequence[int] | None, by: str
) -> Fit:
    """Means of the effects and their covariance."""
    wanted = _estimands(found.relative, found.mass, horizons)
    cluster = sample.codes[by]
    groups = int(cluster.max()) + 1
    influence = np.column_stack([found.influence(w, cluster, groups) for w in wanted.values()])
    params = [float(np.sum(w * found.tau)) for w in wanted.values()]
    return Fit(
        params=pd.Series(params, index=list(wanted), name="estimate"),
        vcov=pd.DataFrame(cross(influence, influence), index=list(wanted), columns=list(wanted)),
        nobs=int(found.used.sum()),
        df=np.inf,
        sample=sample.index[found.used],
        outcome="",
        estimator="",
        inference=f"clustered by {by}, conservative (their Theorem 3), no small-sample factor",
        n_clusters={by: len(np.unique(cluster[found.used]))},
        stats={
            "treated_rows": float(len(found.tau)),
            "untreated_rows": float(found.untreated.sum()),
        },
    )


def _estimands(
    relative: Floats, mass: Floats, horizons: Sequence[int] | None
) -> dict[str, Floats]:
    """Weights of each estimate on the treated rows, summing to one."""
    shown = np.unique(relative).astype(int).tolist() if horizons is None else list(horizons)
    rows = {ATT: np.ones(len(relative), dtype=bool)}
    rows |= {term(r): relative == r for r in shown}
    empty = [name for name, chosen in rows.items() if not chosen.any()]
    if empty:
        raise NotEstimableError(
            f"no treated row in relative year {', '.join(empty)}; there are "
            f"{relative.min():+g} to {relative.max():+g}"
        )
    return {name: mass * chosen / np.sum(mass[chosen]) for name, chosen in rows.items()}


def _lone_cohorts(found: Imputed, unit: Codes) -> tuple[str, ...]:
    """Name cohorts of one unit, whose own treated rows do not enter the variance."""
    pairs = np.unique(np.column_stack([found.cohort, unit[found.treated]]), axis=0)
    cohorts, sizes = np.unique(pairs[:, 0], return_counts=True)
    lone = ", ".join(f"{g:g}" for g in cohorts[sizes == 1])
    if not lone:
        return ()
    return (
        f"cohorts of one unit ({lone}): their treated rows fit their own mean, so errors are too "
        "small there",
    )


@dataclass(frozen=True, slots=True)
class _Regression:
    """The regression on untreated rows, as `fixed_effects` takes it."""

    outcome: str
    controls: tuple[str, ...]
    effects: tuple[str, ...]
    vcov: str
    weights: str | None

    def leads(
        self, data: pd.DataFrame, relative: Floats, leads: int
    ) -> tuple[pd.DataFrame, tuple[Diagnostic, ...]]:
        """Add leads of adoption, and test that all are zero."""
        shown = [r for r in range(-leads, 0) if (relative == r).any()]
        # without an earlier row of a treated unit, the earliest lead is the comparison
        if shown and not (np.isfinite(relative) & (relative < shown[0])).any():
            shown = shown[1:]
        years = {term(r): r for r in shown}
        kept: list[str] = []
        if years:
            fit = self._fit(data, {name: (relative == r) * 1.0 for name, r in years.items()})
            kept = [name for name in years if fit is not None and name in fit.params.index]
        if not kept or fit is None:
            return pd.DataFrame(columns=["relative_year", "estimate", "se"]), ()
        table = pd.DataFrame({"estimate": fit.params[kept], "se": fit.se[kept]})
        table.insert(0, "relative_year", [years[name] for name in kept])
        test = fit.test(kept, "joint test of leads, untreated rows only")
        return table.reset_index(drop=True), (test,)

    def _fit(self, data: pd.DataFrame, dummies: dict[str, Floats]) -> Fit | None:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore", EstimationWarning)
            try:
                return fixed_effects(
                    data.assign(**dummies),
                    self.outcome,
                    [*self.controls, *dummies],
                    self.effects,
                    self.vcov,
                    weights=self.weights,
                )
            except EstimationError:  # no variation is left for a test; the estimates stand
                return None


def _path(fit: Fit, relative: Floats) -> pd.DataFrame:
    terms = [name for name in fit.params.index if name != ATT]
    table = fit.tidy().loc[terms, ["estimate", "se", "low", "high"]]
    years = [int(name[1:]) for name in terms]
    table.insert(0, "relative_year", years)
    table["rows"] = [int((relative == r).sum()) for r in years]
    return table.reset_index(drop=True)
