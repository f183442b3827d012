"""Interaction-weighted event study of Sun and Abraham (2021)."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.adoption import NEVER, adoption_years, panel_keys
from urbanecon.estimation.event_study import term
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Inference, as_inference, keys_of, variables_of
from urbanecon.estimation.sample import Floats, Mask, draw_sample


def sun_abraham(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    *,
    base: Sequence[int] = (-1,),
    controls: Sequence[str] = (),
    effects: Sequence[str] | None = None,
    vcov: Inference | str | None = None,
    weights: str | None = None,
    drop_singletons: bool = False,
) -> Fit:
    """Effects by relative year, averaged over cohorts with cohort shares as weights.

    y_it = sum_g sum_{r not in base} b_gr 1{g_i = g} 1{t - g = r} + x_it'c + a_i
    + d_t + e_it, g over the cohorts; then b_r = sum_g s_gr b_gr, with s_gr the
    share of cohort g among the (weighted) rows of relative year r (Sun and
    Abraham 2021, "Estimating dynamic treatment effects in event studies with
    heterogeneous treatment effects", eq. 26-28). Estimand: the mean effect on
    the treated r years after adoption, under parallel trends and no
    anticipation before the base, with effects free to differ between cohorts.
    Shares are taken as known, as fixest does: V = S V_b S'.

    The comparison are units never treated in the years of the sample. When
    there is none, the last cohort serves, and the years from its start on are
    left out (their section 4). Cohorts without an untreated row, or without a
    row in a base year, are left out and named in `warnings`. A first year
    before the sample means always treated (fixest takes such a cohort for
    never treated).

    Parameters
    ----------
    data
        Panel indexed by (unit, year).
    first_treated
        Column with the first treated year, constant within a unit; missing
        means never treated.
    base
        Relative years without a dummy.
    controls, weights, drop_singletons
        As `fixed_effects`.
    effects
        Unit and year when None.
    vcov
        Clustered by unit when None.

    Returns
    -------
    Fit
        Terms "t-9" ... "t+8", then the controls. ``extra["path"]``:
        relative_year, estimate, se, low, high, rows, the base as zeros;
        ``extra["cohorts"]``: mean effect of each cohort over its treated rows
        (cohort, estimate, se, rows); ``extra["cells"]``: cohort,
        relative_year, estimate, se, rows (weight). `stats`: att, att_se, the mean over
        all treated rows. Diagnostics: joint tests of leads and lags, t test of
        the att.

    Raises
    ------
    NotEstimableError
        Nobody is treated, or no cohort can be compared.
    """
    unit, time = panel_keys(data)
    names = (unit, time) if effects is None else tuple(effects)
    how = as_inference(f"cluster({unit})" if vcov is None else vcov)
    adoption = adoption_years(data, first_treated)
    sample = draw_sample(
        data,
        [outcome, *controls, *variables_of(how)],
        names,
        keys_of(how),
        weights=weights,
        drop_singletons=drop_singletons,
    )
    mass = np.ones(sample.nobs) if sample.weights is None else sample.weights
    design = _design(adoption.reindex(sample.index).to_numpy(), sample.index, mass, tuple(base))
    rows = data.loc[sample.index[design.keep]]
    clash = [name for name in design.names if name in rows.columns]
    if clash:
        raise EstimationError(f"the data already have columns named {', '.join(clash)}")
    dummies = pd.DataFrame(design.dummies, index=rows.index, columns=design.names)
    fit = fixed_effects(
        pd.concat([rows, dummies], axis=1),
        outcome,
        [*controls, *design.names],
        names,
        how,
        weights=weights,
        drop_singletons=drop_singletons,
    )
    for note in design.notes:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    return _aggregated(fit, design, list(controls))


@dataclass(frozen=True, slots=True, eq=False)
class _Design:
    """Cohort by relative year dummies of the rows that can be compared."""

    keep: Mask  # rows of the sample
    dummies: Floats  # kept rows x cells
    cells: pd.DataFrame  # cohort, relative_year, weight; one row a dummy
    base_rows: dict[int, float]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return list(self.cells.index)


def _design(first: Floats, index: pd.Index, mass: Floats, base: tuple[int, ...]) -> _Design:
    years = index.get_level_values(1).to_numpy(dtype=float)
    first = np.where(first > years.max(), NEVER, first)
    cohorts = np.unique(first[np.isfinite(first)])
    if not len(cohorts):
        raise NotEstimableError("nobody is treated in the years of the sample")
    keep = np.ones(len(first), dtype=bool)
    notes = []
    if np.isfinite(first).all():
        last, cohorts = cohorts[-1], cohorts[:-1]
        keep = years < last
        first = np.where(first == last, NEVER, first)
        notes.append(
            f"no unit is never treated: the cohort of {last:g} is the comparison, and rows from "
            f"{last:g} on were left out"
        )
    relative = years - first
    usable = [g for g in cohorts if np.isin(base, relative[keep & (first == g)]).any()]
    lost = sorted(set(cohorts) - set(usable))
    if lost:
        keep &= ~np.isin(first, lost)
        notes.append(
            f"cohorts without a row in relative year {', '.join(f'{b:+d}' for b in base)} were "
            f"left out: {', '.join(f'{g:g}' for g in lost)}"
        )
    if not usable:
        raise NotEstimableError(
            "no cohort has a row in the base year and a comparison; "
            f"cohorts: {', '.join(f'{g:g}' for g in lost) or 'one only'}"
        )
    relative, first, mass = relative[keep], first[keep], mass[keep]
    treated = np.isfinite(first)
    pairs = np.unique(np.column_stack([relative, first])[treated], axis=0)
    shown = pairs[~np.isin(pairs[:, 0], base)]
    dummies = (relative[:, None] == shown[:, 0]) & (first[:, None] == shown[:, 1])
    cells = pd.DataFrame(
        {
            "cohort": shown[:, 1].astype(int),
            "relative_year": shown[:, 0].astype(int),
            "rows": np.einsum("n,nk->k", mass, dummies.astype(float)),
        },
        index=[f"{term(int(r))}:{int(g)}" for r, g in shown],
    )
    in_base = {b: float(np.sum(mass[treated & (relative == b)])) for b in base}
    return _Design(keep, dummies.astype(float), cells, in_base, tuple(notes))


def _aggregated(fit: Fit, design: _Design, controls: list[str]) -> Fit:
    """Average the cells of a fit by relative year, by cohort and over all."""
    cells = design.cells.loc[[name for name in design.names if name in fit.params.index]]
    years = sorted(set(cells["relative_year"]))
    kept = [name for name in controls if name in fit.params.index]
    terms = [term(r) for r in years]
    shares = np.zeros((len(years) + len(kept), len(fit.params)))
    for i, r in enumerate(years):
        shares[i] = _shares(fit, cells[cells["relative_year"] == r])
    for i, name in enumerate(kept, start=len(years)):
        shares[i, fit.params.index.get_loc(name)] = 1
    params, vcov = _combined(fit, shares)
    labels = [*terms, *kept]
    out = replace(
        fit,
        params=pd.Series(params, index=labels, name="estimate"),
        vcov=pd.DataFrame(vcov, index=labels, columns=labels),
        estimator=f"interaction-weighted event study (Sun and Abraham 2021), {fit.estimator}",
        warnings=(*fit.warnings, *design.notes),
    )
    extra = {
        "path": _path(out, cells, terms, design.base_rows),
        "cohorts": _by_cohort(fit, cells),
        "cells": cells.assign(
            estimate=fit.params[cells.index], se=fit.se[cells.index]
        ).reset_index(drop=True),
    }
    out = replace(out, extra=extra)
    leads = [term(r) for r in years if r < 0]
    return _with_tests(out, fit, cells, leads, [term(r) for r in years if r >= 0])


def _with_tests(out: Fit, fit: Fit, cells: pd.DataFrame, leads: list[str], lags: list[str]) -> Fit:
    tests = [
        out.test(names, f"joint test of {what}")
        for what, names in (("leads", leads), ("lags", lags))
        if names
    ]
    stats = dict(out.stats)
    treated = cells[cells["relative_year"] >= 0]
    if len(treated):
        att, variance = _combined(fit, _shares(fit, treated)[None, :])
        stats["att"], stats["att_se"] = float(att[0]), float(np.sqrt(variance[0, 0]))
        tests.append(_t_test("mean effect on the treated", stats["att"] / stats["att_se"], fit.df))
    return replace(out, stats=stats, diagnostics=tuple(tests))


def _shares(fit: Fit, cells: pd.DataFrame) -> Floats:
    """Weights of the cells on the coefficients of `fit`, summing to one, length k."""
    weights = cells["rows"] / cells["rows"].sum()
    return weights.reindex(fit.params.index, fill_value=0.0).to_numpy(dtype=float)


def _combined(fit: Fit, shares: Floats) -> tuple[Floats, Floats]:
    """S b and S V S'."""
    b, v = fit.params.to_numpy(dtype=float), fit.vcov.to_numpy(dtype=float)
    half = np.einsum("pk,kl->pl", shares, v)
    return np.einsum("pk,k->p", shares, b), np.einsum("pl,ql->pq", half, shares)


def _by_cohort(fit: Fit, cells: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for cohort, group in cells[cells["relative_year"] >= 0].groupby("cohort"):
        estimate, variance = _combined(fit, _shares(fit, group)[None, :])
        rows.append((cohort, estimate[0], np.sqrt(variance[0, 0]), group["rows"].sum()))
    return pd.DataFrame(rows, columns=["cohort", "estimate", "se", "rows"])


def _path(
    fit: Fit, cells: pd.DataFrame, terms: list[str], base_rows: dict[int, float]
) -> pd.DataFrame:
    table = fit.tidy().loc[terms, ["estimate", "se", "low", "high"]]
    rows = cells.groupby("relative_year")["rows"].sum()
    table = table.set_axis(rows.index, axis=0).assign(rows=rows)
    for year, count in base_rows.items():
        table.loc[year] = [0.0, 0.0, 0.0, 0.0, count]
    table.index.name = "relative_year"
    return table.sort_index().reset_index()


def _t_test(name: str, statistic: float, df: float) -> Diagnostic:
    from scipy import stats

    return Diagnostic(name, statistic, (df,), float(2 * stats.t.sf(abs(statistic), df)))
