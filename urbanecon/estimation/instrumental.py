"""Instrumental variables with any number of fixed effects: 2SLS, LIML, two-step GMM."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning
from urbanecon.estimation.anderson_rubin import anderson_rubin, caveat, confidence_set
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.inference import Inference, as_inference, keys_of, variables_of
from urbanecon.estimation.instrument_checks import check_method, check_roles, identify
from urbanecon.estimation.iv_diagnostics import (
    ReducedForms,
    overidentification,
    regression_table,
    without_jackknife,
    wu_hausman,
)
from urbanecon.estimation.iv_equation import Equation, Method, Roles
from urbanecon.estimation.iv_estimators import Solution
from urbanecon.estimation.sample import EstimationSample, draw_sample
from urbanecon.estimation.standard_errors import Estimate
from urbanecon.estimation.weak_instruments import (
    effective_f,
    effective_f_critical,
    first_stage_f,
    rank_tests,
)

WORDS = {
    "2sls": "two-stage least squares",
    "liml": "limited information maximum likelihood",
    "gmm": "two-step GMM",
}


def instrumental(
    data: pd.DataFrame,
    outcome: str,
    endogenous: Sequence[str],
    instruments: Sequence[str],
    controls: Sequence[str] = (),
    *,
    effects: Sequence[str] = ("city", "year"),
    vcov: Inference | str = "cluster(city)",
    method: Method = "2sls",
    weights: str | None = None,
    treatment: str | None = None,
    drop_singletons: bool = False,
) -> Fit:
    """Estimate a linear equation with instruments, effects partialled out.

    y_it = x_it'b + c_it'g + a_i + d_t + ... + e_it, E[z_it e_it] = 0 within the
    effects. Estimand: with one binary instrument and monotonicity the mean
    effect on those whom it moves (Imbens and Angrist 1994), in general a
    weighted mean of effects; the instruments must move x (relevance) and touch
    y through x only (exclusion).

    2SLS, b = (X'P_Z X)^-1 X'P_Z y; LIML, the k-class with k the smallest root of
    Anderson and Rubin (1949), less biased with many or weak instruments; GMM,
    Hansen (1982), weights the inverse of the covariance of the moments under
    `vcov` at the 2SLS residuals. Covariance: the sandwich of instruments in
    effect (iid: s2 times the bread), factors and degrees of freedom as fixest,
    see `standard_errors`; with GMM the same factors.

    Parameters
    ----------
    data
        Panel indexed by (city, year).
    outcome
        Column of the outcome.
    endogenous
        Regressors to be instrumented.
    instruments
        Excluded instruments; controls instrument themselves.
    controls
        Exogenous regressors; collinear ones are dropped and named.
    effects
        Columns, index levels or interactions; without any, a constant.
    vcov
        Inference, or its short text: "cluster(city)".
    method
        "2sls", "liml" or "gmm".
    weights
        Column of weights; rows of weight zero are left out.
    treatment
        Column that marks the treated (not zero, or the larger of two values),
        which no instrument may be built from. Without it, endogenous regressors
        that take two values, or are zero in a tenth of the rows, mark them.
    drop_singletons
        Whether rows alone in a level of an effect leave the sample.

    Returns
    -------
    Fit
        Terms: endogenous, controls, constant. Diagnostics: first-stage F (iid,
        and under `vcov`), effective F with critical value (one endogenous) or
        rank tests, Anderson-Rubin, Wu-Hausman, Sargan and Hansen J; the
        jackknife is replaced by clusters in tests. ``extra["first_stage"]``
        (endogenous, term, estimate, ...), ``extra["reduced_form"]``, and with
        one endogenous regressor ``extra["anderson_rubin"]``, the 95 percent set
        as intervals low, high. `stats`: rss, sigma2, k_effects, singletons,
        rows_dropped, kappa, instruments; effective_f, effective_f_critical.

    Raises
    ------
    MissingColumnError, DataError, EstimationError
        As `sample.draw_sample` and `standard_errors.estimate_covariance`; a
        variable in two places; GMM with more moments than clusters.
    NotEstimableError
        As `instrument_checks.identify`: under-identified, no variation within
        the effects, an instrument that is the treatment or built from it.
    """
    roles = Roles(
        outcome,
        _listed(endogenous, "endogenous"),
        _listed(instruments, "instruments"),
        _listed(controls, "controls"),
        _listed(effects, "effects"),
    )
    check_method(method)
    check_roles(roles)
    how = as_inference(vcov)
    sample = draw_sample(
        data,
        [*roles.variables, *variables_of(how), *([treatment] if treatment else [])],
        roles.effects,
        keys_of(how),
        weights=weights,
        drop_singletons=drop_singletons,
    )
    roles, notes = identify(sample, roles, treatment)
    fit = _fit(Equation(sample, roles, method, how), weights, (*_singletons(sample), *notes))
    for note in fit.warnings:
        python_warnings.warn(f"{outcome}: {note}", EstimationWarning, stacklevel=2)
    return fit


def _listed(names: Sequence[str], what: str) -> tuple[str, ...]:
    """Names of a list, in order; one text would be read letter by letter."""
    if isinstance(names, str):
        raise EstimationError(f"{what} is a list of names: write [{names!r}]")
    return tuple(names)


def _fit(equation: Equation, weights: str | None, notes: tuple[str, ...]) -> Fit:
    sample, roles, terms = equation.sample, equation.roles, equation.terms
    solution = equation.solve()
    covariance = equation.covariance(solution)
    forms = ReducedForms(equation, without_jackknife(equation.how))
    diagnostics, extra, caveats = _diagnose(equation, forms, solution)
    return Fit(
        params=pd.Series(solution.params, index=terms, name="estimate"),
        vcov=pd.DataFrame(covariance.matrix, index=terms, columns=terms),
        nobs=sample.nobs,
        df=float(covariance.df),
        sample=sample.index,
        outcome=roles.outcome,
        estimator=_in_words(equation, weights),
        inference=covariance.words,
        n_clusters=covariance.n_clusters,
        fixed_effects=roles.effects,
        stats=_stats(equation, solution) | _strength(diagnostics),
        diagnostics=diagnostics,
        warnings=(*notes, *covariance.warnings, *caveats),
        extra=extra,
    )


def _diagnose(
    equation: Equation, forms: ReducedForms, solution: Solution
) -> tuple[tuple[Diagnostic, ...], dict[str, pd.DataFrame], tuple[str, ...]]:
    """Diagnostics, tables and caveats."""
    roles = equation.roles
    tables = {name: regression_table(equation, name) for name in roles.endogenous}
    first = pd.concat(tables, names=["endogenous", "row"]).reset_index(level="endogenous")
    extra = {
        "first_stage": first.reset_index(drop=True),
        "reduced_form": regression_table(equation, roles.outcome),
    }
    found, caveats, accepted = first_stage_f(forms), [], None
    if len(roles.endogenous) == 1:
        effective = effective_f(forms)
        found.append(effective)
        critical = effective_f_critical(effective)
        if effective.statistic < critical:
            caveats.append(
                f"weak instruments: the effective F is {effective.statistic:.3g}, below the "
                f"critical value {critical:.3g}; trust the Anderson-Rubin set, not the interval"
            )
        accepted = confidence_set(forms)
        extra["anderson_rubin"] = accepted
        caveats += [c for c in [caveat(accepted)] if c]
    found += rank_tests(forms)
    found.append(anderson_rubin(forms, accepted))
    found += wu_hausman(equation, forms)
    found += overidentification(equation, forms, solution.params)
    return tuple(found), extra, tuple(caveats)


def _strength(diagnostics: tuple[Diagnostic, ...]) -> dict[str, float]:
    for one in diagnostics:
        if one.name == "effective F":
            return {
                "effective_f": one.statistic,
                "effective_f_critical": effective_f_critical(one),
            }
    return {}


def _stats(equation: Equation, solution: Solution) -> dict[str, float]:
    sample = equation.sample
    e = equation.residuals(solution.params)
    k = Estimate(
        solution.params, solution.q, e, sample, equation.roles.effects, lambda _: solution.params
    ).n_params()
    rss = float(np.sum(e**2 if sample.weights is None else sample.weights * e**2))
    return {
        "rss": rss,
        "sigma2": rss / (sample.nobs - k) if sample.nobs > k else np.nan,
        "k_effects": float(k - len(solution.params)),
        "singletons": float(sample.singletons),
        "rows_dropped": float(sum(sample.dropped.values())),
        "kappa": solution.kappa,
        "instruments": float(len(equation.roles.instruments)),
    }


def _singletons(sample: EstimationSample) -> tuple[str, ...]:
    if sample.singletons and "singleton" not in sample.dropped:
        return (
            f"{sample.singletons} rows are alone in a level of an effect: they are kept, fit "
            "perfectly and count in N",
        )
    return ()


def _in_words(equation: Equation, weights: str | None) -> str:
    effects = len(equation.roles.effects)
    ways = {0: "", 1: "one-way ", 2: "two-way "}.get(effects, f"{effects}-way ")
    words = WORDS[equation.method] + (f", {ways}fixed effects" if effects else "")
    words += f"; instruments: {', '.join(equation.roles.instruments)}"
    return words if weights is None else f"{words}; weighted by {weights}"
