"""Tests that belong to a dynamic panel GMM estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.estimation.dynamic_moments import Moments, Step
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.least_squares import cross, off, orthogonal, product, times
from urbanecon.estimation.sample import Floats

# Above this p-value a Hansen test says that it has lost its power, not that the
# instruments are valid (Roodman 2009, "A note on the theme of too many instruments").
TOO_GOOD = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """The equation in first differences, zero in rows that are not used.

    `matrix` (N x T x T) differences, `y` is N x T, `x` N x T x k.
    """

    matrix: Floats
    y: Floats
    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class IidErrors:
    """Errors taken to be iid: their variance, and their loadings on the rows, N x R x T."""

    sigma2: float
    loadings: Floats


def serial_correlation(
    moments: Moments,
    step: Step,
    vcov: Floats,
    changes: Changes,
    order: int,
    *,
    iid: IidErrors | None = None,
) -> Diagnostic:
    """Arellano-Bond test that differenced residuals are uncorrelated at a lag.

    m = sum_i l_i'w_i over its standard error, w_i the differenced residuals of a
    unit and l_i the same lagged (Arellano and Bond 1991, eq. 8-10), with variance

        sum l_i'W_i l_i - 2 g'M' sum Z_i'C_i l_i + g'V g,    g = sum X_i'l_i,

    M the map of the estimator, V its covariance `vcov`, W_i = w_i w_i' and
    C_i = e_i w_i' with e_i all residuals of the unit; with `iid`, W_i and C_i are
    s2 times what iid errors imply. Standard normal under the null. Stata's
    xtabond, xtabond2 and DPD compute the same; plm 2.6-2 has V instead of the
    bread in the second term (there with one-step weights times N) and, in system
    GMM, only the transformed part of e_i.
    """
    from scipy import stats

    name = f"Arellano-Bond AR({order})"
    w = changes.y - np.einsum("ntk,k->nt", changes.x, step.params)
    lagged = np.zeros_like(w)
    lagged[:, order:] = w[:, : max(w.shape[1] - order, 0)]
    products = np.sum(lagged * w, axis=1)
    if not products.any():
        return Diagnostic(name, np.nan, note="not defined: too few neighbouring periods")
    if iid is None:
        own = np.sum(products**2)
        joint = cross(step.scores, products[:, None])[:, 0]
    else:
        shocks = np.einsum("nst,ns->nt", changes.matrix, lagged)
        own = iid.sigma2 * np.sum(shocks**2)
        rows = np.einsum("nrt,nt->nr", iid.loadings, shocks)
        joint = iid.sigma2 * moments.z_times(rows[:, :, None])[:, 0]
    g = np.einsum("ntk,nt->k", changes.x, lagged)
    variance = own - 2 * np.sum(g * times(step.map.T, joint)) + np.sum(g * times(vcov, g))
    if variance <= 0:
        return Diagnostic(name, np.nan, note="not defined: its variance is not positive")
    m = float(products.sum() / np.sqrt(variance))
    note = "null: no serial correlation of that order in the differenced errors"
    return Diagnostic(name, m, (), float(2 * stats.norm.sf(abs(m))), note)


def wald(b: Floats, vcov: Floats, name: str) -> Diagnostic:
    """Wald chi-squared test that all coefficients are zero."""
    from scipy import stats

    rank = int(np.linalg.matrix_rank(vcov, hermitian=True)) if len(b) else 0
    if rank == 0:
        return Diagnostic(name, np.nan)
    statistic = float(b @ np.linalg.pinv(vcov, hermitian=True) @ b)
    return Diagnostic(name, statistic, (float(rank),), float(stats.chi2.sf(statistic, rank)))


def _chi_squared(name: str, statistic: float, df: int, note: str) -> Diagnostic:
    from scipy import stats

    p = float(stats.chi2.sf(statistic, df)) if df > 0 else np.nan
    return Diagnostic(name, statistic if df > 0 else np.nan, (float(df),), p, note)


def overidentification(first: Step, second: Step, sigma2: float) -> list[Diagnostic]:
    """Sargan and Hansen tests of the overidentifying restrictions.

    Sargan (1958): e1'Z (Z'HZ)^-1 Z'e1 / s2, right with iid errors only. Hansen
    (1982): e2'Z A2 Z'e2 at the two-step estimate, robust, weakened by many
    instruments. The third has the second-step weights at the one-step estimate:
    what plm calls Sargan after a one-step fit; it is not minimised and too large.
    """
    df = len(first.scores[0]) - len(first.params)
    return [
        _chi_squared(
            "Sargan", first.criterion() / sigma2, df, "one-step; not robust to heteroskedasticity"
        ),
        _chi_squared("Hansen J", second.criterion(), df, "two-step; weakened by many instruments"),
        _chi_squared(
            "Hansen J at the one-step estimate",
            first.criterion(second.half),
            df,
            "second-step weights, one-step residuals; plm's sargan of a one-step fit",
        ),
    ]


def freed(moments: Moments, second: Step) -> Floats:
    """Columns of C, C'C the weights of the second step, less their projections on C Z'X, q x q."""
    basis = orthogonal(np.asfortranarray(product(second.half, moments.zx)), 0.0)[0]
    return off(second.half, basis)


def difference_in_hansen(
    moments: Moments, second: Step, columns: Floats, group: str, without: Sequence[int]
) -> list[Diagnostic]:
    """Test a group of instruments, given that the others are valid.

    J of all less J of the others, both with (blocks of) one covariance of the
    moments, so that it is never negative (Eichenbaum, Hansen and Singleton 1988;
    Hayashi 2000, section 3.6); xtabond2 re-estimates that covariance instead.
    To drop moments is to free their means (Newey 1985): the difference is the sum
    of squares of C Z'e2 that the columns of the group among `freed` explain.

    Parameters
    ----------
    columns
        `freed`, q x q.
    group
        Its name.
    without
        Positions of the other instruments.
    """
    names = f"Hansen J without {group}", f"difference-in-Hansen: {group}"
    rest, k = list(without), len(second.params)
    zx = moments.zx[rest]
    if len(rest) < k or np.linalg.matrix_rank(zx / np.linalg.norm(moments.zx, axis=0)) < k:
        note = "not defined: the other instruments do not identify the equation"
        return [Diagnostic(names[1], np.nan, note=note)]
    tested = np.setdiff1d(np.arange(len(moments.zx)), rest)
    basis = orthogonal(columns[:, tested], 0.0)[0]
    gap = float(np.sum(times(basis.T, times(second.half, second.moments)) ** 2))
    return [
        _chi_squared(names[0], second.criterion() - gap, len(rest) - k, "the other instruments"),
        _chi_squared(names[1], gap, len(tested), "null: these are valid too"),
    ]


def caveats(
    instruments: int, units: int, second: Step, tests: Sequence[Diagnostic], robust: bool
) -> list[str]:
    """What the number of instruments and the tests say against the estimate."""
    by_name = {d.name: d for d in tests}
    found = []
    if instruments > units:
        found.append(
            f"{instruments} instruments for {units} units: more instruments than units overfit "
            "the endogenous regressors, bias two-step errors and empty the Hansen test; collapse "
            "the instruments or limit their lags"
        )
    if second.singular:
        found.append(
            "the covariance of the moments is singular: second-step weights are a generalised "
            "inverse, and what rests on them (two-step estimates, Hansen) depends on the units "
            "of measurement"
        )
    hansen = by_name["Hansen J"]
    if hansen.p > TOO_GOOD:
        found.append(
            f"the Hansen test has p = {hansen.p:.3f}: by rule of thumb a sign of too many "
            "instruments, not of valid ones"
        )
    second_order = by_name.get("Arellano-Bond AR(2)")
    if second_order is not None and second_order.p < 0.05:
        found.append(
            f"AR(2) is rejected (p = {second_order.p:.3f}): errors are serially correlated and "
            "second lags are not valid instruments"
        )
    if not robust:
        found.append(
            "conventional errors: they assume iid errors (one-step) or known weights (two-step, "
            "then far too small in finite samples)"
        )
    return found
